//! What can be done with the numbers of a workload?

use bytemuck::Pod;

/// An element type: those of [`crate::experiment::Dtype`]. Whole numbers wrap around, which the data
/// is chosen to avoid.
pub(super) trait Number: Pod + PartialEq + Send + Sync {
    /// What many of them are added up in.
    type Sum: Copy;
    /// The sum of none.
    const NONE: Self::Sum;
    /// Whether a sum does not depend on the order of its terms.
    const IN_ANY_ORDER: bool;

    /// A small whole number.
    fn of(value: i8) -> Self;
    /// `self - other`.
    fn minus(self, other: Self) -> Self;
    /// `self * other`.
    fn times(self, other: Self) -> Self;
    /// The distance from 0.
    fn size(self) -> Self;
    /// `sum + self`.
    fn plus(self, sum: Self::Sum) -> Self::Sum;
    /// A sum as a float, exact below 2^53.
    fn total(sum: Self::Sum) -> f64;
}

macro_rules! float {
    ($type:ty) => {
        impl Number for $type {
            type Sum = $type;
            const NONE: $type = 0.0;
            const IN_ANY_ORDER: bool = false;

            #[inline(always)]
            fn of(value: i8) -> Self {
                value.into()
            }

            #[inline(always)]
            fn minus(self, other: Self) -> Self {
                self - other
            }

            #[inline(always)]
            fn times(self, other: Self) -> Self {
                self * other
            }

            #[inline(always)]
            fn size(self) -> Self {
                self.abs()
            }

            #[inline(always)]
            fn plus(self, sum: $type) -> $type {
                sum + self
            }

            #[inline(always)]
            fn total(sum: $type) -> f64 {
                sum.into()
            }
        }
    };
}

macro_rules! whole {
    ($type:ty) => {
        impl Number for $type {
            // As NumPy and Numba add up whole numbers of any width.
            type Sum = i64;
            const NONE: i64 = 0;
            const IN_ANY_ORDER: bool = true;

            #[inline(always)]
            fn of(value: i8) -> Self {
                value.into()
            }

            #[inline(always)]
            fn minus(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }

            #[inline(always)]
            fn times(self, other: Self) -> Self {
                self.wrapping_mul(other)
            }

            #[inline(always)]
            fn size(self) -> Self {
                self.wrapping_abs()
            }

            #[inline(always)]
            fn plus(self, sum: i64) -> i64 {
                sum.wrapping_add(self.into())
            }

            #[inline(always)]
            fn total(sum: i64) -> f64 {
                sum as f64
            }
        }
    };
}

float!(f32);
float!(f64);
whole!(i32);
whole!(i64);

//! What is every element of the product?
//!
//! A(i, k) = a(i) + b(k) and B(k, j) = c(k) + d(j) with small whole a, b, c, d, so that every
//! C(i, j) is known in O(1) and exact in both number types:
//!
//! ```text
//! C(i, j) = a(i) sum(c) + n a(i) d(j) + sum(b c) + d(j) sum(b)
//! ```

/// A sequence of whole numbers from 0 to 7 without a visible period.
pub(super) struct Sequence(u32);

/// The sequences of the known product. With elements of A and B up to 14, every partial sum is a
/// whole number below 2^24, and so exact in f32, up to n = 85 598.
pub(super) const A: Sequence = Sequence(0x9E37_79B1);
pub(super) const B: Sequence = Sequence(0x85EB_CA77);
pub(super) const C: Sequence = Sequence(0xC2B2_AE3D);
pub(super) const D: Sequence = Sequence(0x27D4_EB2F);
// Source: the odd multipliers are PRIME32_1 to PRIME32_4 of the xxHash specification, section
// "XXH32 Algorithm Description"; any odd numbers without pattern would do.

impl Sequence {
    /// Term `index`: the top three bits of a multiplicative hash.
    pub(super) fn at(&self, index: usize) -> i8 {
        ((index as u32).wrapping_mul(self.0) >> 29) as i8
    }
}

/// The sums of which every element of the product is made.
pub(super) struct Known {
    n: f64,
    b: f64,
    c: f64,
    bc: f64,
}

impl Known {
    pub(super) fn new(n: usize) -> Self {
        let sum = |term: &dyn Fn(usize) -> i32| (0..n).map(|k| f64::from(term(k))).sum();
        Self {
            n: n as f64,
            b: sum(&|k| B.at(k).into()),
            c: sum(&|k| C.at(k).into()),
            bc: sum(&|k| i32::from(B.at(k)) * i32::from(C.at(k))),
        }
    }

    pub(super) fn element(&self, i: usize, j: usize) -> f64 {
        let (a, d) = (f64::from(A.at(i)), f64::from(D.at(j)));
        a * self.c + self.n * a * d + self.bc + d * self.b
    }
}

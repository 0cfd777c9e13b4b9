//! How is the distance of two vectors computed?

use super::divided::Known;
use super::number::Number;
use super::reduction::{Reduce, Sums};
use super::sums::sums;

/// The root of the sum of squared differences.
pub(super) struct Euclidean;

impl<T: Number> Reduce<T> for Euclidean {
    fn sums(&self, x: &[T], y: &[T]) -> Sums {
        power_sums::<T, 2>(x, y)
    }

    fn known(&self, known: &Known<'_>) -> Sums {
        [known(&|x, y| (x - y).powi(2)), 0.0, 0.0]
    }

    fn number(&self, [sum, ..]: Sums) -> f64 {
        sum.sqrt()
    }
}

/// The root of degree p of the sum of |x - y|^p.
pub(super) struct Minkowski {
    /// p, from 1 to 15.
    pub(super) exponent: u32,
}

impl<T: Number> Reduce<T> for Minkowski {
    /// A power by repeated multiplication, in a loop of its own for every exponent, costs a few
    /// vector instructions; a call of `powf` for every element, as SciPy makes, some hundred.
    fn sums(&self, x: &[T], y: &[T]) -> Sums {
        match self.exponent {
            1 => power_sums::<T, 1>(x, y),
            2 => power_sums::<T, 2>(x, y),
            3 => power_sums::<T, 3>(x, y),
            4 => power_sums::<T, 4>(x, y),
            5 => power_sums::<T, 5>(x, y),
            6 => power_sums::<T, 6>(x, y),
            7 => power_sums::<T, 7>(x, y),
            8 => power_sums::<T, 8>(x, y),
            9 => power_sums::<T, 9>(x, y),
            10 => power_sums::<T, 10>(x, y),
            11 => power_sums::<T, 11>(x, y),
            12 => power_sums::<T, 12>(x, y),
            13 => power_sums::<T, 13>(x, y),
            14 => power_sums::<T, 14>(x, y),
            _ => power_sums::<T, 15>(x, y),
        }
    }

    fn known(&self, known: &Known<'_>) -> Sums {
        let power = |x: f64, y: f64| (x - y).abs().powi(self.exponent as i32);
        [known(&power), 0.0, 0.0]
    }

    fn number(&self, [sum, ..]: Sums) -> f64 {
        sum.powf(f64::from(self.exponent).recip())
    }
}

fn power_sums<T: Number, const P: usize>(x: &[T], y: &[T]) -> Sums {
    let [sum] = sums(x, y, |x, y| {
        let difference = x.minus(y).size();
        let mut power = difference;
        for _ in 1..P {
            power = power.times(difference);
        }
        [power]
    });
    [sum, 0.0, 0.0]
}

/// One minus the cosine of the angle between the vectors.
pub(super) struct Cosine;

impl<T: Number> Reduce<T> for Cosine {
    fn sums(&self, x: &[T], y: &[T]) -> Sums {
        sums(x, y, |x, y| [x.times(y), x.times(x), y.times(y)])
    }

    fn known(&self, known: &Known<'_>) -> Sums {
        [
            known(&|x, y| x * y),
            known(&|x, _| x * x),
            known(&|_, y| y * y),
        ]
    }

    fn number(&self, [xy, xx, yy]: Sums) -> f64 {
        1.0 - xy / (xx * yy).sqrt()
    }
}

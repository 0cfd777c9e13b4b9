//! How is a dot product computed?

use super::divided::Known;
use super::number::Number;
use super::reduction::{Reduce, Sums};
use super::sums::sums;

/// The sum of x y.
pub(super) struct Dot;

/// Reads `numbers` as a dot product of their two halves does.
pub(in crate::host) fn read(numbers: &[f64]) -> f64 {
    let (x, y) = numbers.split_at(numbers.len() / 2);
    sums(x, y, |x, y| [x.times(y)])[0]
}

impl<T: Number> Reduce<T> for Dot {
    fn sums(&self, x: &[T], y: &[T]) -> Sums {
        let [xy] = sums(x, y, |x, y| [x.times(y)]);
        [xy, 0.0, 0.0]
    }

    fn known(&self, known: &Known<'_>) -> Sums {
        [known(&|x, y| x * y), 0.0, 0.0]
    }

    fn number(&self, [xy, ..]: Sums) -> f64 {
        xy
    }
}

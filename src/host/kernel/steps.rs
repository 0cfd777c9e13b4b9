//! How is arithmetic done that needs no data?

use pulp::Arch;

use super::number::Number;
use crate::experiment::SUMS;

/// Steps after which the sums are taken out of the type of the data, in which they are exact until
/// then.
const BLOCK: u32 = 1 << 20;

/// Does `steps` steps, each of which adds 1 to each of [`SUMS`] sums, and returns all sums together.
pub(super) fn steps<T: Number>(steps: u32) -> f64 {
    Arch::new().dispatch(|| {
        // Hidden, so that nobody finds out that adding n times is multiplying.
        let one = std::hint::black_box(T::of(1));
        let mut total = 0.0;
        let mut left = steps;
        while left > 0 {
            let block = left.min(BLOCK);
            let mut sums = [T::NONE; SUMS as usize];
            for _ in 0..block {
                for sum in &mut sums {
                    *sum = one.plus(*sum);
                }
            }
            total += sums.into_iter().map(T::total).sum::<f64>();
            left -= block;
        }
        total
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_done_in_both_types() {
        for count in [0, 1, 1000, BLOCK + 3] {
            let expected = f64::from(count) * SUMS as f64;
            assert_eq!(steps::<f32>(count), expected);
            assert_eq!(steps::<f64>(count), expected);
        }
    }
}

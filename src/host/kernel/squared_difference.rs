//! How is a sum of squared differences computed?

use std::sync::Arc;

use pulp::Arch;

use super::divided::Known;
use super::number::Number;
use super::reduction::{Reduce, Sums};
use super::shared_task_state::SharedTaskState;
use super::sums::sums;

/// In one pass.
pub(super) struct Fused;

impl<T: Number> Reduce<T> for Fused {
    fn sums(&self, x: &[T], y: &[T]) -> Sums {
        let [sum] = sums(x, y, |x, y| {
            let difference = x.minus(y);
            [difference.times(difference)]
        });
        [sum, 0.0, 0.0]
    }

    fn known(&self, known: &Known<'_>) -> Sums {
        [known(&|x, y| (x - y).powi(2)), 0.0, 0.0]
    }

    fn number(&self, [sum, ..]: Sums) -> f64 {
        sum
    }
}

/// By an array of the differences and one of their squares, both from the allocator, as an array
/// language has it.
pub(super) struct Temporaries {
    pub(super) task_state: Arc<SharedTaskState>,
}

impl<T: Number> Reduce<T> for Temporaries {
    fn sums(&self, x: &[T], y: &[T]) -> Sums {
        let held = self.task_state.hold(size_of_val(x));
        let differences: Vec<T> =
            Arch::new().dispatch(|| x.iter().zip(y).map(|(x, y)| x.minus(*y)).collect());
        let held_too = self.task_state.hold(size_of_val(x));
        let squares: Vec<T> =
            Arch::new().dispatch(|| differences.iter().map(|d| d.times(*d)).collect());
        drop((differences, held));
        let [sum] = sums(&squares, &squares, |square, _| [square]);
        drop((squares, held_too));
        [sum, 0.0, 0.0]
    }

    fn known(&self, known: &Known<'_>) -> Sums {
        Reduce::<T>::known(&Fused, known)
    }

    fn number(&self, sums: Sums) -> f64 {
        Reduce::<T>::number(&Fused, sums)
    }
}

//! How does a team make one number of a pair of vectors?
//!
//! Every member adds up its share of the pair in a slot of its own; when all are done the worker
//! puts the slots together, as an OpenMP reduction does. What is added up, and what the number is
//! made of, is a [`Reduce`].

use std::io;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam::utils::CachePadded;

use super::divided::{Combine, Known, divided};
use super::number::Number;
use super::ring::Gap;
use super::{Kernel, WrongResult};
use crate::experiment::Computation;

/// Sums over a pair; a reduction that needs fewer leaves the rest 0.
pub(super) type Sums = [f64; 3];

/// Largest error of a result relative to the known one [1]: that of a root.
const TOLERANCE: f64 = 1e-14;

/// What becomes of a pair of vectors.
pub(super) trait Reduce<T>: Send + Sync + 'static {
    /// What is summed over a share of the pair.
    fn sums(&self, x: &[T], y: &[T]) -> Sums;

    /// The same sums over a whole pair.
    fn known(&self, known: &Known<'_>) -> Sums;

    /// The number that the sums over a whole pair make.
    fn number(&self, sums: Sums) -> f64;
}

/// The sums of all members, and what `R` makes of them.
struct Reduction<R> {
    reduce: R,
    slots: Vec<CachePadded<Mutex<Sums>>>,
    result: Mutex<f64>,
}

/// The reduction of `computation`, in the form of a kernel.
pub(super) fn reduction<T: Number, R: Reduce<T>>(
    computation: &Computation,
    width: NonZeroU32,
    reduce: R,
) -> io::Result<Arc<dyn Kernel>> {
    let slot = || CachePadded::new(Mutex::new([f64::NAN; 3]));
    let slots = std::iter::repeat_with(slot).take(width.get() as usize);
    let reduction = Reduction {
        reduce,
        slots: slots.collect(),
        result: Mutex::new(f64::NAN),
    };
    divided::<T, _>((computation, Gap::OneOrTwo), width, reduction)
}

/// Its own user's, whatever a panic elsewhere left in it; `verify` is there to see that.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T: Number, R: Reduce<T>> Combine<T> for Reduction<R> {
    fn share(&self, member: usize, x: &[T], y: &[T]) {
        *lock(&self.slots[member]) = self.reduce.sums(x, y);
    }

    fn end(&self, _n: usize) {
        let mut sums = Sums::default();
        for slot in &self.slots {
            for (sum, part) in sums.iter_mut().zip(*lock(slot)) {
                *sum += part;
            }
        }
        *lock(&self.result) = self.reduce.number(sums);
    }

    fn spoil(&self) {
        for slot in &self.slots {
            *lock(slot) = [f64::NAN; 3];
        }
        *lock(&self.result) = f64::NAN;
    }

    fn verify(&self, task: u32, known: &Known<'_>) -> Result<(), WrongResult> {
        let (got, expected) = (
            *lock(&self.result),
            self.reduce.number(self.reduce.known(known)),
        );
        // Written so that a result that is not a number does not pass.
        if (got - expected).abs() <= TOLERANCE * expected.abs() {
            return Ok(());
        }
        let at = format!("the result of task {task}");
        Err(WrongResult { at, got, expected })
    }
}

//! How does a team make one number of a pair of vectors?
//!
//! Every member adds up its share of the pair in a slot of its own; when all are done the worker
//! puts the slots together, as an OpenMP reduction does. What is added up, and what the number is
//! made of, is a [`Reduce`].

use std::io;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam::utils::CachePadded;

use super::number::Number;
use super::ring::{Gap, Ring};
use super::{Kernel, WrongResult};
use crate::experiment::{Computation, Share};

/// Sums over a pair; a reduction that needs fewer leaves the rest 0.
pub(super) type Sums = [f64; 3];

/// Gives the sum of any term of x and y over a pair.
pub(super) type Known<'a> = dyn Fn(&dyn Fn(f64, f64) -> f64) -> f64 + 'a;

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

/// One worker's pairs, reduced by `R`.
pub(super) struct Reduction<T, R> {
    ring: Ring<T>,
    reduce: R,
    task: AtomicU32,
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
    Ok(Arc::new(Reduction {
        ring: Ring::<T>::new(computation, Gap::OneOrTwo)?,
        reduce,
        task: AtomicU32::new(0),
        slots: std::iter::repeat_with(slot)
            .take(width.get() as usize)
            .collect(),
        result: Mutex::new(f64::NAN),
    }))
}

/// Its own user's, whatever a panic elsewhere left in it; `verify` is there to see that.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T: Number, R: Reduce<T>> Kernel for Reduction<T, R> {
    fn width(&self) -> NonZeroU32 {
        NonZeroU32::new(self.slots.len() as u32).unwrap_or(NonZeroU32::MIN)
    }

    fn phases(&self) -> u32 {
        1
    }

    fn begin(&self, task: u32) {
        self.task.store(task, Ordering::Relaxed);
    }

    fn work(&self, _phase: u32, member: u32) {
        let (x, y) = self.ring.pair(self.task.load(Ordering::Relaxed));
        let share = Share {
            index: member as usize,
            of: self.slots.len(),
        };
        let range = share.range(self.ring.n());
        *lock(&self.slots[share.index]) = self.reduce.sums(&x[range.clone()], &y[range]);
    }

    fn end(&self) {
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

    fn verify(&self) -> Result<(), WrongResult> {
        let task = self.task.load(Ordering::Relaxed);
        let sums = self.reduce.known(&|term| self.ring.known(task, term));
        let (got, expected) = (*lock(&self.result), self.reduce.number(sums));
        // Written so that a result that is not a number does not pass.
        if (got - expected).abs() <= TOLERANCE * expected.abs() {
            return Ok(());
        }
        let at = format!("the result of task {task}");
        Err(WrongResult { at, got, expected })
    }
}

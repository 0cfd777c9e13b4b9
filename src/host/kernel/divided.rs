//! How is a task on a pair of vectors divided among a team?
//!
//! Every member has a share of the pair that the task at hand takes from the ring. What members do
//! with their shares, and what is known of the outcome, is a [`Combine`].

use std::io;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::number::Number;
use super::ring::{Gap, Ring};
use super::{Kernel, WrongResult};
use crate::experiment::{Computation, Share};

/// Gives the sum of any term of x and y over a pair.
pub(super) type Known<'a> = dyn Fn(&dyn Fn(f64, f64) -> f64) -> f64 + 'a;

/// What becomes of a pair of vectors.
pub(super) trait Combine<T>: Send + Sync + 'static {
    /// Called by every member with its share.
    fn share(&self, member: usize, x: &[T], y: &[T]);

    /// Called by the worker when all shares of a pair of `n` elements are done.
    fn end(&self, n: usize);

    /// Spoils the outcome.
    fn spoil(&self);

    /// Compares the outcome of `task` with what is known of its pair.
    fn verify(&self, task: u32, known: &Known<'_>) -> Result<(), WrongResult>;
}

struct Divided<T, C> {
    ring: Ring<T>,
    width: NonZeroU32,
    task: AtomicU32,
    combine: C,
}

/// The kernel of `computation` on pairs with `gap` between their vectors.
pub(super) fn divided<T: Number, C: Combine<T>>(
    (computation, gap): (&Computation, Gap),
    width: NonZeroU32,
    combine: C,
) -> io::Result<Arc<dyn Kernel>> {
    Ok(Arc::new(Divided {
        ring: Ring::<T>::new(computation, gap)?,
        width,
        task: AtomicU32::new(0),
        combine,
    }))
}

impl<T: Number, C: Combine<T>> Kernel for Divided<T, C> {
    fn width(&self) -> NonZeroU32 {
        self.width
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
            of: self.width.get() as usize,
        };
        let range = share.range(self.ring.n());
        self.combine
            .share(share.index, &x[range.clone()], &y[range]);
    }

    fn end(&self) {
        self.combine.end(self.ring.n());
    }

    fn spoil(&self) {
        self.combine.spoil();
    }

    fn verify(&self) -> Result<(), WrongResult> {
        let task = self.task.load(Ordering::Relaxed);
        let known = |term: &dyn Fn(f64, f64) -> f64| self.ring.known(task, term);
        self.combine.verify(task, &known)
    }
}

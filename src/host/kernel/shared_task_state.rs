//! What do the kernels of all workers of a cell share?
//!
//! The number of tasks, the cell that a racy sum is added up in, and the account of memory that
//! tasks allocate on the way.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use crossbeam::utils::CachePadded;

use crate::experiment::{Cell, Family};

/// What the kernels of all workers share; one for each cell.
#[derive(Debug)]
pub struct SharedTaskState {
    tasks: NonZeroU32,
    family: Option<Family>,
    /// The sum of a workload that has one for the whole process.
    pub(super) sum: CachePadded<AtomicI64>,
    /// Terms that were to be added to it since the last [`SharedTaskState::reset`].
    terms: AtomicU64,
    /// Temporary memory now and at its most since then [bytes].
    temporary: CachePadded<AtomicU64>,
    most_temporary: AtomicU64,
}

impl SharedTaskState {
    /// What the workers of `cell` share.
    pub fn of(cell: &Cell) -> Self {
        Self::new(cell.tasks, cell.workload.family())
    }

    /// The same for `tasks` tasks of `family`.
    pub fn new(tasks: NonZeroU32, family: Option<Family>) -> Self {
        Self {
            tasks,
            family,
            sum: CachePadded::default(),
            terms: AtomicU64::new(0),
            temporary: CachePadded::default(),
            most_temporary: AtomicU64::new(0),
        }
    }

    /// Tasks of an execution, over all workers.
    pub(super) fn tasks(&self) -> NonZeroU32 {
        self.tasks
    }

    /// Makes ready for an execution; called by every worker while none runs.
    pub(super) fn reset(&self) {
        self.sum.store(0, Ordering::Relaxed);
        self.terms.store(0, Ordering::Relaxed);
        self.most_temporary.store(0, Ordering::Relaxed);
    }

    /// Notes that `terms` terms, each of them 1, should now be in the sum.
    pub(super) fn expect(&self, terms: u64) {
        self.terms.fetch_add(terms, Ordering::Relaxed);
    }

    /// What the sum should be, and what it is.
    pub(super) fn sums(&self) -> (u64, i64) {
        let expected = self.terms.load(Ordering::Relaxed);
        (expected, self.sum.load(Ordering::Relaxed))
    }

    /// Terms that should be in the sum of the last execution and are not; `None` where the workload
    /// has no such sum.
    pub fn lost_updates(&self) -> Option<u64> {
        let (expected, got) = self.sums();
        let has = matches!(self.family, Some(Family::SumRacy | Family::SumReduced));
        has.then(|| expected.saturating_sub(u64::try_from(got).unwrap_or(0)))
    }

    /// Counts `bytes` of temporary memory as long as the answer lives.
    pub(super) fn hold(&self, bytes: usize) -> Held<'_> {
        let bytes = bytes as u64;
        let now = self.temporary.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.most_temporary.fetch_max(now, Ordering::Relaxed);
        Held {
            task_state: self,
            bytes,
        }
    }

    /// Most temporary memory of all workers at a moment of the last execution [bytes]; `None` where
    /// the workload is not one of which that is counted.
    pub fn most_temporary(&self) -> Option<u64> {
        let counted = matches!(
            self.family,
            Some(Family::SquaredDifferenceTemporaries | Family::SquaredDifferenceFused)
        );
        counted.then(|| self.most_temporary.load(Ordering::Relaxed))
    }
}

/// Temporary memory that is counted.
pub(super) struct Held<'a> {
    task_state: &'a SharedTaskState,
    bytes: u64,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.task_state
            .temporary
            .fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_is_of_what_is_held_at_once() {
        let fused = Some(Family::SquaredDifferenceTemporaries);
        let task_state = SharedTaskState::new(NonZeroU32::MIN, fused);
        drop(task_state.hold(70));
        let first = task_state.hold(40);
        let second = task_state.hold(60);
        drop((first, second));
        assert_eq!(task_state.most_temporary(), Some(100));
        task_state.reset();
        assert_eq!(task_state.most_temporary(), Some(0));
        assert_eq!(task_state.lost_updates(), None);
    }
}

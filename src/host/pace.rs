//! What do the outer workers do while they run no region?
//!
//! They wait at the gate, take the next task, and, at the end, wait for the slowest of them. Each
//! keeps its own sums and adds them up when it is done, so that the account costs a worker two
//! readings of the clock a region and nothing that others see.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::clock;
use crate::units::ns;

/// Sums over all workers that have finished the execution.
pub(super) struct Pace {
    /// Moments are counted from here.
    epoch: Instant,
    gate: AtomicU64,
    gaps: AtomicU64,
    /// Moments at which workers ran out of tasks.
    ends: AtomicU64,
    workers: AtomicU64,
}

impl Pace {
    pub(super) fn new() -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            epoch: clock::now(),
            gate: zero(),
            gaps: zero(),
            ends: zero(),
            workers: zero(),
        }
    }

    /// Forgets the last execution.
    pub(super) fn reset(&self) {
        for sum in [&self.gate, &self.gaps, &self.ends, &self.workers] {
            sum.store(0, Ordering::Relaxed);
        }
    }

    /// Takes the account of a worker that has run out of tasks.
    pub(super) fn add(&self, account: &Account) {
        let end = clock::now() - self.epoch;
        for (sum, more) in [
            (&self.gate, ns(account.gate)),
            (&self.gaps, ns(account.gaps)),
            (&self.ends, ns(end)),
            (&self.workers, 1),
        ] {
            sum.fetch_add(more, Ordering::Relaxed);
        }
    }

    /// Time workers waited at the gate.
    pub(super) fn gate(&self) -> Duration {
        Duration::from_nanos(self.gate.load(Ordering::Relaxed))
    }

    /// Time between the regions of the same worker.
    pub(super) fn gaps(&self) -> Duration {
        Duration::from_nanos(self.gaps.load(Ordering::Relaxed))
    }

    /// Time from the end of each worker's last task to `end`.
    pub(super) fn tail(&self, end: Instant) -> Duration {
        let workers = self.workers.load(Ordering::Relaxed);
        let all = workers * ns(end - self.epoch);
        Duration::from_nanos(all.saturating_sub(self.ends.load(Ordering::Relaxed)))
    }
}

/// What one worker has noted in an execution.
#[derive(Default)]
pub(super) struct Account {
    gate: Duration,
    gaps: Duration,
    joined: Option<Instant>,
}

impl Account {
    /// Runs a region.
    pub(super) fn region<T>(&mut self, run: impl FnOnce() -> T) -> T {
        let fork = clock::now();
        if let Some(joined) = self.joined {
            self.gaps += fork - joined;
        }
        let result = run();
        self.joined = Some(clock::now());
        result
    }

    /// Notes a wait at the gate.
    pub(super) fn waited(&mut self, span: Duration) {
        self.gate += span;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Gaps are only between regions: none before the first one, none after the last.
    #[test]
    fn a_gap_lies_between_two_regions_of_a_worker() {
        let mut account = Account::default();
        assert_eq!(account.region(|| 7), 7);
        assert_eq!(account.gaps, Duration::ZERO);
        account.region(|| ());
        assert!(account.gaps > Duration::ZERO);
    }

    #[test]
    fn the_tail_is_what_each_worker_lacks_to_the_end() {
        let pace = Pace::new();
        pace.add(&Account::default());
        pace.add(&Account::default());
        let ends = Duration::from_nanos(pace.ends.load(Ordering::Relaxed));
        let end = pace.epoch + 1000 * MS;
        assert_eq!(pace.tail(end), 2000 * MS - ends);
        pace.reset();
        assert_eq!(pace.tail(end), Duration::ZERO);
    }
}

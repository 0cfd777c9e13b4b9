//! What do the outer workers do while they run no region?
//!
//! They wait at the gate, take the next task, and, at the end, wait for the slowest of them. Each
//! keeps its own sums and adds them up when it is done, so that this costs a worker two
//! readings of the clock a region and nothing that others see.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::clock;
use crate::units::ns;

/// Sums over all workers that have finished the execution.
pub(super) struct WorkerIdleSums {
    /// Moments are counted from here.
    epoch: Instant,
    gate: AtomicU64,
    gaps: AtomicU64,
    /// Moments at which workers ran out of tasks.
    ends: AtomicU64,
    workers: AtomicU64,
}

impl WorkerIdleSums {
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

    /// Adds those of a worker that has run out of tasks.
    pub(super) fn add(&self, idle: &WorkerIdle) {
        let end = clock::now() - self.epoch;
        for (sum, more) in [
            (&self.gate, ns(idle.gate)),
            (&self.gaps, ns(idle.gaps)),
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
pub(super) struct WorkerIdle {
    gate: Duration,
    gaps: Duration,
    joined: Option<Instant>,
}

impl WorkerIdle {
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
        let mut idle = WorkerIdle::default();
        assert_eq!(idle.region(|| 7), 7);
        assert_eq!(idle.gaps, Duration::ZERO);
        idle.region(|| ());
        assert!(idle.gaps > Duration::ZERO);
    }

    #[test]
    fn the_tail_is_what_each_worker_lacks_to_the_end() {
        let idle = WorkerIdleSums::new();
        idle.add(&WorkerIdle::default());
        idle.add(&WorkerIdle::default());
        let ends = Duration::from_nanos(idle.ends.load(Ordering::Relaxed));
        let end = idle.epoch + 1000 * MS;
        assert_eq!(idle.tail(end), 2000 * MS - ends);
        idle.reset();
        assert_eq!(idle.tail(end), Duration::ZERO);
    }
}

//! What has the scheduler counted for a thread?
//
// --- Implementation ---
// Source: Linux, Documentation/scheduler/sched-stats.rst, "/proc/<pid>/schedstat".

use std::fs;
use std::time::Duration;

use crate::machine::kernel_text::{number, words};

/// What the scheduler counted for a thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SchedStat {
    /// Time on a PU.
    pub(crate) run: Duration,
    /// Time ready to run, but without a PU.
    pub(crate) wait: Duration,
    /// Times it was given a PU.
    pub(crate) slices: u64,
}

impl SchedStat {
    /// What was counted between `earlier` and this moment.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            run: self.run.saturating_sub(earlier.run),
            wait: self.wait.saturating_sub(earlier.wait),
            slices: self.slices.saturating_sub(earlier.slices),
        }
    }

    /// What a `schedstat` file says: `run_ns wait_ns slices`.
    pub(crate) fn parse(schedstat: &[u8]) -> Option<Self> {
        let mut fields = words(schedstat);
        let mut next = || number(fields.next()?);
        Some(Self {
            run: Duration::from_nanos(next()?),
            wait: Duration::from_nanos(next()?),
            slices: next()?,
        })
    }

    /// What was counted for thread `tid` of process `pid`, also of one that has exited and was not
    /// waited for yet.
    pub(crate) fn of(pid: i32, tid: i32) -> Option<Self> {
        Self::parse(&fs::read(format!("/proc/{pid}/task/{tid}/schedstat")).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedstat_begins_with_run_and_wait() {
        let counted = SchedStat {
            run: Duration::from_nanos(816_313),
            wait: Duration::from_nanos(52_641),
            slices: 7,
        };
        assert_eq!(SchedStat::parse(b"816313 52641 7\n"), Some(counted));
        assert_eq!(SchedStat::parse(b"816313"), None);
        assert_eq!(SchedStat::parse(b""), None);
    }
}

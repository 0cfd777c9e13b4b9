//! What did the kernel count for a whole process?

use std::time::Duration;

use nix::sys::resource::{Usage as Rusage, UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike};

use crate::record::{Sample, delta};

/// Counters at one moment, summed over all threads, or what was counted between two moments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// User and system time.
    pub(crate) cpu: Option<Duration>,
    pub(crate) system: Option<Duration>,
    pub(crate) voluntary_switches: Option<u64>,
    pub(crate) involuntary_switches: Option<u64>,
    pub(crate) minor_faults: Option<u64>,
    pub(crate) major_faults: Option<u64>,
}

impl Usage {
    /// What all threads of this process used.
    pub(crate) fn of_self() -> Self {
        Self::of(UsageWho::RUSAGE_SELF)
    }

    /// What all children that have exited and were waited for used.
    pub(crate) fn of_children() -> Self {
        Self::of(UsageWho::RUSAGE_CHILDREN)
    }

    fn of(who: UsageWho) -> Self {
        let rusage = getrusage(who).ok();
        let count =
            |read: fn(&Rusage) -> i64| rusage.as_ref().map(read).and_then(|n| n.try_into().ok());
        let time = |read: fn(&Rusage) -> TimeVal| rusage.as_ref().map(read).map(span);
        Self {
            cpu: time(|usage| usage.user_time() + usage.system_time()),
            system: time(|usage| usage.system_time()),
            voluntary_switches: count(|usage| usage.voluntary_context_switches()),
            involuntary_switches: count(|usage| usage.involuntary_context_switches()),
            minor_faults: count(|usage| usage.minor_page_faults()),
            major_faults: count(|usage| usage.major_page_faults()),
        }
    }

    /// What was counted between `earlier` and this moment.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            cpu: delta(self.cpu, earlier.cpu),
            system: delta(self.system, earlier.system),
            voluntary_switches: delta(self.voluntary_switches, earlier.voluntary_switches),
            involuntary_switches: delta(self.involuntary_switches, earlier.involuntary_switches),
            minor_faults: delta(self.minor_faults, earlier.minor_faults),
            major_faults: delta(self.major_faults, earlier.major_faults),
        }
    }

    /// These counters in a sample in which nothing else is known.
    pub(crate) fn sample(self) -> Sample {
        Sample {
            cpu: self.cpu,
            system: self.system,
            voluntary_switches: self.voluntary_switches,
            involuntary_switches: self.involuntary_switches,
            minor_faults: self.minor_faults,
            major_faults: self.major_faults,
            ..Sample::default()
        }
    }
}

fn span(time: TimeVal) -> Duration {
    Duration::from_micros(time.num_microseconds().try_into().unwrap_or(0))
}

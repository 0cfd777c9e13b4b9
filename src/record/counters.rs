//! What was counted during an execution, beside its times?
//!
//! Each type is a reading of counters that only grow, or the difference of two: what was counted in
//! between. A counter that cannot be read here is `None`, and so is its difference.

use std::ops::Sub;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What the nest itself counted of its waiting. Only teams of our own count what their members do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Waiting {
    /// CPU time of looking again and again, summed over threads.
    pub spin: Option<Duration>,
    /// CPU time of yielding, summed over threads; what the switches cost is not in it.
    pub yielding: Option<Duration>,
    /// Calls of `sched_yield(2)`.
    pub yields: Option<u64>,
    /// Times a thread blocked.
    pub parks: Option<u64>,
    /// Waits for a fork, at a barrier or for a join that were not over at the first look.
    pub waits: Option<u64>,
    /// Time outer workers stood before the gate of their composition, summed over workers; `None`
    /// without a gate.
    pub gate: Option<Duration>,
    /// Time between the regions of the same worker, summed over workers.
    pub gaps: Option<Duration>,
    /// From the end of a worker's last task to the end of all, summed over workers.
    pub tail: Option<Duration>,
}

/// What happened around the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Interference {
    /// Periods of the tightest CPU quota in which its group ran.
    pub quota_periods: Option<u64>,
    /// Those in which the group was stopped.
    pub throttled_periods: Option<u64>,
    /// Time for which it was, summed over PUs.
    pub throttled: Option<Duration>,
    /// Time in which at least one thread of the group, or else of the host, had to wait for a PU.
    pub cpu_pressure: Option<Duration>,
    /// Time that the hypervisor gave to others, summed over the PUs of the host.
    pub steal: Option<Duration>,
    /// Time that PUs of the host were busy, for whomever, summed.
    pub host_busy: Option<Duration>,
}

/// What the hardware counted for the threads of the process, in user mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hardware {
    /// Clock cycles.
    pub cycles: Option<u64>,
    /// Instructions.
    pub instructions: Option<u64>,
    /// Accesses that the last-level cache could not serve.
    pub llc_misses: Option<u64>,
}

/// What was counted from `earlier` to `now`. Counters that are summed over threads or PUs by the
/// kernel may step back by a rounding; that is no time.
pub fn delta<T: PartialOrd + Sub<Output = T> + Default>(
    now: Option<T>,
    earlier: Option<T>,
) -> Option<T> {
    let (now, earlier) = now.zip(earlier)?;
    Some(if now > earlier {
        now - earlier
    } else {
        T::default()
    })
}

impl Interference {
    /// What was counted between `earlier` and this reading.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self {
            quota_periods: delta(self.quota_periods, earlier.quota_periods),
            throttled_periods: delta(self.throttled_periods, earlier.throttled_periods),
            throttled: delta(self.throttled, earlier.throttled),
            cpu_pressure: delta(self.cpu_pressure, earlier.cpu_pressure),
            steal: delta(self.steal, earlier.steal),
            host_busy: delta(self.host_busy, earlier.host_busy),
        }
    }
}

impl Hardware {
    /// What was counted between `earlier` and this reading.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self {
            cycles: delta(self.cycles, earlier.cycles),
            instructions: delta(self.instructions, earlier.instructions),
            llc_misses: delta(self.llc_misses, earlier.llc_misses),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_that_is_missing_once_is_missing_in_the_difference() {
        let full = Interference {
            throttled_periods: Some(9),
            steal: Some(Duration::ZERO),
            ..Interference::default()
        };
        let bare = Interference {
            throttled_periods: Some(4),
            ..Interference::default()
        };
        let counted = full.since(bare);
        assert_eq!((counted.throttled_periods, counted.steal), (Some(5), None));
    }
}

//! What did a tree of processes do between two looks, in numbers?

use std::collections::BTreeMap;

use serde::Serialize;

use crate::counter::SchedStat;

/// Share of an interval for which a thread wants a CPU, from which it counts as busy [1].
///
/// The threads of a team that waits for its master, or of a server that ticks, stay far below it.
const BUSY: f64 = 0.1;

/// What a tree of processes did between two looks.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Activity {
    /// Since the watch began [s].
    pub at: f64,
    /// Length of the interval [s].
    pub span: f64,
    /// What the processes may use: the PUs that any of their busy threads may run on, and the CPU
    /// quota of the process that is busiest [CPUs].
    pub budget: f64,
    /// Processes.
    pub processes: u32,
    /// Threads.
    pub threads: u32,
    /// Threads that ran, on average [threads].
    pub running: f64,
    /// Of them those that started and ended between two looks, and the ends of others [threads].
    pub unseen: f64,
    /// Threads that were ready but had no CPU, on average; of those that were seen [threads].
    pub ready: f64,
    /// Threads that ran or were ready at the moment of the look [threads].
    pub runnable: u32,
    /// Times a thread was given a CPU [1/s].
    pub switches: f64,
    /// Quota periods in which the group was stopped, of all; `None` without a quota [1].
    pub throttled: Option<f64>,
    /// CPUs that were busy for others [CPUs].
    pub foreign: Option<f64>,
    /// Threads by name.
    pub by_name: BTreeMap<String, Pool>,
    /// Threads by the PUs that they may run on, in the kernel's list form.
    pub by_mask: BTreeMap<String, Pool>,
    /// The processes with a busy thread, by number.
    pub by_process: BTreeMap<i32, Pool>,
}

/// Some of the threads.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Pool {
    /// How many there are [threads].
    pub threads: u32,
    /// Of them those that wanted a CPU for at least a tenth of the time [threads].
    pub busy: f64,
    /// Threads running, on average [threads].
    pub running: f64,
    /// Threads ready but without a CPU, on average [threads].
    pub ready: f64,
}

impl Pool {
    pub(super) fn add(&mut self, counted: SchedStat, span: f64) {
        let (running, ready) = (
            counted.run.as_secs_f64() / span,
            counted.wait.as_secs_f64() / span,
        );
        self.threads += 1;
        self.busy += f64::from(u8::from(running + ready >= BUSY));
        self.running += running;
        self.ready += ready;
    }

    /// Threads that wanted a CPU, on average [threads].
    pub fn wanted(&self) -> f64 {
        self.running + self.ready
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Half of a second wanted of ten: busy. 50 ms of a second: not.
    #[test]
    fn a_thread_is_busy_that_wants_a_cpu_for_a_tenth_of_the_time() {
        let counted = |run, wait| SchedStat {
            run: Duration::from_millis(run),
            wait: Duration::from_millis(wait),
            slices: 1,
        };
        let mut all = Pool::default();
        all.add(counted(30, 70), 1.0);
        all.add(counted(50, 0), 1.0);
        assert_eq!((all.threads, all.busy), (2, 1.0));
        assert!((all.wanted() - 0.15).abs() < 1e-9);
    }
}

//! When does a slice end, and what does a yield do to it?

use super::{Entity, Preempt, RunQueue, Virtual};
use crate::sim::calendar::{NEVER, Ns};
use crate::sim::kernel::{Policy, YieldRule};

impl RunQueue {
    /// When the running thread's slice ends if it runs on from `now` and nothing else happens.
    pub(in crate::sim) fn slice_end(&self, now: Ns) -> Ns {
        let Some(running) = self.running.filter(|_| !self.queued.is_empty()) else {
            return NEVER;
        };
        let left = match self.policy {
            Policy::Eevdf { .. } => running.deadline - running.runtime,
            Policy::Cfs {
                min_granularity, ..
            } => self.cfs_slice_left(&running, min_granularity as Virtual),
        };
        let end = now + left.max(0) as Ns;
        if self.exact {
            end.max(now + 1)
        } else {
            self.ticks.at_or_after(end.max(now + 1))
        }
    }

    /// CPU time after which CFS's tick would preempt: at the end of the slice, or once it is a
    /// slice ahead of the thread furthest behind, but not before the minimum granularity.
    fn cfs_slice_left(&self, running: &Entity, min_granularity: Virtual) -> Virtual {
        let slice = self.slice();
        let ran = running.runtime - self.picked_at;
        let behind = self
            .queued
            .iter()
            .map(|entity| entity.runtime)
            .min()
            .unwrap_or(0);
        let ahead = (slice - (running.runtime - behind)).max(min_granularity - ran);
        (slice - ran).min(ahead)
    }

    /// Looks at the running thread's slice; the caller has come at [`RunQueue::slice_end`].
    pub(in crate::sim) fn expire(&mut self) -> Preempt {
        match self.policy {
            Policy::Eevdf { .. } => self.renew(),
            Policy::Cfs { .. } => {}
        }
        Preempt::Yes
    }

    /// A new slice from here on; the running thread is no longer protected.
    pub(super) fn renew(&mut self) {
        let slice = self.slice();
        if let Some(running) = &mut self.running
            && running.runtime >= running.deadline
        {
            running.deadline = running.runtime + slice;
        }
    }

    /// Renews the slices of a thread that has run alone, as the ticks up to `now` did.
    pub(super) fn catch_up(&mut self, now: Ns) {
        let slice = self.slice();
        let (ticks, exact) = (self.ticks, self.exact);
        let Some(running) = self.running.as_mut().filter(|_| self.queued.is_empty()) else {
            return;
        };
        let over = running.runtime - running.deadline;
        if over < 0 || !matches!(self.policy, Policy::Eevdf { .. }) {
            return;
        }
        let overrun_at = now.saturating_sub(over as Ns);
        let first = if exact {
            overrun_at
        } else {
            ticks.at_or_after(overrun_at)
        };
        if first > now {
            return;
        }
        let step = if exact {
            slice as Ns
        } else {
            (slice as Ns).div_ceil(ticks.period) * ticks.period
        };
        let since_last = (now - first) % step;
        running.deadline = running.runtime - since_last as Virtual + slice;
    }

    /// What the running thread's `sched_yield(2)` does to its account. The next has to be picked.
    pub(in crate::sim) fn yield_running(&mut self) {
        let slice = self.slice();
        let eligible = self.running.is_some_and(|running| self.eligible(&running));
        let Some(running) = &mut self.running else {
            return;
        };
        match self.policy {
            Policy::Eevdf {
                yields: YieldRule::Deadline,
                ..
            } => running.deadline += slice,
            Policy::Eevdf {
                yields: YieldRule::Forfeit,
                ..
            } => {
                if eligible {
                    self.sum += running.deadline - running.runtime;
                    running.runtime = running.deadline;
                    running.deadline += slice;
                }
            }
            Policy::Cfs { .. } => self.skip = Some(running.tid),
        }
    }

    /// CPU time the running thread has to use up in yields before one of them lets another thread
    /// run: 0 where the next one does [ns].
    pub(in crate::sim) fn yields_in_vain(&self) -> Ns {
        let Some(running) = self.running else {
            return 0;
        };
        let n = self.len() as Virtual;
        let wait = |entity: &Entity| match self.policy {
            // Every yield takes it a slice on.
            Policy::Eevdf {
                yields: YieldRule::Forfeit,
                ..
            } => 0,
            Policy::Eevdf {
                yields: YieldRule::Deadline,
                ..
            } => entity.runtime * n - self.sum,
            Policy::Cfs {
                wakeup_granularity, ..
            } => entity.runtime - running.runtime - wakeup_granularity as Virtual + 1,
        };
        self.queued.iter().map(wait).min().unwrap_or(0).max(0) as Ns
    }
}

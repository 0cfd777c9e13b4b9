//! How long may the group run in each period?
//!
//! A quota is a pool of CPU time, filled anew every period. A PU with something to run draws a
//! slice at a time; when the pool is empty it is *throttled*: its threads stand still until the
//! next period.

use serde::{Deserialize, Serialize};

use super::{Doing, Engine, Processor, Pu};
use crate::sim::calendar::{NEVER, Ns};

/// CPU time a PU draws at a time [ns].
// Source: kernel/sched/fair.c sysctl_sched_cfs_bandwidth_slice.
const DRAW: Ns = 5_000_000;

/// CPU time that a group may use in each period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// CPU time of all PUs together [ns].
    pub quota: Ns,
    /// In each span of this length [ns].
    pub period: Ns,
}

impl Doing {
    /// Whether a PU that does this uses up quota.
    pub(super) fn needs_quota(self) -> bool {
        !matches!(self, Self::Idle | Self::Leaving | Self::Throttled)
    }
}

impl Engine<'_> {
    pub(super) fn start_quota(&mut self) {
        if let Some(Quota { quota, period }) = self.setup.quota {
            self.pool = quota;
            self.calendar.set(self.quota_slot(), period);
        }
    }

    /// When the running thread of a PU will have used up what the PU has drawn.
    pub(super) fn quota_ends(&self, processor: &Processor) -> Ns {
        let draws = self.setup.quota.is_some() && processor.doing != Doing::Throttled;
        match processor.rq.running() {
            Some(_) if draws => processor.since + processor.quota,
            _ => NEVER,
        }
    }

    /// Draws for `pu` if it has used up what it had; whether there was nothing to draw.
    pub(super) fn is_out_of_quota(&mut self, pu: Pu) -> bool {
        let processor = &mut self.pus[pu as usize];
        if self.setup.quota.is_none() || processor.quota > 0 {
            return false;
        }
        processor.quota = self.pool.min(DRAW);
        self.pool -= processor.quota;
        processor.quota == 0
    }

    /// An idle PU keeps nothing that others could use.
    pub(super) fn give_back_quota(&mut self, pu: Pu) {
        self.pool += std::mem::take(&mut self.pus[pu as usize].quota);
    }

    /// A new period: fills the pool and lets throttled PUs go on.
    pub(super) fn refill_quota(&mut self) {
        let Some(Quota { quota, period }) = self.setup.quota else {
            return;
        };
        self.pool = quota;
        self.calendar.set(self.quota_slot(), self.now + period);
        for pu in 0..self.pus.len() as Pu {
            self.settle(pu);
            if self.pus[pu as usize].doing == Doing::Throttled {
                self.pus[pu as usize].doing = Doing::Switch;
                self.pus[pu as usize].resched = true;
                self.mark(pu);
            }
        }
    }
}

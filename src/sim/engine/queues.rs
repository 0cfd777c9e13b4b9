//! Which PUs have nothing to run, and which have more than they can?
//!
//! Sets that follow the lengths of the queues, so that who looks for an idle PU or for a thread that
//! waits need not ask every PU.

use std::cmp::Reverse;

use super::{Engine, Pu};
use crate::sim::layout::{Layout, Mask};

/// PUs by what their queues hold.
pub(super) struct Queues {
    /// No thread.
    idle: Mask,
    /// No thread, nor has any other PU of the core.
    core_idle: Mask,
    /// Threads that wait.
    waiting: Mask,
    /// How many PUs have such.
    long: usize,
    /// Threads of each PU: what is compared most often lies close together.
    lengths: Vec<u32>,
}

impl Queues {
    /// No PU has a thread.
    pub(super) fn empty(layout: &Layout) -> Self {
        let all = |is_in| (0..layout.len()).map(|_| is_in).collect::<Mask>();
        Self {
            idle: all(true),
            core_idle: all(true),
            waiting: all(false),
            long: 0,
            lengths: vec![0; layout.len()],
        }
    }

    /// The queue of `pu` has this length now.
    fn set(&mut self, layout: &Layout, pu: Pu, length: usize) {
        self.lengths[pu as usize] = length as u32;
        self.long -= usize::from(self.waiting.allows(pu));
        self.long += usize::from(length > 1);
        self.waiting.put(pu, length > 1);
        if self.idle.allows(pu) == (length == 0) {
            return;
        }
        self.idle.put(pu, length == 0);
        let core = layout.cores.with(pu);
        let all_idle = core.iter().all(|pu| self.idle.allows(*pu));
        for pu in core {
            self.core_idle.put(*pu, all_idle);
        }
    }

    pub(super) fn is_idle(&self, pu: Pu) -> bool {
        self.idle.allows(pu)
    }

    /// The first of `group` that is idle.
    pub(super) fn first_idle(&self, group: &Mask) -> Option<Pu> {
        self.idle.common(group).next()
    }

    /// The first of `group` that is idle and allowed: of an idle core if there is one, else any.
    pub(super) fn idlest(&self, group: &Mask, allowed: &Mask) -> Option<Pu> {
        let [best, any] =
            [&self.core_idle, &self.idle].map(|idle| idle.first_common(group, allowed));
        best.or(any)
    }

    /// Whether threads wait on any PU.
    pub(super) fn anybody_waits(&self) -> bool {
        self.long > 0
    }

    /// Threads of `pu`, the running one included.
    pub(super) fn length(&self, pu: Pu) -> u32 {
        self.lengths[pu as usize]
    }

    /// The first of the PUs in `group` with the most threads, if threads wait on any.
    pub(super) fn longest(&self, group: &Mask) -> Option<Pu> {
        let waiting = self.waiting.common(group);
        waiting.max_by_key(|pu| (self.length(*pu), Reverse(*pu)))
    }
}

impl Engine<'_> {
    /// Notes that a thread has come to the queue of `pu`, or has left it.
    pub(super) fn queue_changed(&mut self, pu: Pu) {
        let length = self.pus[pu as usize].rq.len();
        self.queues.set(self.setup.layout, pu, length);
    }
}

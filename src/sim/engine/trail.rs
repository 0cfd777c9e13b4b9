//! What does a trace hear of the threads?

use super::{Engine, Ns, Pu, State, Tid};
use crate::record::trace::{Activity, Place, Span};
use crate::sim::nest::Role;

impl Engine<'_> {
    /// Tells the trace, if there is one, what `tid` has done since `since`, and on which PU if it held one.
    pub(super) fn hear(&mut self, tid: Tid, pu: Option<Pu>, activity: Activity, since: Ns) {
        let (Some(trace), Some(began)) = (&mut self.trace, self.began) else {
            return;
        };
        if !self.nest.role(tid).is_of_nest() {
            return;
        }
        let (start, end) = (since.saturating_sub(began), self.now - began);
        if start < end {
            trace.add(Span {
                thread: tid,
                pu,
                activity,
                place: Place::Unsaid,
                start,
                end,
                away: 0,
            });
        }
    }

    /// Whether `tid` is other load, of which nothing is counted.
    pub(super) fn is_other(&self, tid: Tid) -> bool {
        matches!(self.nest.role(tid), Role::Other(_))
    }

    /// `tid` has stood in a queue until now.
    pub(super) fn end_wait_for_pu(&mut self, tid: Tid) {
        let since = self.threads[tid as usize].queued_at;
        if !self.is_other(tid) {
            self.report.run_queue_wait += self.now - since;
        }
        self.hear(tid, None, Activity::Queued, since);
    }

    /// The execution ends while threads wait for a PU or block.
    pub(super) fn end_all_waits(&mut self) {
        for tid in 0..self.threads.len() as Tid {
            let thread = &self.threads[tid as usize];
            match (thread.state, thread.left_at) {
                (State::Queued, _) => self.end_wait_for_pu(tid),
                (State::Blocked, since) => self.hear(tid, None, Activity::Blocked, since),
                (State::Running, _) => {}
            }
        }
    }
}

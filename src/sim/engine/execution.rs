//! What comes of each execution?
//!
//! Threads, queues and caches go on from one execution to the next, as they do in a process that
//! measures. Counts begin anew when the measuring thread gives the order to run and end with the
//! last worker.

use super::{Engine, Pu, State};
use crate::record::trace::Trace;
use crate::sim::report::{Report, Split, Stop};

impl Engine<'_> {
    /// Notes whether an execution has begun or ended with the last step.
    pub(super) fn observe(&mut self) {
        match (self.began, self.nest.is_timed()) {
            (None, true) => self.begin_execution(),
            (Some(_), false) => self.end_execution(Stop::Done),
            (Some(_), true) => self.count_waves(),
            (None, false) => {}
        }
    }

    fn begin_execution(&mut self) {
        for pu in 0..self.pus.len() as Pu {
            self.settle(pu);
            self.pus[pu as usize].split = Split::default();
        }
        for thread in &mut self.threads {
            if thread.state == State::Queued {
                thread.queued_at = self.now;
            }
        }
        let threads = self.nest.threads();
        self.report = Report::new(threads, self.pus.len());
        self.began = Some(self.now);
        self.expect_waves();
        if let Some(trace) = &mut self.trace {
            trace.clear();
        }
    }

    fn end_execution(&mut self, stop: Stop) {
        let Some(began) = self.began else {
            return;
        };
        for pu in 0..self.pus.len() as Pu {
            self.settle(pu);
            self.report.split.add(&self.pus[pu as usize].split);
        }
        self.end_all_waits();
        self.began = None;
        self.ended = self.now;
        self.report.wall = self.now - began + self.report.extrapolated_wall;
        self.report.tasks_done = self.nest.tasks_done;
        self.report.stop = stop;
        self.reports.push(self.report.clone());
    }

    /// What came of all executions; the last of them came to `stop`.
    pub(super) fn finish(mut self, stop: Stop) -> (Vec<Report>, Option<Trace>) {
        if stop != Stop::Done && self.began.is_none() {
            // It stopped between two executions: the next has no time.
            self.begin_execution();
        }
        self.end_execution(stop);
        (self.reports, self.trace)
    }
}

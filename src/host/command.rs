//! What does one visit give when the cell is a program of the user's?
//!
//! The child's side again, as [`super::measure`] is for work of our own: this process is the
//! *supervisor* of the program. It is the subreaper of the program's tree, so that nothing the
//! program starts can leave it; it counts what the tree uses, ends all of it at the time limit, and
//! notices what is left behind.
//!
//! Each copy of the program starts as this program with the hidden verb `start`
//! ([`become_program`]): that gives it a session of its own, without a terminal, and waits at a
//! *starting line* until all copies are there. The clock runs from their release to the exit of
//! the last copy.

mod copies;
mod execution;
mod hook;
mod output;
mod reaper;
mod starting_line;
pub(super) mod tree;

use std::path::Path;
use std::time::Duration;

use crossbeam::channel::Receiver;

use crate::experiment::{CommandCopy, CommandSpec};
use crate::record::{Answer, Status};
use crate::runner::{Ask, Emit};
use execution::Execution;
pub(super) use hook::HOOK_LIMIT;
use hook::run_hook;
pub use starting_line::become_program;

/// Answers `ask` by running the program of `spec`. `start` is the file of this program, which the
/// copies begin as; what comes over `stop` ends everything.
///
/// Nothing that a copy started is left when this returns, on Linux.
pub fn supervise(
    spec: &CommandSpec,
    start: &Path,
    ask: &Ask,
    stop: &Receiver<()>,
    emit: &mut Emit<'_>,
) {
    let execution = match Execution::of(spec, start, ask, stop) {
        Ok(execution) => execution,
        Err(reason) => {
            let _ = emit(ask.first_rep, Answer::Failed(reason));
            return;
        }
    };
    let visit = Visit {
        spec,
        ask,
        execution,
    };
    visit.run(emit);
}

/// One visit: set-up, warm-ups, repetitions, clean-up.
struct Visit<'a> {
    spec: &'a CommandSpec,
    ask: &'a Ask,
    execution: Execution<'a>,
}

impl Visit<'_> {
    fn run(self, emit: &mut Emit<'_>) {
        if let Some(answer) = self.ready() {
            let _ = emit(self.ask.first_rep, self.cleaned_up(answer));
            return;
        }
        let mut spent = Duration::ZERO;
        for rep in self.ask.first_rep..=self.ask.last_rep.get() {
            let answer = self.once();
            spent += answer.sample().map_or(Duration::ZERO, |sample| sample.wall);
            let ended = answer.status().ends_visit()
                || spent >= self.ask.protocol.limit()
                || rep == self.ask.last_rep.get();
            // Whoever has the last answer may end this process: clean up before.
            let answer = if ended {
                self.cleaned_up(answer)
            } else {
                answer
            };
            let unwanted = emit(rep, answer).is_break();
            if unwanted && !ended {
                let _ = self.hook("clean-up", self.spec.cleanup.as_deref());
            }
            if unwanted || ended {
                return;
            }
        }
    }

    /// Set-up and warm-ups. Where they do not come to their end: what to answer.
    fn ready(&self) -> Option<Answer> {
        if let Err(reason) = self.hook("set-up", self.spec.setup.as_deref()) {
            return Some(Answer::Failed(reason));
        }
        for _ in 0..self.ask.protocol.warmups {
            let reason = match self.once() {
                Answer::Ok(_) | Answer::Wrong(..) => continue,
                stood @ Answer::Interrupted(..) => return Some(stood),
                Answer::Censored(_) => "a warm-up took longer than the limit".to_owned(),
                Answer::Failed(reason) => format!("in a warm-up: {reason}"),
            };
            return Some(Answer::Failed(reason));
        }
        None
    }

    fn once(&self) -> Answer {
        match self.hook("prepare", self.spec.prepare.as_deref()) {
            Ok(()) => self.execution.run(),
            Err(reason) => Answer::Failed(reason),
        }
    }

    /// `answer` after the clean-up, or why that failed.
    fn cleaned_up(&self, answer: Answer) -> Answer {
        match self.hook("clean-up", self.spec.cleanup.as_deref()) {
            Err(reason) if answer.status() != Status::Failed => Answer::Failed(reason),
            _ => answer,
        }
    }

    fn hook(&self, name: &str, line: Option<&str>) -> Result<(), String> {
        let Some(line) = line else {
            return Ok(());
        };
        let first = CommandCopy {
            rank: 0,
            outer: self.ask.visit.cell.outer,
            inner: self.ask.visit.cell.inner,
        };
        run_hook(name, &first.fill(line), &first, self.ask.protocol.limit())
    }
}

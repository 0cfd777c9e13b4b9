//! What does one visit give when the cell is a program of the user's?
//!
//! The child's side again, as [`crate::host::measure`] is for work of our own: this process is the
//! *supervisor* of the program. While the program runs it adopts the orphans of the program's tree,
//! so that nothing the program starts can leave it; it counts what the tree uses, ends all of it at
//! the time limit, and notices what is left behind. Its parent is a [`guard`](fn@guard), which ends
//! what is left where the supervisor itself was killed.
//!
//! Each copy of the program starts as this program with the hidden verb `start`
//! ([`become_program`]): that gives it a session of its own, without a terminal, and waits at a
//! *starting line* until all copies are there. The clock runs from their release to the exit of
//! the last copy.

mod copies;
mod execution;
mod guard;
mod hook;
mod leftovers;
mod metric;
mod running;
mod starting_line;
mod trouble;

use std::os::unix::process::parent_id;
use std::time::Duration;

use super::shortage::Shortage;
use super::wait::Stop;
use crate::experiment::{CommandCopy, CommandSpec};
use crate::record::{Answer, Status};
use crate::runner::{OnAnswer, VisitRequest};
use execution::Execution;
pub use guard::guard;
pub(super) use hook::HOOK_LIMIT;
use hook::Hook;
pub use leftovers::end_leftovers;
pub use starting_line::{Starter, become_program};
use trouble::Trouble;

/// Time for the clean-up command where the sweep is to stop.
const LAST_CLEANUP: Duration = Duration::from_secs(5);

/// Answers `ask` by running the program of `spec`, whose copies begin by `starter`. Once `stop` is
/// requested, everything is ended, and nothing more is answered.
///
/// Nothing that a copy started is left when this returns, on Linux.
///
/// # Errors
///
/// If something is missing that others may give back; repetitions not answered can be asked again.
pub fn supervise(
    spec: &CommandSpec,
    starter: Starter<'_>,
    ask: &VisitRequest,
    stop: &Stop,
    emit: &mut OnAnswer<'_>,
) -> Result<(), Shortage> {
    let execution = match Execution::of(spec, starter, ask, stop) {
        Ok(execution) => execution,
        Err(reason) => {
            let _ = emit(ask.first_rep, Answer::Failed(reason));
            return Ok(());
        }
    };
    let visit = Visit {
        spec,
        ask,
        starter,
        execution,
        stop,
        parent: parent_id(),
    };
    visit.run(emit)
}

/// One visit: set-up, warm-ups, repetitions, clean-up.
struct Visit<'a> {
    spec: &'a CommandSpec,
    ask: &'a VisitRequest,
    starter: Starter<'a>,
    execution: Execution<'a>,
    stop: &'a Stop,
    /// The process that started this one.
    parent: u32,
}

impl Visit<'_> {
    fn run(self, emit: &mut OnAnswer<'_>) -> Result<(), Shortage> {
        let mut next_rep = self.ask.first_rep;
        let ran = self.ready().and_then(|()| self.repeat(&mut next_rep, emit));
        match ran {
            Ok(()) => {}
            Err(Trouble::Failed(reason)) => {
                let _ = emit(next_rep, self.cleaned_up(Answer::Failed(reason)));
            }
            Err(Trouble::Interrupted(answer)) => {
                let _ = emit(next_rep, self.cleaned_up(*answer));
            }
            Err(Trouble::Shortage(shortage)) => {
                let _ = self.clean_up();
                return Err(shortage);
            }
            Err(Trouble::Stopped) => self.clean_up_at_stop(),
        }
        Ok(())
    }

    /// Makes all repetitions, up to one that cannot be answered.
    fn repeat(&self, next_rep: &mut u32, emit: &mut OnAnswer<'_>) -> Result<(), Trouble> {
        let mut spent = Duration::ZERO;
        for rep in self.ask.first_rep..=self.ask.last_rep.get() {
            *next_rep = rep;
            let answer = self.once()?;
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
                let _ = self.clean_up();
            }
            if unwanted || ended {
                break;
            }
        }
        Ok(())
    }

    fn ready(&self) -> Result<(), Trouble> {
        self.hook("set-up", self.spec.setup.as_deref())?;
        for _ in 0..self.ask.protocol.warmups {
            match self.once() {
                Ok(Answer::Ok(_) | Answer::Wrong(..)) => {}
                Ok(stood @ Answer::Interrupted(..)) => {
                    return Err(Trouble::Interrupted(Box::new(stood)));
                }
                Ok(Answer::Censored(_)) => {
                    return Err("a warm-up took longer than the limit".to_owned().into());
                }
                Ok(Answer::Failed(reason)) | Err(Trouble::Failed(reason)) => {
                    return Err(format!("in a warm-up: {reason}").into());
                }
                Err(other) => return Err(other),
            }
        }
        Ok(())
    }

    fn once(&self) -> Result<Answer, Trouble> {
        self.hook("prepare", self.spec.prepare.as_deref())?;
        self.execution.run()
    }

    fn clean_up(&self) -> Result<(), Trouble> {
        self.hook("clean-up", self.spec.cleanup.as_deref())
    }

    /// `answer` after the clean-up, or why that failed.
    fn cleaned_up(&self, answer: Answer) -> Answer {
        match self.clean_up() {
            Err(Trouble::Failed(reason)) if answer.status() != Status::Failed => {
                Answer::Failed(reason)
            }
            _ => answer,
        }
    }

    /// Gives the clean-up command a little time, where somebody is left to wait for it.
    fn clean_up_at_stop(&self) {
        if let Some(line) = &self.spec.cleanup
            && parent_id() == self.parent
        {
            let stop = Stop::default();
            let hook = Hook {
                limit: LAST_CLEANUP,
                stop: &stop,
                ..self.prepared("clean-up")
            };
            // The sweep ends, whatever came of it.
            let _ = hook.run(line);
        }
    }

    fn hook(&self, name: &'static str, line: Option<&str>) -> Result<(), Trouble> {
        line.map_or(Ok(()), |line| self.prepared(name).run(line))
    }

    fn prepared(&self, name: &'static str) -> Hook<'_> {
        Hook {
            name,
            copy: CommandCopy {
                rank: 0,
                outer: self.ask.visit.cell.outer,
                inner: self.ask.visit.cell.inner,
            },
            starter: self.starter,
            limit: HOOK_LIMIT.max(self.ask.protocol.limit()),
            stop: self.stop,
        }
    }
}

//! What does a child process say that is asked one question?
//!
//! Whatever it does, the asker goes on at the deadline. Children that are asked by the same deadline
//! are all started before the first answer is awaited.

use std::io;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, bounded};
use nix::sys::signal::Signal;

use super::output::OutputTail;
use super::wait::{Stop, Subprocess, next};
use crate::clock;

/// Time for a killed child to go; one that waits for a dead disk may never go.
const KILL_GRACE: Duration = Duration::from_secs(1);

/// A child that was asked.
pub(super) struct Question {
    child: Subprocess,
    exited: Receiver<()>,
    out: OutputTail,
    err: OutputTail,
}

/// All that a child said before it ended.
pub(super) struct Reply {
    /// On its standard output.
    pub(super) out: String,
    /// On its standard error.
    pub(super) err: String,
    /// How it ended.
    pub(super) status: ExitStatus,
}

impl Question {
    /// Starts `command` without input and listens to its standard output and its standard error.
    pub(super) fn ask(command: &mut Command) -> io::Result<Self> {
        let command = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let (tell, exited) = bounded(1);
        let mut child = Subprocess::start(command, tell, ())?;
        let out = OutputTail::of(child.child().stdout.take());
        let err = OutputTail::of(child.child().stderr.take());
        match out.and_then(|out| Ok((out, err?))) {
            Ok((out, err)) => Ok(Self {
                child,
                exited,
                out,
                err,
            }),
            Err(error) => {
                child.end();
                Err(error)
            }
        }
    }

    /// What the child says, if it ends before `deadline`; it is ended then.
    pub(super) fn answer(mut self, deadline: Instant) -> Option<Reply> {
        let said = self.out.read(deadline).zip(self.err.read(deadline));
        let status = self.status(deadline);
        if status.is_none() {
            self.child.send(Signal::SIGKILL);
            self.status(clock::now() + KILL_GRACE);
        }
        let (out, err) = said?;
        Some(Reply {
            out,
            err,
            status: status?,
        })
    }

    /// How the child ended, if it does before `deadline`.
    fn status(&mut self, deadline: Instant) -> Option<ExitStatus> {
        next(&self.exited, &Stop::default(), deadline).ok()?;
        self.child.reap().ok()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Question {
        let question = Question::ask(Command::new("sh").args(["-c", script]));
        question.expect("there is a shell")
    }

    #[test]
    fn both_outputs_and_the_exit_code_are_an_answer() {
        let long = "yes 1234567 | head -c 200000 >&2; echo out; exit 3";
        let said = shell(long).answer(clock::now() + Duration::from_secs(60));
        let said = said.unwrap();
        assert_eq!((said.out.as_str(), said.err.len()), ("out\n", 200_000));
        assert_eq!(said.status.code(), Some(3));
    }

    /// Also where it has closed its outputs, or left them to another process.
    #[test]
    fn a_child_that_does_not_end_is_ended_and_gives_no_answer() {
        for script in ["sleep 600", "exec >&- 2>&-; sleep 600"] {
            let question = shell(&format!("exec 3<&0; {script}"));
            let soon = clock::now() + Duration::from_millis(200);
            assert!(question.answer(soon).is_none(), "{script}");
        }
    }
}

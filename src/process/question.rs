//! What does a child process say that is asked one question?
//!
//! Whatever it does, the asker goes on at the deadline. Children that are asked by the same deadline
//! are all started before the first answer is awaited.

use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, bounded};

use crate::clock;

/// Time between two looks whether a child has ended.
const LOOK: Duration = Duration::from_millis(1);

/// Time for a killed child to go; one that waits for a dead disk may never go.
const FAREWELL: Duration = Duration::from_secs(1);

/// A child that was asked.
pub(super) struct Question {
    child: Child,
    heard: Receiver<[String; 2]>,
}

/// All that a child said before it ended.
pub(super) struct Said {
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
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (say, heard) = bounded(1);
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let listener = move || {
            // Nobody hears it where patience has ended.
            let _ = say.send(both(out, err));
        };
        match thread::Builder::new().spawn(listener) {
            Ok(_) => Ok(Self { child, heard }),
            Err(error) => {
                end(&mut child);
                Err(error)
            }
        }
    }

    /// What the child says, if it ends before `deadline`; it is ended then.
    pub(super) fn answer(mut self, deadline: Instant) -> Option<Said> {
        let left = deadline.saturating_duration_since(clock::now());
        let said = self.heard.recv_timeout(left).ok();
        let status = ended(&mut self.child, deadline);
        if status.is_none() {
            end(&mut self.child);
        }
        let [out, err] = said?;
        Some(Said {
            out,
            err,
            status: status?,
        })
    }
}

/// How `child` ended, if it does before `deadline`.
fn ended(child: &mut Child, deadline: Instant) -> Option<ExitStatus> {
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        if clock::now() >= deadline {
            return None;
        }
        thread::sleep(LOOK);
    }
}

fn end(child: &mut Child) {
    // One that has ended already cannot be killed, which is what was wanted.
    let _ = child.kill();
    let _ = ended(child, clock::now() + FAREWELL);
}

/// The texts of both pipes, read side by side: a child that fills one waits for its reader.
fn both(out: Option<impl Read>, err: Option<impl Read + Send>) -> [String; 2] {
    thread::scope(|scope| {
        let err = thread::Builder::new().spawn_scoped(scope, || all(err));
        let out = all(out);
        let err = err.ok().and_then(|reader| reader.join().ok());
        [out, err.unwrap_or_default()]
    })
}

fn all(pipe: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        // What came before an error is kept: there is no better answer.
        let _ = pipe.read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
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

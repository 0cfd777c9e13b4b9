//! How is a child heard to its end?

use std::io::{self, BufRead, BufReader};
use std::ops::ControlFlow;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStderr, ChildStdout};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam::channel::{Receiver, RecvTimeoutError, bounded, unbounded};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::last_words::{describe_exit, last_words};
use super::{LOOK, Message};
use crate::experiment::Workload;
use crate::process::command::{HOOK_LIMIT, tail_of};
use crate::process::shortage::TRY_AGAIN;
use crate::process::tree::{groups_of, stands_still};
use crate::record::{Answer, Sample};
use crate::runner::{Ask, Emit};

/// What a child may spend beyond its time limit on building its nest, warming up and checking,
/// before the parent ends it.
const GRACE: Duration = Duration::from_secs(120);

/// Time for a supervisor to end its tree and to clean up.
const FAREWELL: Duration = Duration::from_secs(20);

/// Time after the death of a child to hear what it said before. Mostly its output ends at once; but on a
/// busy machine the thread that listens waits for a CPU, and something of its tree may hold the output open.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// A visit that could not be made, or not to its end, for want of something.
pub(super) struct Missing {
    pub(super) reason: String,
    /// The repetition that was not answered.
    pub(super) next_rep: u32,
    /// What to do where no visit can be made at all.
    pub(super) remedy: Option<&'static str>,
}

/// A running child and what has been heard of it.
pub(super) struct Conversation {
    child: Child,
    messages: Receiver<io::Result<Message>>,
    complaints: Receiver<String>,
    next_rep: u32,
    last_rep: u32,
    /// Wall time of all samples so far, and that after which no further one is taken.
    spent: Duration,
    limit: Duration,
    patience: Duration,
    stop: Arc<AtomicBool>,
}

impl Conversation {
    /// Listens to `child`; without threads to listen with, it is ended.
    pub(super) fn with(mut child: Child, ask: &Ask, stop: Arc<AtomicBool>) -> io::Result<Self> {
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let threads = listen(stdout).and_then(|messages| Ok((messages, drain(stderr)?)));
        let (messages, complaints) = threads.inspect_err(|_| {
            // A child that is gone already cannot be killed, which is what was wanted.
            let _ = child.kill();
            let _ = child.wait();
        })?;
        Ok(Self {
            child,
            messages,
            complaints,
            next_rep: ask.first_rep,
            last_rep: ask.last_rep.get(),
            spent: Duration::ZERO,
            limit: ask.protocol.limit(),
            patience: patience(ask),
            stop,
        })
    }

    /// What the child says next, or that it says nothing more, or nothing for too long; `None`
    /// when the sweep is to stop.
    fn next(&mut self) -> Option<Result<io::Result<Message>, RecvTimeoutError>> {
        let looks = self.patience.div_duration_f64(LOOK).ceil() as u64;
        let mut gone_for = Duration::ZERO;
        for _ in 0..looks {
            let heard = self.messages.recv_timeout(LOOK);
            if heard.as_ref().err() != Some(&RecvTimeoutError::Timeout) {
                return Some(heard);
            }
            if self.stop.load(Ordering::Relaxed) {
                return None;
            }
            if gone_for >= LAST_WORDS {
                return Some(Err(RecvTimeoutError::Disconnected));
            }
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                gone_for += LOOK;
            }
        }
        Some(Err(RecvTimeoutError::Timeout))
    }

    /// Passes every message on until the child is done, dead or too late.
    pub(super) fn run(mut self, emit: &mut Emit<'_>) -> Result<(), Missing> {
        while let Some(heard) = self.next() {
            match heard {
                Ok(Ok(message)) => {
                    if self.pass_on(message, emit).is_break() {
                        self.end(None);
                        return Ok(());
                    }
                }
                Ok(Err(error)) => {
                    let reason = format!("cell process wrote something unreadable: {error}");
                    let _ = emit(self.next_rep, Answer::Failed(reason));
                    self.end(None);
                    return Ok(());
                }
                Err(RecvTimeoutError::Timeout) => {
                    let answer = self.silence();
                    let _ = emit(self.next_rep, answer);
                    self.end(None);
                    return Ok(());
                }
                Err(RecvTimeoutError::Disconnected) => return self.reap(emit),
            }
        }
        self.end(Some(emit));
        Ok(())
    }

    /// What became of a child that gave no sign for too long: it stands still, or hangs.
    fn silence(&self) -> Answer {
        let pid = self.child.id() as i32;
        let silent = format!("cell process gave no sign for {:?}", self.patience);
        match stands_still(pid, &groups_of("self")) {
            Some(how) => Answer::Interrupted(Sample::default(), format!("{silent}: {how}")),
            None => Answer::Failed(silent),
        }
    }

    /// Passes one message on; `Break` after the last one that is wanted.
    fn pass_on(&mut self, message: Message, emit: &mut Emit<'_>) -> ControlFlow<()> {
        let Message { rep, answer } = message;
        self.next_rep = rep + 1;
        self.spent += answer.sample().map_or(Duration::ZERO, |sample| sample.wall);
        let last = answer.status().ends_visit() || rep >= self.last_rep || self.spent >= self.limit;
        match emit(rep, answer).is_break() || last {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }

    /// The child closed its output before its last repetition: it is dead or about to be, and owes
    /// an answer.
    fn reap(mut self, emit: &mut Emit<'_>) -> Result<(), Missing> {
        let status = self.child.wait();
        // Whoever ends the child may be ending the sweep too, as systemd does with a whole service.
        if status
            .as_ref()
            .is_ok_and(|status| status.signal().is_some())
        {
            thread::sleep(LOOK);
            if self.stop.load(Ordering::Relaxed) {
                return Ok(());
            }
        }
        let complaint = self.complaints.recv_timeout(LAST_WORDS);
        let complaint = complaint.unwrap_or_default();
        let reason = match &status {
            Ok(status) => describe_exit(*status, &complaint),
            Err(error) => format!("cell process was lost: {error}"),
        };
        if status.is_ok_and(|status| status.code() == Some(TRY_AGAIN)) {
            return Err(Missing {
                reason: last_words(&complaint).unwrap_or(reason),
                next_rep: self.next_rep,
                remedy: None,
            });
        }
        let _ = emit(self.next_rep, Answer::Failed(reason));
        Ok(())
    }

    /// Ends the child, which has said all that is wanted of it but what goes to `emit`: answers that
    /// were ready when the sweep was stopped. It is asked first: a supervisor has a tree to end.
    fn end(mut self, mut emit: Option<&mut Emit<'_>>) {
        if matches!(self.child.try_wait(), Ok(None)) {
            // Not waited for, so its number is still its own.
            let pid = Pid::from_raw(self.child.id() as i32);
            let _ = kill(pid, Signal::SIGTERM);
            // One that is stopped hears of it only when it goes on.
            let _ = kill(pid, Signal::SIGCONT);
        }
        while let Ok(Ok(message)) = self.messages.recv_timeout(FAREWELL) {
            if let Some(wanted) = emit.as_mut() {
                let _ = self.pass_on(message, *wanted);
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Longest time without a sign from a child that is well.
fn patience(ask: &Ask) -> Duration {
    let limit = ask.protocol.limit();
    let runs = 1 + ask.protocol.warmups;
    let hooks = match ask.visit.cell.workload {
        Workload::Command => HOOK_LIMIT.max(limit) * (2 + runs),
        _ => Duration::ZERO,
    };
    limit * runs + hooks + GRACE
}

fn listen(stdout: Option<ChildStdout>) -> io::Result<Receiver<io::Result<Message>>> {
    let (heard, messages) = unbounded();
    let listener = move || {
        for line in stdout
            .into_iter()
            .flat_map(|stdout| BufReader::new(stdout).lines())
        {
            let message =
                line.and_then(|line| serde_json::from_str(&line).map_err(io::Error::other));
            let broken = message.is_err();
            if heard.send(message).is_err() || broken {
                return;
            }
        }
    };
    thread::Builder::new().spawn(listener)?;
    Ok(messages)
}

/// Reads what a child complains of to its end and keeps the last part, which is sent then.
fn drain(stderr: Option<ChildStderr>) -> io::Result<Receiver<String>> {
    const KEPT: usize = 1 << 14;
    let (said, complaints) = bounded(1);
    thread::Builder::new().spawn(move || {
        let text = stderr
            .map(|stderr| tail_of(stderr, KEPT))
            .unwrap_or_default();
        // Nobody asks for the complaints of a child that has answered.
        let _ = said.send(String::from_utf8_lossy(&text).into_owned());
    })?;
    Ok(complaints)
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    /// A child that has ended with 0, and a listener who gets a CPU long after that.
    #[test]
    fn what_a_child_said_before_its_end_is_heard_however_late_the_listener_comes() {
        let mut child = Command::new("true").stdin(Stdio::null()).spawn().unwrap();
        child.wait().unwrap();
        let (heard, messages) = unbounded();
        let (_said, complaints) = bounded(1);
        let conversation = Conversation {
            child,
            messages,
            complaints,
            next_rep: 1,
            last_rep: 1,
            spent: Duration::ZERO,
            limit: Duration::MAX,
            patience: GRACE,
            stop: Arc::default(),
        };
        let listener = thread::spawn(move || {
            thread::sleep(5 * LOOK);
            let answer = Answer::Ok(Sample::default());
            heard.send(Ok(Message { rep: 1, answer })).unwrap();
        });
        let mut answers = Vec::new();
        let told = conversation.run(&mut |rep, answer| {
            answers.push((rep, answer.status()));
            ControlFlow::Continue(())
        });
        listener.join().unwrap();
        assert!(told.is_ok());
        assert_eq!(answers, [(1, crate::record::Status::Ok)]);
    }
}

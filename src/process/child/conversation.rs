//! How is a child heard to its end?

use std::io::{self, BufRead, BufReader};
use std::ops::ControlFlow;
use std::os::unix::process::ExitStatusExt;
use std::process::{ChildStdout, Command};
use std::thread;
use std::time::Duration;

use crossbeam::channel::{Receiver, Sender, unbounded};
use nix::sys::signal::Signal;

use super::Message;
use super::exit_reason::{describe_exit, last_words};
use crate::clock;
use crate::experiment::Workload;
use crate::process::command::HOOK_LIMIT;
use crate::process::output::{OUTPUT_GRACE, OutputTail};
use crate::process::shortage::TRY_AGAIN;
use crate::process::tree::{groups_of, stands_still};
use crate::process::wait::{NoNews, Stop, Subprocess, next_within};
use crate::record::{Answer, Sample};
use crate::runner::{OnAnswer, VisitRequest};

/// What a child may spend beyond its time limit on building its nest, warming up and checking,
/// before the parent ends it.
const GRACE: Duration = Duration::from_secs(120);

/// Time for a supervisor to end its tree and to clean up.
const TERM_GRACE: Duration = Duration::from_secs(20);

/// Time for whoever has ended the child to end the sweep too.
const STOP_GRACE: Duration = Duration::from_millis(100);

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
    child: Subprocess,
    news: Receiver<News>,
    stderr: OutputTail,
    next_rep: u32,
    last_rep: u32,
    /// Wall time of all samples so far, and that after which no further one is taken.
    spent: Duration,
    limit: Duration,
    patience: Duration,
}

/// What is heard of a child.
enum News {
    Message(Box<Message>),
    Unreadable(io::Error),
    /// It has exited; something of its tree may hold its output open.
    Exited,
}

impl Conversation {
    /// Starts `command`, which answers `ask`.
    ///
    /// # Errors
    ///
    /// If it cannot be started, or there are no threads to listen with; then it does not run.
    pub(super) fn start(command: &mut Command, ask: &VisitRequest) -> io::Result<Self> {
        let (tell, news) = unbounded();
        let mut child = Subprocess::start(command, tell.clone(), News::Exited)?;
        let (stdout, stderr) = (child.child().stdout.take(), child.child().stderr.take());
        match listen(stdout, tell).and_then(|()| OutputTail::of(stderr)) {
            Ok(stderr) => Ok(Self {
                child,
                news,
                stderr,
                next_rep: ask.first_rep,
                last_rep: ask.last_rep.get(),
                spent: Duration::ZERO,
                limit: ask.protocol.limit(),
                patience: patience(ask),
            }),
            Err(error) => {
                child.end();
                Err(error)
            }
        }
    }

    /// Passes every message on until the child is done, dead or too late, or `stop` is requested.
    pub(super) fn run(mut self, stop: &Stop, emit: &mut OnAnswer<'_>) -> Result<(), Missing> {
        let mut exited = false;
        let answer = loop {
            let patience = if exited { OUTPUT_GRACE } else { self.patience };
            match next_within(&self.news, stop, patience) {
                Ok(News::Message(message)) => {
                    if self.pass_on(*message, emit).is_break() {
                        self.end(None);
                        return Ok(());
                    }
                }
                Ok(News::Unreadable(error)) => {
                    let reason = format!("cell process wrote something unreadable: {error}");
                    break Answer::Failed(reason);
                }
                Ok(News::Exited) => exited = true,
                Err(NoNews::Stopped) => {
                    self.end(Some(emit));
                    return Ok(());
                }
                Err(NoNews::Late) if !exited => break self.silence(),
                Err(NoNews::Late | NoNews::Closed) => return self.reap(stop, emit),
            }
        };
        let _ = emit(self.next_rep, answer);
        self.end(None);
        Ok(())
    }

    /// What became of a child that gave no sign for too long: it stands still, or hangs.
    fn silence(&self) -> Answer {
        let pid = self.child.pid();
        let silent = format!("cell process gave no sign for {:?}", self.patience);
        match stands_still(pid, &groups_of("self")) {
            Some(how) => Answer::Interrupted(Sample::default(), format!("{silent}: {how}")),
            None => Answer::Failed(silent),
        }
    }

    /// Passes one message on; `Break` after the last one that is wanted.
    fn pass_on(&mut self, message: Message, emit: &mut OnAnswer<'_>) -> ControlFlow<()> {
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
    fn reap(mut self, stop: &Stop, emit: &mut OnAnswer<'_>) -> Result<(), Missing> {
        let status = self.child.reap();
        // Whoever ends the child may be ending the sweep too, as systemd does with a whole service.
        let killed = status
            .as_ref()
            .is_ok_and(|status| status.signal().is_some());
        if killed && stop.is_requested_within(STOP_GRACE) {
            return Ok(());
        }
        let stderr = self.stderr.read(clock::now() + OUTPUT_GRACE);
        let stderr = stderr.unwrap_or_default();
        let reason = match &status {
            Ok(status) => describe_exit(*status, &stderr),
            Err(error) => format!("cell process was lost: {error}"),
        };
        if status.is_ok_and(|status| status.code() == Some(TRY_AGAIN)) {
            return Err(Missing {
                reason: last_words(&stderr).unwrap_or(reason),
                next_rep: self.next_rep,
                remedy: None,
            });
        }
        let _ = emit(self.next_rep, Answer::Failed(reason));
        Ok(())
    }

    /// Ends the child, which has said all that is wanted of it but what goes to `emit`: answers that
    /// were ready when the sweep was stopped. It is asked first: a supervisor has a tree to end.
    fn end(mut self, mut emit: Option<&mut OnAnswer<'_>>) {
        self.child.send(Signal::SIGTERM);
        // One that is stopped hears of it only when it goes on.
        self.child.send(Signal::SIGCONT);
        let mut patience = TERM_GRACE;
        loop {
            match next_within(&self.news, &Stop::default(), patience) {
                Ok(News::Message(message)) => {
                    if let Some(wanted) = emit.as_mut() {
                        let _ = self.pass_on(*message, *wanted);
                    }
                }
                Ok(News::Exited) => patience = OUTPUT_GRACE,
                Ok(News::Unreadable(_)) | Err(_) => break,
            }
        }
        self.child.end();
    }
}

/// Longest time without a sign from a child that is well.
fn patience(ask: &VisitRequest) -> Duration {
    let limit = ask.protocol.limit();
    let runs = 1 + ask.protocol.warmups;
    let hooks = match ask.visit.cell.workload {
        Workload::Command => HOOK_LIMIT.max(limit) * (2 + runs),
        _ => Duration::ZERO,
    };
    limit * runs + hooks + GRACE
}

/// Reads the messages of a child, a line each, and tells them.
fn listen(stdout: Option<ChildStdout>, tell: Sender<News>) -> io::Result<()> {
    let listener = move || {
        let lines = stdout
            .into_iter()
            .flat_map(|out| BufReader::new(out).lines());
        for line in lines {
            let message = line.and_then(|line| Ok(serde_json::from_str(&line)?));
            let last = message.is_err();
            let sent =
                tell.send(message.map_or_else(News::Unreadable, |m| News::Message(Box::new(m))));
            if last || sent.is_err() {
                return;
            }
        }
    };
    thread::Builder::new().spawn(listener)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use crossbeam::channel::bounded;

    use super::*;
    use crate::record::Status;

    /// A child that has ended with 0, and a listener who gets a CPU long after that.
    #[test]
    fn what_a_child_said_before_its_end_is_heard_however_late_the_listener_comes() {
        let (tell, news) = unbounded();
        let (tell_exit, exited) = bounded(1);
        let child = Subprocess::start(&mut Command::new("true"), tell_exit, ()).unwrap();
        exited.recv().unwrap();
        tell.send(News::Exited).unwrap();
        let conversation = Conversation {
            child,
            news,
            stderr: OutputTail::of(None::<io::Empty>).unwrap(),
            next_rep: 1,
            last_rep: 1,
            spent: Duration::ZERO,
            limit: Duration::MAX,
            patience: GRACE,
        };
        let listener = thread::spawn(move || {
            thread::sleep(Duration::from_millis(500));
            let answer = Answer::Ok(Sample::default());
            let message = Box::new(Message { rep: 1, answer });
            tell.send(News::Message(message)).unwrap();
        });
        let mut answers = Vec::new();
        let told = conversation.run(&Stop::default(), &mut |rep, answer| {
            answers.push((rep, answer.status()));
            ControlFlow::Continue(())
        });
        listener.join().unwrap();
        assert!(told.is_ok());
        assert_eq!(answers, [(1, Status::Ok)]);
    }
}

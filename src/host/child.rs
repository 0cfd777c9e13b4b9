//! How does the parent get a visit answered by a child process, whatever becomes of the child?
//!
//! The child is this program with the hidden verb `cell`. It writes one JSON [`Message`] a line; what
//! it wrote before it died is kept. It watches its own time limit; the parent's limit is the
//! backstop for a child that cannot.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam::channel::{Receiver, RecvTimeoutError, unbounded};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use super::blas::VARIABLES;
use super::command::HOOK_LIMIT;
use super::command::tree::{groups_of, stands_still};
use super::start_error::cannot_start;
use crate::experiment::{Blas, CommandSpec, Workload};
use crate::record::{Answer, Sample};
use crate::runner::{Ask, Emit, Halted, Runner};

/// One line from a child.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Which repetition, from 1.
    pub rep: u32,
    /// Its answer.
    pub answer: Answer,
}

/// The runner that measures.
#[derive(Clone, Debug)]
pub struct Host {
    /// The program to start for each visit: `oversub` itself.
    program: PathBuf,
    /// The files that the libraries of its cells stand for.
    libraries: BTreeMap<Blas, PathBuf>,
    /// The user's program, where the cells are such.
    command: Option<CommandSpec>,
    /// Set when the sweep is to stop: a child is then ended in the middle of a sample.
    stop: Arc<AtomicBool>,
}

/// What a child may spend beyond its time limit on building its nest, warming up and checking,
/// before the parent ends it.
const GRACE: Duration = Duration::from_secs(120);

/// Time for a supervisor to end its tree.
const FAREWELL: Duration = Duration::from_secs(15);

impl Host {
    /// A host whose children run `program`.
    pub fn new(program: PathBuf) -> Self {
        Self {
            program,
            libraries: BTreeMap::new(),
            command: None,
            stop: Arc::default(),
        }
    }

    /// This host, whose child at work is ended as soon as `stop` is set.
    #[must_use]
    pub fn stopping_at(self, stop: Arc<AtomicBool>) -> Self {
        Self { stop, ..self }
    }

    /// This host with the files of the libraries that its cells call.
    #[must_use]
    pub fn with_libraries(self, libraries: BTreeMap<Blas, PathBuf>) -> Self {
        Self { libraries, ..self }
    }

    /// This host for cells that are the program of `command`.
    #[must_use]
    pub fn running(self, command: Option<CommandSpec>) -> Self {
        Self { command, ..self }
    }

    /// The command that answers `ask`: what anybody can type to repeat it.
    pub fn command(&self, ask: &Ask) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(["cell", &ask.visit.cell.to_string()])
            .args(["--budget", &ask.budget.to_string()])
            .args(["--warmups", &ask.protocol.warmups.to_string()])
            .args(["--first-rep", &ask.first_rep.to_string()])
            .args(["--reps", &ask.last_rep.to_string()])
            .args(["--limit", &ask.protocol.limit().as_secs_f64().to_string()]);
        let cell = &ask.visit.cell;
        if let Some(file) = cell.runtime.blas().and_then(|b| self.libraries.get(&b)) {
            let inner = cell.inner.to_string();
            command.arg("--library").arg(file);
            command.envs(VARIABLES.map(|name| (name, inner.clone())));
        }
        if let Some(spec) = &self.command {
            // A spec is text and numbers, which JSON always has a form for.
            let json = serde_json::to_string(spec).unwrap_or_default();
            command.args(["--command", &json]);
        }
        command
    }
}

impl Runner for Host {
    fn name(&self) -> &'static str {
        "host"
    }

    fn run(&mut self, ask: &Ask, emit: &mut Emit<'_>) -> Result<(), Halted> {
        let piped = self
            .command(ask)
            // A group of its own: a Ctrl-C at the terminal is for the sweep, which ends its child. If it
            // reached the child first, its death would look like a failure of the cell.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let stop = Arc::clone(&self.stop);
        match piped.and_then(|child| Conversation::with(child, ask, stop)) {
            Ok(conversation) => conversation.run(emit),
            Err(error) => {
                let reason = cannot_start(&self.program, &error);
                let _ = emit(ask.first_rep, Answer::Failed(reason));
            }
        }
        Ok(())
    }
}

/// A running child and what has been heard of it.
struct Conversation {
    child: Child,
    messages: Receiver<io::Result<Message>>,
    complaints: Option<thread::JoinHandle<String>>,
    next_rep: u32,
    last_rep: u32,
    patience: Duration,
    stop: Arc<AtomicBool>,
}

impl Conversation {
    /// Listens to `child`; without threads to listen with, it is ended.
    fn with(mut child: Child, ask: &Ask, stop: Arc<AtomicBool>) -> io::Result<Self> {
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let threads = listen(stdout).and_then(|messages| Ok((messages, overhear(stderr)?)));
        let (messages, complaints) = threads.inspect_err(|_| {
            // A child that is gone already cannot be killed, which is what was wanted.
            let _ = child.kill();
            let _ = child.wait();
        })?;
        Ok(Self {
            child,
            messages,
            complaints: Some(complaints),
            next_rep: ask.first_rep,
            last_rep: ask.last_rep.get(),
            patience: patience(ask),
            stop,
        })
    }

    /// What the child says next, or that it says nothing more, or nothing for too long; `None`
    /// when the sweep is to stop.
    fn next(&self) -> Option<Result<io::Result<Message>, RecvTimeoutError>> {
        const LOOK: Duration = Duration::from_millis(100);
        let looks = self.patience.div_duration_f64(LOOK).ceil() as u64;
        for _ in 0..looks {
            let heard = self.messages.recv_timeout(LOOK);
            if self.stop.load(Ordering::Relaxed) {
                return None;
            }
            if heard.as_ref().err() != Some(&RecvTimeoutError::Timeout) {
                return Some(heard);
            }
        }
        Some(Err(RecvTimeoutError::Timeout))
    }

    /// Passes every message on until the child is done, dead or too late.
    fn run(mut self, emit: &mut Emit<'_>) {
        while let Some(heard) = self.next() {
            match heard {
                Ok(Ok(Message { rep, answer })) => {
                    self.next_rep = rep + 1;
                    let last = answer.status().ends_visit() || rep >= self.last_rep;
                    if emit(rep, answer).is_break() {
                        return self.end();
                    }
                    if last {
                        return self.end();
                    }
                }
                Ok(Err(error)) => {
                    let reason = format!("cell process wrote something unreadable: {error}");
                    let _ = emit(self.next_rep, Answer::Failed(reason));
                    return self.end();
                }
                Err(RecvTimeoutError::Timeout) => {
                    let answer = self.silence();
                    let _ = emit(self.next_rep, answer);
                    return self.end();
                }
                Err(RecvTimeoutError::Disconnected) => return self.bury(emit),
            }
        }
        self.end();
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

    /// The child closed its output before its last repetition: by its own choice (the time was
    /// up) or by dying, which is a failure.
    fn bury(mut self, emit: &mut Emit<'_>) {
        let status = self.child.wait();
        let complaint = self.complaints.take().and_then(|thread| thread.join().ok());
        let complaint = complaint.unwrap_or_default();
        match status {
            Ok(status) if status.success() => {}
            Ok(status) => {
                let _ = emit(self.next_rep, Answer::Failed(obituary(status, &complaint)));
            }
            Err(error) => {
                let reason = format!("cell process was lost: {error}");
                let _ = emit(self.next_rep, Answer::Failed(reason));
            }
        }
    }

    /// Ends the child, which has said all that is wanted of it. It is asked first: a supervisor
    /// has a tree to end.
    fn end(mut self) {
        // A child that is gone already cannot be killed, which is what was wanted.
        let pid = Pid::from_raw(self.child.id() as i32);
        let _ = kill(pid, Signal::SIGTERM);
        // One that is stopped hears of it only when it goes on.
        let _ = kill(pid, Signal::SIGCONT);
        while let Ok(Ok(_)) = self.messages.recv_timeout(FAREWELL) {}
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

/// Keeps the beginning of what a child complains of, and reads a flood of it to its end.
fn overhear(stderr: Option<ChildStderr>) -> io::Result<thread::JoinHandle<String>> {
    const KEPT: u64 = 4096;
    thread::Builder::new().spawn(move || {
        let mut text = Vec::new();
        if let Some(mut stderr) = stderr {
            let _ = stderr.by_ref().take(KEPT).read_to_end(&mut text);
            let _ = io::copy(&mut stderr, &mut io::sink());
        }
        String::from_utf8_lossy(&text).into_owned()
    })
}

/// How a child ended and the last thing it said, as one line.
fn obituary(status: ExitStatus, complaint: &str) -> String {
    match complaint.lines().rfind(|line| !line.trim().is_empty()) {
        Some(line) => format!("cell process ended with {status}: {}", line.trim()),
        None => format!("cell process ended with {status}"),
    }
}

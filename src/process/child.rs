//! How does the parent get a visit answered by a child process, whatever becomes of the child?
//!
//! The child is this program with the hidden verb `cell`. It writes one JSON [`Message`] a line; what
//! it wrote before it died is kept. It watches its own time limit; the parent's limit is the
//! backstop for a child that cannot. A child that ends before it has answered is a failed row,
//! whatever its exit status; where it ends for want of something that others may give back, it is
//! started again.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ending::{adopt_orphans, end_children};
use super::shortage::remedy;
use super::start_error::cannot_start;
use super::wait::Stop;
use crate::experiment::{Blas, CommandSpec};
use crate::machine::THREAD_VARIABLES;
use crate::record::Answer;
use crate::runner::{Halted, OnAnswer, Runner, VisitRequest};
use conversation::{Conversation, Missing};

mod conversation;
mod exit_reason;

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
    stop: Stop,
    /// Whether children of this process are all visits, and nothing of one outlives it.
    clears: bool,
    /// Is told what went wrong for a moment.
    note: fn(&str),
}

/// Pauses after which a visit is tried again that could not be made for want of something.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(300),
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(5),
];

impl Host {
    /// A host whose children run `program`.
    pub fn new(program: PathBuf) -> Self {
        Self {
            program,
            libraries: BTreeMap::new(),
            command: None,
            stop: Stop::default(),
            clears: false,
            note: |_| {},
        }
    }

    /// This host, whose child at work is ended as soon as `stop` is requested.
    #[must_use]
    pub fn stopping_at(self, stop: Stop) -> Self {
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

    /// This host in a process that has no other children: after each visit it ends whatever the
    /// visit left, also what lost its parent.
    #[must_use]
    pub fn clearing_up(self) -> Self {
        adopt_orphans(true);
        Self {
            clears: true,
            ..self
        }
    }

    /// This host, which tells `note` of what is tried again and why.
    #[must_use]
    pub fn noting(self, note: fn(&str)) -> Self {
        Self { note, ..self }
    }

    /// The command that answers `ask`: what anybody can type to repeat it.
    pub fn command(&self, ask: &VisitRequest) -> Command {
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
            command.envs(THREAD_VARIABLES.map(|name| (name, inner.clone())));
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

    fn run(&mut self, ask: &VisitRequest, emit: &mut OnAnswer<'_>) -> Result<(), Halted> {
        let mut ask = ask.clone();
        for pause in PAUSES {
            let Err(missing) = self.visit(&ask, emit) else {
                return Ok(());
            };
            (self.note)(&format!("{}; trying again in {pause:?}", missing.reason));
            ask.first_rep = missing.next_rep;
            if self.stop.is_requested_within(pause) {
                return Ok(());
            }
        }
        self.visit(&ask, emit)
            .or_else(|missing| missing.give_up(emit))
    }
}

impl Missing {
    /// Where only this cell asks for too much, that is its answer.
    fn give_up(self, emit: &mut OnAnswer<'_>) -> Result<(), Halted> {
        let Some(remedy) = self.remedy else {
            let _ = emit(self.next_rep, Answer::Failed(self.reason));
            return Ok(());
        };
        Err(Halted(format!(
            "{}, also after {:?}; {remedy}, then run the same command again to resume",
            self.reason,
            PAUSES.iter().sum::<Duration>(),
        )))
    }
}

impl Host {
    /// Makes one visit, and leaves nothing of it.
    fn visit(&self, ask: &VisitRequest, emit: &mut OnAnswer<'_>) -> Result<(), Missing> {
        let mut command = self.command(ask);
        command
            .args(["--parent", &std::process::id().to_string()])
            // A group of its own: a Ctrl-C at the terminal is for the sweep, which ends its child. If it
            // reached the child first, its death would look like a failure of the cell.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let visit = match Conversation::start(&mut command, ask) {
            Ok(conversation) => conversation.run(&self.stop, emit),
            Err(error) => self.not_started(&error, ask, emit),
        };
        if self.clears && !end_children() {
            (self.note)(
                "some processes of the last visit cannot be ended (see ps -eo pid,stat,args)",
            );
        }
        visit
    }

    fn not_started(
        &self,
        error: &io::Error,
        ask: &VisitRequest,
        emit: &mut OnAnswer<'_>,
    ) -> Result<(), Missing> {
        let reason = cannot_start(&self.program, error);
        let next_rep = ask.first_rep;
        match remedy(error) {
            Some(remedy) => Err(Missing {
                reason,
                next_rep,
                remedy: Some(remedy),
            }),
            None => {
                let _ = emit(next_rep, Answer::Failed(reason));
                Ok(())
            }
        }
    }
}

//! `oversub cell`: one visit of one cell in this process. Hidden; `sweep` starts it as a child, and
//! any row can be repeated with it by hand.

use std::fs::File;
use std::io::Write;
use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use crossbeam::channel::unbounded;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{Signal, raise};
use nix::sys::wait::WaitStatus;

use super::{UsageError, request, screen, signals};
use crate::app::{itself, locate, output};
use crate::experiment::{Cell, CommandSpec, Protocol, Visit, Workload};
use crate::host::{self, measure};
use crate::machine::{CpuBudget, HostFacts};
use crate::process::{
    Background, Message, Shortage, Starter, Stop, TRY_AGAIN, end_leftovers, end_with_parent, guard,
    keep_continues, open_files, supervise,
};
use crate::record::{Answer, Status};
use crate::runner::VisitRequest;
use crate::units::range;

/// Measures one cell in this process and writes a JSON line for each repetition.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Text form of the cell, as in the errors and the dry run of a sweep.
    cell: Cell,
    /// Whole CPUs by which compositions set team widths [default: those of this machine].
    #[arg(long, value_name = "CPUS")]
    budget: Option<NonZeroU32>,
    /// Untimed executions first.
    #[arg(long, value_name = "N", default_value = "1")]
    warmups: u32,
    /// Number of the first repetition.
    #[arg(long, value_name = "REP", default_value = "1")]
    first_rep: NonZeroU32,
    /// Number of the last repetition.
    #[arg(long, value_name = "REP", default_value = "5")]
    reps: NonZeroU32,
    /// Time limit of one execution, and after which none is started [s].
    #[arg(long, value_name = "SECONDS", default_value = "10")]
    limit: f64,
    /// File of the BLAS library that the cell's runtime stands for [default: the first found].
    #[arg(long, value_name = "FILE")]
    library: Option<PathBuf>,
    /// Write down what every thread does in one execution, instead of timing any.
    #[arg(long, value_name = "FILE.json", conflicts_with = "command")]
    trace: Option<PathBuf>,
    /// The user's program, as JSON, where the cell is one.
    #[arg(long, value_name = "JSON")]
    command: Option<String>,
    /// Process id of the parent, with which this process ends.
    #[arg(long, value_name = "PID", overrides_with = "parent")]
    parent: Option<u32>,
    /// Supervise the program in this process, whose parent is its guard.
    #[arg(long, requires = "command")]
    guarded: bool,
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<()> {
        // Before there is any other thread.
        keep_continues();
        let ask = self.ask()?;
        match &self.command {
            Some(json) => {
                let spec: CommandSpec = serde_json::from_str(json)
                    .map_err(|error| UsageError(format!("'{json}' is not a command: {error}")))?;
                end_with_parent(Signal::SIGTERM, self.parent)?;
                if self.guarded {
                    return supervise_command(&spec, &ask);
                }
                // Beside the supervisor, whose tree is what is measured.
                let _beside = self.background()?;
                guard_supervisor()
            }
            None => {
                end_with_parent(Signal::SIGKILL, self.parent)?;
                // Before any counter is opened that would follow a child.
                let beside = self.background()?;
                self.measure(&ask, beside)
            }
        }
    }

    /// Answers `ask` in this process.
    fn measure(&self, ask: &VisitRequest, mut beside: Option<Background>) -> anyhow::Result<()> {
        // A file for each thread, whose counters are read.
        open_files::raise();
        let mut out = screen::claim_stdout()?;
        let library = self.library()?;
        if let Some(file) = &self.trace {
            return write_down(ask, library.as_deref(), file, &mut out);
        }
        let mut answers = Answers::to(out);
        let measured = measure(ask, library.as_deref(), &mut |rep, answer| {
            let Some(why) = beside.as_mut().and_then(Background::ended) else {
                return answers.write(rep, answer);
            };
            let _ = answers.write(rep, Answer::Failed(why));
            ControlFlow::Break(())
        });
        if answers.last == Some(Status::Censored) && library.is_some() {
            // Even `exit` runs the destructors of libraries, and OpenBLAS's waits for threads whose
            // region never ends. All has been said; nothing is left to tidy up.
            raise(Signal::SIGKILL)?;
        }
        answers.leave(measured)
    }

    /// The other load that the cell wants beside it.
    fn background(&self) -> anyhow::Result<Option<Background>> {
        let threads = self.cell.background;
        Background::start(&itself()?, threads)
            .with_context(|| format!("cannot start {threads} threads of other load"))
    }

    fn library(&self) -> Result<Option<PathBuf>, UsageError> {
        match (self.cell.runtime.blas(), &self.library) {
            (None, _) => Ok(None),
            (Some(_), Some(file)) => Ok(Some(file.clone())),
            (Some(blas), None) => locate(blas).map(Some),
        }
    }

    fn ask(&self) -> Result<VisitRequest, UsageError> {
        if self.cell.workload == Workload::Command && self.command.is_none() {
            let why = "a cell of a command does not say which program; give --command JSON, or run \
                       the line that `oversub sweep --dry-run -- PROGRAM` prints for it";
            return Err(UsageError(why.to_owned()));
        }
        let limit = request::time(self.limit, range::LIMIT)?;
        let protocol = Protocol::of_one_visit(self.reps, self.warmups, limit).checked();
        let protocol = protocol.map_err(|error| UsageError(error.to_string()))?;
        let budget = self.budget.map(NonZeroU32::get);
        let budget = budget.unwrap_or_else(|| CpuBudget::discover().whole());
        let visit = Visit {
            round: 1,
            cell: self.cell,
        };
        Ok(VisitRequest {
            first_rep: self.first_rep.get(),
            ..VisitRequest::new(visit, &protocol, budget)
        })
    }
}

/// Where answers go: a line each.
struct Answers {
    out: File,
    last: Option<Status>,
    written: anyhow::Result<()>,
}

impl Answers {
    fn to(out: File) -> Self {
        Self {
            out,
            last: None,
            written: Ok(()),
        }
    }

    fn write(&mut self, rep: u32, answer: Answer) -> ControlFlow<()> {
        self.last = Some(answer.status());
        let line = serde_json::to_string(&Message { rep, answer });
        self.written = line
            .map_err(anyhow::Error::from)
            .and_then(|line| Ok(self.out.write_all(format!("{line}\n").as_bytes())?));
        match self.written {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }

    /// Ends this process. After a censored sample threads of the nest still run; leaving `main`
    /// would end them all the same, but only after destructors that may wait for them.
    fn leave(self, answered: Result<(), Shortage>) -> anyhow::Result<()> {
        self.written?;
        if let Err(shortage) = answered {
            screen::note(shortage);
            std::process::exit(TRY_AGAIN);
        }
        std::process::exit(0)
    }
}

/// Writes what every thread does in one execution of `ask` into `file`, and the answer as a line.
fn write_down(
    ask: &VisitRequest,
    library: Option<&Path>,
    file: &Path,
    answers: &mut File,
) -> anyhow::Result<()> {
    let (answer, mut trace) = host::trace(ask, library).map_err(anyhow::Error::msg)?;
    let processor = HostFacts::discover().processor;
    trace.source = format!(
        "measured on {}",
        processor.as_deref().unwrap_or("this machine")
    );
    let mut text = Vec::new();
    trace.write(&mut text)?;
    output::write(file, &text)?;
    let rep = ask.first_rep;
    let line = serde_json::to_string(&Message { rep, answer })?;
    answers.write_all(format!("{line}\n").as_bytes())?;
    // Threads of an execution that was stopped still run.
    std::process::exit(0)
}

/// Supervises the program of `spec` until it has answered `ask`, or somebody wants this process to
/// end: then it ends the program's tree first.
fn supervise_command(spec: &CommandSpec, ask: &VisitRequest) -> anyhow::Result<()> {
    let starter = Starter {
        program: &itself()?,
        // Some files for each copy.
        open_files: open_files::raise(),
    };
    let stop = Stop::default();
    let asked = stop.clone();
    signals::on_request(move |_| {
        asked.request();
    })?;
    let mut answers = Answers::to(screen::claim_stdout()?);
    let supervised = supervise(spec, starter, ask, &stop, &mut |rep, answer| {
        answers.write(rep, answer)
    });
    if spec.has_hooks() {
        // The guard would end what they left running, but may be killed before it has.
        end_leftovers();
    }
    answers.leave(supervised)
}

/// Starts this program once more as the supervisor, guards it, and ends as it ended.
fn guard_supervisor() -> anyhow::Result<()> {
    let (heard, wanted) = unbounded();
    // The guard that no longer listens is about to end.
    signals::on_request(move |_| {
        let _ = heard.send(());
    })?;
    let mut supervisor = Command::new(itself()?);
    supervisor.args(std::env::args_os().skip(1)).args([
        "--guarded",
        "--parent",
        &std::process::id().to_string(),
    ]);
    match guard(&mut supervisor, &wanted).context("cannot start the supervisor of the program")? {
        WaitStatus::Signaled(_, signal, _) => {
            // One core file is enough.
            let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
            raise(signal)?;
            std::process::exit(1)
        }
        WaitStatus::Exited(_, code) => std::process::exit(code),
        _ => std::process::exit(1),
    }
}

//! `oversub cell`: one visit of one cell in this process. Hidden; `sweep` starts it as a child, and
//! any row can be repeated with it by hand.

use std::fs::File;
use std::io::{BufWriter, Write, stdout};
use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::Context;
use nix::sys::signal::{Signal, raise};

use super::{UsageError, blas};
use crate::experiment::{Cell, CommandSpec, Protocol, Visit, Workload};
use crate::host::{self, Message, keep_continues, measure, supervise};
use crate::machine::{CpuBudget, HostFacts};
use crate::record::{Answer, Status};
use crate::runner::{Ask, Emit};
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
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<()> {
        // Before there is any other thread.
        keep_continues();
        let ask = self.ask()?;
        let library = self.library()?;
        if let Some(file) = &self.trace {
            die_with_parent(Signal::SIGKILL)?;
            return write_down(&ask, library.as_deref(), file);
        }
        let mut failure = Ok(());
        let mut censored = false;
        let mut emit = |rep, answer: Answer| {
            censored = answer.status() == Status::Censored;
            let line = serde_json::to_string(&Message { rep, answer });
            failure = line.map_err(anyhow::Error::from).and_then(|line| {
                let mut out = stdout().lock();
                writeln!(out, "{line}")?;
                Ok(out.flush()?)
            });
            if failure.is_ok() {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        };
        match &self.command {
            Some(json) => run_command(json, &ask, &mut emit)?,
            None => {
                die_with_parent(Signal::SIGKILL)?;
                measure(&ask, library.as_deref(), &mut emit);
            }
        }
        if censored && library.is_some() {
            // Even `exit` runs the destructors of libraries, and OpenBLAS's waits for threads whose
            // region never ends. All has been said; nothing is left to tidy up.
            raise(Signal::SIGKILL)?;
        }
        // After a censored sample threads of the nest still run; leaving `main` would end them
        // all the same, but only after destructors that may wait for them.
        match failure {
            Ok(()) => std::process::exit(0),
            Err(error) => Err(error),
        }
    }

    fn library(&self) -> Result<Option<PathBuf>, UsageError> {
        match (self.cell.runtime.blas(), &self.library) {
            (None, _) => Ok(None),
            (Some(_), Some(file)) => Ok(Some(file.clone())),
            (Some(blas), None) => blas::locate(blas).map(Some),
        }
    }

    fn ask(&self) -> Result<Ask, UsageError> {
        if self.cell.workload == Workload::Command && self.command.is_none() {
            let why = "a cell of a command does not say which program; give --command JSON, or run \
                       the line that `oversub sweep --dry-run -- PROGRAM` prints for it";
            return Err(UsageError(why.to_owned()));
        }
        let limit = super::request::time(self.limit, range::LIMIT)?;
        let protocol = Protocol {
            rounds: NonZeroU32::MIN,
            reps: self.reps,
            warmups: self.warmups,
            limit_ns: crate::units::ns(limit),
            seed: 0,
            until: None,
        };
        let protocol = protocol.checked();
        let protocol = protocol.map_err(|error| UsageError(error.to_string()))?;
        Ok(Ask {
            visit: Visit {
                round: 1,
                cell: self.cell,
            },
            first_rep: self.first_rep.get(),
            last_rep: self.reps,
            protocol,
            budget: self
                .budget
                .map_or_else(|| CpuBudget::discover().whole(), NonZeroU32::get),
        })
    }
}

/// Writes what every thread does in one execution of `ask` into `file`, and the answer as a line.
fn write_down(ask: &Ask, library: Option<&Path>, file: &Path) -> anyhow::Result<()> {
    let (answer, mut trace) = host::trace(ask, library).map_err(anyhow::Error::msg)?;
    let processor = HostFacts::discover().processor;
    trace.source = format!(
        "measured on {}",
        processor.as_deref().unwrap_or("this machine")
    );
    let cannot = || format!("cannot write {}", file.display());
    let mut out = BufWriter::new(File::create(file).with_context(cannot)?);
    trace.write(&mut out).with_context(cannot)?;
    out.flush().with_context(cannot)?;
    let rep = ask.first_rep;
    writeln!(
        stdout().lock(),
        "{}",
        serde_json::to_string(&Message { rep, answer })?
    )?;
    // Threads of an execution that was stopped still run.
    std::process::exit(0)
}

/// Supervises the program that `json` describes until it has answered `ask`, or somebody wants this
/// process to end: then it ends the program's tree first.
fn run_command(json: &str, ask: &Ask, emit: &mut Emit<'_>) -> anyhow::Result<()> {
    let spec: CommandSpec = serde_json::from_str(json)
        .map_err(|error| UsageError(format!("'{json}' is not a command: {error}")))?;
    let start = std::env::current_exe().context("cannot find this program's own file")?;
    let (wanted, stop) = crossbeam::channel::bounded(1);
    ctrlc::set_handler(move || {
        // Wanted once is enough.
        let _ = wanted.try_send(());
    })
    .context("cannot watch for signals")?;
    die_with_parent(Signal::SIGTERM)?;
    supervise(&spec, &start, ask, &stop, emit);
    Ok(())
}

/// Asks the kernel to send `signal` to this process when its parent dies: nothing must outlive a
/// sweep that was killed.
#[cfg(target_os = "linux")]
pub(super) fn die_with_parent(signal: Signal) -> anyhow::Result<()> {
    nix::sys::prctl::set_pdeathsig(signal)?;
    Ok(())
}

#[cfg(not(target_os = "linux"))]
pub(super) fn die_with_parent(_signal: Signal) -> anyhow::Result<()> {
    Ok(())
}

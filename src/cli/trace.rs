//! `oversub trace`: what does each thread of one cell do when?

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;

use super::sweep::landmarks;
use super::{UsageError, blas, itself, output, screen, simulate};
use crate::experiment::{Cell, PartialCell, Protocol, Visit, Workload, default_tasks};
use crate::file;
use crate::machine::{CpuBudget, Topology};
use crate::process::{Host, Message};
use crate::record::Answer;
use crate::record::trace::{Activity, Trace};
use crate::runner::Ask;
use crate::text::Named;
use crate::units::human_span;
use crate::units::range;

/// Runs one cell once while every thread writes down what it does, apart from any timing.
///
/// The file is for `oversub plot --timeline` and for ui.perfetto.dev. Parts of a cell's name are
/// enough, such as 4x4_active; the rest is as in a plain `oversub sweep`. Its whole name stands in the
/// points CSV of every figure.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  oversub trace 4x4_active -o active.json
  oversub plot --timeline active.json -o active.png
  oversub trace 4x4 active n=256 tasks=32 -o active.json --simulated active-sim.json
  oversub plot --timeline active.json active-sim.json --by pu -o both.svg")]
pub(super) struct Args {
    /// The cell: OUTERxINNER and what is not the default, such as 4x4 active n=512.
    #[arg(required = true)]
    cell: Vec<String>,
    /// File to write.
    #[arg(short, long, value_name = "FILE.json")]
    output: PathBuf,
    /// Write also what the simulator thinks of this cell on this machine.
    #[arg(long, value_name = "FILE.json")]
    simulated: Option<PathBuf>,
    /// What things cost in that simulation; as in `oversub simulate`.
    #[arg(long, value_name = "NAME|FILE.toml", default_value = "generic")]
    preset: String,
    /// Untimed executions first.
    #[arg(long, value_name = "N", default_value = "1")]
    warmups: u32,
    /// Time limit of an execution [s].
    #[arg(long, value_name = "SECONDS", default_value = "10")]
    limit: f64,
    /// Overwrite files that exist.
    #[arg(long)]
    force: bool,
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let ask = self.ask()?;
        for file in [Some(&self.output), self.simulated.as_ref()]
            .into_iter()
            .flatten()
        {
            output::claim(file, self.force)?;
        }
        let answer = record(&ask, &self.output)?;
        say(&self.output)?;
        match answer {
            Answer::Ok(_) => {}
            Answer::Censored(_) => screen::note(format_args!(
                "note: stopped at the limit of {} s; waits that were under way are missing",
                self.limit
            )),
            Answer::Wrong(_, why) => {
                screen::note(format_args!("note: it ran with a wrong result: {why}"))
            }
            Answer::Interrupted(_, why) => screen::note(format_args!(
                "note: {why}, so times across that moment are too long; trace it again"
            )),
            Answer::Failed(reason) => anyhow::bail!("the cell failed: {reason}"),
        }
        if let Some(file) = &self.simulated {
            simulate::trace_here(&ask, &self.preset, file)?;
            say(file)?;
        }
        Ok(())
    }

    fn ask(&self) -> anyhow::Result<Ask> {
        let budget = CpuBudget::discover();
        let landmarks = landmarks(&Topology::discover()?, &budget);
        let default = Cell {
            tasks: default_tasks(landmarks),
            ..Cell::default()
        };
        let asked = self.cell.join(" ").parse();
        let cell = asked.and_then(|asked: PartialCell| asked.complete(default));
        let cell = cell.map_err(|error| UsageError(error.to_string()))?;
        if cell.workload == Workload::Command {
            let why = "a command's threads are its own, and cannot be watched from outside";
            return Err(UsageError(why.to_owned()).into());
        }
        let limit = super::request::time(self.limit, range::LIMIT)?;
        let protocol = Protocol {
            rounds: NonZeroU32::MIN,
            reps: NonZeroU32::MIN,
            warmups: self.warmups,
            limit_ns: crate::units::ns(limit),
            seed: 0,
            until: None,
        };
        let protocol = protocol.checked();
        Ok(Ask {
            visit: Visit { round: 1, cell },
            first_rep: 1,
            last_rep: NonZeroU32::MIN,
            protocol: protocol.map_err(|error| UsageError(error.to_string()))?,
            budget: budget.whole(),
        })
    }
}

/// Has `ask` answered by a process of its own, which writes down what its threads do into `file`.
///
/// # Errors
///
/// If that process could not do it.
pub(super) fn record(ask: &Ask, file: &Path) -> anyhow::Result<Answer> {
    let program = itself()?;
    let libraries = match ask.visit.cell.runtime.blas() {
        None => Default::default(),
        Some(library) => [(library, blas::locate(library)?)].into(),
    };
    let mut command: Command = Host::new(program).with_libraries(libraries).command(ask);
    let child = command.arg("--trace").arg(file).stdin(Stdio::null());
    let output = child
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start a process for the cell")?;
    let line = String::from_utf8_lossy(&output.stdout);
    let message: Message = serde_json::from_str(line.trim())
        .map_err(|_| anyhow::anyhow!("the cell's process ended with {}", output.status))?;
    Ok(message.answer)
}

/// Says what the trace in `file` holds; of a pipe or a device nothing can be read back.
fn say(file: &Path) -> anyhow::Result<()> {
    match file.is_file() {
        true => screen::say(told(file, &read(file)?)),
        false => Ok(()),
    }
}

/// The trace in `file`.
///
/// # Errors
///
/// If there is none, or the file is something else.
pub(super) fn read(file: &Path) -> anyhow::Result<Trace> {
    let name = || format!("cannot read {}", file.display());
    let text = file::text(file, file::LARGEST_TRACE).with_context(name)?;
    Trace::read(&text).with_context(name)
}

/// A trace in three lines.
fn told(file: &Path, trace: &Trace) -> String {
    let span = |ns| human_span(std::time::Duration::from_nanos(ns));
    let times: Vec<String> = [
        Activity::Compute,
        Activity::Spin,
        Activity::Yield,
        Activity::Switch,
    ]
    .map(|activity| (activity.name(), trace.time(activity)))
    .into_iter()
    // The simulator writes down who holds a PU, not who waits for one: nothing, and not 0.
    .chain([("ready without a PU", trace.time_queued())])
    .filter(|(_, time)| *time > 0)
    .map(|(name, time)| format!("{name} {}", span(time)))
    .collect();
    let cut = if trace.cut {
        "; the rest was left out"
    } else {
        ""
    };
    format!(
        "{}: {}, {}\n  {} threads on {} PUs, {} spans{cut}, {} migrations seen\n  sums over threads: {}",
        file.display(),
        trace.source,
        span(trace.wall),
        trace.threads.len(),
        trace.pus().len(),
        trace.spans.len(),
        trace.migrations(),
        times.join(", ")
    )
}

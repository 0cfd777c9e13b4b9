//! `oversub trace`: what does each thread of one cell do when?

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::progress::Progress;
use super::{UsageError, request, screen};
use crate::app::{Setup, TraceRequest, trace};
use crate::record::Answer;
use crate::record::trace::{Activity, Trace};
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
        let request = TraceRequest {
            cell: self.cell.join(" ").parse().map_err(UsageError::of)?,
            output: self.output,
            simulated: self.simulated,
            setup: Setup {
                preset: Some(self.preset),
                ..Setup::default()
            },
            warmups: self.warmups,
            limit: request::time(self.limit, range::LIMIT)?,
            force: self.force,
        };
        let outcome = trace(&request, &mut Progress::new())?;
        if let Some(trace) = &outcome.measured {
            screen::say(told(&request.output, trace))?;
        }
        match &outcome.answer {
            Answer::Ok(_) | Answer::Failed(_) => {}
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
        }
        match request.simulated.as_deref().zip(outcome.simulated.as_ref()) {
            Some((file, trace)) if file.is_file() => screen::say(told(file, trace)),
            _ => Ok(()),
        }
    }
}

/// A trace in three lines.
fn told(file: &Path, trace: &Trace) -> String {
    let span = |ns| human_span(Duration::from_nanos(ns));
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

//! `oversub recommend`: what should be set, what do the usual settings lose, and which lines set it?

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::findings::coverage;
use super::run::Run;
use super::{UsageError, blas, screen};
use crate::analysis::{Recommendation, Reliability};
use crate::experiment::Condition;
use crate::experiment::{Axis, Cell, Runtime};
use crate::machine::{Surroundings, thread_choice};
use crate::view::paste::{self, Place, Target};
use crate::view::{advice, disturbed};

/// Says how far the run can be relied on, which split to set, what the usual settings lose against it, and prints lines to paste.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  oversub recommend runs/matmul
  oversub recommend runs/matmul --for shell > threads.sh
  oversub recommend runs/matmul --where n=256 --for kubernetes
  oversub recommend runs/matmul --json | jq '.works[].set'")]
pub(super) struct Args {
    /// Folder of the run.
    run: PathBuf,
    /// Print only lines to paste: shell, slurm, kubernetes, docker, python, joblib, dask, pytest-xdist,
    /// torchrun, ray, r, julia, go, jvm, node.
    #[arg(long = "for", value_name = "WHAT")]
    target: Option<Target>,
    /// Print everything as JSON; the fields are described in docs/scripting.md.
    #[arg(long, conflicts_with = "target")]
    json: bool,
    /// Consider only these cells, for example `wait=passive,n=256`.
    #[arg(long = "where", value_name = "AXIS=VALUE", value_delimiter = ',')]
    conditions: Vec<Condition>,
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let run = Run::read_where(&self.run, &self.conditions)?;
        let p = run.header.plan.budget;
        let recommendations = run.analysis.recommendations(p, default_inner(&run));
        anyhow::ensure!(
            !recommendations.is_empty(),
            "no cell was timed to its end with the right result; raise --limit, or see the column \
             `reason`"
        );
        let coverage = coverage(&run.analysis, &run.cells());
        if !coverage.is_empty() && (self.json || self.target.is_some()) {
            screen::note(coverage.trim_end());
        }
        let trust = run.trust();
        if let Some(target) = self.target {
            anyhow::ensure!(
                !trust.others_decide,
                "{}; no lines are printed",
                trust.headline()
            );
            if trust.level != Reliability::Reliable {
                screen::note(format_args!("note: {}", trust.headline()));
            }
            return screen::say(
                paste::lines(target, only(&recommendations)?, Place::of(&run.header)).trim_end(),
            );
        }
        let break_evens = run.analysis.break_evens();
        let disturbances = run.disturbances();
        if self.json {
            let json = advice::json(&recommendations, &break_evens, &disturbances, &trust);
            return screen::say(serde_json::to_string_pretty(&json)?);
        }
        let advice = advice::words(&recommendations, &break_evens, &run.analysis, &trust);
        let deviations = blas::deviations(&run.records);
        let disturbed = disturbed::words(&disturbances);
        screen::say(format!("{coverage}{advice}{deviations}{disturbed}").trim_end())
    }
}

/// What the inner level of this run starts where nothing is set [threads].
fn default_inner(run: &Run) -> u32 {
    let runtime = match run.cells().first().map(|cell| cell.runtime) {
        Some(Runtime::Rayon) => "rayon",
        Some(runtime) if runtime.is_blas() => "OpenBLAS",
        _ => "OpenMP (libgomp)",
    };
    let environment = BTreeMap::new();
    let choice = thread_choice(runtime, &Surroundings::of(&run.header.budget, &environment));
    let threads = choice.and_then(|choice| u32::try_from(choice.threads?).ok());
    threads.unwrap_or(run.header.plan.budget)
}

/// Axes in which works differ.
const OF_THE_WORK: [Axis; 5] = [
    Axis::Workload,
    Axis::Dtype,
    Axis::N,
    Axis::Tasks,
    Axis::Background,
];

/// The cell of the only work there is.
fn only(recommendations: &[Recommendation]) -> Result<&Cell, UsageError> {
    match recommendations {
        [one] => Ok(&one.cell),
        several => {
            let works: Vec<String> = several.iter().map(|r| r.work.to_string()).collect();
            let cells: Vec<Cell> = several.iter().map(|r| r.cell).collect();
            let differs = |axis: &Axis| OF_THE_WORK.contains(axis) && axis.values(&cells).len() > 1;
            let example = Axis::ALL.into_iter().find(differs);
            let example =
                example.and_then(|axis| Some(format!("{axis}={}", axis.value(cells.first()?))));
            Err(UsageError(format!(
                "the run has {} works ({}); choose one by --where, for example --where {}",
                several.len(),
                works.join("; "),
                example.unwrap_or_default()
            )))
        }
    }
}

//! `oversub recommend`: what should be set, what do the usual settings lose, and which lines set it?

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::findings::disturbances;
use super::run::Run;
use super::{UsageError, screen};
use crate::analysis::{Condition, Recommendation};
use crate::experiment::{Cell, Runtime};
use crate::machine::thread_choices;
use crate::view::advice;
use crate::view::paste::{self, Target};

/// Says which split to set, what the usual settings lose against it, and prints lines to paste.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  oversub recommend runs/matmul
  oversub recommend runs/matmul --for shell > threads.sh
  oversub recommend runs/matmul --where n=256 --for kubernetes")]
pub(super) struct Args {
    /// Folder of the run.
    run: PathBuf,
    /// Print only lines to paste: shell, slurm, kubernetes, joblib, dask, torchrun, ray, r, julia.
    #[arg(long = "for", value_name = "WHAT")]
    target: Option<Target>,
    /// Consider only these cells, for example `wait=passive,n=256`.
    #[arg(long = "where", value_name = "AXIS=VALUE", value_delimiter = ',')]
    conditions: Vec<Condition>,
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let run = Run::read_where(&self.run, &self.conditions)?;
        let p = run.header.plan.grid.budget;
        let recommendations = run.analysis.recommendations(p, default_inner(&run));
        anyhow::ensure!(
            !recommendations.is_empty(),
            "no cell was timed to its end; raise --limit, or see the column `reason`"
        );
        match self.target {
            Some(target) => {
                screen::say(paste::lines(target, only(&recommendations)?, p).trim_end())
            }
            None => {
                let break_evens = run.analysis.break_evens();
                let advice = advice::words(&recommendations, &break_evens, &run.cells());
                let disturbed = disturbances(&run.records, run.header.budget.cpus);
                screen::say(format!("{advice}{disturbed}").trim_end())
            }
        }
    }
}

/// What the inner level of this run starts where nothing is set [threads].
fn default_inner(run: &Run) -> u32 {
    let runtime = match run.cells().first().map(|cell| cell.runtime) {
        Some(Runtime::Rayon) => "rayon",
        Some(Runtime::Blas(_)) => "OpenBLAS",
        _ => "OpenMP (libgomp)",
    };
    let choices = thread_choices(&run.header.budget, &BTreeMap::new());
    let choice = choices.iter().find(|choice| choice.runtime == runtime);
    choice.map_or(run.header.plan.grid.budget, |choice| choice.threads)
}

/// The cell of the only work there is.
fn only(recommendations: &[Recommendation]) -> Result<&Cell, UsageError> {
    match recommendations {
        [one] => Ok(&one.cell),
        several => {
            let works: Vec<String> = several
                .iter()
                .map(|r| r.work.workload.to_string())
                .collect();
            Err(UsageError(format!(
                "the run has {} works, {}; choose one by --where, for example --where n=256",
                several.len(),
                works.join(", ")
            )))
        }
    }
}

//! `oversub recommend`: what should be set, what do the usual settings lose, and which lines set it?

use std::path::PathBuf;

use super::{reading, screen};
use crate::analysis::Reliability;
use crate::app::{RecommendOutcome, recommend};
use crate::experiment::Condition;
use crate::view::findings::coverage;
use crate::view::paste::Target;
use crate::view::{advice, disturbed, granted};

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
        let run = reading::run_where(&self.run, &self.conditions)?;
        let advised = recommend(&run)?;
        let coverage = coverage(&run.analysis, &run.cells());
        if !coverage.is_empty() && (self.json || self.target.is_some()) {
            screen::note(coverage.trim_end());
        }
        let RecommendOutcome {
            recommendations,
            break_evens,
            disturbances,
            trust,
            ..
        } = &advised;
        if let Some(target) = self.target {
            let lines = advised.lines(target)?;
            if trust.level != Reliability::Reliable {
                screen::note(format_args!("note: {}", trust.headline()));
            }
            return screen::say(lines.trim_end());
        }
        if self.json {
            let json = advice::json(recommendations, break_evens, disturbances, trust);
            return screen::say(serde_json::to_string_pretty(&json)?);
        }
        let advice = advice::words(recommendations, break_evens, &run.analysis, trust);
        let deviations = granted::deviations(&run.records);
        let disturbed = disturbed::words(disturbances);
        screen::say(format!("{coverage}{advice}{deviations}{disturbed}").trim_end())
    }
}

//! `oversub validate`: how far is the simulator from a run that was measured?

use std::path::PathBuf;

use super::assumptions::Assumptions;
use super::{reading, screen};
use crate::app::validate::{ValidateOutcome, ValidateRequest, validate};

/// Simulates the cells of a measured run and says how far that is from what was measured.
///
/// Nothing is fitted to the run. Machine, kernel and protocol are those that the run recorded;
/// what things cost comes from a preset or from `oversub calibrate`. A BLAS library is simulated by the
/// model of its version; how fast it multiplies has to be said (--set flops_f64_N=RATE). The simulation is kept as a
/// run that every other verb reads, `simulated`, beside the scores.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  oversub validate runs/matmul --calibration here.toml
  oversub validate runs/matmul --preset epyc-9004 --out /tmp/check --draws 32
  oversub validate runs/blas --calibration here.toml --set flops_f64_256=52")]
pub(super) struct Args {
    /// Folder of the measured run.
    run: PathBuf,
    #[command(flatten)]
    assumptions: Assumptions,
    /// Sets of parameters drawn from their intervals, for the interval of each prediction.
    #[arg(long, value_name = "N", default_value = "16", value_parser = clap::value_parser!(u32).range(..=10_000))]
    draws: u32,
    /// Folder of the results [default: runs/validate-NAME].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print the scores as JSON.
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let request = ValidateRequest {
            setup: self.assumptions.setup(),
            draws: self.draws,
            out: self.out,
        };
        let ValidateOutcome { report, picture } = validate(reading::run(&self.run)?, request)?;
        screen::say(match self.json {
            true => report.json()?,
            false => {
                let picture = picture.display();
                format!("{}\n{picture} (scores and cells beside it)", report.text())
            }
        })
    }
}

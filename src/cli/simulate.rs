//! `oversub simulate`: walk an outer x inner grid on a machine that need not be here.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::assumptions::Assumptions;
use super::conclusion::conclude;
use super::progress::Progress;
use super::{UsageError, request, screen, signals, sweep};
use crate::app::{Setup, SimulateOutcome, SimulateRequest, simulate};
use crate::sim::Model;

/// Predicts every cell of an outer x inner grid on any machine, and says where its time would go.
///
/// Takes the axes of `sweep` and writes a run of the same form, which every other verb reads; its
/// breakdown.csv splits the time of the PUs into computing, spinning, yielding, switching, idling
/// and being throttled.
#[derive(clap::Args)]
#[command(
    args_override_self = true,
    allow_negative_numbers = true,
    after_help = "Examples:
  oversub simulate --wait active,passive                      this machine, for comparison
  oversub simulate --machine 'pack:2 [numa] l3:8 core:8 pu:2' --preset epyc-9004 --outer 1,16,256 --inner 1,4,16 --tasks 256
  oversub simulate --machine lab.xml --preset xeon-e5-v4 --kernel 5.15 --hz 250 --quota 4
  oversub simulate experiments/published-t13/experiment.toml"
)]
pub(super) struct Args {
    #[command(flatten)]
    request: request::Args,
    #[command(flatten)]
    setup: Flags,
    /// Sets of parameters drawn from their intervals, each with a simulation of its own: how sure the
    /// times are and how likely each cell is the best, in forecast.csv.
    #[arg(long, value_name = "N", default_value = "0", value_parser = clap::value_parser!(u32).range(..=10_000))]
    draws: u32,
    /// Write who held which PU when, in the plan's only cell, for ui.perfetto.dev.
    #[arg(long, value_name = "FILE.json")]
    trace: Option<PathBuf>,
    /// Resume a run although the environment or oversub itself is not as it was; run.json notes what changed.
    #[arg(long)]
    as_is: bool,
    /// Folder of the run [default: runs/sim-NAME].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// A machine that need not be here, its kernel, and the model.
#[derive(clap::Args)]
struct Flags {
    /// hwloc synthetic description, lstopo XML file, or the folder of a run, whose machine, quota and
    /// parameters are taken [default: this machine].
    #[arg(long, value_name = "DESCRIPTION|FILE.xml|RUN")]
    machine: Option<String>,
    #[command(flatten)]
    assumptions: Assumptions,
    /// How faithful: slices (threads on run queues), steady (the same, but equal tasks only until
    /// their time is known, for large grids) or fluid (PUs divided at will; the baseline)
    /// [default: slices].
    #[arg(long, value_name = "MODEL")]
    model: Option<Model>,
    /// CPU quota in CPUs, such as 1.5 [default: this machine's, or none for another].
    #[arg(long, value_name = "CPUS", value_parser = request::number)]
    quota: Option<f64>,
}

/// The part of an experiment file that is about simulations.
#[derive(Default, Deserialize)]
struct File {
    #[serde(default)]
    simulate: Setup,
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let file = self.request.file().map(read).transpose()?;
        let request = SimulateRequest {
            setup: self.setup.setup().or(file.unwrap_or_default()),
            request: self.request.request()?,
            draws: self.draws,
            trace: self.trace,
            out: self.out,
            resume: sweep::resume(self.as_is),
        };
        let stop = signals::stop_on_signal()?;
        let outcome = simulate(request, &stop, &mut Progress::new());
        let SimulateOutcome {
            run,
            outlook,
            executions,
            extrapolated,
        } = outcome.map_err(signals::interrupted)?;
        if extrapolated > 0 {
            screen::note(format_args!(
                "{extrapolated} of {executions} executions extrapolated from their steady state, within \
                 about 2 % (extrapolated_tasks in breakdown.csv); --model slices simulates every task"
            ));
        }
        conclude(&run)?;
        match outlook {
            None => Ok(()),
            Some(outlook) => screen::say(outlook.text(&run.folder).trim_end()),
        }
    }
}

impl Flags {
    fn setup(self) -> Setup {
        Setup {
            machine: self.machine,
            model: self.model,
            quota: self.quota,
            ..self.assumptions.setup()
        }
    }
}

/// The set-up in the experiment file at `path`; one that cannot be read is left to whoever reads the rest.
fn read(path: &Path) -> Result<Setup, UsageError> {
    let Ok(text) = request::text(path) else {
        return Ok(Setup::default());
    };
    Ok(request::parsed::<File>(path, &text)?.simulate)
}

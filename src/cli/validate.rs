//! `oversub validate`: how far is the simulator from a run that was measured?

mod report;

use std::collections::BTreeMap;
use std::fs;
use std::iter;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::run::Run;
use super::simulation::{Assumptions, Simulation};
use super::{UsageError, header, screen, simulation};
use crate::analysis::validation::{Case, score};
use crate::analysis::{CellSummary, Comparison, Metric, Series, State};
use crate::experiment::{Cell, Plan};
use crate::record::{Ruler, RunFolder, RunHeader};
use crate::runner::{self, Ask, Watch};
use crate::sim::{Forecast, Machine, Model, Predictor, Sim, forecast};
use crate::stats::median;
use crate::view::canvas::Canvas;
use crate::view::caption::{Caption, provenance};
use crate::view::facet::{Facets, natural_axes};
use crate::view::heatmap;
use crate::view::size::Size;
use report::Report;

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

/// Sees nothing and stops nothing.
struct Unwatched;

impl Watch for Unwatched {}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let measured = Run::read(&self.run)?.with_models();
        let RunHeader { kernel, budget, .. } = &measured.header;
        let name = format!("validate-{}", measured.header.name);
        let out = self.out.unwrap_or_else(|| Path::new("runs").join(&name));
        if out.exists() {
            let message = format!("{} exists; give --out another folder", out.display());
            return Err(UsageError(message).into());
        }
        if measured.is_simulated() {
            let message = format!(
                "{} was simulated, and a prediction can only be held against what was measured; \
                 `oversub compare` tells two simulations apart",
                self.run.display()
            );
            return Err(UsageError(message).into());
        }
        let mut simulation = self.assumptions.simulation(kernel, budget, Model::Slices)?;
        simulation.kinds_as_alike = measured.header.topology.is_hybrid();
        let machine = simulation.machine(&measured.header.topology, budget);
        let asks = simulation::asks(&measured.header.plan);
        let forecasts = forecast(&machine, Model::Slices, &asks, self.draws)
            .map_err(|error| UsageError(error.to_string()))?;
        let cases = cases(&measured, &forecasts, &machine)?;
        let no_case = "no cell of the run was both timed and simulated";
        anyhow::ensure!(!cases.is_empty(), "{}: {no_case}", self.run.display());
        let report = Report {
            run: self.run.display().to_string(),
            draws: self.draws,
            simulation: simulation.in_words(),
            parts: score(&cases, budget.cpus),
            cases,
        };
        fs::create_dir_all(&out).with_context(|| format!("cannot create {}", out.display()))?;
        report.write(&out)?;
        let simulated = out.join("simulated");
        keep(&simulated, (&measured.header, name), &simulation, machine)?;
        let picture = out.join("validation.png");
        picture_of(&measured, &Run::read(&simulated)?)?.save(&picture)?;
        screen::say(if self.json {
            report.json()?
        } else {
            let picture = picture.display();
            format!("{}\n{picture} (scores and cells beside it)", report.text())
        })
    }
}

/// The cells that were timed and can be simulated.
fn cases(
    measured: &Run,
    forecasts: &BTreeMap<Cell, Forecast>,
    machine: &Machine,
) -> anyhow::Result<Vec<Case>> {
    let budget = measured.header.budget.cpus;
    let fluid = fluid_asks(&measured.header.plan);
    let fluid = forecast(machine, Model::Fluid, &fluid, 0)?;
    let case = |summary: &CellSummary| {
        let cell = summary.cell;
        let Forecast { wall, interval, .. } = *forecasts.get(&cell)?;
        let timed = summary.state == State::Ok;
        let alone = fluid.get(&alone(cell))?.wall;
        let busy = f64::from(cell.demand()).min(budget);
        let stretched = cell.oversubscription(budget).max(1.0);
        timed.then_some(Case {
            cell,
            measured: summary.wall.median()?,
            halves: halves(summary),
            predicted: wall,
            interval,
            baselines: [fluid.get(&cell)?.wall, alone / busy * stretched],
        })
    };
    Ok(measured.analysis.cells.iter().filter_map(case).collect())
}

/// `cell` with one worker and one thread: the work by itself.
fn alone(cell: Cell) -> Cell {
    let mut alone = cell;
    (alone.outer, alone.inner) = (NonZeroU32::MIN, NonZeroU32::MIN);
    alone
}

/// Every cell of `plan` and the work of each by itself, once: a fluid has neither chance nor
/// history.
fn fluid_asks(plan: &Plan) -> Vec<Ask> {
    let mut all = simulation::asks(plan);
    all.retain(|ask| ask.visit.round == 1);
    let works: Vec<Ask> = all
        .iter()
        .map(|ask| {
            let mut ask = ask.clone();
            ask.visit.cell = alone(ask.visit.cell);
            ask
        })
        .collect();
    all.extend(works);
    all.sort_by_key(|ask| ask.visit);
    all.dedup();
    all
}

/// Medians over the odd and over the even rounds of a cell [s].
fn halves(summary: &CellSummary) -> Option<[f64; 2]> {
    let half = |odd: u32| {
        let rounds = summary
            .rounds
            .iter()
            .filter(|(round, _)| **round % 2 == odd);
        median(&rounds.map(|(_, round)| round.wall).collect::<Vec<f64>>())
    };
    Some([half(1)?, half(0)?])
}

/// Measured and simulated slowdowns and the ratio of the times, beside each other.
fn picture_of(measured: &Run, simulated: &Run) -> anyhow::Result<Canvas> {
    let compared = Comparison::of(&measured.analysis, &simulated.analysis, &[])?;
    Ok(Canvas::beside(vec![
        heatmap_of(
            measured,
            "measured",
            &measured.analysis.series(Metric::Slowdown),
        ),
        heatmap_of(
            simulated,
            "simulated",
            &simulated.analysis.series(Metric::Slowdown),
        ),
        heatmap_of(simulated, "simulated against measured", &compared.series()),
    ]))
}

fn heatmap_of(run: &Run, what: &str, series: &Series) -> Canvas {
    let cells = run.cells();
    let facets = Facets::of(&cells, &series.points, natural_axes(&cells));
    let sources: Vec<String> = iter::once(what.to_owned())
        .chain(provenance(&[&run.header]))
        .collect();
    let caption = Caption {
        method: sources,
        ..Caption::of(&[&run.header])
    };
    heatmap::heatmap(&series.quantity, &facets, &caption, Size::Readme)
}

/// Simulates every cell as a run of its own in `out`.
fn keep(
    out: &Path,
    (measured, name): (&RunHeader, String),
    simulation: &Simulation,
    machine: Machine,
) -> anyhow::Result<()> {
    let plan = measured.plan.clone();
    let here = (measured.topology.clone(), measured.budget.clone());
    let header = header::compose((name, plan), here, simulation.facts(), Ruler::default())?;
    let (mut folder, recorded) = RunFolder::open(out, &header)?;
    simulation.write(out)?;
    let predictor = Predictor::new(machine, Model::Slices)?;
    let mut sim = Sim::new(predictor, simulation::threads()?, Box::new(|_, _, _| {}));
    runner::sweep(
        &header.plan,
        recorded,
        &mut sim,
        &mut folder,
        &mut Unwatched,
    )?;
    Ok(())
}

//! How far is the simulator from a run that was measured?

mod report;

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use super::simulate::predictor;
use super::{Error, Run, Session, Setup, Simulation, UsageError, header, simulation};
use crate::analysis::validation::{Case, score};
use crate::analysis::{CellSummary, Comparison, Metric, Series, State};
use crate::experiment::{Cell, Plan};
use crate::record::{Resume, Ruler, RunHeader};
use crate::runner::VisitRequest;
use crate::sim::{Forecast, Machine, Model, Sim, forecast};
use crate::stats::median;
use crate::view::canvas::Canvas;
use crate::view::caption::{Caption, provenance};
pub use report::Report;

/// What to hold against a measured run.
#[derive(Clone, Debug, Default)]
pub struct ValidateRequest {
    /// What is assumed of its machine.
    pub setup: Setup,
    /// Sets of parameters drawn from their intervals.
    pub draws: u32,
    /// Folder of the results; `runs/validate-NAME` where nothing is said.
    pub out: Option<PathBuf>,
}

/// What came of a validation.
pub struct ValidateOutcome {
    /// The scores, and the cells behind them.
    pub report: Report,
    /// The picture of both.
    pub picture: PathBuf,
}

/// Simulates the cells of the run `measured` and says how far that is from what was measured.
///
/// # Errors
///
/// If the run was simulated itself, no cell can be compared, or the folder of the results exists or cannot
/// be written.
pub fn validate(measured: Run, request: ValidateRequest) -> Result<ValidateOutcome, Error> {
    let measured = measured.with_models();
    let folder = measured.folder.display();
    let RunHeader { kernel, budget, .. } = &measured.header;
    let name = format!("validate-{}", measured.header.name);
    let out = request.out;
    let out = out.unwrap_or_else(|| Path::new("runs").join(&name));
    if out.exists() {
        let message = format!("{} exists; give --out another folder", out.display());
        return Err(UsageError(message).into());
    }
    if measured.is_simulated() {
        return Err(UsageError(format!(
            "{folder} was simulated, and a prediction can only be held against what was measured; \
             `oversub compare` tells two simulations apart"
        ))
        .into());
    }
    let mut simulation = request.setup.simulation(kernel, budget)?;
    simulation.kinds_as_alike = measured.header.topology.is_hybrid();
    let machine = simulation.machine(&measured.header.topology, budget);
    let requests: Vec<VisitRequest> = VisitRequest::all(&measured.header.plan).collect();
    let forecasts = forecast(&machine, Model::Slices, &requests, request.draws);
    let cases = cases(&measured, &forecasts.map_err(UsageError::of)?, &machine)?;
    if cases.is_empty() {
        let why = "no cell of the run was both timed and simulated";
        return Err(Error::Failed(format!("{folder}: {why}")));
    }
    let report = Report {
        run: folder.to_string(),
        draws: request.draws,
        simulation: simulation.in_words(),
        parts: score(&cases, budget.cpus),
        cases,
    };
    let cannot = format!("cannot create {}", out.display());
    fs::create_dir_all(&out).map_err(Error::in_doing(cannot))?;
    report.write(&out)?;
    let run = simulated(
        &out.join("simulated"),
        (&measured.header, name),
        &simulation,
        &machine,
    )?;
    let picture = out.join("validation.png");
    let canvas = picture_of(&measured, &run)?;
    canvas.save(&picture).map_err(Error::because)?;
    Ok(ValidateOutcome { report, picture })
}

/// The cells that were timed and can be simulated.
fn cases(
    measured: &Run,
    forecasts: &BTreeMap<Cell, Forecast>,
    machine: &Machine,
) -> Result<Vec<Case>, Error> {
    let budget = measured.header.budget.cpus;
    let fluid = fluid_requests(&measured.header.plan);
    let fluid = forecast(machine, Model::Fluid, &fluid, 0).map_err(Error::because)?;
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
fn fluid_requests(plan: &Plan) -> Vec<VisitRequest> {
    let mut all: Vec<VisitRequest> = VisitRequest::all(plan).collect();
    all.retain(|request| request.visit.round == 1);
    let works: Vec<VisitRequest> = all
        .iter()
        .map(|request| {
            let mut request = request.clone();
            request.visit.cell = alone(request.visit.cell);
            request
        })
        .collect();
    all.extend(works);
    all.sort_by_key(|request| request.visit);
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

/// Measured and simulated slowdowns and the ratio of the times, below each other.
fn picture_of(measured: &Run, simulated: &Run) -> Result<Canvas, Error> {
    let compared = Comparison::of(&measured.analysis, &simulated.analysis, &[]);
    let compared = compared.map_err(Error::because)?;
    let slowdown = |run: &Run, what: &str| {
        let series = run.analysis.series(Metric::Slowdown);
        heatmap_of(run, what, &series)
    };
    Ok(Canvas::stacked(vec![
        slowdown(measured, "measured"),
        slowdown(simulated, "simulated"),
        heatmap_of(simulated, "simulated against measured", &compared.series()),
    ]))
}

fn heatmap_of(run: &Run, what: &str, series: &Series) -> Canvas {
    let caption = Caption {
        method: [vec![what.to_owned()], provenance(&[&run.header])].concat(),
        ..Caption::of(&[&run.header])
    };
    run.heatmap(series, &caption)
}

/// Every cell simulated as a run of its own in `out`.
fn simulated(
    out: &Path,
    (measured, name): (&RunHeader, String),
    simulation: &Simulation,
    machine: &Machine,
) -> Result<Run, Error> {
    let here = (measured.topology.clone(), measured.budget.clone());
    let header = |_| {
        let plan = (name, measured.plan.clone());
        Ok(header::compose(
            plan,
            here,
            simulation.facts(),
            Ruler::default(),
        ))
    };
    let mut session = Session::open(out, header, Resume::AsBefore, &mut ())?;
    simulation.write(out)?;
    let predictor = predictor(machine, Model::Slices)?;
    let mut sim = Sim::new(predictor, simulation::threads()?);
    session.run(&mut sim, None, &mut (), &AtomicBool::new(false))?;
    session.close()
}

//! What does a simulation of a grid take, and what comes of it?

mod outlook;
mod target;

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

pub use outlook::Outlook;
pub(super) use target::Target;

use super::{Error, Observer, Run, Session, Setup, UsageError, header, output, simulation};
use crate::experiment::{Count, CpuCounts, Plan, Request, Visit};
use crate::process::Stop;
use crate::record::trace::Trace;
use crate::record::{Record, Resume, Ruler};
use crate::runner::VisitRequest;
use crate::sim::{Machine, Model, Predictor, Sim, forecast, modelled};

/// Rounds simulated unless said: chance decides where threads start, and a median wants three.
const ROUNDS: NonZeroU32 = NonZeroU32::new(3).expect("three is not zero");

/// What is said of a machine with several kinds of core.
const KINDS_AS_ALIKE: &str = "note: this machine has several kinds of core, and the simulator takes \
    them as alike: every core computes as fast as the parameters say, so times that depend on slower \
    cores are too short";

/// What is to be simulated, and into which folder.
#[derive(Clone, Debug, Default)]
pub struct SimulateRequest {
    /// The grid and the protocol.
    pub request: Request,
    /// The machine.
    pub setup: Setup,
    /// Sets of parameters drawn from their intervals, each simulated.
    pub draws: u32,
    /// Where to write who held which PU when, in the plan's only cell.
    pub trace: Option<PathBuf>,
    /// Folder of the run; `runs/sim-NAME` where nothing is said.
    pub out: Option<PathBuf>,
    /// Under which circumstances a run is resumed.
    pub resume: Resume,
}

/// What came of a simulation.
pub struct SimulateOutcome {
    /// The run.
    pub run: Run,
    /// How sure its times are, where parameters were drawn.
    pub outlook: Option<Outlook>,
    /// Executions that were simulated now, and how many of them were extrapolated in part.
    pub executions: usize,
    /// See `executions`.
    pub extrapolated: usize,
}

/// Simulates all that is left of `request`, until `cancel` is requested.
///
/// # Errors
///
/// If it cannot be meant, the folder is in use or holds another run, or the sweep cannot go on or was stopped.
pub fn simulate(
    request: SimulateRequest,
    cancel: &Stop,
    observer: &mut dyn Observer,
) -> Result<SimulateOutcome, Error> {
    let SimulateRequest {
        request,
        setup,
        draws,
        trace,
        out,
        resume,
    } = request;
    let target = Target::of(&setup)?;
    let simulation = target.simulation(&setup)?;
    let (name, plan) = plan(request, &target)?;
    let default_out = || PathBuf::from("runs").join(format!("sim-{name}"));
    let out = out.unwrap_or_else(default_out);
    let traced = trace.as_deref();
    let traced = traced.map(|file| only_request(file, &plan, simulation.model));
    let traced = traced.transpose()?;
    simulation.refuse_other(&out)?;
    let machine = simulation.machine(&target.topology, &target.budget);
    let predictor = predictor(&machine, simulation.model)?;
    let header = |_| {
        let here = (target.topology, target.budget);
        let facts = simulation.facts();
        Ok(header::compose(
            (name, plan.clone()),
            here,
            facts,
            Ruler::default(),
        ))
    };
    let mut session = Session::open(&out, header, resume, observer)?;
    simulation.write(&out)?;
    observer.begin(&plan, &out, session.records().len());
    observer.note(&simulation.in_words());
    if simulation.kinds_as_alike {
        observer.note(KINDS_AS_ALIKE);
    }
    if let Some((file, request)) = trace.zip(traced) {
        let trace = write_trace(&predictor, &request, &file)?;
        note_cut(&trace, &file, observer);
    }
    let pool = simulation::threads()?;
    let outlook = || outlook(&plan, &machine, simulation.model, draws);
    let outlook = (draws > 0).then(|| pool.install(outlook));
    let outlook = outlook.transpose()?;
    let swept = session.run(
        &mut Sim::new(predictor, pool),
        None,
        observer,
        &cancel.flag(),
    );
    observer.end();
    swept?;
    if let Some(outlook) = &outlook {
        outlook.write(&out)?;
    }
    let tasks = extrapolated_tasks(session.records());
    Ok(SimulateOutcome {
        outlook,
        executions: tasks.len(),
        extrapolated: tasks.iter().filter(|tasks| **tasks > 0).count(),
        run: session.close()?,
    })
}

/// The plan of `request` on `target`, and what its run is called.
fn plan(mut request: Request, target: &Target) -> Result<(String, Plan), UsageError> {
    let default = |count| Some(Count(count));
    request.rounds = request.rounds.or(default(ROUNDS));
    request.reps = request.reps.or(default(NonZeroU32::MIN));
    let landmarks = CpuCounts::of(&target.topology, &target.budget);
    let plan = request.plan(landmarks).map_err(UsageError::of)?;
    refuse_unknown(&plan)?;
    let name = request.name.unwrap_or_else(|| plan.default_name());
    Ok((name, plan))
}

/// What simulates `machine` by `model`.
pub(super) fn predictor(machine: &Machine, model: Model) -> Result<Predictor, UsageError> {
    Predictor::new(machine.clone(), model).map_err(UsageError::of)
}

fn outlook(plan: &Plan, machine: &Machine, model: Model, draws: u32) -> Result<Outlook, Error> {
    let requests: Vec<VisitRequest> = VisitRequest::all(plan).collect();
    let forecasts = forecast(machine, model, &requests, draws).map_err(Error::because)?;
    Ok(Outlook { draws, forecasts })
}

/// Of each execution of `records` that was simulated in this session, the tasks that were extrapolated.
fn extrapolated_tasks(records: &[Record]) -> Vec<u32> {
    let numbers = records.iter().filter_map(|record| record.answer.numbers());
    let simulated = numbers.filter_map(|numbers| numbers.breakdown.as_ref());
    simulated.map(|one| one.extrapolated_tasks).collect()
}

/// Refuses a plan of which no cell can be simulated.
fn refuse_unknown(plan: &Plan) -> Result<(), UsageError> {
    if plan.command.is_some() {
        let why = "a command cannot be simulated: nobody knows what it does";
        return Err(UsageError(why.to_owned()));
    }
    let cells = &plan.cells;
    let reasons = cells.iter().filter_map(|cell| modelled(cell).err());
    let reasons: Vec<String> = reasons.collect();
    match &reasons[..] {
        [why, ..] if reasons.len() == cells.len() => Err(UsageError(why.clone())),
        _ => Ok(()),
    }
}

/// The only execution that is to be traced into the new `file`.
fn only_request(file: &Path, plan: &Plan, model: Model) -> Result<VisitRequest, Error> {
    if model == Model::Fluid {
        let why = "--trace needs --model slices: a fluid has no PUs";
        return Err(UsageError(why.to_owned()).into());
    }
    if file.is_file() {
        let message = format!("{} exists; give --trace another file", file.display());
        return Err(UsageError(message).into());
    }
    output::claim(file, false)?;
    let [cell] = plan.cells[..] else {
        let message = format!(
            "--trace shows one cell, not {}; give one value for each axis",
            plan.cells.len()
        );
        return Err(UsageError(message).into());
    };
    modelled(&cell).map_err(|why| UsageError(format!("--trace: {why}")))?;
    let visit = Visit { round: 1, cell };
    Ok(VisitRequest {
        last_rep: NonZeroU32::MIN,
        ..VisitRequest::new(visit, &plan.protocol, plan.budget)
    })
}

/// Writes what `predictor` thinks of the first repetition of `request` into `file`.
pub(super) fn write_trace(
    predictor: &Predictor,
    request: &VisitRequest,
    file: &Path,
) -> Result<Trace, Error> {
    let (_, trace) = predictor
        .trace(request, request.first_rep)
        .map_err(|why| UsageError(format!("--trace: {why}")))?;
    let mut text = Vec::new();
    trace.write(&mut text).map_err(Error::because)?;
    output::write(file, &text)?;
    Ok(trace)
}

/// Tells `observer` where the trace in `file` is not the whole execution.
pub(super) fn note_cut(trace: &Trace, file: &Path, observer: &mut dyn Observer) {
    if trace.cut {
        let (file, spans) = (file.display(), trace.spans.len());
        observer.note(&format!("{file} holds the first {spans} spans only"));
    }
}

//! What does each thread of one cell do when, measured and simulated?

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use super::simulate::{Target, note_cut, predictor, write_trace};
use super::{Error, Observer, Setup, UsageError, itself, locate, output};
use crate::experiment::{Cell, CpuCounts, PartialCell, Protocol, Visit, Workload, default_tasks};
use crate::file;
use crate::machine::{CpuBudget, Topology};
use crate::process::{Host, Message};
use crate::record::Answer;
use crate::record::trace::Trace;
use crate::runner::VisitRequest;
use crate::sim::Model;

/// Which cell to trace, and into which files.
#[derive(Clone, Debug)]
pub struct TraceRequest {
    /// What is said of the cell; the rest is as in a plain sweep.
    pub cell: PartialCell,
    /// Where the trace goes.
    pub output: PathBuf,
    /// Where what the simulator thinks of it goes.
    pub simulated: Option<PathBuf>,
    /// The machine of that simulation.
    pub setup: Setup,
    /// Untimed executions first.
    pub warmups: u32,
    /// Longest an execution may take.
    pub limit: Duration,
    /// Whether files that exist are replaced.
    pub force: bool,
}

/// What came of a trace.
#[derive(Debug)]
pub struct TraceOutcome {
    /// How the execution ended; never by failing.
    pub answer: Answer,
    /// What its threads did, where that was written to a file.
    pub measured: Option<Trace>,
    /// What the simulator thinks, if it was asked.
    pub simulated: Option<Trace>,
}

/// Runs one cell once while every thread writes down what it does.
///
/// # Errors
///
/// If the cell cannot be traced or failed, or a file cannot be written.
pub fn trace(request: &TraceRequest, observer: &mut dyn Observer) -> Result<TraceOutcome, Error> {
    let visit = visit_request(request)?;
    for file in [Some(&request.output), request.simulated.as_ref()]
        .into_iter()
        .flatten()
    {
        output::claim(file, request.force)?;
    }
    let answer = match record(&visit, &request.output)? {
        Answer::Failed(reason) => return Err(Error::Failed(format!("the cell failed: {reason}"))),
        answer => answer,
    };
    // Of a pipe or a device nothing can be read back.
    let written = request.output.is_file();
    let measured = written.then(|| read_trace(&request.output)).transpose()?;
    let simulated = request.simulated.as_deref().map(|file| {
        let trace = simulated_here(&visit, &request.setup, file)?;
        note_cut(&trace, file, observer);
        Ok::<Trace, Error>(trace)
    });
    Ok(TraceOutcome {
        answer,
        measured,
        simulated: simulated.transpose()?,
    })
}

fn visit_request(request: &TraceRequest) -> Result<VisitRequest, Error> {
    let budget = CpuBudget::discover();
    let topology = Topology::discover().map_err(Error::because)?;
    let default = Cell {
        tasks: default_tasks(CpuCounts::of(&topology, &budget)),
        ..Cell::default()
    };
    let cell = request.cell.complete(default).map_err(UsageError::of)?;
    if cell.workload == Workload::Command {
        let why = "a command's threads are its own, and cannot be watched from outside";
        return Err(UsageError(why.to_owned()).into());
    }
    let TraceRequest { warmups, limit, .. } = *request;
    let protocol = Protocol::of_one_visit(NonZeroU32::MIN, warmups, limit).checked();
    let protocol = protocol.map_err(UsageError::of)?;
    let visit = Visit { round: 1, cell };
    Ok(VisitRequest::new(visit, &protocol, budget.whole()))
}

/// Has `request` answered by a process of its own, which writes down what its threads do into `file`.
fn record(request: &VisitRequest, file: &Path) -> Result<Answer, Error> {
    let program = itself()?;
    let libraries = match request.visit.cell.runtime.blas() {
        None => Default::default(),
        Some(library) => [(library, locate(library)?)].into(),
    };
    let mut command = Host::new(program)
        .with_libraries(libraries)
        .command(request);
    let child = command.arg("--trace").arg(file).stdin(Stdio::null());
    let output = child
        .stderr(Stdio::inherit())
        .output()
        .map_err(Error::in_doing("cannot start a process for the cell"))?;
    let line = String::from_utf8_lossy(&output.stdout);
    let message: Result<Message, _> = serde_json::from_str(line.trim());
    match message {
        Ok(message) => Ok(message.answer),
        Err(_) => Err(Error::Failed(format!(
            "the cell's process ended with {}",
            output.status
        ))),
    }
}

/// What the simulator thinks of `request` on this machine, written to `file`.
fn simulated_here(request: &VisitRequest, setup: &Setup, file: &Path) -> Result<Trace, Error> {
    let target = Target::of(setup)?;
    let simulation = target.simulation(setup)?;
    let machine = simulation.machine(&target.topology, &target.budget);
    write_trace(&predictor(&machine, Model::Slices)?, request, file)
}

/// The trace in `file`.
///
/// # Errors
///
/// If there is none, or the file is something else.
pub fn read_trace(file: &Path) -> Result<Trace, Error> {
    let cannot = format!("cannot read {}", file.display());
    let text = file::text(file, file::LARGEST_TRACE).map_err(Error::in_doing(&cannot))?;
    Trace::read(&text).map_err(Error::in_doing(&cannot))
}

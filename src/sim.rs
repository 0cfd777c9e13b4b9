//! How would a cell be answered by a machine that is not here?
//!
//! [`Sim`] is a runner like `host`: it answers the same cells with the same samples, but runs the
//! nest of threads on a simulated kernel's run queues in simulated time. Its parts, each knowing
//! only those above it:
//!
//! ```text
//! calendar         which event is next
//! kernel, params   what the kernel does, what things cost: numbers with their sources
//! layout, fair     which PUs are close; what each of several gets of a capacity
//! work             how long a task takes one thread
//! nest             what each thread does next and whom it lets go on; no time, no PUs
//! machinery        what a runtime brings to a nest: teams, waits, gates, as its sources have them
//! rq               who runs next on a PU
//! engine           threads on run queues in slices (the model); fluid: without (the baseline)
//! model            what a cell means in these terms
//! forecast         how sure a prediction is
//! region           what an empty region takes, to hold against a measured one
//! ```
//!
//! A visit is simulated in one go, warm-ups and what is not timed included. Everything random in it
//! comes from the plan's seed, the cell and the round, so an answer does not depend on what else
//! was simulated.

mod calendar;
mod costs;
mod engine;
mod fair;
mod fluid;
mod forecast;
mod kernel;
mod layout;
mod machinery;
mod model;
mod nest;
mod params;
mod region;
mod report;
mod rq;
mod seed;
mod work;

use std::collections::{BTreeMap, VecDeque};
use std::str::FromStr;
use std::time::Duration;
use std::{fmt, iter};

use rayon::ThreadPool;
use rayon::prelude::*;

use costs::Costs;
use engine::{Engine, Extent, Setup};
use fluid::Fluid;
use layout::{Layout, Masks};
use machinery::Cpus;
use nest::{Measuring, Shape};
use work::Task;

pub use engine::Quota;
pub use forecast::{Forecast, forecast};
pub use kernel::{KernelVersion, Policy, Scheduler, TickMode, YieldRule};
pub use model::NoCacheSizes;
pub use params::{Parameter, ParameterError, Parameters, Provenance};
pub use report::{Category, Report, Split, Stop};

use crate::experiment::{Cell, Computation, Seats, Visit};
use crate::machine::{CpuSet, Topology};
use crate::record::trace::Trace;
use crate::record::{Answer, Sample, Waiting};
use crate::runner::{Halted, OnAnswer, Runner, VisitRequest};
use crate::serde_as_text;
use crate::text::ParseError;
use crate::units::ns;

/// A machine with its kernel, as far as a simulation has to know them.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Its PUs and how they are grouped.
    pub topology: Topology,
    /// The PUs that may be used.
    pub allowed: CpuSet,
    /// Its scheduler.
    pub kernel: Scheduler,
    /// A limit on CPU time.
    pub quota: Option<Quota>,
    /// What everything costs.
    pub parameters: Parameters,
}

/// How faithful a simulation is. Text forms: `slices`, `steady`, `fluid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// Threads on run queues, in slices, with all that they cost.
    Slices,
    /// The same until the time of a wave of equal tasks is known; the other waves follow from that.
    Steady,
    /// PUs divided at will and nothing else: the baseline.
    Fluid,
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Slices => "slices",
            Self::Steady => "steady",
            Self::Fluid => "fluid",
        })
    }
}

impl FromStr for Model {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text {
            "slices" => Ok(Self::Slices),
            "steady" => Ok(Self::Steady),
            "fluid" => Ok(Self::Fluid),
            _ => Err(ParseError::new("model", text, "steady, slices or fluid")),
        }
    }
}

serde_as_text!(Model);

/// Answers cells by simulating them.
pub struct Sim {
    predictor: Predictor,
    /// Simulates several visits at the same time.
    pool: ThreadPool,
    /// Visits that will be asked for, in this order.
    expected: VecDeque<VisitRequest>,
    /// What came of visits that were not yet asked for.
    ready: BTreeMap<Visit, Vec<(u32, Report)>>,
}

/// Visits simulated ahead for each thread that simulates.
const AHEAD: usize = 16;

impl Sim {
    /// A runner that asks `predictor` for as many visits at a time as `pool` has threads.
    pub fn new(predictor: Predictor, pool: ThreadPool) -> Self {
        Self {
            predictor,
            pool,
            expected: VecDeque::new(),
            ready: BTreeMap::new(),
        }
    }

    /// What came of `request`, and of those expected after it, unless that is known already.
    fn reports(&mut self, request: &VisitRequest) -> Vec<(u32, Report)> {
        if !self.ready.contains_key(&request.visit) {
            let ahead = AHEAD * self.pool.current_num_threads();
            let at = self
                .expected
                .iter()
                .position(|expected| expected == request);
            let skipped = at.map_or(0, |at| at + 1);
            self.expected.drain(..skipped);
            let rest = self.expected.drain(..ahead.min(self.expected.len()));
            let batch: Vec<VisitRequest> = iter::once(request.clone()).chain(rest).collect();
            let predictor = &self.predictor;
            let reports: Vec<_> = self
                .pool
                .install(|| batch.par_iter().map(|one| predictor.reports(one)).collect());
            let visits = batch.iter().map(|one| one.visit);
            self.ready.extend(visits.zip(reports));
        }
        self.ready.remove(&request.visit).unwrap_or_default()
    }
}

impl Runner for Sim {
    fn name(&self) -> &'static str {
        "sim"
    }

    fn prefetch(&mut self, requests: &mut dyn Iterator<Item = VisitRequest>) {
        self.expected = requests.collect();
    }

    fn run(&mut self, request: &VisitRequest, on_answer: &mut OnAnswer<'_>) -> Result<(), Halted> {
        if let Err(reason) = modelled(&request.visit.cell) {
            let _ = on_answer(request.first_rep, Answer::Failed(reason));
            return Ok(());
        }
        let mut spent = Duration::ZERO;
        for (rep, report) in self.reports(request) {
            let answer = self.predictor.model.answer(report);
            spent += answer.sample().map_or(Duration::ZERO, |sample| sample.wall);
            let ended = answer.status().ends_visit() || spent >= request.protocol.limit();
            if on_answer(rep, answer).is_break() || ended {
                break;
            }
        }
        Ok(())
    }
}

/// What is computed in `cell`, where there is a model of it.
///
/// # Errors
///
/// Why there is none.
pub fn modelled(cell: &Cell) -> Result<&Computation, String> {
    match cell.runtime.blas() {
        Some(blas) => Err(format!(
            "{blas} is whatever library is installed; to simulate one, say which: --runtime \
             openblas-0.3.26 or another version, openblas-openmp-0.3.26, or blis"
        )),
        None => model::known(&cell.workload),
    }
}

/// Knows what comes of any execution on a machine, by a model.
pub struct Predictor {
    machine: Machine,
    model: Model,
    layout: Layout,
    costs: Costs,
}

impl Predictor {
    /// A predictor for `machine` by `model`.
    ///
    /// # Errors
    ///
    /// If neither the topology nor the parameters say how large the caches of a core are.
    pub fn new(machine: Machine, model: Model) -> Result<Self, NoCacheSizes> {
        let layout = Layout::new(&machine.topology, &machine.allowed);
        let costs = Costs::of(&machine.topology, &machine.parameters)?;
        Ok(Self {
            machine,
            model,
            layout,
            costs,
        })
    }

    /// What comes of every repetition of `request`, by number; fewer where one was stopped.
    ///
    /// A visit is simulated from its start, warm-ups and repetitions that are known already
    /// included, because each execution finds the threads where the last one left them.
    pub fn reports(&self, request: &VisitRequest) -> Vec<(u32, Report)> {
        let warmups = request.protocol.warmups;
        let executions = warmups + request.last_rep.get();
        let measured = match self.model {
            Model::Slices | Model::Steady => Some(executions),
            // A fluid has no history: all executions are the same.
            Model::Fluid => None,
        };
        let Ok(nest) = self.nest(request, measured) else {
            return Vec::new();
        };
        let by_slices =
            |extent| Engine::simulate(self.setup(request, &nest, extent), nest.shape.clone());
        let reports = match self.model {
            Model::Slices => by_slices(Extent::Whole),
            Model::Steady => by_slices(Extent::Steady { warmups }),
            Model::Fluid => {
                let Nested { shape, masks, .. } = nest;
                let one = Fluid::simulate(shape, &masks, self.layout.len(), limit(request));
                vec![one; executions as usize]
            }
        };
        // A warm-up that was stopped stands as the first repetition, as where it is measured.
        let first = (warmups as usize).min(reports.len().saturating_sub(1));
        let reps = (1..).zip(reports.into_iter().skip(first));
        reps.filter(|(rep, _)| *rep >= request.first_rep).collect()
    }

    /// What comes of repetition `rep` of `request` by the model of slices, and who held which PU when.
    ///
    /// # Errors
    ///
    /// If there is no model of its cell, why.
    pub fn trace(&self, request: &VisitRequest, rep: u32) -> Result<(Report, Trace), String> {
        let nest = self.nest(request, Some(request.protocol.warmups + rep))?;
        let setup = self.setup(request, &nest, Extent::Whole);
        let (mut reports, mut trace) = Engine::trace(setup, nest.shape.clone());
        let report = reports.swap_remove(reports.len() - 1);
        trace.cell = request.visit.cell.to_string();
        trace.source = format!("simulated {}", self.machine.parameters.machine);
        trace.wall = report.wall;
        Ok((report, trace))
    }

    /// The nest of `request`, with a thread that has it executed as often as said, if that is said.
    fn nest(&self, request: &VisitRequest, executions: Option<u32>) -> Result<Nested, String> {
        let Machine {
            topology,
            allowed,
            parameters,
            ..
        } = &self.machine;
        let cell = &request.visit.cell;
        let computation = modelled(cell)?;
        let seats = Seats::of(cell, request.budget, topology, allowed);
        let spilled = model::spilled(cell, &seats, &self.layout, self.costs.shared_cache);
        let task = |width| Task::of(computation, width, spilled, parameters);
        let time = |width| task(width).time;
        let cpus = Cpus {
            budget: request.budget,
            pus: self.layout.len() as u32,
        };
        let shape = Shape {
            measuring: executions.map(|count| Measuring::of(cell, count, parameters)),
            ..Shape::of((cell, computation), cpus, time, parameters)
        };
        Ok(Nested {
            masks: model::masks(&shape, &seats, &self.layout, allowed),
            traffic: task(1).traffic,
            shape,
        })
    }

    fn setup<'a>(&'a self, request: &VisitRequest, nest: &'a Nested, extent: Extent) -> Setup<'a> {
        Setup {
            layout: &self.layout,
            kernel: self.machine.kernel,
            costs: &self.costs,
            masks: &nest.masks,
            working_set: model::working_set(&request.visit.cell),
            traffic: nest.traffic,
            quota: self.machine.quota,
            limit: limit(request),
            extent,
            seed: seed::seed(request),
        }
    }
}

/// A cell in the engine's terms.
struct Nested {
    shape: Shape,
    masks: Masks,
    /// Bytes that a thread at work moves to and from memory [bytes/ns].
    traffic: f64,
}

/// Simulated time after which an execution is stopped [ns].
fn limit(request: &VisitRequest) -> u64 {
    ns(request.protocol.limit())
}

/// Why an execution that never began has no time.
const NOT_READY: &str = "the threads were not ready for an execution within its time limit";

impl Model {
    /// The answer that `report` gives; counters of what the model leaves out are missing.
    fn answer(self, report: Report) -> Answer {
        let slices = self != Self::Fluid;
        let sample = Sample {
            wall: Duration::from_nanos(report.wall),
            cpu: Some(Duration::from_nanos(report.split.busy())),
            tasks_done: Some(report.tasks_done),
            voluntary_switches: slices.then_some(report.voluntary_switches),
            involuntary_switches: slices.then_some(report.involuntary_switches),
            run_queue_wait: slices.then_some(Duration::from_nanos(report.run_queue_wait)),
            threads: Some(report.threads),
            waiting: if slices {
                report.split.waiting()
            } else {
                Waiting::default()
            },
            breakdown: Some(Box::new(report.breakdown())),
            ..Sample::default()
        };
        match report.stop {
            Stop::Done => Answer::Ok(sample),
            Stop::Limit if report.wall == 0 => Answer::Failed(NOT_READY.to_owned()),
            Stop::Limit => Answer::Censored(sample),
            Stop::Deadlock(waiting) => Answer::Failed(format!("deadlock: {}", waiting.join("; "))),
            Stop::Livelock(at) => Answer::Failed(format!("simulated time stands still at {at} ns")),
        }
    }
}

#[cfg(test)]
mod tests;

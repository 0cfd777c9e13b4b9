//! How would a cell be answered by a machine that is not here?
//!
//! [`Sim`] is a runner like `host`: it answers the same cells with the same samples, but runs the
//! nest of threads on a simulated kernel's run queues in simulated time. Its parts, each knowing
//! only those above it:
//!
//! ```text
//! calendar         which event is next
//! kernel, params   what the kernel does, what things cost: numbers with their sources
//! layout           which PUs are close
//! nest             what each thread does next and whom it lets go on; no time, no PUs
//! rq               who runs next on a PU
//! engine           threads on run queues in slices (the model); fluid: without (the baseline)
//! model            what a cell means in these terms
//! ```
//!
//! Everything random comes from the plan's seed, the cell, round and repetition, so an answer does
//! not depend on what was simulated before it.

mod calendar;
mod costs;
mod engine;
mod fluid;
mod kernel;
mod layout;
mod model;
mod nest;
mod params;
mod report;
mod rq;
mod trace;

use std::fmt;
use std::num::NonZeroUsize;
use std::str::FromStr;
use std::time::Duration;

use costs::Costs;
use engine::{Engine, Setup};
use fluid::Fluid;
use layout::{Layout, Masks};
use nest::Shape;

pub use engine::Quota;
pub use kernel::{Kernel, KernelVersion, Policy, TickMode, YieldRule};
pub use model::NoCacheSizes;
pub use params::{Parameter, ParameterError, Parameters, Provenance};
pub use report::{Category, Report, Split, Stop};
pub use trace::{Span, Trace};

use crate::experiment::{Visit, Workload};
use crate::machine::{CpuSet, Topology};
use crate::record::{Answer, Sample, Status};
use crate::runner::{Ask, Emit, Runner};
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
    pub kernel: Kernel,
    /// A limit on CPU time.
    pub quota: Option<Quota>,
    /// What everything costs.
    pub parameters: Parameters,
}

/// How faithful a simulation is. Text forms: `slices`, `fluid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// Threads on run queues, in slices, with all that they cost.
    Slices,
    /// PUs divided at will and nothing else: the baseline.
    Fluid,
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Slices => "slices",
            Self::Fluid => "fluid",
        })
    }
}

impl FromStr for Model {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text {
            "slices" => Ok(Self::Slices),
            "fluid" => Ok(Self::Fluid),
            _ => Err(ParseError::new("model", text, "slices or fluid")),
        }
    }
}

serde_as_text!(Model);

/// Answers cells by simulating them.
pub struct Sim {
    predictor: Predictor,
    /// Executions simulated at the same time.
    at_once: NonZeroUsize,
    told: Box<Tell>,
}

/// Is told what came of every simulated execution, before its answer is given.
pub type Tell = dyn FnMut(&Visit, u32, &Report);

impl Sim {
    /// A runner that asks `predictor`, for `at_once` executions at a time, and tells `told` of each.
    pub fn new(predictor: Predictor, at_once: NonZeroUsize, told: Box<Tell>) -> Self {
        Self {
            predictor,
            at_once,
            told,
        }
    }
}

impl Runner for Sim {
    fn name(&self) -> &'static str {
        "sim"
    }

    fn run(&mut self, ask: &Ask, emit: &mut Emit<'_>) {
        if let Some(blas) = ask.visit.cell.runtime.blas() {
            let reason = format!("there is no model of {blas}: its threads meet as only it knows");
            let _ = emit(ask.first_rep, Answer::Failed(reason));
            return;
        }
        if ask.visit.cell.workload == Workload::Command {
            let why = "a command cannot be simulated: nobody knows what it does";
            let _ = emit(ask.first_rep, Answer::Failed(why.to_owned()));
            return;
        }
        let reps: Vec<u32> = (ask.first_rep..=ask.last_rep.get()).collect();
        let mut spent = Duration::ZERO;
        for batch in reps.chunks(self.at_once.get()) {
            for (rep, report) in batch.iter().zip(self.predictor.reports(ask, batch)) {
                (self.told)(&ask.visit, *rep, &report);
                let answer = self.predictor.model.answer(report);
                spent += answer.sample().map_or(Duration::ZERO, |sample| sample.wall);
                let ended = answer.status() != Status::Ok || spent >= ask.protocol.limit();
                if emit(*rep, answer).is_break() || ended {
                    return;
                }
            }
        }
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

    /// What comes of repetition `rep` of `ask`.
    pub fn report(&self, ask: &Ask, rep: u32) -> Report {
        let (shape, masks) = self.nest(ask);
        match self.model {
            Model::Slices => Engine::simulate(self.setup(ask, rep, &masks), shape),
            Model::Fluid => Fluid::simulate(shape, &masks, self.layout.len(), limit(ask)),
        }
    }

    /// What comes of each of `reps`, simulated at the same time.
    fn reports(&self, ask: &Ask, reps: &[u32]) -> Vec<Report> {
        if let [rep] = reps {
            return vec![self.report(ask, *rep)];
        }
        std::thread::scope(|scope| {
            let threads: Vec<_> = reps
                .iter()
                .map(|rep| scope.spawn(|| self.report(ask, *rep)))
                .collect();
            let join = |thread: std::thread::ScopedJoinHandle<'_, Report>| {
                thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            threads.into_iter().map(join).collect()
        })
    }

    /// What comes of repetition `rep` of `ask` by the model of slices, and who held which PU when.
    pub fn trace(&self, ask: &Ask, rep: u32) -> (Report, Trace) {
        let (shape, masks) = self.nest(ask);
        Engine::trace(self.setup(ask, rep, &masks), shape)
    }

    fn nest(&self, ask: &Ask) -> (Shape, Masks) {
        let Machine {
            topology,
            allowed,
            parameters,
            ..
        } = &self.machine;
        let cell = &ask.visit.cell;
        let shape = Shape::of(cell, ask.budget, parameters);
        let masks = model::masks(cell, &shape, &self.layout, (topology, allowed));
        (shape, masks)
    }

    fn setup<'a>(&'a self, ask: &Ask, rep: u32, masks: &'a Masks) -> Setup<'a> {
        Setup {
            layout: &self.layout,
            kernel: self.machine.kernel,
            costs: &self.costs,
            masks,
            working_set: model::working_set(&ask.visit.cell),
            quota: self.machine.quota,
            limit: limit(ask),
            seed: seed(ask, rep),
        }
    }
}

/// Simulated time after which an execution is stopped [ns].
fn limit(ask: &Ask) -> u64 {
    ns(ask.protocol.limit())
}

impl Model {
    /// The answer that `report` gives; counters of what the model leaves out are missing.
    fn answer(self, report: Report) -> Answer {
        let slices = self == Self::Slices;
        let sample = Sample {
            wall: Duration::from_nanos(report.wall),
            cpu: Some(Duration::from_nanos(report.split.busy())),
            tasks_done: Some(report.tasks_done),
            voluntary_switches: slices.then_some(report.voluntary_switches),
            involuntary_switches: slices.then_some(report.involuntary_switches),
            run_queue_wait: slices.then_some(Duration::from_nanos(report.run_queue_wait)),
            threads: Some(report.threads),
            ..Sample::default()
        };
        match report.stop {
            Stop::Done => Answer::Ok(sample),
            Stop::Limit => Answer::Censored(sample),
            Stop::Deadlock(waiting) => Answer::Failed(format!("deadlock: {}", waiting.join("; "))),
            Stop::Livelock(at) => Answer::Failed(format!("simulated time stands still at {at} ns")),
        }
    }
}

/// Seed of one execution: a hash of all that names it.
// Source: FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/ (64 bit).
fn seed(ask: &Ask, rep: u32) -> u64 {
    let name = format!(
        "{} {} {rep} {}",
        ask.protocol.seed, ask.visit.round, ask.visit.cell
    );
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests;

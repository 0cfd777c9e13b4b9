//! What does each action of this machine and of its kernel cost?
//!
//! One small benchmark a number, on bound threads, repeated: the value is the median over
//! repetitions and the interval spans all of them. What cannot be told on this machine is said
//! instead of guessed. The benchmarks never run a cell of a grid, so that a prediction made with
//! their numbers has seen nothing of what it predicts.
//!
//! ```text
//! queue   threads that share a PU: quantum, switch, yield
//! wake    threads on two PUs: hand-off of a cache line, waking
//! team    starting a thread; an empty region, to see how well the parts above compose
//! work    one thread: products by order, tasks of the other families, a spin's look
//! memory  refilling a cache, reading from memory, all PUs at once
//! ```

mod memory;
mod queue;
mod team;
mod wake;
mod work;

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::machine::bind_current_thread;
use crate::machine::{Binder, CpuSet, PuId, Topology, TopologyError};
use crate::stats::median;

/// A number of this machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Name of the parameter.
    pub name: String,
    /// Its unit.
    pub unit: &'static str,
    /// Median over repetitions.
    pub value: f64,
    /// Smallest and largest repetition.
    pub interval: [f64; 2],
    /// How it was measured, in a few words.
    pub how: &'static str,
}

/// A number that this machine cannot tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// Names of the parameters.
    pub names: String,
    /// Why not.
    pub why: &'static str,
}

/// Everything found out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calibration {
    /// What was measured.
    pub findings: Vec<Finding>,
    /// What could not be.
    pub unknown: Vec<Unknown>,
}

impl Calibration {
    /// The number called `name`, if it was measured.
    pub fn value(&self, name: &str) -> Option<f64> {
        let mut findings = self.findings.iter();
        let finding = findings.find(|finding| finding.name == name)?;
        Some(finding.value)
    }
}

/// Why nothing could be measured.
#[derive(Debug, thiserror::Error)]
pub enum CalibrationError {
    /// The machine cannot be read.
    #[error(transparent)]
    Topology(#[from] TopologyError),
    /// A thread could not be started or bound.
    #[error("a thread for calibrating failed: {0}")]
    Thread(String),
}

/// Measures this machine, every number `repetitions` times, on PUs of `allowed` only.
///
/// # Errors
///
/// If a thread cannot be started or bound.
pub fn calibrate(
    topology: &Topology,
    allowed: &CpuSet,
    repetitions: u32,
) -> Result<Calibration, CalibrationError> {
    let mut bench = Bench {
        repetitions,
        binder: Arc::new(Binder::new()?),
        found: Calibration::default(),
    };
    let mut pus = topology
        .pu_order()
        .into_iter()
        .filter(|pu| allowed.contains(*pu));
    let first = pus
        .next()
        .ok_or_else(|| CalibrationError::Thread("no PU of this machine may be used".to_owned()))?;
    let cores = memory::one_of_each_core(topology, allowed);
    let mut speeds = memory::together(&bench, &cores)?;
    queue::measure(&mut bench, first)?;
    match pus.next() {
        Some(second) => {
            wake::measure(&mut bench, [first, second])?;
            team::measure(&mut bench, [first, second])?;
        }
        None => bench.unknown(
            "handoff_llc, idle_exit, wake_each, interrupt, arrive, thread_create",
            "only one PU may be used",
        ),
    }
    speeds.extend(memory::together(&bench, &cores)?);
    work::measure(&mut bench, first)?;
    memory::measure(&mut bench, topology, &cores)?;
    speeds.extend(memory::together(&bench, &cores)?);
    memory::note_together(&mut bench, &speeds);
    bench.unknown(
        "handoff_package, handoff_machine",
        "not measured: they need PUs in several caches and packages",
    );
    bench.unknown("handoff_next", "not measured: it needs many waiting PUs");
    bench.unknown(
        "smt_compute, smt_spin, smt_yield",
        "not measured: they need two PUs of one core",
    );
    bench.unknown(
        "memory_link",
        "not measured: it needs PUs of several NUMA nodes",
    );
    bench.unknown(
        "wake_call, idle_look, probing, unexplained",
        "not measured: too small, or not to be told, beside what stands with them",
    );
    Ok(bench.found)
}

/// Where benchmarks find their threads and leave their findings.
struct Bench {
    repetitions: u32,
    binder: Arc<Binder>,
    found: Calibration,
}

impl Bench {
    /// Runs each of `bodies` on a thread of its own, bound to its PU, all begun before any is
    /// awaited.
    fn on<T: Send>(
        &self,
        bodies: Vec<(PuId, Box<dyn FnOnce() -> T + Send + '_>)>,
    ) -> Result<Vec<T>, CalibrationError> {
        let fault = |error: &dyn std::fmt::Display| CalibrationError::Thread(error.to_string());
        thread::scope(|scope| {
            let threads: Vec<_> = bodies
                .into_iter()
                .map(|(pu, body)| {
                    let binder = &self.binder;
                    scope.spawn(move || {
                        bind_current_thread(binder, &CpuSet::from_iter([pu])).map(|()| body())
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| match thread.join() {
                    Ok(outcome) => outcome.map_err(|error| fault(&error)),
                    Err(_) => Err(fault(&"it panicked")),
                })
                .collect()
        })
    }

    /// Notes the repetitions of a number.
    fn note(&mut self, (name, unit): (&str, &'static str), how: &'static str, all: &[f64]) {
        let name = name.to_owned();
        let Some(value) = median(all) else {
            return self.unknown(&name, "no repetition gave a number");
        };
        let low = all.iter().copied().fold(f64::INFINITY, f64::min);
        let high = all.iter().copied().fold(0.0, f64::max);
        self.found.findings.push(Finding {
            name,
            unit,
            value,
            interval: [low, high],
            how,
        });
    }

    fn unknown(&mut self, names: &str, why: &'static str) {
        let names = names.to_owned();
        self.found.unknown.push(Unknown { names, why });
    }
}

/// A span in nanoseconds [ns].
fn nanos(span: Duration) -> f64 {
    span.as_nanos() as f64
}

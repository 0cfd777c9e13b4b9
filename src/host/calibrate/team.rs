//! What does a thread cost, and a region of a team that has nothing to do?
//!
//! The region is no number that anything is predicted from: a team is what the other benchmarks
//! measure the parts of, so it tells how well they compose.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::thread;

use super::{Bench, CalibrationError, nanos};
use crate::clock;
use crate::experiment::WaitPolicy;
use crate::host::ruler::Nothing;
use crate::host::team::{ForkJoin, OnStart, Team};
use crate::machine::bind_current_thread;
use crate::machine::{CpuSet, PuId};
use crate::stats::median;

/// Threads started one after the other in a repetition.
const THREADS: usize = 100;

/// Regions that are timed at once: beside so many, reading the clock takes no time.
const REGIONS: u32 = 20;

/// Times of which a repetition takes the median, the start of the team being among the others.
const SPELLS: usize = 15;

/// Members of the team.
const WIDTH: NonZeroU32 = NonZeroU32::new(2).unwrap();

/// Starting threads, and empty regions of a team of two by wait policy.
pub(super) fn measure(bench: &mut Bench, pus: [PuId; 2]) -> Result<(), CalibrationError> {
    threads(bench, pus[0])?;
    for (name, wait, how) in [
        (
            "region_active",
            WaitPolicy::Active,
            "an empty region of a team of two on two PUs that spins",
        ),
        (
            "region_yield",
            WaitPolicy::Yield,
            "the same of one that yields",
        ),
        (
            "region_passive",
            WaitPolicy::Passive,
            "the same of one that blocks",
        ),
    ] {
        let mut times = vec![];
        for _ in 0..bench.repetitions {
            times.push(region(bench, pus, wait)?);
        }
        bench.note((name, "ns"), how, &times);
    }
    Ok(())
}

fn threads(bench: &mut Bench, pu: PuId) -> Result<(), CalibrationError> {
    let known = |name: &str| bench.found.value(name).unwrap_or_default();
    let beside = known("wake_each") + 2.0 * known("switch");
    let mut costs = vec![];
    for _ in 0..bench.repetitions {
        let body: Box<dyn FnOnce() -> Result<f64, String> + Send> = Box::new(start_and_join);
        let whole = bench.on(vec![(pu, body)])?.remove(0);
        costs.push((whole.map_err(CalibrationError::Thread)? - beside).max(0.0));
    }
    let how =
        "starting a thread on the starter's PU and joining it, less a wake-up and two switches";
    bench.note(("thread_create", "ns"), how, &costs);
    Ok(())
}

/// Median time of starting a thread without work and joining it [ns].
fn start_and_join() -> Result<f64, String> {
    let mut times = Vec::with_capacity(THREADS);
    for _ in 0..THREADS {
        let start = clock::now();
        let thread = thread::Builder::new().spawn(|| ());
        let ended = thread.map_err(|error| error.to_string())?.join();
        times.push(nanos(clock::now() - start));
        ended.map_err(|_| "it panicked".to_owned())?;
    }
    median(&times).ok_or_else(|| "none was started".to_owned())
}

/// Median time of an empty region of a new team on `pus` [ns].
fn region(bench: &Bench, pus: [PuId; 2], wait: WaitPolicy) -> Result<f64, CalibrationError> {
    let binder = Arc::clone(&bench.binder);
    let on_start: OnStart = Arc::new(move |member| {
        let set = CpuSet::from_iter([pus[member as usize]]);
        bind_current_thread(&binder, &set).map_err(|error| error.to_string())
    });
    let body: Box<dyn FnOnce() -> Result<f64, String> + Send> =
        Box::new(move || regions(wait, on_start));
    let median = bench.on(vec![(pus[0], body)])?.remove(0);
    median.map_err(CalibrationError::Thread)
}

fn regions(wait: WaitPolicy, on_start: OnStart) -> Result<f64, String> {
    let kernel = Arc::new(Nothing { width: WIDTH });
    let mut team = ForkJoin::new("team", kernel, wait, on_start).map_err(|e| e.to_string())?;
    let mut times = vec![];
    for _ in 0..SPELLS {
        let start = clock::now();
        for _ in 0..REGIONS {
            team.run().map_err(|panic| panic.to_string())?;
        }
        times.push(nanos(clock::now() - start) / f64::from(REGIONS));
    }
    median(&times).ok_or_else(|| "none was run".to_owned())
}

//! How large is the instrument itself?
//!
//! Measured before a run's first sample: the clock's step, and what a region costs that does
//! nothing, for each runtime of the plan on a team as wide as the budget, and for a team that blocks,
//! which is what waking the outer workers takes. A library has no region without work to time. Beside them the limits that work here cannot pass: what P threads compute,
//! and, where data of the plan do not fit into half of the caches, what they read from memory.

pub(super) mod bandwidth;

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use super::kernel::{Kernel, SharedTaskState, WrongResult, kernel};
use super::nest::Teams;
use super::team::{RegionPanic, TeamError};
use crate::clock;
use crate::experiment::{
    Cell, Computation, Dtype, Plan, Runtime, WaitPolicy, Workload, WorkloadName,
};
use crate::machine::Topology;
use crate::record::{EmptyRegion, Peak, Ruler};
use crate::stats::median;
use crate::units::ns;

/// Teams of each runtime; the threads of some happen to share a PU and never run side by side.
const TEAMS: usize = 5;

/// Regions timed for each team, unless [`TIME`] is up first.
const REGIONS: usize = 400;

/// Longest time spent on one team: an active one may meet foreign load.
const TIME: Duration = Duration::from_millis(20);

/// A ruler that could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum RulerError {
    /// No team for an empty region.
    #[error(transparent)]
    Team(#[from] TeamError),
    /// The empty region failed.
    #[error(transparent)]
    Region(#[from] RegionPanic),
}

/// Measures the ruler for `plan`.
///
/// # Errors
///
/// If a team cannot be started.
pub fn ruler(plan: &Plan, topology: &Topology) -> Result<Ruler, RulerError> {
    let width = NonZeroU32::new(plan.budget).unwrap_or(NonZeroU32::MIN);
    // What a region costs inside a program of the user's cannot be measured from here.
    let ours = |runtime: &Runtime| *runtime != Runtime::Program;
    let mut runtimes: BTreeSet<Runtime> = plan.runtimes().into_iter().filter(ours).collect();
    if !runtimes.is_empty() {
        runtimes.insert(Runtime::ForkJoin(WaitPolicy::Passive));
    }
    let empty_regions = runtimes
        .into_iter()
        .filter_map(|runtime| Some((runtime, Teams::own(runtime)?)))
        .map(|(runtime, teams)| {
            let each = (0..TEAMS).map(|_| empty_region(&teams, width));
            let medians = each.collect::<Result<Vec<u64>, RulerError>>()?;
            let median_ns = side_by_side(runtime, medians).unwrap_or(0);
            Ok(EmptyRegion {
                runtime,
                width: width.get(),
                median_ns,
            })
        })
        .collect::<Result<_, RulerError>>()?;
    Ok(Ruler {
        clock_resolution_ns: ns(clock::resolution()),
        empty_regions,
        memory_bandwidth: memory_bandwidth(plan, topology),
        peaks: peaks(plan, width),
    })
}

/// Of the `medians` of several teams that of one whose threads ran side by side: on one PU, threads that block
/// wake each other in a twentieth of the time, and threads that hold it wait for their time slices.
fn side_by_side(runtime: Runtime, medians: Vec<u64>) -> Option<u64> {
    match runtime {
        Runtime::ForkJoin(WaitPolicy::Active | WaitPolicy::Yield) => medians.into_iter().min(),
        Runtime::ForkJoin(WaitPolicy::Passive | WaitPolicy::SpinThenPark(_))
        | Runtime::Rayon
        | Runtime::Blas(_)
        | Runtime::Modelled(_)
        | Runtime::Program => medians.into_iter().max(),
    }
}

/// The bandwidth, if the data of some cell are no matter of caches alone [B/s].
fn memory_bandwidth(plan: &Plan, topology: &Topology) -> Option<f64> {
    let caches = bandwidth::last_level(topology);
    let data = |cell: &Cell| cell.workload.footprint() * u64::from(cell.outer.get());
    let largest = plan.cells.iter().map(data).max()?;
    (2 * largest > caches).then(|| bandwidth::bandwidth(plan.budget, caches))?
}

/// Order of the matrices of the fastest product here.
const PEAK_N: NonZeroU32 = NonZeroU32::new(512).unwrap();

/// Products of which the fastest counts, unless [`PEAK_TIME`] is up first.
const PEAK_TIMES: usize = 10;

/// Time after which no further product begins: on an emulated CPU one takes seconds.
const PEAK_TIME: Duration = Duration::from_millis(200);

/// The rate of a product on a team of `width` threads, for each number type that the plan counts
/// operations of.
fn peaks(plan: &Plan, width: NonZeroU32) -> Vec<Peak> {
    let workloads = plan.workloads();
    let counted = workloads
        .iter()
        .filter(|workload| workload.flops().is_some());
    let dtypes: BTreeSet<Dtype> = counted.filter_map(Workload::dtype).collect();
    let peak = |dtype| {
        Some(Peak {
            dtype,
            flops: peak(dtype, width)?,
        })
    };
    dtypes.into_iter().filter_map(peak).collect()
}

fn peak(dtype: Dtype, width: NonZeroU32) -> Option<f64> {
    let product = Computation::new(WorkloadName::DEFAULT, dtype, PEAK_N).ok()?;
    let product = Workload::Computation(product);
    let task_state = Arc::new(SharedTaskState::new(NonZeroU32::MIN, product.family()));
    let kernel = kernel(&product, width, &task_state).ok()?;
    let teams = Teams::own(Runtime::ForkJoin(WaitPolicy::Active))?;
    let mut team = teams.team(0, kernel, Arc::new(|_| Ok(()))).ok()?;
    let mut once = || {
        let start = clock::now();
        team.run().ok()?;
        Some(clock::now() - start)
    };
    let began = clock::now();
    let mut fastest = once()?;
    for _ in 1..PEAK_TIMES {
        if clock::now() - began >= PEAK_TIME {
            break;
        }
        fastest = fastest.min(once()?);
    }
    Some(product.flops()? as f64 / fastest.as_secs_f64())
}

/// Median time of an empty region of a new team [ns].
fn empty_region(teams: &Teams, width: NonZeroU32) -> Result<u64, RulerError> {
    let mut team = teams.team(0, Arc::new(Nothing { width }), Arc::new(|_| Ok(())))?;
    let began = clock::now();
    let mut times = Vec::with_capacity(REGIONS);
    while times.len() < REGIONS && clock::now() - began < TIME {
        let start = clock::now();

        team.run()?;

        times.push(ns(clock::now() - start) as f64);
    }
    Ok(median(&times).unwrap_or(0.0) as u64)
}

/// A kernel without work.
pub(super) struct Nothing {
    pub(super) width: NonZeroU32,
}

impl Kernel for Nothing {
    fn width(&self) -> NonZeroU32 {
        self.width
    }

    fn phases(&self) -> u32 {
        1
    }

    fn work(&self, _phase: u32, _member: u32) {}

    fn spoil(&self) {}

    fn verify(&self) -> Result<(), WrongResult> {
        Ok(())
    }
}

//! What does a cell mean in units of time on a given machine?
//!
//! Translates the description that the measuring side follows too (the cell and its workload)
//! into a nest, its work and its costs. There is no second account of what a task does.

use super::calendar::Ns;
use super::costs::Costs;
use super::layout::{Layout, Mask, Masks};
use super::nest::{Inner, Measuring, Role, Shape, Wait};
use super::params::{Parameters, Provenance};
use crate::experiment::{Cell, Composition, Dtype, Family, Runtime, WaitPolicy, Workload};
use crate::machine::{CpuSet, ObjectKind, Topology};

/// Rows that a member's part of a product is a multiple of.
// Source: crate::host::kernel divides a product's rows in register tiles.
const TILE: u32 = 8;

/// Yields of an idle rayon thread before it sleeps.
// Source: rayon-core src/sleep/mod.rs ROUNDS_UNTIL_SLEEPY.
const RAYON_YIELDS: u32 = 32;

/// A machine that does not say how large its caches are, and no preset that does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the machine does not say how large the caches of a core are; name a --preset that does, or \
     give sizes, as in 'l2:1(size=1MB)'"
)]
pub struct NoCacheSizes;

impl Costs {
    /// The costs on `topology` by `parameters`.
    ///
    /// # Errors
    ///
    /// If neither tells the size of a core's cache.
    pub(super) fn of(topology: &Topology, parameters: &Parameters) -> Result<Self, NoCacheSizes> {
        let told = topology
            .objects(ObjectKind::Cache(2))
            .first()
            .and_then(|cache| cache.bytes);
        let guessed = parameters.provenance("private_cache") == Provenance::Default;
        let private_cache = match told {
            Some(bytes) => bytes as f64,
            None if guessed => return Err(NoCacheSizes),
            None => parameters.value("private_cache"),
        };
        let ns = |name| parameters.value(name).round() as Ns;
        Ok(Self {
            switch: ns("switch"),
            idle_exit: ns("idle_exit"),
            wake_call: ns("wake_call"),
            wake_each: ns("wake_each"),
            yield_call: ns("yield_call"),
            handoff: [
                ns("handoff_llc"),
                ns("handoff_package"),
                ns("handoff_machine"),
            ],
            handoff_next: ns("handoff_next"),
            idle_look: ns("idle_look"),
            private_cache,
            refill_rate: parameters.value("refill_rate"),
            smt_compute: parameters.value("smt_compute"),
            smt_spin: parameters.value("smt_spin"),
            smt_yield: parameters.value("smt_yield"),
        })
    }
}

impl Shape {
    /// The nest of `cell` under a budget of `budget` whole CPUs.
    pub(super) fn of(cell: &Cell, budget: u32, parameters: &Parameters) -> Self {
        let widths: Vec<u32> = cell.widths(budget).into_iter().map(u32::from).collect();
        let phases = widths
            .iter()
            .map(|width| cell.workload.phases(*width))
            .collect();
        let work = widths
            .iter()
            .map(|width| work(&cell.workload, *width, parameters))
            .collect();
        Self {
            inner: inner(cell),
            pool: cell.inner.get(),
            tasks: cell.tasks.get(),
            dispatch: cell.dispatch,
            gate: gate(cell.composition, budget, &widths),
            phases,
            items: items(&cell.workload),
            work,
            wait: wait(cell.runtime, parameters),
            take: parameters.value("take"),
            meet: parameters.value("arrive"),
            measuring: None,
            widths,
        }
    }
}

impl Measuring {
    /// What stands around `executions` executions of `cell`.
    pub(super) fn of(cell: &Cell, executions: u32, parameters: &Parameters) -> Self {
        // Spoiling and checking pass once over data that a result has shared the caches with.
        let upkeep = cell.workload.footprint() as f64 / parameters.value("refill_rate");
        Self {
            executions,
            probing: parameters.value("probing"),
            upkeep,
        }
    }
}

/// Register tiles of rows, among which the members divide a product.
fn items(workload: &Workload) -> u32 {
    workload.n().map_or(1, |n| n.get().div_ceil(TILE))
}

fn inner(cell: &Cell) -> Inner {
    match (cell.composition, cell.runtime) {
        (Composition::Shared, _) => Inner::SharedPool,
        (_, Runtime::Rayon) => Inner::OwnPools,
        // Libraries and programs are refused before they come here.
        (_, Runtime::ForkJoin(_) | Runtime::Blas(_) | Runtime::Program) => Inner::Teams,
    }
}

fn gate(composition: Composition, budget: u32, widths: &[u32]) -> Option<(u32, Vec<u32>)> {
    match composition {
        Composition::Exclusive => Some((1, vec![1; widths.len()])),
        Composition::Counting => Some((budget.max(1), widths.to_vec())),
        Composition::Independent
        | Composition::SerialInner
        | Composition::Partitioned(_)
        | Composition::Shared => None,
    }
}

fn wait(runtime: Runtime, parameters: &Parameters) -> Wait {
    match runtime {
        Runtime::ForkJoin(WaitPolicy::Active) => Wait::SPIN,
        Runtime::ForkJoin(WaitPolicy::Yield) => Wait::YIELD,
        Runtime::ForkJoin(WaitPolicy::Passive) | Runtime::Blas(_) | Runtime::Program => Wait::BLOCK,
        Runtime::ForkJoin(WaitPolicy::SpinThenPark(looks)) => Wait {
            spin: (f64::from(looks.get()) * parameters.value("look")).round() as Ns,
            yields: 0,
        },
        Runtime::Rayon => Wait {
            spin: 0,
            yields: RAYON_YIELDS,
        },
    }
}

/// Time of one task on one thread at the rate that blocks of a team of `width` reach [ns].
///
/// The rate follows Hockney's law in the smallest extent of a member's block: e = s / (s + s_half).
fn work(workload: &Workload, width: u32, parameters: &Parameters) -> f64 {
    let (Some(n), Some(flops)) = (workload.n(), workload.flops()) else {
        return 0.0;
    };
    let n = f64::from(n.get());
    let smallest = n / f64::from(width.max(workload.phases(width)));
    let efficiency = smallest / (smallest + parameters.value("half_size"));
    let peak = match workload.dtype() {
        Some(Dtype::F32) => parameters.value("flops_f32"),
        _ => parameters.value("flops_f64"),
    };
    flops as f64 / (peak * efficiency)
}

/// Why there is no model of `workload`, where there is none.
pub(super) fn unknown(workload: &Workload) -> Option<String> {
    match workload.family() {
        Some(Family::Matmul) => None,
        Some(_) => Some(format!(
            "there is no model of {} yet; of matmul there is",
            workload.name()
        )),
        None => Some("a command cannot be simulated: nobody knows what it does".to_owned()),
    }
}

/// Where each thread of `shape` may run: the host's map of the same cell.
pub(super) fn masks(
    cell: &Cell,
    shape: &Shape,
    layout: &Layout,
    (topology, allowed): (&Topology, &CpuSet),
) -> Masks {
    let widths: Vec<_> = shape
        .widths
        .iter()
        .filter_map(|width| std::num::NonZeroU32::new(*width))
        .collect();
    let map = cell.placement.map(topology, allowed, &widths);
    let set = |role: Role| {
        let (worker, member) = match role {
            Role::Worker(worker) => (worker, 0),
            Role::Inner { worker, member } => (worker, member),
            Role::Measurer => return allowed,
        };
        let team = map.get(worker as usize);
        team.and_then(|team| team.get(member as usize))
            .unwrap_or(allowed)
    };
    shape
        .roles()
        .into_iter()
        .map(|role| -> Mask { layout.mask(set(role)) })
        .collect()
}

/// Data a thread keeps close while it computes: its part of the task's [bytes].
pub(super) fn working_set(cell: &Cell) -> f64 {
    cell.workload.footprint() as f64 / f64::from(cell.inner.get())
}

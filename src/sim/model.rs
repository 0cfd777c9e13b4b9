//! What does a cell mean in units of time on a given machine?
//!
//! Translates the description that the measuring side follows too (the cell and its workload)
//! into a nest, its work and its costs. There is no second account of what a task does.

use super::calendar::Ns;
use super::costs::Costs;
use super::layout::{Layout, Masks, Pu, last_level_cache};
use super::machinery::{Cpus, Machinery};
use super::nest::{Measuring, Role, Shape};
use super::params::{Parameters, Provenance};
use super::work;
use crate::experiment::{Cell, Computation, Family, Seats, Workload};
use crate::machine::{CpuSet, ObjectKind, Topology};

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
        let told = |kind| topology.objects(kind).first()?.bytes;
        let guessed = parameters.provenance("private_cache") == Provenance::Default;
        let private_cache = match told(ObjectKind::Cache(2)) {
            Some(bytes) => bytes as f64,
            None if guessed => return Err(NoCacheSizes),
            None => parameters.value("private_cache"),
        };
        let shared_cache = last_level_cache(topology).and_then(told);
        let shared_cache =
            shared_cache.map_or_else(|| parameters.value("shared_cache"), |bytes| bytes as f64);
        let ns = |name| parameters.value(name).round() as Ns;
        Ok(Self {
            switch: ns("switch"),
            warm_up: ns("warm_up"),
            idle_exit: ns("idle_exit"),
            wake_call: ns("wake_call"),
            wake_each: ns("wake_each"),
            interrupt: ns("interrupt"),
            yield_call: ns("yield_call"),
            handoff: [
                ns("handoff_llc"),
                ns("handoff_package"),
                ns("handoff_machine"),
            ],
            handoff_next: ns("handoff_next"),
            idle_look: ns("idle_look"),
            private_cache,
            shared_cache,
            refill_rate: parameters.value("refill_rate"),
            memory_node: parameters.value("memory_node"),
            memory_link: parameters.value("memory_link"),
            together: parameters.value("together"),
            smt_compute: parameters.value("smt_compute"),
            smt_spin: parameters.value("smt_spin"),
            smt_yield: parameters.value("smt_yield"),
        })
    }
}

impl Shape {
    /// The nest of `cell` on `cpus`, where one of its tasks takes a team of each width so long [ns].
    pub(super) fn of(
        (cell, computation): (&Cell, &Computation),
        cpus: Cpus,
        time: impl Fn(u32) -> f64,
        parameters: &Parameters,
    ) -> Self {
        let Machinery {
            widths,
            phases,
            inner,
            pool,
            waits,
            gates,
            spawn,
        } = Machinery::of((cell, computation), cpus, parameters);
        // What a team of ours packs twice is packed once by a library.
        let packs = |width: u32| if cell.runtime.is_blas() { 1 } else { width };
        let work = widths.iter().map(|width| time(packs(*width))).collect();
        let account = computation.account(1);
        Self {
            inner,
            pool,
            tasks: cell.tasks.get(),
            dispatch: cell.dispatch,
            gates,
            phases,
            items: u32::try_from(account.pieces).unwrap_or(u32::MAX),
            work,
            sizes: computation.task_sizes(cell.tasks).unwrap_or_default(),
            serial: account.serial,
            waits,
            spawn,
            take: parameters.value("take"),
            meet: parameters.value("arrive"),
            background: cell.background,
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

/// What is computed in `workload`, where there is a model of it.
///
/// # Errors
///
/// Why there is none.
pub(super) fn known(workload: &Workload) -> Result<&Computation, String> {
    let computation = workload
        .computation()
        .ok_or("a command cannot be simulated: nobody knows what it does")?;
    match computation.name().family() {
        Family::SumRacy => Err(format!(
            "there is no model of {}: what its threads lose to each other on one cache line is not \
             known; of sum-reduced there is",
            workload.name()
        )),
        _ => Ok(computation),
    }
}

/// Part of the data of `cell` that the last-level caches of `cache` bytes near its threads do not
/// hold [1].
pub(super) fn spilled(cell: &Cell, seats: &Seats, layout: &Layout, cache: f64) -> f64 {
    let data = cell.workload.footprint() as f64 * f64::from(cell.outer.get());
    if data <= cache {
        return 0.0;
    }
    let places = layout.masks(seats.teams.iter().flatten());
    let is_near = |pu: &Pu| places.any_allows(*pu);
    let near = layout.llcs.pus.iter().filter(|pus| pus.iter().any(is_near));
    work::spilled(data, near.count() as f64 * cache)
}

/// Where each thread of `shape` may run, by `seats`; the measuring one everywhere.
pub(super) fn masks(shape: &Shape, seats: &Seats, layout: &Layout, allowed: &CpuSet) -> Masks {
    let set = |role: Role| {
        let seat = match role {
            Role::Worker(worker) => seats.workers.get(worker as usize),
            Role::Inner { worker, member } => seats.member(worker, member),
            Role::Other(_) | Role::Measurer => None,
        };
        seat.unwrap_or(allowed)
    };
    layout.masks(shape.roles().into_iter().map(set))
}

/// Data a thread keeps close while it computes: its part of the task's [bytes].
pub(super) fn working_set(cell: &Cell) -> f64 {
    cell.workload.footprint() as f64 / f64::from(cell.inner.get())
}

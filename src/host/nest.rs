//! How is the nest of a cell built: outer pool, gate, and for each worker a bound team with its
//! kernel?

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use rayon::ThreadPool;

use super::affinity::bind_current_thread;
use super::gate::Gate;
use super::kernel::{Kernel, kernel};
use super::pool::{BuildStation, Pool, PoolError, Station};
use super::tasks::intakes;
use super::team::{ForkJoin, OnStart, RayonTeam, Team, TeamError, pool};
use crate::experiment::{Cell, Composition, Runtime};
use crate::machine::{Binder, CpuBudget, CpuSet, Placement, Topology};

/// The outer pool of `cell` under a budget of `budget` whole CPUs: every worker with its team, all
/// bound and with their memory touched, within `limit`.
///
/// # Errors
///
/// If a thread cannot be had or bound.
pub(super) fn nest(cell: &Cell, budget: u32, limit: Duration) -> Result<Pool, PoolError> {
    let widths = cell.composition.widths(cell.outer, cell.inner, budget);
    let bindings = Bindings::of(cell, &widths)?;
    let teams = Teams::of(cell, &bindings).map_err(fault)?;
    let cell = *cell;
    let build = move |worker: u32, intake| {
        let on_start = bindings.on_start(worker);
        // The worker's own thread touches the memory first, so it is bound before it has any.
        on_start(0)?;
        let width = widths[worker as usize];
        let kernel = kernel(&cell.workload, width);
        let team = teams
            .team(worker, Arc::clone(&kernel), on_start)
            .map_err(|e| e.to_string())?;
        let permits = Gate::permits(cell.composition, width.get());
        Ok(Station {
            kernel,
            team,
            intake,
            permits,
        })
    };
    let build: Arc<BuildStation> = Arc::new(build);
    Pool::start(
        Gate::new(cell.composition, budget),
        intakes(&cell),
        build,
        limit,
    )
}

fn fault(error: impl std::fmt::Display) -> PoolError {
    PoolError::Fault(error.to_string())
}

/// What makes the team of a worker.
#[derive(Clone)]
pub(super) enum Teams {
    /// A team of its own on this runtime.
    Own(Runtime),
    /// One rayon pool for all.
    Shared(Arc<ThreadPool>),
}

impl Teams {
    fn of(cell: &Cell, bindings: &Bindings) -> Result<Self, TeamError> {
        if cell.composition != Composition::Shared {
            return Ok(Self::Own(cell.runtime));
        }
        pool("shared", cell.inner, bindings.on_start(0)).map(Self::Shared)
    }

    /// The team of `worker` for `kernel`.
    pub(super) fn team(
        &self,
        worker: u32,
        kernel: Arc<dyn Kernel>,
        on_start: OnStart,
    ) -> Result<Box<dyn Team>, TeamError> {
        let name = format!("w{worker}");
        Ok(match self {
            Self::Own(Runtime::ForkJoin(wait)) => {
                Box::new(ForkJoin::new(&name, kernel, *wait, on_start)?)
            }
            Self::Own(Runtime::Rayon) => {
                let pool = pool(&name, kernel.width(), on_start)?;
                Box::new(RayonTeam::new(kernel, pool))
            }
            Self::Shared(pool) => Box::new(RayonTeam::new(kernel, Arc::clone(pool))),
        })
    }
}

/// The cpuset of every member of every team, or none where the placement is unbound.
#[derive(Clone)]
enum Bindings {
    Unbound,
    Bound {
        binder: Arc<Binder>,
        sets: Arc<Vec<Vec<CpuSet>>>,
    },
}

impl Bindings {
    fn of(cell: &Cell, widths: &[NonZeroU32]) -> Result<Self, PoolError> {
        if cell.placement == Placement::Unbound {
            return Ok(Self::Unbound);
        }
        let topology = Topology::discover().map_err(fault)?;
        let allowed = CpuBudget::discover().allowed;
        let binder = Arc::new(Binder::new().map_err(fault)?);
        let sets = Arc::new(cell.placement.map(&topology, &allowed, widths));
        Ok(Self::Bound { binder, sets })
    }

    /// What each member of the team of `worker` does first: binds itself.
    fn on_start(&self, worker: u32) -> OnStart {
        let this = self.clone();
        Arc::new(move |member| match &this {
            Self::Unbound => Ok(()),
            Self::Bound { binder, sets } => {
                let set = &sets[worker as usize][member as usize];
                bind_current_thread(binder, set).map_err(|error| error.to_string())
            }
        })
    }
}

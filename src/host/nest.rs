//! How is the nest of a cell built: outer pool, gate, and for each worker a bound team with its
//! kernel?

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use rayon::ThreadPool;

use super::blas::BlasLibrary;
use super::gate::Gate;
use super::kernel::{Kernel, KernelError, SharedTaskState, kernel, kernel_by_library};
use super::pool::{BuildWorker, OuterWorker, Pool, PoolError};
use super::probe::WaitRegister;
use super::tasks::task_sources;
use super::team::{BlasTeam, ForkJoin, OnStart, RayonTeam, Team, TeamError, pool};
use super::trace::{Recording, Watched};
use crate::experiment::{Cell, Composition, Runtime, Seats, WaitPolicy, Workload};
use crate::machine::bind_current_thread;
use crate::machine::{Binder, CpuBudget, CpuSet, Placement, Topology};

/// What the workers of a nest have in common.
pub(super) struct Parts {
    /// What the cell's runtime calls, if it is a library.
    pub(super) library: Option<Arc<BlasLibrary>>,
    /// Where threads write down what they do, if that is wanted.
    pub(super) recording: Option<Arc<Recording>>,
    /// What their kernels share.
    pub(super) task_state: Arc<SharedTaskState>,
}

/// The outer pool of `cell` under a budget of `budget` whole CPUs: every worker with its team, all
/// bound and with their memory touched, within `limit`. With it comes what the members of its teams
/// count while they wait.
///
/// # Errors
///
/// If a thread cannot be had or bound.
pub(super) fn nest(
    cell: &Cell,
    budget: u32,
    limit: Duration,
    parts: Parts,
) -> Result<(Pool, WaitRegister), PoolError> {
    let Parts {
        library,
        recording,
        task_state,
    } = parts;
    let waits = WaitRegister::default();
    let register = waits.clone();
    let widths = cell.widths(budget);
    let starts = Starts {
        bindings: Bindings::of(cell, budget)?,
        recording: recording.clone(),
    };
    let teams = Teams::of(cell, &starts, library)?;
    let cell = *cell;
    let build = move |worker: u32, source| {
        // The worker's own thread touches the memory first, so it is bound before it has any.
        starts.worker(worker)?;
        let on_start = starts.on_start(worker);
        let width = widths[worker as usize];
        let kernel = teams
            .kernel(&cell.workload, width, &task_state)
            .map_err(PoolError::of)?;
        let kernel = match &recording {
            None => kernel,
            Some(_) => Arc::new(Watched(kernel)),
        };
        let team = teams
            .team(worker, Arc::clone(&kernel), on_start)
            .map_err(PoolError::of)?;
        register.enter(&*team);
        let permits = Gate::permits(cell.composition, width.get());
        Ok(OuterWorker {
            kernel,
            team,
            source,
            permits,
        })
    };
    let build: Arc<BuildWorker> = Arc::new(build);
    let gate = Gate::new(cell.composition, budget);
    let pool = Pool::start(gate, task_sources(&cell), build, limit)?;
    Ok((pool, waits))
}

/// What makes the team of a worker.
#[derive(Clone)]
pub(super) enum Teams {
    /// A fork-join team of its own.
    ForkJoin(WaitPolicy),
    /// A rayon pool of its own.
    Rayon,
    /// One rayon pool for all.
    Shared(Arc<ThreadPool>),
    /// One library for all.
    Library(Arc<BlasLibrary>),
}

impl Teams {
    /// Teams on `runtime` that share nothing, where it has such.
    pub(super) fn own(runtime: Runtime) -> Option<Self> {
        match runtime {
            Runtime::ForkJoin(wait) => Some(Self::ForkJoin(wait)),
            Runtime::Rayon => Some(Self::Rayon),
            Runtime::Blas(_) | Runtime::Modelled(_) | Runtime::Program => None,
        }
    }

    fn of(
        cell: &Cell,
        starts: &Starts,
        library: Option<Arc<BlasLibrary>>,
    ) -> Result<Self, PoolError> {
        if cell.composition == Composition::Shared {
            let pool = pool("shared", cell.inner, starts.on_start(0));
            return pool.map(Self::Shared).map_err(PoolError::of);
        }
        let library = || library.map(Self::Library);
        Self::own(cell.runtime)
            .or_else(library)
            .ok_or_else(|| PoolError::Fault(format!("no library was given for {}", cell.runtime)))
    }

    /// The kernel of `workload` for a team of `width`.
    fn kernel(
        &self,
        workload: &Workload,
        width: NonZeroU32,
        task_state: &Arc<SharedTaskState>,
    ) -> Result<Arc<dyn Kernel>, KernelError> {
        match self {
            Self::Library(library) => kernel_by_library(workload, width, Arc::clone(library)),
            Self::ForkJoin(_) | Self::Rayon | Self::Shared(_) => {
                kernel(workload, width, task_state)
            }
        }
    }

    /// The team of `worker` for `kernel`, built on the worker's thread.
    pub(super) fn team(
        &self,
        worker: u32,
        kernel: Arc<dyn Kernel>,
        on_start: OnStart,
    ) -> Result<Box<dyn Team>, TeamError> {
        let name = format!("w{worker}");
        Ok(match self {
            Self::ForkJoin(wait) => Box::new(ForkJoin::new(&name, kernel, *wait, on_start)?),
            Self::Rayon => {
                let pool = pool(&name, kernel.width(), on_start)?;
                Box::new(RayonTeam::new(kernel, pool))
            }
            Self::Shared(pool) => Box::new(RayonTeam::new(kernel, Arc::clone(pool))),
            Self::Library(library) => Box::new(BlasTeam::new(kernel, library)),
        })
    }
}

/// What every thread does first.
#[derive(Clone)]
struct Starts {
    bindings: Bindings,
    recording: Option<Arc<Recording>>,
}

impl Starts {
    /// What each member of the team `team` does first, that of a worker or the one that all share:
    /// binds itself, and begins to write down what it does where that is wanted.
    fn on_start(&self, team: u32) -> OnStart {
        let this = self.clone();
        Arc::new(move |member| this.start(|seats| seats.member(team, member)))
    }

    /// The same of outer worker `worker`.
    fn worker(&self, worker: u32) -> Result<(), String> {
        self.start(|seats| seats.workers.get(worker as usize))
    }

    fn start(&self, seat: impl Fn(&Seats) -> Option<&CpuSet>) -> Result<(), String> {
        self.bindings.bind(seat)?;
        if let Some(recording) = &self.recording {
            recording.attach();
        }
        Ok(())
    }
}

/// The cpuset of every thread, or none where the placement is unbound.
#[derive(Clone)]
enum Bindings {
    Unbound,
    Bound {
        binder: Arc<Binder>,
        seats: Arc<Seats>,
    },
}

impl Bindings {
    fn of(cell: &Cell, budget: u32) -> Result<Self, PoolError> {
        if cell.placement == Placement::Unbound {
            return Ok(Self::Unbound);
        }
        let topology = Topology::discover().map_err(PoolError::of)?;
        let allowed = CpuBudget::discover().allowed;
        let binder = Arc::new(Binder::new().map_err(PoolError::of)?);
        let seats = Arc::new(Seats::of(cell, budget, &topology, &allowed));
        Ok(Self::Bound { binder, seats })
    }

    /// Binds the calling thread to its seat.
    fn bind(&self, seat: impl Fn(&Seats) -> Option<&CpuSet>) -> Result<(), String> {
        match self {
            Self::Unbound => Ok(()),
            Self::Bound { binder, seats } => {
                let set = seat(seats).ok_or("a thread that the cell does not have")?;
                bind_current_thread(binder, set).map_err(|error| error.to_string())
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! Who is there in a nest and what do they do, in units of time?
//!
//! What an engine needs to know of a cell before anything runs.

use std::fmt;

use crate::experiment::Dispatch;
use crate::sim::calendar::Ns;

/// How a thread waits: spins, then yields, then blocks.
///
/// Libraries count differently how long that may last: looks and yields pass only while the thread
/// runs, patience by the clock on the wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sim) struct Wait {
    /// CPU time of spinning before it does something else; [`Wait::FOREVER`] never ends [ns].
    pub(in crate::sim) spin: Ns,
    /// Yields after that; `u32::MAX` never ends.
    pub(in crate::sim) yields: u32,
    /// Time since it began to wait after which it blocks as soon as it runs, whatever is left of
    /// the rest; [`Wait::FOREVER`] never ends [ns].
    pub(in crate::sim) patience: Ns,
}

impl Wait {
    /// A spin that does not end.
    pub(in crate::sim) const FOREVER: Ns = Ns::MAX;
    /// Blocks at once.
    pub(in crate::sim) const BLOCK: Self = Self {
        spin: 0,
        yields: 0,
        patience: Self::FOREVER,
    };
    /// Spins until released.
    pub(in crate::sim) const SPIN: Self = Self {
        spin: Self::FOREVER,
        ..Self::BLOCK
    };
    /// Yields until released.
    pub(in crate::sim) const YIELD: Self = Self {
        yields: u32::MAX,
        ..Self::BLOCK
    };
}

/// How the threads of a region wait, by what they wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sim) struct Waits {
    /// Inner threads for the next region.
    pub(in crate::sim) idle: Wait,
    /// Members for each other at a barrier.
    pub(in crate::sim) meet: Wait,
    /// The worker for the others at the end.
    pub(in crate::sim) join: Wait,
}

impl Waits {
    /// The same wait everywhere.
    pub(in crate::sim) const fn all(wait: Wait) -> Self {
        Self {
            idle: wait,
            meet: wait,
            join: wait,
        }
    }
}

/// What a worker has to pass before its region, and leaves behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sim) struct Gate {
    /// Permits in all.
    pub(in crate::sim) permits: u32,
    /// Permits that the region of each worker takes.
    pub(in crate::sim) each: Vec<u32>,
    /// How a worker waits for them.
    pub(in crate::sim) wait: Wait,
    /// Who tries again when permits come back.
    pub(in crate::sim) wakes: Wakes,
}

/// How many of those who wait for something are released when there may be some of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sim) enum Wakes {
    /// Who has waited longest.
    One,
    /// All, who compete for it.
    All,
}

/// What a thread does next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::sim) enum Step {
    /// This much work [ns at rate 1].
    Compute(f64),
    /// Nothing until another thread releases it; then it asks again.
    Wait(Wait),
}

/// The thread that has executions done one after the other, as the measuring side does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::sim) struct Measuring {
    /// Executions in all, those for warming up included.
    pub(in crate::sim) executions: u32,
    /// Its own work before each order: reading probes and clocks [ns].
    pub(in crate::sim) probing: f64,
    /// Work of each worker before an execution, and as much after it: results are spoiled, and
    /// checked [ns].
    pub(in crate::sim) upkeep: f64,
}

/// Which threads run a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sim) enum Inner {
    /// The worker and threads of its own.
    Teams,
    /// A pool of threads for each worker.
    OwnPools,
    /// One pool for all workers.
    SharedPool,
    /// The worker and threads that serve all workers, each of them one region at a time. A gate
    /// lets in no more regions than they can serve.
    SharedTeam,
}

/// A nest as an engine needs it: who there is, what they do, in units of time.
#[derive(Clone, Debug)]
pub(in crate::sim) struct Shape {
    /// Team width of each outer worker, or pieces of its regions [threads].
    pub(in crate::sim) widths: Vec<u32>,
    /// Who runs a region.
    pub(in crate::sim) inner: Inner,
    /// Threads that serve all workers, where there are such.
    pub(in crate::sim) pool: u32,
    /// Tasks in all.
    pub(in crate::sim) tasks: u32,
    /// How tasks reach the workers.
    pub(in crate::sim) dispatch: Dispatch,
    /// What a worker passes before each region, in this order.
    pub(in crate::sim) gates: Vec<Gate>,
    /// Phases of a region on each worker's team.
    pub(in crate::sim) phases: Vec<u32>,
    /// Items among which the members of a team divide a phase.
    pub(in crate::sim) items: u32,
    /// Work of one task on each worker's team, of a task of size 1 [ns at rate 1].
    pub(in crate::sim) work: Vec<f64>,
    /// Size of each task, where they differ [1].
    pub(in crate::sim) sizes: Vec<f64>,
    /// Part of the work that the first member does alone; if there is any, in a phase of its own,
    /// the first [1].
    pub(in crate::sim) serial: f64,
    /// How inner threads wait, and the worker inside its region.
    pub(in crate::sim) waits: Waits,
    /// Work of the worker for each further member of its team before it is there, where threads
    /// are made anew for every region [ns].
    pub(in crate::sim) spawn: f64,
    /// Work of taking a task [ns].
    pub(in crate::sim) take: f64,
    /// Work of meeting the team [ns].
    pub(in crate::sim) meet: f64,
    /// Threads of other load, which spin for ever.
    pub(in crate::sim) background: u32,
    /// Who starts the workers; where nobody is named, one execution starts at time 0 as by an
    /// invisible hand.
    pub(in crate::sim) measuring: Option<Measuring>,
}

impl Shape {
    /// Numbers of the threads: first each worker's own, then its inner ones; last those of other load and
    /// the measurer.
    pub(in crate::sim) fn roles(&self) -> Vec<Role> {
        let mut roles = Vec::new();
        for (worker, width) in (0_u32..).zip(&self.widths) {
            roles.push(Role::Worker(worker));
            let inner = match self.inner {
                Inner::Teams => 1..*width,
                Inner::OwnPools => 0..*width,
                Inner::SharedPool | Inner::SharedTeam => 0..0,
            };
            roles.extend(inner.map(|member| Role::Inner { worker, member }));
        }
        if matches!(self.inner, Inner::SharedPool | Inner::SharedTeam) {
            roles.extend((0..self.pool).map(|member| Role::Inner { worker: 0, member }));
        }
        roles.extend((0..self.background).map(Role::Other));
        roles.extend(self.measuring.map(|_| Role::Measurer));
        roles
    }
}

/// Who a thread is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sim) enum Role {
    /// An outer worker.
    Worker(u32),
    /// A thread of a worker's team or pool, or of the one team or pool that serves all.
    Inner {
        /// Whose; 0 of the one that serves all.
        worker: u32,
        /// Which of its threads.
        member: u32,
    },
    /// A thread of other load.
    Other(u32),
    /// The thread that gives the workers their orders.
    Measurer,
}

impl Role {
    /// Whether it is a thread of the nest: a worker or an inner one.
    pub(in crate::sim) fn is_of_nest(self) -> bool {
        match self {
            Self::Worker(_) | Self::Inner { .. } => true,
            Self::Other(_) | Self::Measurer => false,
        }
    }

    /// The name that such a thread has where it is measured.
    pub(in crate::sim) fn thread_name(self) -> String {
        match self {
            Self::Worker(worker) => format!("w{worker}"),
            Self::Inner { worker, member } => format!("w{worker}.m{member}"),
            Self::Other(number) => format!("other{number}"),
            Self::Measurer => "measurer".to_owned(),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Worker(worker) => write!(f, "worker {worker}"),
            Self::Inner { worker, member } => write!(f, "thread {worker}.{member}"),
            Self::Other(number) => write!(f, "other load {number}"),
            Self::Measurer => f.write_str("measurer"),
        }
    }
}

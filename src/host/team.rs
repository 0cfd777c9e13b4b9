//! On which threads does a region run, and how do they meet?
//!
//! A *team* is the threads that run one kernel's regions together; one *region* is one task: all
//! phases of the kernel, a meeting between each two, and a join after the last. A team belongs to
//! one outer worker and always runs that worker's kernel.
//!
//! Three machineries: [`ForkJoin`], our own, whose members wait as a [`WaitPolicy`] says,
//! [`RayonTeam`] on rayon's pools, and [`BlasTeam`] by the threads of a library. Where threads may run is not decided here: a hook is called on
//! each new thread before it does anything else.
//!
//! [`WaitPolicy`]: crate::experiment::WaitPolicy

mod barrier;
mod blas_team;
mod fork_join;
#[cfg(all(test, loom))]
mod interleavings;
mod rayon_team;
mod sync;
#[cfg(test)]
mod tests;
mod wait;

use std::any::Any;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;

use crossbeam::utils::CachePadded;

pub use blas_team::BlasTeam;
pub use fork_join::ForkJoin;
pub use rayon_team::{RayonTeam, pool};
pub use wait::{WaitCosts, WaitCounts, Waits};

/// Threads that run one kernel's regions together.
pub trait Team: Send {
    /// Members [threads].
    fn width(&self) -> u32;

    /// Runs one region, from fork to join.
    ///
    /// # Errors
    ///
    /// If the kernel panicked on any member. The team cannot be used again: every later region
    /// fails with the same error.
    fn run(&mut self) -> Result<(), RegionPanic>;

    /// What each member counts while it waits, by the name of its thread; of a machinery that does
    /// not tell, nothing.
    fn waits(&self) -> Vec<(String, Arc<CachePadded<Waits>>)> {
        Vec::new()
    }
}

/// Called once for each member, on its thread, before the team is ready: the place to bind it. The
/// member is numbered from 0; an error is the team's, and names what failed.
pub type OnStart = Arc<dyn Fn(u32) -> Result<(), String> + Send + Sync>;

/// A panic of the kernel, caught at the border of the team.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("kernel panicked: {message}")]
pub struct RegionPanic {
    /// What the panic said.
    pub message: String,
}

impl RegionPanic {
    fn new(payload: &(dyn Any + Send)) -> Self {
        let text = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        Self {
            message: text.unwrap_or("no message").to_owned(),
        }
    }

    /// Runs `work` and turns its panic into an error. What `work` leaves half done is never read:
    /// the team is not used again.
    pub(super) fn catch<T>(work: impl FnOnce() -> T) -> Result<T, Self> {
        panic::catch_unwind(AssertUnwindSafe(work)).map_err(|payload| Self::new(&*payload))
    }
}

/// Has `member` do what it is to do first. A panic in it is an error too: a member that says nothing
/// would be waited for for ever.
fn started(on_start: &OnStart, member: u32) -> Result<(), String> {
    let hook = || on_start(member);
    RegionPanic::catch(hook).unwrap_or_else(|panic| Err(format!("panicked: {}", panic.message)))
}

/// Why a team could not be built.
#[derive(Debug, thiserror::Error)]
pub enum TeamError {
    /// The system gave no thread.
    #[error(
        "thread {name} of a team of {width} could not be started (ask for fewer threads, or raise `ulimit -u` or the cgroup's pids.max)"
    )]
    Thread {
        /// Name of the thread.
        name: String,
        /// Width of the team.
        width: u32,
        /// The system's answer.
        source: io::Error,
    },
    /// Rayon could not build its pool.
    #[error(
        "rayon pool {name} of {width} threads could not be built (ask for fewer threads, or raise `ulimit -u` or the cgroup's pids.max)"
    )]
    Pool {
        /// Name of the pool.
        name: String,
        /// Threads asked for.
        width: u32,
        /// Rayon's answer.
        source: rayon::ThreadPoolBuildError,
    },
    /// The start hook of a member failed.
    #[error("member {member} of {name}: {message}")]
    Start {
        /// Name of the team.
        name: String,
        /// The member.
        member: u32,
        /// What the hook said.
        message: String,
    },
}

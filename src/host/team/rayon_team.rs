//! How does rayon run a region?
//!
//! Each phase is a parallel-for over the members' parts, every part a job of its own; the end of
//! the parallel-for is the meeting. A barrier inside the jobs would hang wherever one thread is
//! given two of them. The worker that asks blocks meanwhile and is not a member, so a team has one
//! thread more than its width, and idle members do what rayon's do: yield a while, then sleep.
//!
//! One pool may serve one team or, shared, many.

use std::num::NonZeroU32;
use std::sync::{Arc, mpsc};

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::{OnStart, RegionPanic, Team, TeamError, started};
use crate::host::kernel::Kernel;

/// A pool of `width` threads (`name.m0`, `name.m1`, ..), ready and each past its `on_start`.
///
/// # Errors
///
/// If a thread could not be started, or the hook failed on one.
pub fn pool(
    name: &str,
    width: NonZeroU32,
    on_start: OnStart,
) -> Result<Arc<ThreadPool>, TeamError> {
    let (report, ready) = mpsc::channel();
    let thread_name = name.to_owned();
    let pool = ThreadPoolBuilder::new()
        .num_threads(width.get() as usize)
        .thread_name(move |member| format!("{thread_name}.m{member}"))
        .start_handler(move |member| {
            let member = member as u32;
            // The receiver is gone only when the pool already failed.
            let _ = report.send((member, started(&on_start, member)));
        })
        .build()
        .map_err(|source| TeamError::Pool {
            name: name.to_owned(),
            width: width.get(),
            source,
        })?;
    for (member, started) in ready.iter().take(width.get() as usize) {
        started.map_err(|message| TeamError::Start {
            name: name.to_owned(),
            member,
            message,
        })?;
    }
    Ok(Arc::new(pool))
}

/// A kernel's regions on a rayon pool.
pub struct RayonTeam {
    kernel: Arc<dyn Kernel>,
    pool: Arc<ThreadPool>,
    panic: Option<RegionPanic>,
}

impl RayonTeam {
    /// Regions of `kernel` on `pool`, which may be other teams' too.
    pub fn new(kernel: Arc<dyn Kernel>, pool: Arc<ThreadPool>) -> Self {
        Self {
            kernel,
            pool,
            panic: None,
        }
    }

    fn region(&self) {
        let width = self.kernel.width().get();
        self.pool.install(|| {
            for phase in 0..self.kernel.phases() {
                (0..width)
                    .into_par_iter()
                    .with_max_len(1)
                    .for_each(|member| self.kernel.work(phase, member));
            }
        });
    }
}

impl Team for RayonTeam {
    fn width(&self) -> u32 {
        self.kernel.width().get()
    }

    fn run(&mut self) -> Result<(), RegionPanic> {
        if self.panic.is_none() {
            self.panic = RegionPanic::catch(|| self.region()).err();
        }
        match &self.panic {
            None => Ok(()),
            Some(panic) => Err(panic.clone()),
        }
    }
}

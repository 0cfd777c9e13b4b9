//! How do our own threads run a region together?
//!
//! The calling thread is member 0; members 1.. are threads that live as long as the team. Three
//! numbers carry the protocol, each on a cache line of its own and none ever reset:
//!
//! ```text
//! begun      written by member 0       region r may be worked on once begun >= r
//! barrier    everyone, between phases  see the module `barrier`
//! finished   counted up by members 1.. region r is over once finished = r (width - 1)
//! ```
//!
//! Fork: member 0 writes `begun` and wakes the others. Join: each other member counts itself
//! finished and the last wakes member 0. A member waits, as the policy says, in three places: for
//! `begun` (between regions), at the barrier, and, member 0 only, for `finished`. Each is one
//! store and one load of a line by another core when nobody blocks.
//!
//! All data of the kernel is passed on by these numbers: the release store of `begun` publishes
//! what happened before the region, `finished` what the region did.
//!
//! A panic in the kernel is caught in the member it hit, kept, and breaks the barrier open. Every
//! member still counts itself finished, so the join always comes; then the region fails, and all
//! later ones with it. Dropping the team writes `begun` = [`QUIT`], for which members 1.. are then
//! waiting, since no region outlives [`Team::run`].

use std::iter;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use crossbeam::utils::CachePadded;

use super::barrier::{Barrier, Broken};
use super::sync::{AtomicU64, Builder, JoinHandle, mpsc};
use super::wait::{Waiter, Waits, Wake};
use super::{OnStart, RegionPanic, Team, TeamError, started};
use crate::experiment::WaitPolicy;
use crate::host::kernel::Kernel;
use crate::record::trace::Place;

/// The region that is never run: members leave when it begins.
const QUIT: u64 = u64::MAX;

/// Our fork-join team.
pub struct ForkJoin {
    shared: Arc<Shared>,
    waiter: Waiter,
    regions: u64,
    threads: Vec<JoinHandle<()>>,
    waits: Vec<(String, Arc<CachePadded<Waits>>)>,
}

/// What all members see.
struct Shared {
    kernel: Arc<dyn Kernel>,
    width: u32,
    phases: u32,
    begun: CachePadded<AtomicU64>,
    finished: CachePadded<AtomicU64>,
    barrier: Barrier,
    wake: Wake,
    panic: OnceLock<RegionPanic>,
}

impl ForkJoin {
    /// Starts the threads of a team for `kernel` (`w3.m1`, `w3.m2`, .. for a team named `w3`) and
    /// returns when all are ready. `on_start` is called for every member, for member 0 on the
    /// calling thread, which is then expected to call [`Team::run`].
    ///
    /// # Errors
    ///
    /// If a thread could not be started, or the hook failed on one.
    pub fn new(
        name: &str,
        kernel: Arc<dyn Kernel>,
        wait: WaitPolicy,
        on_start: OnStart,
    ) -> Result<Self, TeamError> {
        let width = kernel.width().get();
        let mut waiters: Vec<Waiter> = (0..width).map(|_| Waiter::new(wait)).collect();
        let shared = Arc::new(Shared {
            width,
            phases: kernel.phases(),
            begun: CachePadded::new(AtomicU64::new(0)),
            finished: CachePadded::new(AtomicU64::new(0)),
            barrier: Barrier::new(width),
            wake: Wake::new(&waiters),
            panic: OnceLock::new(),
            kernel,
        });
        let waits = (0..).zip(&waiters);
        let waits = waits.map(|(member, waiter)| (thread_name(name, member), waiter.counts()));
        let waits = waits.collect();
        let others = waiters.split_off(1);
        let mut team = Self {
            shared,
            waiter: waiters.remove(0),
            regions: 0,
            threads: Vec::with_capacity(others.len()),
            waits,
        };
        // An early return drops the team, which joins the threads started so far.
        let (report, ready) = mpsc::channel();
        for (member, waiter) in (1..).zip(others) {
            let thread = team.start(thread_name(name, member), member, waiter, {
                let (on_start, report) = (on_start.clone(), report.clone());
                move || {
                    let started = started(&on_start, member);
                    let ok = started.is_ok();
                    // The receiver is gone only when the team already failed.
                    let _ = report.send((member, started));
                    ok
                }
            })?;
            team.threads.push(thread);
        }
        let own = (0, started(&on_start, 0));
        // Each member reports once.
        let others = (1..width).map_while(|_| ready.recv().ok());
        for (member, started) in iter::once(own).chain(others) {
            started.map_err(|message| TeamError::Start {
                name: name.to_owned(),
                member,
                message,
            })?;
        }
        Ok(team)
    }

    fn start(
        &self,
        name: String,
        member: u32,
        waiter: Waiter,
        started: impl FnOnce() -> bool + Send + 'static,
    ) -> Result<JoinHandle<()>, TeamError> {
        let shared = Arc::clone(&self.shared);
        let body = move || {
            if started() {
                shared.serve(member, &waiter);
            }
        };
        Builder::new()
            .name(name.clone())
            .spawn(body)
            .map_err(|source| TeamError::Thread {
                name,
                width: self.shared.width,
                source,
            })
    }

    fn outcome(&self) -> Result<(), RegionPanic> {
        match self.shared.panic.get() {
            None => Ok(()),
            Some(panic) => Err(panic.clone()),
        }
    }
}

impl Team for ForkJoin {
    fn width(&self) -> u32 {
        self.shared.width
    }

    fn run(&mut self) -> Result<(), RegionPanic> {
        self.outcome()?;
        let shared = &*self.shared;
        self.regions += 1;
        shared.begun.store(self.regions, Ordering::Release);
        shared.wake.all_but(0);
        shared.take_part(0, self.regions, &self.waiter);
        let all = self.regions * u64::from(shared.width - 1);
        self.waiter.until(Place::Join, || {
            shared.finished.load(Ordering::Acquire) == all
        });
        self.outcome()
    }

    fn waits(&self) -> Vec<(String, Arc<CachePadded<Waits>>)> {
        self.waits.clone()
    }
}

/// Member 0 is the caller, whose thread is expected to be called as the team is.
fn thread_name(team: &str, member: u32) -> String {
    match member {
        0 => team.to_owned(),
        _ => format!("{team}.m{member}"),
    }
}

impl Drop for ForkJoin {
    fn drop(&mut self) {
        self.shared.begun.store(QUIT, Ordering::Release);
        self.shared.wake.all_but(0);
        for thread in self.threads.drain(..) {
            // A member catches its kernel's panics; there is nothing else to learn here.
            let _ = thread.join();
        }
    }
}

impl Shared {
    /// The life of members 1..
    fn serve(&self, member: u32, waiter: &Waiter) {
        for region in 1.. {
            waiter.until(Place::Fork, || self.begun.load(Ordering::Acquire) >= region);
            if self.begun.load(Ordering::Relaxed) == QUIT {
                return;
            }
            self.take_part(member, region, waiter);
            let all = region * u64::from(self.width - 1);
            if self.finished.fetch_add(1, Ordering::AcqRel) + 1 == all {
                self.wake.one(0);
            }
        }
    }

    fn take_part(&self, member: u32, region: u64, waiter: &Waiter) {
        let work = || self.work(member, region, waiter);
        match RegionPanic::catch(work) {
            // Whoever broke the barrier kept the reason.
            Ok(Ok(()) | Err(Broken)) => {}
            Err(panic) => {
                self.panic.get_or_init(|| panic);
                self.barrier.break_open();
                self.wake.all_but(member as usize);
            }
        }
    }

    fn work(&self, member: u32, region: u64, waiter: &Waiter) -> Result<(), Broken> {
        let met = (region - 1) * u64::from(self.phases - 1);
        for phase in 0..self.phases {
            if phase > 0 {
                self.meet(member, met + u64::from(phase), waiter)?;
            }
            self.kernel.work(phase, member);
        }
        Ok(())
    }

    fn meet(&self, member: u32, meeting: u64, waiter: &Waiter) -> Result<(), Broken> {
        if self.width == 1 {
            return Ok(());
        }
        if self.barrier.arrive(meeting) {
            self.wake.all_but(member as usize);
            return Ok(());
        }
        waiter.until(Place::Barrier, || self.barrier.is_open(meeting));
        self.barrier.intact()
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::experiment::{PANEL, Workload};
    use crate::host::kernel::{SharedTaskState, kernel};

    /// Forks, barriers and joins of one region, by the numbers of the protocol.
    fn meetings(workload: &Workload, width: NonZeroU32) -> u64 {
        let task_state = Arc::new(SharedTaskState::new(NonZeroU32::MIN, workload.family()));
        let kernel = kernel(workload, width, &task_state).unwrap();
        let hook = Arc::new(|_| Ok(()));
        let mut team = ForkJoin::new("w0", kernel, WaitPolicy::Passive, hook).unwrap();
        team.run().unwrap();
        let members = u64::from(width.get() - 1);
        let joins = team
            .shared
            .finished
            .load(Ordering::Acquire)
            .checked_div(members);
        match joins {
            None => team.shared.barrier.complete(),
            Some(joins) => {
                let forks = team.shared.begun.load(Ordering::Acquire);
                forks + team.shared.barrier.complete() + joins
            }
        }
    }

    #[test]
    fn a_region_meets_as_often_as_the_workload_says() {
        let products = [1, 40, PANEL + 1].map(|n| format!("matmul.f64.{n}"));
        let others = [
            "dot.f32.100",
            "fill-fresh.f64.9",
            "cosine.f64.7",
            "weak-40.f64.100",
        ];
        for text in products.into_iter().chain(others.map(str::to_owned)) {
            for width in 1..=3 {
                let width = NonZeroU32::new(width).unwrap();
                let workload: Workload = text.parse().unwrap();
                let expected = u64::from(workload.sync_points(width.get()));
                assert_eq!(meetings(&workload, width), expected, "{workload}, {width}");
            }
        }
    }
}

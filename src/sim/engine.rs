//! When does a nest finish on a machine whose kernel shares PUs in slices?
//!
//! The engine runs the threads of a [`Nest`] on the PUs of a [`Layout`]. Each PU has a run queue
//! and does one thing at a time ([`Doing`]): a thread's work, its spinning or yielding, a switch,
//! waking others, nothing. The only events are the ends of these, the ticks at which a slice is
//! over, and rounds of the balancer; what lasts until another PU interferes has no event at all.
//!
//! An event *settles* its PU (charges what has been done since the last look), decides what the PU
//! does now, and marks other PUs that it touched, which are then served in turn:
//!
//! ```text
//! run        what does the running thread do next: its wait policy, its steps
//! schedule   who runs: picking, switching, waking, placing
//! queues     which PUs have nothing to run, and which too much
//! balance    moving threads to PUs that have less to do
//! execution  what comes of each execution, and of nothing between them
//! steady     what need not be simulated, because it is like what was
//! rate       how fast work goes beside what else core and package do
//! memory     what the memory leaves to each
//! quota      how long a group may run in each period
//! ```

mod balance;
mod execution;
mod load;
mod memory;
mod queues;
mod quota;
mod rate;
mod run;
mod schedule;
mod state;
mod steady;
mod trail;

use std::collections::VecDeque;

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::calendar::{Calendar, NEVER, Ns};
use super::costs::Costs;
use super::kernel::{Scheduler, TickMode};
use super::layout::{Layout, Masks, Pu};
use super::nest::{Nest, Role, Shape, Wait};
use super::report::{Report, Split, Stop};
use super::rq::{Account, RunQueue, Ticks, Tid};
use crate::record::trace::Trace;

use load::Load;
use memory::Memory;
use queues::Queues;
use rate::Clock;
use state::{Doing, Processor, State, Thread};
use steady::Steady;

pub use quota::Quota;
pub(super) use steady::Extent;

/// Events at one time after which the engine takes it for going round in circles.
const MOST_AT_ONCE: u32 = 1_000_000;

/// What a run needs to know.
#[derive(Clone, Debug)]
pub(super) struct Setup<'a> {
    pub(super) layout: &'a Layout,
    pub(super) kernel: Scheduler,
    pub(super) costs: &'a Costs,
    /// Where each thread may run.
    pub(super) masks: &'a Masks,
    /// Data a thread keeps close while it computes [bytes].
    pub(super) working_set: f64,
    /// Data a thread moves to and from memory while it computes [bytes/ns].
    pub(super) traffic: f64,
    /// The group's share of the machine, where it is limited.
    pub(super) quota: Option<Quota>,
    /// Simulated time after which to stop an execution [ns].
    pub(super) limit: Ns,
    /// How much of each execution is simulated.
    pub(super) extent: Extent,
    /// Seed of where threads start and of when ticks come.
    pub(super) seed: u64,
}

/// A nest being simulated.
pub(super) struct Engine<'a> {
    setup: Setup<'a>,
    now: Ns,
    calendar: Calendar,
    nest: Nest,
    threads: Vec<Thread>,
    pus: Vec<Processor>,
    queues: Queues,
    memory: Memory,
    /// Of each package.
    clocks: Vec<Clock>,
    dirty: VecDeque<Pu>,
    /// Threads that do not wait.
    active: u32,
    /// The group's quota that no PU has drawn [ns].
    pool: Ns,
    rng: Xoshiro256PlusPlus,
    released: Vec<Tid>,
    /// When the current execution began, if one is under way.
    began: Option<Ns>,
    /// When the last one ended.
    ended: Ns,
    /// What has been counted of it.
    report: Report,
    steady: Steady,
    /// The executions before it.
    reports: Vec<Report>,
    trace: Option<Trace>,
}

impl<'a> Engine<'a> {
    /// Simulates the executions of `shape`, each until its last task is done; the first that
    /// something else stops is the last.
    pub(super) fn simulate(setup: Setup<'a>, shape: Shape) -> Vec<Report> {
        let mut engine = Self::new(setup, shape);
        let stop = engine.run_to_end();
        engine.finish(stop).0
    }

    /// The same, and who held which PU when in the last execution.
    pub(super) fn trace(setup: Setup<'a>, shape: Shape) -> (Vec<Report>, Trace) {
        let mut engine = Self::new(setup, shape);
        let roles = (0..engine.nest.len() as Tid).map(|tid| engine.nest.role(tid));
        // Where it is measured, who measures is in no trace either, nor is other load.
        let traced = roles.filter(|role| role.is_of_nest());
        let names = traced.map(Role::thread_name).collect();
        engine.trace = Some(Trace::new(names));
        let stop = engine.run_to_end();
        let (reports, trace) = engine.finish(stop);
        (reports, trace.unwrap_or_default())
    }

    fn new(setup: Setup<'a>, shape: Shape) -> Self {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(setup.seed);
        let count = setup.layout.len();
        let ticks = first_ticks(&setup, &mut rng);
        let domains = setup.layout.domains.len();
        let pus = ticks.into_iter().map(|ticks| Processor {
            rq: RunQueue::new(&setup.kernel, ticks),
            doing: Doing::Idle,
            since: 0,
            ends: NEVER,
            slice_ends: NEVER,
            rate: 1.0,
            core_rate: 1.0,
            flow: None,
            resched: false,
            dirty: false,
            last: None,
            traffic: 0.0,
            split: Split::default(),
            quota: 0,
            load: Load::default(),
            balanced: vec![0; domains],
        });
        let pus = pus.collect();
        let nest = Nest::new(shape);
        let threads = (0..nest.len() as Tid)
            .map(|tid| Thread::before(nest.first_wait(tid)))
            .collect();
        let began = nest.is_timed().then_some(0);
        let mut engine = Self {
            now: 0,
            // One slot a PU's balancer, one a PU, the quota period.
            calendar: Calendar::new(2 * count + 1),
            active: 0,
            report: Report::new(nest.threads(), count),
            steady: Steady::NEVER,
            nest,
            threads,
            pus,
            queues: Queues::empty(setup.layout),
            memory: Memory::new(&setup),
            clocks: vec![Clock::ALONE; setup.layout.packages.pus.len()],
            dirty: VecDeque::new(),
            pool: 0,
            rng,
            released: Vec::new(),
            began,
            ended: 0,
            reports: Vec::new(),
            trace: None,
            setup,
        };
        engine.settle_in();
        engine.touch_first();
        engine.start_balancing();
        engine.start_quota();
        engine.start();
        engine
    }

    /// Somebody has to begin: the measuring thread, or the workers where there is none.
    fn start(&mut self) {
        if self.began.is_none() {
            self.active = 1;
            return;
        }
        self.expect_waves();
        let workers: Vec<Tid> = self.nest.workers().collect();
        self.active = workers.len() as u32;
        for tid in workers {
            self.threads[tid as usize].released = true;
            self.wake(tid, None);
        }
    }

    /// Gives every thread a PU: inner threads first, which may spin, then workers, each where there
    /// is the least to do among those it may use; queues that come out alike are in random order.
    fn settle_in(&mut self) {
        let mut order: Vec<Tid> = (0..self.nest.len() as Tid).collect();
        order.shuffle(&mut self.rng);
        // Who measures hardly ever runs and takes nobody's place.
        order.sort_by_key(|tid| match self.nest.role(*tid) {
            Role::Inner { .. } | Role::Other(_) => 0,
            Role::Worker(_) => 1,
            Role::Measurer => 2,
        });
        let layout = self.setup.layout;
        let mut of_pu = vec![0_u32; layout.len()];
        let mut of_core = vec![0_u32; layout.cores.pus.len()];
        for tid in order {
            let core = |pu: Pu| layout.cores.of[pu as usize] as usize;
            let allowed = self.setup.masks.of(tid).pus();
            let load = |pu: Pu| (of_pu[pu as usize], of_core[core(pu)]);
            let least = allowed.min_by_key(|pu| (load(*pu), self.rng.random::<u32>()));
            let pu = least.unwrap_or(0);
            of_pu[pu as usize] += 1;
            of_core[core(pu)] += 1;
            self.threads[tid as usize].pu = pu;
            let Thread { waits, wait, .. } = self.threads[tid as usize];
            if !waits || wait != Wait::BLOCK {
                self.enqueue(tid, pu, Account::default());
            }
        }
    }

    fn run_to_end(&mut self) -> Stop {
        let (mut at, mut events_here) = (0, 0);
        loop {
            self.drain_dirty();
            if self.nest.is_done() {
                return Stop::Done;
            }
            if self.active == 0 {
                return Stop::Deadlock(self.nest.waiting());
            }
            let (time, slot) = self.calendar.first();
            let limit = self.limit();
            if time > limit {
                self.now = limit;
                return Stop::Limit;
            }
            events_here = if time == at { events_here + 1 } else { 0 };
            at = time;
            if events_here > MOST_AT_ONCE {
                return Stop::Livelock(time);
            }
            self.now = time;
            self.report.events += 1;
            self.handle(slot);
        }
    }

    /// When to stop. What stands between two executions may take no longer than one: a team that
    /// spins its quota away would prepare for the next one for ever.
    fn limit(&self) -> Ns {
        match self.began {
            Some(began) => began + self.setup.limit - self.report.extrapolated_wall,
            None => self.ended + self.setup.limit,
        }
    }

    fn handle(&mut self, slot: u32) {
        let pus = self.pus.len() as u32;
        if slot < pus {
            // At a tick queues are compared first: a thread that the tick switches away is hot.
            self.balance(slot);
        } else if slot < 2 * pus {
            self.serve(slot - pus);
        } else {
            self.refill_quota();
        }
    }

    fn quota_slot(&self) -> u32 {
        2 * self.pus.len() as u32
    }

    fn drain_dirty(&mut self) {
        while let Some(pu) = self.dirty.pop_front() {
            self.pus[pu as usize].dirty = false;
            if self.nest.is_done() {
                continue;
            }
            self.serve(pu);
        }
    }

    /// Has `pu` served before time goes on.
    fn mark(&mut self, pu: Pu) {
        let processor = &mut self.pus[pu as usize];
        if !processor.dirty {
            processor.dirty = true;
            self.dirty.push_back(pu);
        }
    }
}

/// The ticks of each PU, at a random time against the start.
fn first_ticks(setup: &Setup<'_>, rng: &mut Xoshiro256PlusPlus) -> Vec<Ticks> {
    let period = setup.kernel.tick;
    let start = rng.random_range(0..period);
    let count = setup.layout.len() as Ns;
    let offset = |pu: Ns| match setup.kernel.mode {
        TickMode::Aligned | TickMode::Exact => start,
        TickMode::Staggered => (start + pu * period / count) % period,
    };
    (0..count)
        .map(|pu| Ticks {
            period,
            offset: offset(pu),
        })
        .collect()
}

#[cfg(test)]
mod tests;

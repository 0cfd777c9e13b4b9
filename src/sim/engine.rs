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
//! balance    moving threads to PUs that have less to do
//! rate       how fast work goes beside what else the core does
//! quota      how long a group may run in each period
//! ```

mod balance;
mod quota;
mod rate;
mod run;
mod schedule;
mod state;

use std::collections::VecDeque;

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::calendar::{Calendar, NEVER, Ns};
use super::costs::Costs;
use super::kernel::{Kernel, TickMode};
use super::layout::{Layout, Masks, Pu};
use super::nest::{Nest, Role, Shape, Wait};
use super::report::{Report, Split, Stop};
use super::rq::{Account, RunQueue, Ticks, Tid};
use super::trace::Trace;

use state::{Doing, Processor, State, Thread};

pub use quota::Quota;

/// Events at one time after which the engine takes it for going round in circles.
const MOST_AT_ONCE: u32 = 1_000_000;

/// What a run needs to know.
#[derive(Clone, Debug)]
pub(super) struct Setup<'a> {
    pub(super) layout: &'a Layout,
    pub(super) kernel: Kernel,
    pub(super) costs: &'a Costs,
    /// Where each thread may run.
    pub(super) masks: &'a Masks,
    /// Data a thread keeps close while it computes [bytes].
    pub(super) working_set: f64,
    /// The group's share of the machine, where it is limited.
    pub(super) quota: Option<Quota>,
    /// Simulated time after which to stop [ns].
    pub(super) limit: Ns,
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
    dirty: VecDeque<Pu>,
    /// Threads that do not wait.
    active: u32,
    /// Workers to be started, from here on.
    to_start: VecDeque<Tid>,
    /// The group's quota that no PU has drawn [ns].
    pool: Ns,
    rng: Xoshiro256PlusPlus,
    released: Vec<Tid>,
    report: Report,
    trace: Option<Trace>,
}

impl<'a> Engine<'a> {
    /// Simulates `shape` until its last task is done, or until something else stops it.
    pub(super) fn simulate(setup: Setup<'a>, shape: Shape) -> Report {
        let mut engine = Self::new(setup, shape);
        let stop = engine.run_to_end();
        engine.finish(stop).0
    }

    /// The same, and who held which PU when.
    pub(super) fn trace(setup: Setup<'a>, shape: Shape) -> (Report, Trace) {
        let mut engine = Self::new(setup, shape);
        let name = |tid| engine.nest.role(tid).to_string();
        let names = (0..engine.nest.len() as Tid).map(name).collect();
        engine.trace = Some(Trace::new(names, engine.pus.len()));
        let stop = engine.run_to_end();
        let (report, trace) = engine.finish(stop);
        (report, trace.unwrap_or_default())
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
            resched: false,
            dirty: false,
            last: None,
            traffic: 0.0,
            split: Split::default(),
            quota: 0,
            next_balance: vec![0; domains],
        });
        let pus = pus.collect();
        let nest = Nest::new(shape);
        let threads = (0..nest.len() as Tid)
            .map(|tid| Thread::before(nest.first_wait(tid)))
            .collect();
        let mut engine = Self {
            now: 0,
            // One slot a PU, one a PU's balancer, the quota period, the start.
            calendar: Calendar::new(2 * count + 2),
            to_start: nest.workers().collect(),
            active: nest.workers().count() as u32,
            report: Report::new(nest.len() as u32, count),
            nest,
            threads,
            pus,
            dirty: VecDeque::new(),
            pool: 0,
            rng,
            released: Vec::new(),
            trace: None,
            setup,
        };
        engine.settle_in();
        engine.start_balancing();
        engine.start_quota();
        let first = engine.setup.costs.wake_call + engine.setup.costs.wake_each;
        engine.calendar.set(engine.start_slot(), first);
        engine
    }

    /// Gives every thread a PU: those that spin first, then those that sleep, each where there is
    /// the least to do among those it may use; queues that come out alike are in random order.
    fn settle_in(&mut self) {
        let mut order: Vec<Tid> = (0..self.nest.len() as Tid).collect();
        order.shuffle(&mut self.rng);
        let is_worker = |tid: &Tid| matches!(self.nest.role(*tid), Role::Worker(_));
        order.sort_by_key(is_worker);
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
            if self.threads[tid as usize].wait != Wait::BLOCK {
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
            if time > self.setup.limit {
                self.now = self.setup.limit;
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

    fn handle(&mut self, slot: u32) {
        let pus = self.pus.len() as u32;
        if slot < pus {
            self.serve(slot);
        } else if slot < 2 * pus {
            self.balance(slot - pus);
        } else if slot == self.start_slot() {
            self.start_next();
        } else {
            self.refill_quota();
        }
    }

    fn quota_slot(&self) -> u32 {
        2 * self.pus.len() as u32
    }

    fn start_slot(&self) -> u32 {
        self.quota_slot() + 1
    }

    /// The measuring thread wakes the next worker.
    fn start_next(&mut self) {
        if let Some(tid) = self.to_start.pop_front() {
            self.threads[tid as usize].released = true;
            self.wake(tid);
        }
        let more = !self.to_start.is_empty();
        let next = if more {
            self.now + self.setup.costs.wake_each
        } else {
            NEVER
        };
        self.calendar.set(self.start_slot(), next);
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

    fn finish(mut self, stop: Stop) -> (Report, Option<Trace>) {
        for pu in 0..self.pus.len() as Pu {
            self.settle(pu);
            self.report.split.add(&self.pus[pu as usize].split);
        }
        let queued = self
            .threads
            .iter()
            .filter(|thread| thread.state == State::Queued);
        let still_waiting: Ns = queued.map(|thread| self.now - thread.queued_at).sum();
        self.report.run_queue_wait += still_waiting;
        self.report.wall = self.now;
        self.report.tasks_done = self.nest.tasks_done;
        self.report.stop = stop;
        (self.report, self.trace)
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

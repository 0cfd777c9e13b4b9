//! Which of the threads queued on a PU runs next, and when does its slice end?
//!
//! The kernel's fair class on one PU, all threads of equal weight. Virtual time is then CPU time:
//! V, the fair time, is the mean runtime of the queued threads, the running one among them; a
//! thread is *eligible* when it is not ahead of V, and its *lag* is how far it is behind.
//!
//! EEVDF picks the earliest deadline among the eligible threads; the running one is left alone
//! until its slice is over. CFS picks the smallest runtime. Both look at the end of a slice only
//! when the tick comes. Equal keys leave in the order in which they were queued.
//
// --- Implementation ---
// Source: torvalds/linux kernel/sched/fair.c: pick_eevdf, update_deadline, place_entity,
// update_entity_lag, yield_task_fair; up to 6.5 check_preempt_tick, wakeup_preempt_entity.

mod slice;

use std::collections::VecDeque;

use super::calendar::Ns;
use super::kernel::{Policy, Scheduler, TickMode};

/// Number of a thread.
pub(super) type Tid = u32;

/// Virtual time [ns of CPU time].
pub(super) type Virtual = i64;

/// The ticks of one PU.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticks {
    /// Time between two [ns].
    pub(super) period: Ns,
    /// Time of the first, below `period` [ns].
    pub(super) offset: Ns,
}

impl Ticks {
    /// The first tick at or after `time`.
    pub(super) fn at_or_after(self, time: Ns) -> Ns {
        let Self { period, offset } = self;
        if time <= offset {
            offset
        } else {
            (time - offset).div_ceil(period) * period + offset
        }
    }
}

/// A thread's account on a run queue.
#[derive(Clone, Copy, Debug)]
struct Entity {
    tid: Tid,
    runtime: Virtual,
    deadline: Virtual,
    /// Order of queueing.
    seq: u64,
}

/// What a thread takes along when it leaves a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Account {
    /// How far it was behind V when it left.
    lag: Virtual,
    /// V when it left.
    fair: Virtual,
}

/// Whether the running thread has to give way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Preempt {
    /// It goes on.
    No,
    /// The next one has to be picked.
    Yes,
}

/// The threads of one PU that are ready to run.
pub(super) struct RunQueue {
    policy: Policy,
    tick: Ns,
    exact: bool,
    ticks: Ticks,
    running: Option<Entity>,
    /// Deadline at which the running thread was picked: it is protected while it has that one.
    protected: Virtual,
    /// Runtime of the running thread when it was picked.
    picked_at: Virtual,
    /// The threads that wait, by deadline, then by order of queueing.
    queued: VecDeque<Entity>,
    /// Runtimes of all, the running thread's included.
    sum: Virtual,
    /// V when there was last a thread; later for CFS, which never lets it go back.
    fair: Virtual,
    next_seq: u64,
    skip: Option<Tid>,
}

impl RunQueue {
    /// An empty queue under `kernel`, looked at when `ticks` say.
    pub(super) fn new(kernel: &Scheduler, ticks: Ticks) -> Self {
        Self {
            policy: kernel.policy,
            tick: kernel.tick,
            exact: kernel.mode == TickMode::Exact,
            ticks,
            running: None,
            protected: 0,
            picked_at: 0,
            queued: VecDeque::new(),
            sum: 0,
            fair: 0,
            next_seq: 0,
            skip: None,
        }
    }

    /// When slices are looked at.
    pub(super) fn ticks(&self) -> Ticks {
        self.ticks
    }

    /// Threads here, the running one included.
    pub(super) fn len(&self) -> usize {
        self.queued.len() + usize::from(self.running.is_some())
    }

    /// The running thread.
    pub(super) fn running(&self) -> Option<Tid> {
        self.running.map(|entity| entity.tid)
    }

    /// The threads that wait for the PU.
    pub(super) fn waiting(&self) -> impl Iterator<Item = Tid> + '_ {
        self.queued.iter().map(|entity| entity.tid)
    }

    /// Charges `span` of CPU time to the running thread.
    pub(super) fn charge(&mut self, span: Ns) {
        if let Some(running) = &mut self.running {
            running.runtime += span as Virtual;
            self.sum += span as Virtual;
        }
    }

    /// V: the mean runtime of the threads here; of the last ones where there are none.
    fn fair_time(&self) -> Virtual {
        match self.len() {
            0 => self.fair,
            n => self.sum.div_euclid(n as Virtual),
        }
    }

    fn eligible(&self, entity: &Entity) -> bool {
        entity.runtime * self.len() as Virtual <= self.sum
    }

    fn slice(&self) -> Virtual {
        match self.policy {
            Policy::Eevdf { slice, .. } => slice as Virtual,
            Policy::Cfs {
                latency,
                min_granularity,
                ..
            } => (latency / self.len().max(1) as Ns).max(min_granularity) as Virtual,
        }
    }

    /// Queues a thread that was woken, or that came from elsewhere, at `now`.
    pub(super) fn enqueue(&mut self, tid: Tid, account: Account, now: Ns) -> Preempt {
        self.catch_up(now);
        let slice = self.slice();
        let runtime = self.place(account);
        let seq = self.next_seq();
        let entity = Entity {
            tid,
            runtime,
            deadline: runtime + slice,
            seq,
        };
        self.queue(entity);
        self.sum += runtime;
        match (self.running, self.policy) {
            (None, _) => Preempt::Yes,
            // Queueing charges the running thread; a slice that is over ends there and then.
            (Some(running), Policy::Eevdf { .. }) if running.runtime >= running.deadline => {
                self.renew();
                Preempt::Yes
            }
            (Some(running), Policy::Eevdf { .. }) => {
                let stays = self.is_protected(&running) && self.eligible(&running);
                let sooner = entity.deadline <= running.deadline || !self.eligible(&running);
                let is_first = |at: usize| self.queued[at].tid == tid;
                preempt(!stays && sooner && self.earliest_eligible().is_some_and(is_first))
            }
            (
                Some(running),
                Policy::Cfs {
                    wakeup_granularity, ..
                },
            ) => preempt(running.runtime - runtime > wakeup_granularity as Virtual),
        }
    }

    /// The runtime at which a thread joins: as far behind V, after it has joined, as it was when
    /// it left. One that left ahead of V has fallen back meanwhile as if it had stayed.
    fn place(&self, account: Account) -> Virtual {
        match self.policy {
            Policy::Eevdf { slice, .. } => {
                let n = self.len() as Virtual;
                let limit = (2 * slice).max(self.tick) as Virtual;
                let lag = account.lag.clamp(-limit, limit);
                let inflated = if n == 0 { 0 } else { lag * (n + 1) / n };
                self.fair_time() - inflated
            }
            Policy::Cfs { latency, .. } => {
                let credit = self.least_runtime() - latency as Virtual / 2;
                credit.max(self.least_runtime() - account.lag)
            }
        }
    }

    /// CFS's clock: the least runtime here, never going back.
    fn least_runtime(&self) -> Virtual {
        let all = self.queued.iter().chain(&self.running);
        all.map(|entity| entity.runtime)
            .min()
            .unwrap_or(self.fair)
            .max(self.fair)
    }

    /// Takes the running thread off the queue because it blocks, and says what it takes along.
    pub(super) fn block(&mut self) -> Option<Account> {
        let entity = self.running.take()?;
        Some(self.leave(entity))
    }

    /// Takes a waiting thread off the queue because it moves elsewhere.
    pub(super) fn steal(&mut self, tid: Tid) -> Option<Account> {
        let at = self.queued.iter().position(|entity| entity.tid == tid)?;
        let entity = self.queued.remove(at)?;
        Some(self.leave(entity))
    }

    /// Accounts for `entity`, which is already out of its place.
    fn leave(&mut self, entity: Entity) -> Account {
        let n = (self.len() + 1) as Virtual;
        let fair = self.sum.div_euclid(n);
        self.sum -= entity.runtime;
        let lag = match self.policy {
            Policy::Eevdf { .. } => fair - entity.runtime,
            Policy::Cfs { .. } => self.least_runtime() - entity.runtime,
        };
        self.fair = match self.policy {
            Policy::Eevdf { .. } if self.len() == 0 => fair,
            Policy::Eevdf { .. } => self.fair,
            Policy::Cfs { .. } => self.least_runtime(),
        };
        Account { lag, fair }
    }

    /// What `account` has become while its thread slept: one that left ahead of V stays accounted
    /// for until V has caught up (DELAY_DEQUEUE).
    pub(super) fn slept(&self, account: Account) -> Account {
        match self.policy {
            Policy::Eevdf { .. } if account.lag < 0 => {
                let passed = (self.fair_time() - account.fair).max(0);
                Account {
                    lag: (account.lag + passed).min(0),
                    ..account
                }
            }
            _ => account,
        }
    }

    /// Puts the running thread back among the waiting ones and picks the next to run.
    pub(super) fn pick(&mut self) -> Option<Tid> {
        let stays = self.running.filter(|running| self.keeps(running));
        if let Some(running) = stays {
            return Some(running.tid);
        }
        if let Some(mut running) = self.running.take() {
            running.seq = self.next_seq();
            self.queue(running);
        }
        let next = match self.policy {
            Policy::Eevdf { .. } => self.earliest_eligible(),
            Policy::Cfs {
                wakeup_granularity, ..
            } => self.leftmost(wakeup_granularity as Virtual),
        };
        self.skip = None;
        let next = self.queued.remove(next?)?;
        self.running = Some(next);
        self.protected = next.deadline;
        self.picked_at = next.runtime;
        Some(next.tid)
    }

    /// Runs `tid`, which is waiting, in place of the running thread, which takes its place.
    pub(super) fn exchange_running(&mut self, tid: Tid) {
        let waiting = self.queued.iter().position(|entity| entity.tid == tid);
        let Some((waiting, running)) = waiting.zip(self.running) else {
            return;
        };
        self.running = self.queued.remove(waiting);
        self.queue(running);
        if let Some(running) = self.running {
            self.protected = running.deadline;
            self.picked_at = running.runtime;
        }
    }

    /// Puts `entity` among those that wait.
    fn queue(&mut self, entity: Entity) {
        let key = |entity: &Entity| (entity.deadline, entity.seq);
        let at = self
            .queued
            .partition_point(|other| key(other) < key(&entity));
        self.queued.insert(at, entity);
    }

    fn is_protected(&self, running: &Entity) -> bool {
        running.deadline == self.protected && running.runtime < running.deadline
    }

    fn keeps(&self, running: &Entity) -> bool {
        match self.policy {
            Policy::Eevdf { .. } => self.is_protected(running) && self.eligible(running),
            Policy::Cfs { .. } => self.queued.is_empty(),
        }
    }

    /// Place in the queue of the thread with the earliest deadline of those that are eligible.
    fn earliest_eligible(&self) -> Option<usize> {
        self.queued.iter().position(|entity| self.eligible(entity))
    }

    /// Place of the smallest runtime, unless it asked to be skipped and the second is close behind.
    fn leftmost(&self, granularity: Virtual) -> Option<usize> {
        let all = || self.queued.iter().enumerate();
        let key = |(_, entity): &(usize, &Entity)| (entity.runtime, entity.seq);
        let (place, first) = all().min_by_key(key)?;
        let others = all().filter(|(_, entity)| entity.tid != first.tid);
        match others.min_by_key(key) {
            Some((at, second))
                if self.skip == Some(first.tid) && second.runtime - first.runtime < granularity =>
            {
                Some(at)
            }
            _ => Some(place),
        }
    }

    fn next_seq(&mut self) -> u64 {
        self.next_seq += 1;
        self.next_seq
    }
}

fn preempt(yes: bool) -> Preempt {
    if yes { Preempt::Yes } else { Preempt::No }
}

//! When does a queued thread move to another PU?
//!
//! A PU about to go idle looks outwards, domain by domain, for a thread that waits elsewhere.
//! Besides, in each domain one PU of every inner group compares queues from time to time, at ticks:
//! often when it is idle, rarely when it is busy. A difference of one is never corrected, and a thread
//! that has just run is left where its cache is warm.
//
// --- Implementation ---
// Source: kernel/sched/fair.c sched_balance_newidle, rebalance_domains, get_sd_balance_interval,
// can_migrate_task, task_hot; kernel/sched/topology.c sd_init. Left out: load averages, active
// balancing, NUMA balancing.

use super::{Doing, Engine, Pu, Tid};
use crate::sim::calendar::{NEVER, Ns};

/// Time after running for which a thread counts as cache-hot [ns].
// Source: kernel/sched/fair.c sysctl_sched_migration_cost.
const HOT: Ns = 500_000;

/// Balancing interval of an idle PU in each domain, per PU of the domain [ns].
// Source: kernel/sched/topology.c sd_init: min_interval = sd_weight, in ms.
const INTERVAL: Ns = 1_000_000;

/// How many times as long a busy PU waits.
// Source: kernel/sched/topology.c sd_init: busy_factor.
const BUSY_FACTOR: Ns = 16;

impl Engine<'_> {
    /// Sets the first round of every PU that has anything to balance.
    pub(super) fn start_balancing(&mut self) {
        for pu in 0..self.pus.len() as Pu {
            self.set_balance(pu);
        }
    }

    /// Enters the next round of `pu`; to be called when one is over and when `pu` goes idle.
    pub(super) fn set_balance(&mut self, pu: Pu) {
        let domains = 0..self.setup.layout.domains.len();
        let due = domains.map(|domain| self.balance_due(pu, domain)).min();
        let ticks = self.pus[pu as usize].rq.ticks();
        let next = due.map_or(NEVER, |due| ticks.at_or_after(due));
        self.calendar.set(pu, next);
    }

    /// When `pu` looks at a domain again, at the next tick.
    fn balance_due(&self, pu: Pu, domain: usize) -> Ns {
        self.pus[pu as usize].balanced[domain] + self.interval(pu, domain)
    }

    fn interval(&self, pu: Pu, domain: usize) -> Ns {
        let weight = self.setup.layout.domains[domain].with(pu).len() as Ns;
        let busy = if self.is_idle(pu) { 1 } else { BUSY_FACTOR };
        weight * INTERVAL * busy
    }

    /// One round of `pu` in every domain that is due.
    pub(super) fn balance(&mut self, pu: Pu) {
        for domain in 0..self.setup.layout.domains.len() {
            if self.balance_due(pu, domain) > self.now {
                continue;
            }
            if self.speaks_for_group(pu, domain) {
                self.pull(pu, domain, HOT);
            }
            self.pus[pu as usize].balanced[domain] = self.now;
        }
        self.set_balance(pu);
    }

    /// Whether `pu` is the one of its inner group that balances: the first idle one, or the first.
    fn speaks_for_group(&self, pu: Pu, domain: usize) -> bool {
        let Some(inner) = domain.checked_sub(1) else {
            return true;
        };
        let group = &self.setup.layout.domains[inner];
        let idle = self.queues.first_idle(group.set_with(pu));
        idle.unwrap_or(group.with(pu)[0]) == pu
    }

    /// A PU without threads looks for one before it goes idle.
    pub(super) fn pull_for_idle(&mut self, pu: Pu) -> bool {
        if self.pus[pu as usize].doing == Doing::Idle || !self.queues.anybody_waits() {
            return false;
        }
        (0..self.setup.layout.domains.len()).any(|domain| self.pull(pu, domain, HOT))
    }

    /// Moves one thread to `pu` from the longest queue of its domain, if that is longer by two.
    fn pull(&mut self, pu: Pu, domain: usize, hot: Ns) -> bool {
        let group = self.setup.layout.domains[domain].set_with(pu);
        let Some(from) = self.queues.longest(group) else {
            return false;
        };
        if self.queues.length(from) < self.queues.length(pu) + 2 {
            return false;
        }
        let Some(tid) = self.movable(from, pu, hot) else {
            return false;
        };
        self.migrate(tid, from, pu);
        if self.pus[pu as usize].rq.running().is_none() {
            self.threads[tid as usize].switch += self.setup.costs.idle_look;
        }
        true
    }

    /// The thread queued on `from` that has waited longest of those that may move to `pu`.
    fn movable(&self, from: Pu, pu: Pu, hot: Ns) -> Option<Tid> {
        let may = |tid: &Tid| {
            let thread = &self.threads[*tid as usize];
            let cooled = self.now >= thread.left_at + hot;
            cooled && self.setup.masks.of(*tid).allows(pu)
        };
        let key = |tid: &Tid| (self.threads[*tid as usize].left_at, *tid);
        self.pus[from as usize]
            .rq
            .waiting()
            .filter(may)
            .min_by_key(key)
    }
}

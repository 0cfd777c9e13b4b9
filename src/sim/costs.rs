//! What does each action of the machine and of its kernel cost?
//!
//! The numbers an engine needs, in its units. Where they come from is the business of
//! [`super::params`].

use super::calendar::Ns;
use super::layout::Distance;

/// Costs of one machine.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Costs {
    /// A switch between two threads on a PU [ns].
    pub(super) switch: Ns,
    /// What a thread that computes loses beside that: first-level caches and all that has learnt its
    /// ways [ns].
    pub(super) warm_up: Ns,
    /// From waking a thread to its first instruction, on a PU that was idle [ns].
    pub(super) idle_exit: Ns,
    /// What the waker pays for asking, however many it wakes [ns].
    pub(super) wake_call: Ns,
    /// What the waker pays for each thread it wakes, that one's going to sleep included [ns].
    pub(super) wake_each: Ns,
    /// What calling another PU costs the caller, out of idling or off its thread [ns].
    pub(super) interrupt: Ns,
    /// A `sched_yield(2)` without the switch [ns].
    pub(super) yield_call: Ns,
    /// Until a spinning waiter sees what another PU wrote, by distance: same last-level cache,
    /// same package, same machine [ns].
    pub(super) handoff: [Ns; 3],
    /// More for each further waiter, who all want the same line [ns].
    pub(super) handoff_next: Ns,
    /// Looking for work to take from other PUs before going idle [ns].
    pub(super) idle_look: Ns,
    /// Size of the cache of a core, which a thread has to fill again after others used it [bytes].
    pub(super) private_cache: f64,
    /// Size of the last-level cache of a group of cores [bytes].
    pub(super) shared_cache: f64,
    /// Speed of filling it from the next level [bytes/ns].
    pub(super) refill_rate: f64,
    /// Bandwidth of the memory of a NUMA node [bytes/ns].
    pub(super) memory_node: f64,
    /// Bandwidth between two NUMA nodes [bytes/ns].
    pub(super) memory_link: f64,
    /// Speed of a PU while all PUs of its package are busy, against alone [1].
    pub(super) together: f64,
    /// Throughput of two computing threads on one core, in threads [1].
    pub(super) smt_compute: f64,
    /// Rate of a computing thread beside a spinning one [1].
    pub(super) smt_spin: f64,
    /// Rate of a computing thread beside a yielding one [1].
    pub(super) smt_yield: f64,
}

impl Costs {
    /// Until a waiter at `distance` sees a release; `before` others were told first [ns].
    pub(super) fn handoff(&self, distance: Distance, before: usize) -> Ns {
        let first = match distance {
            Distance::Llc => self.handoff[0],
            Distance::Package => self.handoff[1],
            Distance::Machine => self.handoff[2],
        };
        first + before as Ns * self.handoff_next
    }

    /// A machine on which nothing but the work itself takes time.
    #[cfg(test)]
    pub(super) fn free() -> Self {
        Self {
            switch: 0,
            warm_up: 0,
            idle_exit: 0,
            wake_call: 0,
            wake_each: 0,
            interrupt: 0,
            yield_call: 1,
            handoff: [0; 3],
            handoff_next: 0,
            idle_look: 0,
            private_cache: 0.0,
            shared_cache: 0.0,
            refill_rate: 1.0,
            memory_node: f64::INFINITY,
            memory_link: f64::INFINITY,
            together: 1.0,
            smt_compute: 1.0,
            smt_spin: 1.0,
            smt_yield: 1.0,
        }
    }
}

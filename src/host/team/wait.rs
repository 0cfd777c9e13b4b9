//! How does a member wait, how is it woken, and what does waiting cost it?
//!
//! A member waits for a condition that another member makes true. Whoever does that calls
//! [`Wake::all_but`] *after* making it true. That is enough: a [`Parker`] remembers one wake-up, so
//! a member that looked too early and then parks returns at once and looks again; one that did not
//! park finds an old wake-up later, looks once more than needed, and parks then.
//!
//! Each member counts what it does while it waits ([`Waits`]), one count a look, so that a wait
//! that never ends is seen as well. A wait that is over at the first look costs and counts nothing.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crossbeam::utils::CachePadded;

use super::sync::{Parker, Unparker, spin_loop, yield_now};
use crate::clock;
use crate::experiment::WaitPolicy;
use crate::host::trace::{self, Log};
use crate::record::trace::{Activity, Place};

/// What a member has counted since it was started. Written by that member alone.
#[derive(Debug, Default)]
pub struct Waits {
    looks: Count,
    yields: Count,
    parks: Count,
    waits: Count,
}

/// [`Waits`] at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WaitCounts {
    /// Looks with a spin hint behind them.
    pub looks: u64,
    /// Calls of `sched_yield(2)`.
    pub yields: u64,
    /// Times the member blocked.
    pub parks: u64,
    /// Waits that were not over at the first look.
    pub waits: u64,
}

impl Waits {
    /// The counts now; any thread may ask.
    pub fn read(&self) -> WaitCounts {
        WaitCounts {
            looks: self.looks.read(),
            yields: self.yields.read(),
            parks: self.parks.read(),
            waits: self.waits.read(),
        }
    }
}

/// A number that one thread counts up and any may read: no atomic addition is needed. It is no part of the
/// protocol.
#[derive(Debug, Default)]
struct Count(AtomicU64);

impl Count {
    fn step(&self) {
        self.0.store(self.read() + 1, Ordering::Relaxed);
    }

    fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How one member waits.
pub(super) struct Waiter {
    policy: WaitPolicy,
    parker: Parker,
    counts: Arc<CachePadded<Waits>>,
}

impl Waiter {
    pub(super) fn new(policy: WaitPolicy) -> Self {
        Self {
            policy,
            parker: Parker::new(),
            counts: Arc::default(),
        }
    }

    /// What it counts.
    pub(super) fn counts(&self) -> Arc<CachePadded<Waits>> {
        Arc::clone(&self.counts)
    }

    /// Returns once `ready`, which whoever makes it true follows by a wake-up. `place` is where the
    /// member waits.
    pub(super) fn until(&self, place: Place, ready: impl Fn() -> bool) {
        if ready() {
            return;
        }
        self.counts.waits.step();
        match trace::log() {
            None => self.wait(ready),
            Some(log) => self.wait_on_record(&log, place, ready),
        }
    }

    fn wait(&self, ready: impl Fn() -> bool) {
        match self.policy {
            WaitPolicy::Active => {
                while !ready() {
                    self.look();
                }
            }
            WaitPolicy::Yield => {
                while !ready() {
                    self.give_way();
                }
            }
            WaitPolicy::Passive => self.park_until(ready),
            WaitPolicy::SpinThenPark(looks) => {
                for _ in 0..looks.get() {
                    if ready() {
                        return;
                    }
                    self.look();
                }
                self.park_until(ready);
            }
        }
    }

    /// The same, written down; no policy waits in another way here than above.
    fn wait_on_record(&self, log: &Log, place: Place, ready: impl Fn() -> bool) {
        let spin = |until: &mut dyn FnMut() -> bool| {
            log.look(Activity::Spin, place, until, || self.look());
        };
        match self.policy {
            WaitPolicy::Active => spin(&mut || ready()),
            WaitPolicy::Yield => log.look(Activity::Yield, place, ready, || self.give_way()),
            WaitPolicy::Passive => log.block(place, || self.park_until(ready)),
            WaitPolicy::SpinThenPark(looks) => {
                let mut left = looks.get();
                let mut over = false;
                spin(&mut || {
                    if left == 0 {
                        return true;
                    }
                    left -= 1;
                    over = ready();
                    over
                });
                if !over {
                    log.block(place, || self.park_until(ready));
                }
            }
        }
    }

    fn give_way(&self) {
        yield_now();
        self.counts.yields.step();
    }

    fn look(&self) {
        spin_loop();
        self.counts.looks.step();
    }

    fn park_until(&self, ready: impl Fn() -> bool) {
        while !ready() {
            self.parker.park();
            self.counts.parks.step();
        }
    }
}

/// CPU time of what a waiting member does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WaitCosts {
    /// A thousand looks.
    looks: Duration,
    /// A thousand yields, nobody else being there to run.
    yields: Duration,
}

/// Looks or yields that are timed at once: 10 to 500 us, far below a time slice.
const BATCH: u32 = 1000;

/// Batches of which the fastest counts: it was not interrupted.
const BATCHES: u32 = 8;

impl WaitCosts {
    /// Measures what members that wait by `policy` do, on the calling thread.
    pub fn measure(policy: WaitPolicy) -> Self {
        let of = |policy| {
            let waiter = Waiter::new(policy);
            let batch = |_| {
                let left = Cell::new(BATCH);
                let start = clock::now();
                waiter.until(Place::Join, || {
                    left.replace(left.get().saturating_sub(1)) == 0
                });
                clock::now() - start
            };
            (0..BATCHES).map(batch).min().unwrap_or_default()
        };
        match policy {
            WaitPolicy::Active | WaitPolicy::SpinThenPark(_) => Self {
                looks: of(WaitPolicy::Active),
                ..Self::default()
            },
            WaitPolicy::Yield => Self {
                yields: of(WaitPolicy::Yield),
                ..Self::default()
            },
            WaitPolicy::Passive => Self::default(),
        }
    }

    /// CPU time of `looks` looks.
    pub fn spin(&self, looks: u64) -> Duration {
        times(self.looks, looks)
    }

    /// CPU time of `yields` yields.
    pub fn yielding(&self, yields: u64) -> Duration {
        times(self.yields, yields)
    }
}

fn times(batch: Duration, count: u64) -> Duration {
    batch.mul_f64(count as f64 / f64::from(BATCH))
}

/// Wakes members that may be parked; empty where the policy never parks, and free there.
#[derive(Default)]
pub(super) struct Wake(Vec<Unparker>);

impl Wake {
    /// For `waiters`, all of one policy.
    pub(super) fn new(waiters: &[Waiter]) -> Self {
        let parks = |waiter: &&Waiter| {
            matches!(
                waiter.policy,
                WaitPolicy::Passive | WaitPolicy::SpinThenPark(_)
            )
        };
        let unparker = |waiter: &Waiter| waiter.parker.unparker().clone();
        Self(waiters.iter().filter(parks).map(unparker).collect())
    }

    /// Wakes member `index`.
    pub(super) fn one(&self, index: usize) {
        if let Some(member) = self.0.get(index) {
            member.unpark();
        }
    }

    /// Wakes every member but `index`.
    pub(super) fn all_but(&self, index: usize) {
        for (other, member) in self.0.iter().enumerate() {
            if other != index {
                member.unpark();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::thread;

    use super::*;
    use crate::host::trace::Recording;

    /// Waits for a condition that comes true at look `looks + 1`, and returns what was counted.
    fn counted(policy: WaitPolicy, looks: u32) -> WaitCounts {
        let waiter = Waiter::new(policy);
        // A member that parks finds this wake-up and looks again.
        waiter.parker.unparker().unpark();
        let left = Cell::new(looks);
        waiter.until(Place::Join, || {
            left.replace(left.get().saturating_sub(1)) == 0
        });
        waiter.counts().read()
    }

    #[test]
    fn what_is_over_at_the_first_look_counts_nothing() {
        for policy in [WaitPolicy::Active, WaitPolicy::Yield, WaitPolicy::Passive] {
            assert_eq!(counted(policy, 0), WaitCounts::default());
        }
    }

    /// Six looks find nothing; the first of them is no wait yet.
    #[test]
    fn a_wait_on_record_counts_the_same() {
        let four = NonZeroU32::new(4).unwrap();
        // A member that parks has one wake-up here.
        let waits = [
            (WaitPolicy::Active, 5),
            (WaitPolicy::Yield, 5),
            (WaitPolicy::Passive, 2),
            (WaitPolicy::SpinThenPark(four), 3),
            (WaitPolicy::SpinThenPark(four), 5),
            (WaitPolicy::SpinThenPark(four), 6),
        ];
        for (policy, looks) in waits {
            let on_record = thread::spawn(move || {
                Recording::new().attach();
                counted(policy, looks)
            });
            let on_record = on_record.join().unwrap();
            assert_eq!(on_record, counted(policy, looks), "{policy} {looks}");
        }
    }

    #[test]
    fn every_look_yield_and_park_is_counted() {
        let waited = WaitCounts {
            waits: 1,
            ..WaitCounts::default()
        };
        let looks = WaitCounts { looks: 5, ..waited };
        assert_eq!(counted(WaitPolicy::Active, 6), looks);
        let yields = WaitCounts {
            yields: 5,
            ..waited
        };
        assert_eq!(counted(WaitPolicy::Yield, 6), yields);
        let parks = WaitCounts { parks: 1, ..waited };
        assert_eq!(counted(WaitPolicy::Passive, 2), parks);
        let both = WaitCounts {
            looks: 4,
            parks: 1,
            ..waited
        };
        let four = NonZeroU32::new(4).unwrap();
        assert_eq!(counted(WaitPolicy::SpinThenPark(four), 6), both);
    }
}

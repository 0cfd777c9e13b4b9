//! How does a member wait, and how is it woken?
//!
//! A member waits for a condition that another member makes true. Whoever does that calls
//! [`Wake::all`] *after* making it true. That is enough: a [`Parker`] remembers one wake-up, so a
//! member that looked too early and then parks returns at once and looks again; one that did not
//! park finds an old wake-up later, looks once more than needed, and parks then.

use std::hint;
use std::thread;

use crossbeam::sync::{Parker, Unparker};

use crate::experiment::WaitPolicy;
use crate::host::trace::{self, Log};
use crate::record::trace::{Activity, Place};

/// How one member waits.
pub(super) struct Waiter {
    policy: WaitPolicy,
    parker: Parker,
}

impl Waiter {
    pub(super) fn new(policy: WaitPolicy) -> Self {
        Self {
            policy,
            parker: Parker::new(),
        }
    }

    /// Returns once `ready`, which whoever makes it true follows by a wake-up. `place` is where the
    /// member waits.
    pub(super) fn until(&self, place: Place, ready: impl Fn() -> bool) {
        match trace::log() {
            None => self.wait(ready),
            Some(log) => self.wait_on_record(&log, place, ready),
        }
    }

    fn wait(&self, ready: impl Fn() -> bool) {
        match self.policy {
            WaitPolicy::Active => {
                while !ready() {
                    hint::spin_loop();
                }
            }
            WaitPolicy::Yield => {
                while !ready() {
                    thread::yield_now();
                }
            }
            WaitPolicy::Passive => self.park_until(ready),
            WaitPolicy::SpinThenPark(looks) => {
                for _ in 0..looks.get() {
                    if ready() {
                        return;
                    }
                    hint::spin_loop();
                }
                self.park_until(ready);
            }
        }
    }

    /// The same, written down; no policy waits in another way here than above.
    fn wait_on_record(&self, log: &Log, place: Place, ready: impl Fn() -> bool) {
        let spin = |until: &mut dyn FnMut() -> bool| {
            log.look(Activity::Spin, place, until, hint::spin_loop);
        };
        match self.policy {
            _ if ready() => {}
            WaitPolicy::Active => spin(&mut || ready()),
            WaitPolicy::Yield => log.look(Activity::Yield, place, ready, thread::yield_now),
            WaitPolicy::Passive => log.block(place, || self.park_until(ready)),
            WaitPolicy::SpinThenPark(looks) => {
                let mut left = looks.get();
                spin(&mut || {
                    left = left.saturating_sub(1);
                    left == 0 || ready()
                });
                if !ready() {
                    log.block(place, || self.park_until(ready));
                }
            }
        }
    }

    fn park_until(&self, ready: impl Fn() -> bool) {
        while !ready() {
            self.parker.park();
        }
    }
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

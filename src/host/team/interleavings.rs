//! Does a team keep its promises in every order in which its threads can run?
//!
//! Run by `make loom`. All data of these kernels is relaxed, so that a value that the protocol does not
//! pass on may be seen too late: then a check fails. A wake-up that is lost is a deadlock.

use std::panic;
use std::sync::atomic::{AtomicUsize, Ordering};

use loom::sync::atomic::AtomicU64;

use super::wait::{Waiter, Wake};
use super::*;
use crate::experiment::WaitPolicy;
use crate::host::kernel::{Kernel, WrongResult};
use crate::record::trace::Place;
use std::num::NonZeroU32;

/// Explores `model` with at most `preemptions` of running threads, and says how many executions that is.
fn explore(name: &str, preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let executions = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&executions);
    let mut loom = loom::model::Builder::new();
    loom.preemption_bound = Some(preemptions);
    loom.check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        model();
    });
    println!("{name}: {} executions", executions.load(Ordering::Relaxed));
}

/// In the first phase each member takes the input over, in the second it looks at what all took and gives
/// that back.
struct Exchange {
    input: AtomicU64,
    taken: Vec<AtomicU64>,
    given_back: Vec<AtomicU64>,
    /// Phase and member that panic.
    panics: Option<(u32, u32)>,
}

impl Exchange {
    fn new(width: usize, panics: Option<(u32, u32)>) -> Arc<Self> {
        let of_each = || (0..width).map(|_| AtomicU64::new(0)).collect();
        Arc::new(Self {
            input: AtomicU64::new(0),
            taken: of_each(),
            given_back: of_each(),
            panics,
        })
    }
}

/// Whether each member wrote `expected` into its number.
fn assert_all(numbers: &[AtomicU64], expected: u64) {
    for number in numbers {
        assert_eq!(number.load(Ordering::Relaxed), expected);
    }
}

impl Kernel for Exchange {
    fn width(&self) -> NonZeroU32 {
        NonZeroU32::new(self.taken.len() as u32).unwrap()
    }

    fn phases(&self) -> u32 {
        2
    }

    fn work(&self, phase: u32, member: u32) {
        if self.panics == Some((phase, member)) {
            // Without a message: the stacks of loom's threads are small.
            panic::resume_unwind(Box::new("as planned"));
        }
        let input = self.input.load(Ordering::Relaxed);
        let member = member as usize;
        if phase == 0 {
            self.taken[member].store(input, Ordering::Relaxed);
        } else {
            assert_all(&self.taken, input);
            self.given_back[member].store(input, Ordering::Relaxed);
        }
    }

    fn spoil(&self) {}

    fn verify(&self) -> Result<(), WrongResult> {
        Ok(())
    }
}

fn team(kernel: &Arc<Exchange>, wait: WaitPolicy) -> ForkJoin {
    ForkJoin::new("w", kernel.clone(), wait, Arc::new(|_| Ok(()))).unwrap()
}

/// A team of `width` runs `regions`; each is passed on whole to it and back.
fn regions(width: usize, regions: u64, wait: WaitPolicy) {
    let kernel = Exchange::new(width, None);
    let mut team = team(&kernel, wait);
    for region in 1..=regions {
        kernel.input.store(region, Ordering::Relaxed);
        assert_eq!(team.run(), Ok(()));
        assert_all(&kernel.given_back, region);
    }
}

#[test]
fn two_members_pass_every_region_on() {
    explore("two members, passive, 3 regions", 2, || {
        regions(2, 3, WaitPolicy::Passive);
    });
}

#[test]
fn two_members_that_spin_and_then_park_pass_every_region_on() {
    let spins = NonZeroU32::MIN;
    explore("two members, spin then park, 2 regions", 3, move || {
        regions(2, 2, WaitPolicy::SpinThenPark(spins));
    });
}

#[test]
fn three_members_pass_every_region_on() {
    explore("three members, passive, 2 regions", 1, || {
        regions(3, 2, WaitPolicy::Passive);
    });
}

/// Whoever panics, before the barrier or behind it while others are still on their way to it: the region
/// ends, fails, and so does the next one; the team can be dropped.
#[test]
fn a_broken_barrier_lets_everybody_go_and_stays_broken() {
    for (phase, member) in [(0, 0), (0, 2), (1, 0), (1, 2)] {
        let name = format!("three members, member {member} panics in phase {phase}");
        explore(&name, 1, move || {
            let kernel = Exchange::new(3, Some((phase, member)));
            let mut team = team(&kernel, WaitPolicy::Passive);
            let lost = team.run();
            assert!(lost.is_err());
            assert_eq!(team.run(), lost);
        });
    }
}

/// One wake-up for a condition that is made true just before it, by a thread whose other data come with it.
#[test]
fn no_wake_up_is_lost() {
    for policy in [
        WaitPolicy::Passive,
        WaitPolicy::SpinThenPark(NonZeroU32::MIN),
    ] {
        explore(&format!("park and wake, {policy}"), 4, move || {
            let waiters = [Waiter::new(policy), Waiter::new(policy)];
            let wake = Wake::new(&waiters);
            let state = Arc::new((AtomicU64::new(0), AtomicU64::new(0)));
            let [_, waiter] = waiters;
            let shared = Arc::clone(&state);
            let other = loom::thread::spawn(move || {
                for round in 1..=2 {
                    waiter.until(Place::Fork, || shared.0.load(Ordering::Acquire) >= round);
                    assert!(shared.1.load(Ordering::Relaxed) >= round);
                }
            });
            for round in 1..=2 {
                state.1.store(round, Ordering::Relaxed);
                state.0.store(round, Ordering::Release);
                wake.all_but(0);
            }
            other.join().unwrap();
        });
    }
}

//! Do teams keep their promises, under every wait policy and with more threads than PUs?

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use super::*;
use crate::experiment::{WaitPolicy, Workload};
use crate::host::kernel::{Kernel, SharedTaskState, WrongResult, kernel};

const PHASES: u32 = 3;

fn count(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).unwrap()
}

fn policies() -> [WaitPolicy; 4] {
    let spins = count(50);
    [
        WaitPolicy::Active,
        WaitPolicy::SpinThenPark(spins),
        WaitPolicy::Yield,
        WaitPolicy::Passive,
    ]
}

/// Counts the parts done of each phase, and the parts begun before the phase below was complete.
struct Tally {
    width: u32,
    done: [AtomicU32; PHASES as usize],
    early: AtomicU32,
    threads: Mutex<BTreeSet<String>>,
    /// Phase and member that panic.
    panics: Option<(u32, u32)>,
}

impl Tally {
    fn new(width: u32, panics: Option<(u32, u32)>) -> Arc<Self> {
        Arc::new(Self {
            width,
            done: Default::default(),
            early: AtomicU32::new(0),
            threads: Mutex::default(),
            panics,
        })
    }

    fn done(&self) -> [u32; PHASES as usize] {
        [0, 1, 2].map(|phase| self.done[phase].load(Ordering::SeqCst))
    }
}

impl Kernel for Tally {
    fn width(&self) -> NonZeroU32 {
        count(self.width)
    }

    fn phases(&self) -> u32 {
        PHASES
    }

    fn work(&self, phase: u32, member: u32) {
        assert!(self.panics != Some((phase, member)), "as planned");
        let phase = phase as usize;
        // Which region this is, by what is done of the phase: less than a whole one more.
        let region = self.done[phase].load(Ordering::SeqCst) / self.width + 1;
        let before = if phase == 0 {
            PHASES as usize - 1
        } else {
            phase - 1
        };
        let wanted = if phase == 0 { region - 1 } else { region } * self.width;
        if self.done[before].load(Ordering::SeqCst) < wanted {
            self.early.fetch_add(1, Ordering::SeqCst);
        }
        self.done[phase].fetch_add(1, Ordering::SeqCst);
        let name = thread::current().name().unwrap_or("caller").to_owned();
        self.threads.lock().unwrap().insert(name);
    }

    fn spoil(&self) {}

    fn verify(&self) -> Result<(), WrongResult> {
        Ok(())
    }
}

fn no_hook() -> OnStart {
    Arc::new(|_| Ok(()))
}

fn fork_join(kernel: Arc<dyn Kernel>, wait: WaitPolicy) -> Box<dyn Team> {
    Box::new(ForkJoin::new("w0", kernel, wait, no_hook()).unwrap())
}

fn rayon(kernel: Arc<dyn Kernel>) -> Box<dyn Team> {
    let pool = pool("w0", kernel.width(), no_hook()).unwrap();
    Box::new(RayonTeam::new(kernel, pool))
}

/// Every kind of team for `kernel`.
fn teams(kernel: &Arc<Tally>) -> Vec<Box<dyn Team>> {
    let ours = policies()
        .into_iter()
        .map(|wait| fork_join(kernel.clone(), wait));
    ours.chain([rayon(kernel.clone())]).collect()
}

#[test]
fn every_member_does_its_part_of_every_phase_and_none_begins_early() {
    for width in 1..=9 {
        // An oversubscribed active team needs a scheduler slice for a meeting.
        let regions = if width <= 2 { 200 } else { 6 };
        for wait in policies() {
            let tally = Tally::new(width, None);
            let mut team = fork_join(tally.clone(), wait);
            for _ in 0..regions {
                team.run().unwrap();
            }
            assert_eq!(tally.done(), [width * regions; 3], "{wait}, width {width}");
            assert_eq!(
                tally.early.load(Ordering::SeqCst),
                0,
                "{wait}, width {width}"
            );
            assert_eq!(tally.threads.lock().unwrap().len(), width as usize);
        }
        let tally = Tally::new(width, None);
        let mut team = rayon(tally.clone());
        for _ in 0..regions {
            team.run().unwrap();
        }
        assert_eq!(tally.done(), [width * regions; 3], "rayon, width {width}");
        assert_eq!(
            tally.early.load(Ordering::SeqCst),
            0,
            "rayon, width {width}"
        );
    }
}

#[test]
fn blocking_teams_survive_many_regions() {
    for wait in [
        WaitPolicy::Passive,
        WaitPolicy::SpinThenPark(count(1)),
        WaitPolicy::Yield,
    ] {
        let tally = Tally::new(4, None);
        let mut team = fork_join(tally.clone(), wait);
        for _ in 0..2000 {
            team.run().unwrap();
        }
        assert_eq!(tally.done(), [8000; 3], "{wait}");
        assert_eq!(tally.early.load(Ordering::SeqCst), 0, "{wait}");
    }
}

#[test]
fn a_panic_of_any_member_in_any_phase_is_an_error_and_nobody_waits_for_ever() {
    let expected = RegionPanic {
        message: "as planned".to_owned(),
    };
    for phase in 0..PHASES {
        for member in 0..3 {
            let tally = Tally::new(3, Some((phase, member)));
            for mut team in teams(&tally) {
                assert_eq!(team.run(), Err(expected.clone()));
                let done = tally.done();
                assert_eq!(team.run(), Err(expected.clone()), "and stays one");
                assert_eq!(tally.done(), done, "without running again");
            }
        }
    }
}

#[test]
fn a_team_can_be_dropped_before_and_between_regions() {
    for wait in policies() {
        let tally = Tally::new(3, None);
        drop(fork_join(tally.clone(), wait));
        assert_eq!(tally.done(), [0; 3]);
        let mut team = fork_join(tally.clone(), wait);
        team.run().unwrap();
        drop(team);
        // All threads are joined: nobody holds the kernel any more.
        assert_eq!(Arc::strong_count(&tally), 1, "{wait}");
    }
}

#[test]
fn the_hook_runs_once_for_each_member_on_its_own_thread() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    let hook: OnStart = Arc::new(move |member| {
        let name = thread::current().name().unwrap_or("").to_owned();
        log.lock().unwrap().push((member, name));
        Ok(())
    });
    let tally = Tally::new(3, None);
    let _team = ForkJoin::new("w7", tally, WaitPolicy::Passive, hook.clone()).unwrap();
    let caller = thread::current().name().unwrap_or("").to_owned();
    let mut names = std::mem::take(&mut *seen.lock().unwrap());
    names.sort();
    assert_eq!(
        names,
        [(0, caller), (1, "w7.m1".into()), (2, "w7.m2".into())]
    );

    let _pool = pool("p", count(2), hook).unwrap();
    let mut names = std::mem::take(&mut *seen.lock().unwrap());
    names.sort();
    assert_eq!(names, [(0, "p.m0".into()), (1, "p.m1".into())]);
}

#[test]
fn a_hook_that_fails_fails_the_construction() {
    for bad in 0..3 {
        let hook: OnStart = Arc::new(move |member| {
            let failed = member == bad;
            (!failed)
                .then_some(())
                .ok_or_else(|| "no such PU".to_owned())
        });
        let tally = Tally::new(3, None);
        for wait in policies() {
            let refused = ForkJoin::new("w1", tally.clone(), wait, hook.clone());
            let message = refused.err().unwrap().to_string();
            assert_eq!(message, format!("member {bad} of w1: no such PU"));
        }
        assert!(pool("w1", count(3), hook).is_err());
        assert_eq!(Arc::strong_count(&tally), 1, "all threads are gone");
    }
}

#[test]
fn one_pool_serves_several_teams_at_once() {
    let pool = pool("shared", count(2), no_hook()).unwrap();
    let tallies: Vec<_> = (1..=4).map(|width| Tally::new(width, None)).collect();
    thread::scope(|scope| {
        for tally in &tallies {
            let mut team = RayonTeam::new(tally.clone(), pool.clone());
            scope.spawn(move || (0..100).for_each(|_| team.run().unwrap()));
        }
    });
    for tally in &tallies {
        assert_eq!(tally.done(), [100 * tally.width; 3]);
        assert_eq!(tally.early.load(Ordering::SeqCst), 0);
    }
}

#[test]
fn teams_multiply_matrices_rightly() {
    for width in [1, 2, 3] {
        let workload: Workload = "matmul.f64.300".parse().unwrap();
        let task_state = Arc::new(SharedTaskState::new(count(1), workload.family()));
        let kernel = kernel(&workload, count(width), &task_state).unwrap();
        let ours = policies()
            .into_iter()
            .map(|wait| fork_join(kernel.clone(), wait));
        for mut team in ours.chain([rayon(kernel.clone())]) {
            kernel.spoil();
            team.run().unwrap();
            assert_eq!(kernel.verify(), Ok(()));
        }
    }
}

#[test]
fn a_start_hook_that_panics_is_an_error_of_its_member() {
    for panics in [0, 2] {
        let hook: OnStart = Arc::new(move |member| match member == panics {
            true => panic!("on purpose"),
            false => Ok(()),
        });
        let team = ForkJoin::new(
            "w",
            Tally::new(3, None),
            WaitPolicy::Passive,
            Arc::clone(&hook),
        );
        let said = team.err().unwrap().to_string();
        assert_eq!(said, format!("member {panics} of w: panicked: on purpose"));
        let said = pool("w", count(3), hook).err().unwrap().to_string();
        assert_eq!(said, format!("member {panics} of w: panicked: on purpose"));
    }
}

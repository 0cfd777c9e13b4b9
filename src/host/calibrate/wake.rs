//! What does it cost to tell a thread on another PU to go on?

use std::hint;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crossbeam::sync::Parker;
use crossbeam::utils::CachePadded;

use super::queue::yield_time;
use super::{Bench, CalibrationError, nanos};
use crate::clock;
use crate::machine::PuId;
use crate::stats::median;

/// Round trips between spinning threads.
const TRIPS: u64 = 20_000;

/// Wake-ups of a sleeping thread.
const WAKES: usize = 150;

/// Times given to a thread to fall asleep, and to its PU to go idle, one after the other: the longer
/// it has been, the longer the way back may be.
const ASLEEP: [Duration; 3] = [
    Duration::from_micros(20),
    Duration::from_micros(50),
    Duration::from_micros(150),
];

/// Wake-ups of each of two threads by the other.
const SERVES: u32 = 3_000;

/// Additions to a number that both threads want.
const ADDITIONS: u64 = 50_000;

/// Hand-off, waking, and a contended addition, between two PUs.
pub(super) fn measure(bench: &mut Bench, pus: [PuId; 2]) -> Result<(), CalibrationError> {
    let (mut handoffs, mut exits, mut adds) = (vec![], vec![], vec![]);
    let (mut calls, mut interrupts) = (vec![], vec![]);
    for (asleep, _) in ASLEEP.into_iter().cycle().zip(0..bench.repetitions) {
        handoffs.push(handoff(bench, pus)?);
        let near = wake_here(bench, pus[0])?;
        let (far, until_awake) = wake(bench, pus, asleep)?;
        calls.push(near);
        interrupts.push((far - near).max(0.0));
        exits.push((until_awake - near).max(0.0));
        adds.push(addition(bench, pus)?);
    }
    bench.note(
        ("handoff_llc", "ns"),
        "half a round trip of a number between two spinning threads",
        &handoffs,
    );
    bench.note(
        ("wake_each", "ns"),
        "a turn of two threads of one PU that wake each other and sleep, less its switch",
        &calls,
    );
    bench.note(
        ("interrupt", "ns"),
        "waking a thread whose PU is idle, for the waker, less that",
        &interrupts,
    );
    bench.note(
        ("idle_exit", "ns"),
        "from the beginning of such a call, plus that, until the woken thread runs",
        &exits,
    );
    for name in ["arrive", "take"] {
        let how = "adding to a number to which another PU adds all the time";
        bench.note((name, "ns"), how, &adds);
    }
    Ok(())
}

fn handoff(bench: &Bench, [here, there]: [PuId; 2]) -> Result<f64, CalibrationError> {
    let ball = CachePadded::new(AtomicU64::new(0));
    let player = |first: u64| -> Box<dyn FnOnce() -> f64 + Send + '_> {
        let ball = &ball;
        Box::new(move || {
            let start = clock::now();
            for turn in 0..TRIPS {
                let mine = 2 * turn + first;
                while ball.load(Ordering::Acquire) != mine {
                    hint::spin_loop();
                }
                ball.store(mine + 1, Ordering::Release);
            }
            nanos(clock::now() - start)
        })
    };
    let times = bench.on(vec![(here, player(0)), (there, player(1))])?;
    // The second begins last: its time holds no waiting for a thread to start.
    Ok(times[1] / (2 * TRIPS) as f64)
}

/// Waking a thread on the waker's own PU and going to sleep [ns].
fn wake_here(bench: &Bench, here: PuId) -> Result<f64, CalibrationError> {
    let switch = yield_time(bench, here, 2)? - yield_time(bench, here, 1)?;
    let parkers = [Parker::new(), Parker::new()];
    let unparkers = [1, 0].map(|other: usize| parkers[other].unparker().clone());
    let mut players = Vec::new();
    for (parker, other) in parkers.into_iter().zip(unparkers) {
        let play: Box<dyn FnOnce() -> f64 + Send> = Box::new(move || {
            let start = clock::now();
            for _ in 0..SERVES {
                other.unpark();
                parker.park();
            }
            // Nobody is left asleep.
            other.unpark();
            nanos(clock::now() - start)
        });
        players.push((here, play));
    }
    let times = bench.on(players)?;
    // Each serve of either is a wake-up, going to sleep and a switch.
    let serve = times[0].max(times[1]) / f64::from(2 * SERVES);
    Ok((serve - switch).max(0.0))
}

/// The waker's part of a wake-up, and the whole until the other runs [ns].
fn wake(
    bench: &Bench,
    [here, there]: [PuId; 2],
    asleep: Duration,
) -> Result<(f64, f64), CalibrationError> {
    let parker = Parker::new();
    let unparker = parker.unparker().clone();
    let origin = clock::now();
    let awake = AtomicU64::new(0);
    let sleeper: Box<dyn FnOnce() -> (f64, f64) + Send + '_> = {
        let awake = &awake;
        Box::new(move || {
            for _ in 0..WAKES {
                parker.park();
                let now = (clock::now() - origin).as_nanos() as u64;
                awake.store(now.max(1), Ordering::Release);
            }
            (0.0, 0.0)
        })
    };
    let waker: Box<dyn FnOnce() -> (f64, f64) + Send + '_> = {
        let awake = &awake;
        Box::new(move || {
            let (mut calls, mut wholes) = (vec![], vec![]);
            for _ in 0..WAKES {
                let end = clock::now() + asleep;
                while clock::now() < end {
                    hint::spin_loop();
                }
                awake.store(0, Ordering::Release);
                let start = clock::now();
                unparker.unpark();
                let called = clock::now();
                let seen = loop {
                    match awake.load(Ordering::Acquire) {
                        0 => hint::spin_loop(),
                        seen => break seen,
                    }
                };
                calls.push(nanos(called - start));
                wholes.push(seen as f64 - nanos(start - origin));
            }
            let middle = |all: &[f64]| median(all).unwrap_or_default();
            (middle(&calls), middle(&wholes))
        })
    };
    let times = bench.on(vec![(here, waker), (there, sleeper)])?;
    Ok(times[0])
}

fn addition(bench: &Bench, [here, there]: [PuId; 2]) -> Result<f64, CalibrationError> {
    let sum = CachePadded::new(AtomicU64::new(0));
    let add = || -> Box<dyn FnOnce() -> f64 + Send + '_> {
        Box::new(|| {
            let start = clock::now();
            for _ in 0..ADDITIONS {
                sum.fetch_add(1, Ordering::AcqRel);
            }
            nanos(clock::now() - start) / ADDITIONS as f64
        })
    };
    let times = bench.on(vec![(here, add()), (there, add())])?;
    Ok(times[0].max(times[1]))
}

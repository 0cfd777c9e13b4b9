//! What does it cost to tell a thread on another PU to go on?

use std::hint;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crossbeam::sync::Parker;
use crossbeam::utils::CachePadded;

use super::{Bench, CalibrationError, REPETITIONS, nanos};
use crate::host::clock;
use crate::machine::PuId;
use crate::stats::median;

/// Round trips between spinning threads.
const TRIPS: u64 = 20_000;

/// Wake-ups of a sleeping thread.
const WAKES: usize = 150;

/// Time given to a thread to fall asleep, and to its PU to go idle.
const ASLEEP: Duration = Duration::from_micros(150);

/// Additions to a number that both threads want.
const ADDITIONS: u64 = 50_000;

/// Hand-off, waking, and a contended addition, between two PUs.
pub(super) fn measure(bench: &mut Bench, pus: [PuId; 2]) -> Result<(), CalibrationError> {
    let (mut handoffs, mut calls, mut exits, mut adds) = (vec![], vec![], vec![], vec![]);
    for _ in 0..REPETITIONS {
        handoffs.push(handoff(bench, pus)?);
        let (call, until_awake) = wake(bench, pus)?;
        calls.push(call);
        exits.push((until_awake - call).max(0.0));
        adds.push(addition(bench, pus)?);
    }
    bench.note(
        ("handoff_llc", "ns"),
        "half a round trip of a number between two spinning threads",
        &handoffs,
    );
    bench.note(
        ("wake_each", "ns"),
        "waking a thread whose PU is idle, for the waker",
        &calls,
    );
    bench.note(
        ("idle_exit", "ns"),
        "from then until the woken thread runs",
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

/// The waker's part of a wake-up, and the whole until the other runs [ns].
fn wake(bench: &Bench, [here, there]: [PuId; 2]) -> Result<(f64, f64), CalibrationError> {
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
                let asleep = clock::now() + ASLEEP;
                while clock::now() < asleep {
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

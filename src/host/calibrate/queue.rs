//! What does it cost to share a PU?

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::work::{of, task};
use super::{Bench, CalibrationError, nanos};
use crate::clock;
use crate::experiment::{Computation, Dtype, WorkloadName};
use crate::machine::PuId;
use crate::stats::median;

/// Length of a repetition in which threads take turns by slices.
const SLICES: Duration = Duration::from_millis(120);

/// Length of a repetition in which threads take turns by yields.
const YIELDS: Duration = Duration::from_millis(20);

/// Order of matrices that fill the first-level cache.
const SMALL: NonZeroU32 = NonZeroU32::new(64).unwrap();

/// A gap from which on another thread must have run.
const GAP: Duration = Duration::from_micros(300);

/// Looks of a thread between two looks at the clock.
const BATCH: u32 = 64;

/// Quantum, switch, and what a yield costs and means, on `pu`.
pub(super) fn measure(bench: &mut Bench, pu: PuId) -> Result<(), CalibrationError> {
    let (mut quanta, mut switches, mut yields, mut shares) = (vec![], vec![], vec![], vec![]);
    for _ in 0..bench.repetitions {
        quanta.extend(median(&gaps(bench, pu)?));
        let [alone, both] = [1, 2].map(|threads| yield_time(bench, pu, threads));
        let (alone, both) = (alone?, both?);
        yields.push(alone);
        switches.push((both - alone).max(0.0));
        shares.push(hog_share(bench, pu)?);
    }
    bench.note(
        ("quantum", "ns"),
        "two spinning threads on one PU: how long one stands still while the other runs",
        &quanta,
    );
    bench.note(
        ("yield_call", "ns"),
        "sched_yield with nobody else on the PU",
        &yields,
    );
    bench.note(
        ("switch", "ns"),
        "sched_yield between two threads on one PU, less the call",
        &switches,
    );
    let mut warm_ups = vec![];
    for switch in &switches {
        let [alone, both] = [1, 2].map(|threads| turn_time(bench, pu, threads));
        warm_ups.push((both? - alone? - switch).max(0.0));
    }
    bench.note(
        ("warm_up", "ns"),
        "products of order 64 with a yield behind each: a turn of two threads on one PU, against one \
         thread, less the switch",
        &warm_ups,
    );
    bench.note(
        ("yield_share", "1"),
        "part of a PU that a computing thread gets beside one that yields",
        &shares,
    );
    Ok(())
}

/// How long each of two spinning threads stands still at a time [ns].
fn gaps(bench: &Bench, pu: PuId) -> Result<Vec<f64>, CalibrationError> {
    let until = clock::now() + SLICES;
    let body = || -> Box<dyn FnOnce() -> Vec<f64> + Send> {
        Box::new(move || {
            let (mut gaps, mut last) = (Vec::new(), clock::now());
            while last < until {
                let now = clock::now();
                if now - last > GAP {
                    gaps.push(nanos(now - last));
                }
                last = now;
            }
            gaps
        })
    };
    let gaps = bench.on(vec![(pu, body()), (pu, body())])?;
    Ok(gaps.into_iter().flatten().collect())
}

/// Time of one yield where `threads` do nothing else [ns].
pub(super) fn yield_time(bench: &Bench, pu: PuId, threads: usize) -> Result<f64, CalibrationError> {
    let start = clock::now();
    let body =
        || -> Box<dyn FnOnce() -> u64 + Send> { Box::new(move || yields_until(start + YIELDS)) };
    let bodies = (0..threads).map(|_| (pu, body())).collect();
    let yields: u64 = bench.on(bodies)?.into_iter().sum();
    Ok(nanos(YIELDS) / yields.max(1) as f64)
}

/// Time from turn to turn where `threads` multiply matrices, small ones, and yield after each [ns].
fn turn_time(bench: &Bench, pu: PuId, threads: usize) -> Result<f64, CalibrationError> {
    let end = clock::now() + YIELDS;
    let body = || -> Box<dyn FnOnce() -> u64 + Send> {
        Box::new(move || {
            let product = Computation::new(WorkloadName::DEFAULT, Dtype::F64, SMALL);
            let Some(kernel) = product.ok().and_then(|product| of(&product, 1)) else {
                return 0;
            };
            let mut turns = 0;
            while clock::now() < end {
                task(&*kernel, 0);
                thread::yield_now();
                turns += 1;
            }
            turns
        })
    };
    let bodies = (0..threads).map(|_| (pu, body())).collect();
    let turns: u64 = bench.on(bodies)?.into_iter().sum();
    Ok(nanos(YIELDS) / turns.max(1) as f64)
}

fn yields_until(end: Instant) -> u64 {
    let mut yields = 0;
    while clock::now() < end {
        for _ in 0..BATCH {
            thread::yield_now();
        }
        yields += u64::from(BATCH);
    }
    yields
}

/// What a computing thread gets of `pu` beside one that yields, against what it gets alone [1].
fn hog_share(bench: &Bench, pu: PuId) -> Result<f64, CalibrationError> {
    let alone = hog_beside(bench, pu, false)?;
    let beside = hog_beside(bench, pu, true)?;
    Ok((beside / alone).min(1.0))
}

fn hog_beside(bench: &Bench, pu: PuId, yielder: bool) -> Result<f64, CalibrationError> {
    let (stop, looks) = (AtomicBool::new(false), AtomicU64::new(0));
    let until = clock::now() + SLICES / 2;
    let hog: Box<dyn FnOnce() + Send + '_> = Box::new(|| {
        while clock::now() < until {
            looks.fetch_add(1, Ordering::Relaxed);
        }
        stop.store(true, Ordering::Relaxed);
    });
    let yields: Box<dyn FnOnce() + Send + '_> = Box::new(|| {
        while !stop.load(Ordering::Relaxed) {
            thread::yield_now();
        }
    });
    let mut bodies = vec![(pu, hog)];
    bodies.extend(yielder.then_some((pu, yields)));
    bench.on(bodies)?;
    Ok(looks.load(Ordering::Relaxed).max(1) as f64)
}

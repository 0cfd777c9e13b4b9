//! How many bytes do P threads read together from memory?
//!
//! Each thread reads numbers of its own, touched by itself first, as a dot product does, in the manner of STREAM: from an
//! array far larger than the caches, the best of a few passes. Reads only, since a write costs a
//! read as well on most machines and would have to be counted twice.
//
// --- Implementation ---
// Source: McCalpin, STREAM, "Run rules": each array at least four times all last-level caches. Two
// times are enough here: one pass leaves nothing that the next one meets first.

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use crate::clock;
use crate::host::kernel::read;
use crate::machine::{Memory, ObjectKind, Topology};

/// Passes of which the fastest counts.
const PASSES: usize = 10;

/// Largest array [bytes].
const LARGEST: u64 = 1 << 30;

/// Smallest array [bytes].
const SMALLEST: u64 = 64 << 20;

/// Bytes in all last-level caches of `topology` [bytes].
pub(in crate::host) fn last_level(topology: &Topology) -> u64 {
    let size = |level| -> u64 {
        let caches = topology.objects(ObjectKind::Cache(level));
        caches.iter().filter_map(|cache| cache.bytes).sum()
    };
    [4, 3, 2]
        .into_iter()
        .map(size)
        .find(|bytes| *bytes > 0)
        .unwrap_or(0)
}

/// Bandwidth of `threads` threads on a machine with last-level caches of `last_level` bytes [B/s].
/// `None` where an eighth of the memory is no larger than the caches, or threads cannot be had.
pub(super) fn bandwidth(threads: u32, last_level: u64) -> Option<f64> {
    let rates = bandwidths(threads, last_level)?;
    rates.into_iter().max_by(f64::total_cmp)
}

/// The same of each pass [B/s].
pub(in crate::host) fn bandwidths(threads: u32, last_level: u64) -> Option<Vec<f64>> {
    let spare = Memory::discover()?.available / 8;
    let bytes = (2 * last_level).clamp(SMALLEST, LARGEST).min(spare);
    if bytes <= last_level {
        return None;
    }
    let share = usize::try_from(bytes / u64::from(threads) / 8).ok()?;
    let moved = (share * 8 * threads as usize) as f64;
    let spans = passes(threads as usize, share).into_iter();
    Some(spans.map(|span| moved / span.as_secs_f64()).collect())
}

/// From the first thread's start to the last one's end, of each pass.
fn passes(threads: usize, share: usize) -> Vec<Duration> {
    let line = Barrier::new(threads);
    let pass = |numbers: &[f64]| {
        line.wait();
        let start = clock::now();
        black_box(read(black_box(numbers)));
        (start, clock::now())
    };
    let worker = || {
        let numbers = vec![1.0_f64; share];
        (0..PASSES).map(|_| pass(&numbers)).collect::<Vec<_>>()
    };
    let each: Vec<Vec<(Instant, Instant)>> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().filter_map(|w| w.join().ok()).collect()
    });
    let pass = |i: usize| {
        let spans = each.iter().map(|spans| spans[i]);
        let start = spans.clone().map(|(start, _)| start).min()?;
        Some(spans.map(|(_, end)| end).max()? - start)
    };
    (0..PASSES).filter_map(pass).collect()
}

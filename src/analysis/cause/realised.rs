//! Did a cell get the threads it asked for?
//!
//! Our own teams have the width they were made with, or the cell fails. A library may start fewer,
//! a program of the user's may do as it likes; for both there is what the library says of itself
//! and what was seen.

use crate::experiment::{Cell, Runtime};
use crate::record::Sample;

/// Threads that want a CPU, on average, for each one asked for, from which a program has started more
/// than it was told to [1]. Its helpers rarely want one.
const MORE: f64 = 1.5;
/// By how much CPU time may seem to exceed the time of all threads, since both are read one after the
/// other [1].
const BLUR: f64 = 1.05;

/// The threads that there were in place of those that `cell` asked for [threads]; `None` where they
/// are the same, as far as is known.
pub(super) fn threads(cell: &Cell, samples: &[&Sample]) -> Option<f64> {
    if come_and_go(samples) {
        return None;
    }
    match cell.runtime {
        Runtime::Blas(_) => of_a_library(cell, samples),
        Runtime::Program => of_a_program(cell, samples),
        Runtime::ForkJoin(_) | Runtime::Rayon | Runtime::Modelled(_) => None,
    }
}

/// Whether threads used more CPU time than those that were seen can have used: some are started for
/// a region and gone after it, before anybody looks.
pub(super) fn come_and_go(samples: &[&Sample]) -> bool {
    let seen = samples.iter().filter_map(|s| s.threads).max();
    let used = samples.iter().filter_map(|s| Some((s.cpu?, s.wall)));
    let (cpu, wall) = used.fold((0.0, 0.0), |(cpu, wall), (c, w)| {
        (cpu + c.as_secs_f64(), wall + w.as_secs_f64())
    });
    seen.is_some_and(|seen| cpu > BLUR * f64::from(seen) * wall)
}

/// What the library granted, or what was seen where that is too little for even one team: some
/// libraries have one pool for all callers, so that outer + inner - 1 threads may be all there are.
fn of_a_library(cell: &Cell, samples: &[&Sample]) -> Option<f64> {
    let (outer, inner) = (cell.outer.get(), cell.inner.get());
    let other = |width: &u32| *width != inner;
    let granted = samples.iter().filter_map(|s| s.granted).find(other);
    let seen = samples.iter().filter_map(|s| s.threads).max();
    let few = |seen: &u32| *seen < outer + inner - 1;
    let seen = seen.filter(few).map(f64::from);
    seen.or(granted.map(|width| f64::from(outer * width)))
}

/// What was seen where it is less than was asked for, or the threads that wanted a CPU where they are
/// many more.
fn of_a_program(cell: &Cell, samples: &[&Sample]) -> Option<f64> {
    let asked = f64::from(cell.demand());
    let seen = samples
        .iter()
        .filter_map(|s| s.threads)
        .max()
        .map(f64::from);
    let few = seen.filter(|seen| *seen < asked);
    let busy = samples.iter().filter_map(|s| {
        let wanted = s.cpu?.as_secs_f64() + s.run_queue_wait?.as_secs_f64();
        Some((wanted, s.wall.as_secs_f64()))
    });
    let (wanted, wall) = busy.fold((0.0, 0.0), |(a, b), (c, d)| (a + c, b + d));
    let many = (wall > 0.0).then(|| wanted / wall);
    few.or(many.filter(|many| *many >= MORE * asked))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn got(cell: &str, sample: Sample) -> Option<f64> {
        threads(&cell.parse().unwrap(), &[&sample])
    }

    fn seen(threads: u32, granted: Option<u32>) -> Sample {
        Sample {
            threads: Some(threads),
            granted,
            ..Sample::default()
        }
    }

    /// Two workers with teams of two: a library with one pool has 2 + 1 threads, one with a pool for
    /// each worker 4. Two threads are no team at all, whatever the library says it has.
    #[test]
    fn a_library_is_short_of_threads_where_not_one_team_is_whole() {
        let cell = "matmul.f64.64_2x2_blas:openblas_independent_unbound_queue.1_t8";
        assert_eq!(got(cell, seen(4, Some(2))), None);
        assert_eq!(got(cell, seen(3, Some(2))), None);
        assert_eq!(got(cell, seen(2, Some(2))), Some(2.0));
        assert_eq!(got(cell, seen(3, Some(1))), Some(2.0));
    }

    /// Asked for four threads, a program has two; asked for two, eight of its threads want a CPU: 2 s
    /// of CPU time and 14 s of waiting in 2 s. Idle helpers count for nothing.
    #[test]
    fn a_program_that_does_as_it_likes_is_found_out() {
        let cell =
            |outer, inner| format!("command_{outer}x{inner}_program_independent_unbound_static_t1");
        assert_eq!(got(&cell(2, 2), seen(2, None)), Some(2.0));
        assert_eq!(got(&cell(2, 2), seen(20, None)), None);
        let crowded = Sample {
            wall: Duration::from_secs(2),
            cpu: Some(Duration::from_secs(2)),
            run_queue_wait: Some(Duration::from_secs(14)),
            ..seen(20, None)
        };
        assert_eq!(got(&cell(2, 1), crowded), Some(8.0));
    }

    /// BLIS starts its threads for each product: nobody sees them, but two CPUs were busy.
    #[test]
    fn threads_that_come_and_go_are_not_missing() {
        let cell = "matmul.f64.64_1x3_blas:blis_independent_unbound_queue.1_t8";
        let busy = |cpus: u64| Sample {
            wall: Duration::from_secs(1),
            cpu: Some(Duration::from_secs(cpus)),
            ..seen(1, Some(3))
        };
        assert_eq!(got(cell, busy(2)), None);
        assert_eq!(got(cell, busy(1)), Some(1.0));
    }

    #[test]
    fn our_own_teams_have_the_threads_they_ask_for() {
        let cell = "matmul.f64.64_2x2_rayon_independent_unbound_queue.1_t8";
        assert_eq!(got(cell, seen(1, None)), None);
    }
}

//! What slices cannot change, and what they tend to.

use super::*;
use crate::record::trace::Activity;

/// EEVDF with slices of this length that end exactly then.
fn slices_of(slice: Ns) -> Scheduler {
    Scheduler {
        policy: Policy::Eevdf {
            slice,
            yields: YieldRule::Forfeit,
        },
        ..exact_kernel()
    }
}

/// A2, fairness: at no time has one of three threads of a PU run more than two quanta longer than
/// another. The longest quantum here is that of CFS: 4 ms by latency over three, noticed at ticks.
#[test]
fn threads_of_a_pu_have_run_as_long_as_each_other_but_for_two_quanta() {
    for kernel in properties::kernels() {
        for limit in (1..60).map(|step| step * 7 * MS / 2) {
            let mut case = Case::new("core:1 pu:1", teams(3, 1, 1, 1_000 * MS));
            (case.kernel, case.limit) = (kernel, limit);
            let (reports, trace) = case.traced();
            assert_eq!(reports[0].stop, Stop::Limit);
            let run = |thread: u32| -> Ns {
                let spans = trace.spans.iter().filter(|span| span.thread == thread);
                let computing = spans.filter(|span| span.activity == Activity::Compute);
                computing.map(|span| span.length()).sum()
            };
            let run = [0, 1, 2].map(run);
            let apart = run.iter().max().unwrap() - run.iter().min().unwrap();
            assert_eq!(run.iter().sum::<Ns>(), limit);
            assert!(apart <= 2 * kernel.quantum(), "{kernel:?}: {run:?}");
        }
    }
}

/// F10: five threads of 30 ms on four PUs. Bound, two of them share a PU to the end: 2 x 30 ms. Free,
/// both have done 15 ms when the first of the other PUs has nothing left to do and takes one of them,
/// whose cache is cold after half a millisecond of waiting: 30 + 15 ms, or less than a slice more.
#[test]
fn one_thread_too_many_takes_twice_as_long_where_nobody_may_help() {
    let mut case = Case::new("core:4 pu:1", teams(5, 1, 1, 30 * MS));
    assert!((45 * MS..45 * MS + 1_400 * US).contains(&case.wall()));
    case.pinned = vec![0, 1, 2, 3, 0];
    assert_eq!(case.wall(), 60 * MS);
}

/// A18: as slices get shorter, a PU becomes a fluid. Three threads of 1, 2 and 3 ms: a third of the PU
/// each until 3 ms, a half each until 5 ms, and the last alone until 6 ms; in slices each ends at most
/// two turns of all three away from that.
#[test]
fn short_slices_tend_to_the_fluid() {
    for slice in [US, 10 * US, 100 * US] {
        let mut shape = teams(3, 1, 1, MS);
        shape.sizes = vec![1.0, 2.0, 3.0];
        let mut case = Case::new("core:1 pu:1", shape);
        case.kernel = slices_of(slice);
        let (_, trace) = case.traced();
        let end = |thread: u32| {
            let spans = trace.spans.iter().filter(|span| span.thread == thread);
            let computing = spans.filter(|span| span.activity == Activity::Compute);
            computing.map(|span| span.end).max().unwrap()
        };
        for (thread, fluid) in [(0, 3 * MS), (1, 5 * MS), (2, 6 * MS)] {
            assert!(
                end(thread).abs_diff(fluid) <= 6 * slice,
                "{thread}: {}",
                end(thread)
            );
        }
    }
}

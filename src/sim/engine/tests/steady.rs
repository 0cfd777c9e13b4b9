//! Executions of which a part is extrapolated.

use super::*;
use crate::sim::nest::Measuring;

/// A worker with 100 tasks of 1 ms, taken from a queue.
fn hundred_tasks() -> Case {
    let mut shape = teams(1, 1, 1, MS);
    shape.tasks = 100;
    shape.dispatch = "queue.1".parse().unwrap();
    let mut case = Case::new("core:1 pu:1", shape);
    case.extent = Extent::Steady { warmups: 0 };
    case
}

/// The first task, then three batches that fill a tick of 4 ms each: 13 are simulated.
#[test]
fn equal_tasks_are_simulated_until_their_time_is_known() {
    let mut case = hundred_tasks();
    let report = case.report();
    assert_eq!((report.wall, report.tasks_done), (100 * MS, 100));
    assert_eq!(report.extrapolated_tasks, 100 - 13);
    assert_eq!(report.split.of(Category::Compute), 100 * MS);

    case.extent = Extent::Whole;
    let whole = case.report();
    assert_eq!(whole.extrapolated_tasks, 0);
    assert_eq!((whole.wall, whole.split), (report.wall, report.split));
    assert!(report.events < whole.events);
}

/// 50 ms: 13 tasks simulated, 37 more extrapolated, and no more.
#[test]
fn what_is_extrapolated_stays_within_the_limit() {
    let mut case = hundred_tasks();
    case.limit = 50 * MS;
    let report = case.report();
    assert_eq!((&report.stop, report.wall), (&Stop::Limit, 50 * MS));
    assert_eq!((report.tasks_done, report.extrapolated_tasks), (50, 37));
}

/// Of a warm-up the first task; of what follows 13.
#[test]
fn a_warm_up_is_a_wave() {
    let mut case = hundred_tasks();
    case.extent = Extent::Steady { warmups: 1 };
    case.shape.measuring = Some(Measuring {
        executions: 2,
        probing: 0.0,
        upkeep: 0.0,
    });
    let told = case.reports().into_iter().map(|r| r.extrapolated_tasks);
    assert_eq!(told.collect::<Vec<_>>(), [99, 87]);
}

/// Of tasks of different sizes, of workers with tasks of their own, and of teams that spin where
/// there are too few PUs, nobody knows that one is like the other.
#[test]
fn unequal_tasks_are_all_simulated() {
    let mut uneven = hundred_tasks();
    uneven.shape.sizes = vec![1.0; 100];
    let mut blocks = hundred_tasks();
    blocks.shape.dispatch = Dispatch::Static;
    let mut gangs = hundred_tasks();
    gangs.shape = Shape {
        tasks: 100,
        dispatch: gangs.shape.dispatch,
        ..teams(1, 2, 1, MS)
    };
    for case in [uneven, blocks, gangs] {
        assert_eq!(case.report().extrapolated_tasks, 0);
    }
}

/// 2.5 CPUs of four for 100 ms: batches of less than a period would take its beginning for all.
#[test]
fn a_quota_is_seen_for_whole_periods() {
    let mut case = hundred_tasks();
    (case.machine, case.kernel) = ("core:4 pu:1", ticking_kernel());
    case.shape = Shape {
        tasks: 4000,
        dispatch: case.shape.dispatch,
        ..teams(4, 1, 1, MS)
    };
    case.quota = Some(Quota {
        quota: 250 * MS,
        period: 100 * MS,
    });
    let part = case.report();
    case.extent = Extent::Whole;
    let ratio = part.wall as f64 / case.report().wall as f64;
    assert!(
        part.extrapolated_tasks > 0 && (ratio - 1.0).abs() < 0.02,
        "{ratio}"
    );
}

//! Closed forms of what threads share: quotas, cores, PUs, gates and pools.

use super::*;
use crate::experiment::Dispatch;

/// F9, A13: 10 threads of 200 ms under a quota of 2 CPUs (200 ms in each 100 ms) on 10 PUs: all
/// run 20 ms of each period and stand still for 80; the tenth 20 ms end at 920 ms.
#[test]
fn a_quota_lets_all_run_and_then_stops_all() {
    let mut case = Case::new("core:10 pu:1", teams(10, 1, 1, 200 * MS));
    case.quota = Some(Quota {
        quota: 200 * MS,
        period: 100 * MS,
    });
    let report = case.report();
    assert_eq!(report.wall, 920 * MS);
    assert_eq!(report.split.of(Category::Throttled), 10 * 9 * 80 * MS);
}

/// The same with 40 threads and 4 CPUs: 10 ms of running, 90 ms of standing still.
#[test]
fn forty_threads_use_four_cpus_up_in_ten_milliseconds() {
    let mut case = Case::new("core:40 pu:1", teams(40, 1, 1, 20 * MS));
    case.quota = Some(Quota {
        quota: 400 * MS,
        period: 100 * MS,
    });
    assert_eq!(case.wall(), 110 * MS);
}

/// F9: one worker computes, its partner spins all the time: half of a quota of 1 CPU is burnt, so
/// 200 ms of work take 4 periods of 50 ms work, the last of which ends after 50 ms.
#[test]
fn spinners_burn_quota() {
    let mut case = Case::new("core:2 pu:1", teams(1, 2, 1, 200 * MS));
    case.shape.items = 1;
    case.quota = Some(Quota {
        quota: 100 * MS,
        period: 100 * MS,
    });
    assert_eq!(case.wall(), 350 * MS);
}

/// F10: three members with 100 ms each on two PUs. A member that spins when it is done keeps its PU
/// busy, so the other two share theirs to the end: 200 ms, and up to three quanta of spinning, before
/// the worker first runs and after the first of the two is done. A member that blocks leaves an
/// idle PU, which pulls one of the two at half time: 150 ms.
#[test]
fn a_spinner_keeps_its_pu_from_helping() {
    let wall = |wait| {
        let mut case = Case::new("core:2 pu:1", teams(1, 3, 1, 300 * MS));
        case.shape.waits = Waits::all(wait);
        case.kernel = ticking_kernel();
        case.wall()
    };
    let spinning = wall(Wait::SPIN);
    assert!((200 * MS..=212 * MS).contains(&spinning), "{spinning}");
    let blocking = wall(Wait::BLOCK);
    assert!((148 * MS..=156 * MS).contains(&blocking), "{blocking}");
}

/// F11: PU 1 has a member of the first team, which does its 0.5 ms and then spins for 10 ms before
/// it blocks, and the second worker, which has 100 ms to compute: that takes 110.5 ms.
#[test]
fn a_lingering_member_takes_its_spin_from_whoever_is_queued_with_it() {
    let case = lingering(Wait {
        spin: 10 * MS,
        ..Wait::BLOCK
    });
    assert_eq!(case.wall(), 110_500 * US);
}

/// A15: two threads on one core share its throughput S: with S = 1, 3 ms each take 6 ms; with
/// S = 1.2, 5 ms. Beside a spinner work goes at 0.9.
#[test]
fn siblings_share_a_core() {
    let wall = |shape, smt_compute| {
        let mut case = Case::new("core:1 pu:2", shape);
        (case.costs.smt_compute, case.costs.smt_spin) = (smt_compute, 0.9);
        case.wall()
    };
    assert_eq!(wall(teams(2, 1, 1, 3 * MS), 1.0), 6 * MS);
    assert_eq!(wall(teams(2, 1, 1, 3 * MS), 1.2), 5 * MS);
    let mut beside_spinner = teams(1, 2, 1, 9 * MS);
    beside_spinner.items = 1;
    assert_eq!(wall(beside_spinner, 1.0), 10 * MS);
}

/// A16: one region at a time: 12 tasks of 1 ms take 12 ms whoever calls. Counting to 4 with teams
/// of two: two at a time.
#[test]
fn a_gate_limits_how_many_regions_run() {
    let wall = |workers, width, (permits, each): (u32, u32)| {
        let mut shape = teams(workers, width, 1, MS * Ns::from(width));
        shape.tasks = 12;
        shape.gates = vec![gate(permits, vec![each; workers])];
        shape.dispatch =
            Dispatch::Queue(crate::experiment::Chunk::Tasks(std::num::NonZeroU32::MIN));
        shape.waits = Waits::all(Wait::BLOCK);
        Case::new("core:8 pu:1", shape).wall()
    };
    assert_eq!(
        [1, 2, 4].map(|workers| wall(workers, 2, (1, 1))),
        [12 * MS; 3]
    );
    assert_eq!(wall(4, 2, (4, 2)), 6 * MS);
}

/// A19: a region that wants two permits of one never starts.
#[test]
fn a_deadlock_names_who_waits_for_what() {
    let mut shape = teams(1, 2, 1, MS);
    shape.gates = vec![gate(1, vec![2])];
    let report = Case::new("core:2 pu:1", shape).report();
    let expected = [
        "worker 0 waits for the gate",
        "thread 0.1 waits for its worker",
    ];
    assert_eq!(
        report.stop,
        Stop::Deadlock(expected.map(String::from).to_vec())
    );
}

/// Pools: two workers, each with a pool of two that shares its region's two phases: the workers
/// block meanwhile, and 4 ms of work take 2 ms on 4 PUs, 4 ms on 2.
#[test]
fn pools_share_the_pieces_of_a_region() {
    let wall = |machine, inner| {
        let mut shape = teams(2, 2, 2, 4 * MS);
        (shape.inner, shape.pool) = (inner, 2);
        shape.waits = Waits::all(Wait::BLOCK);
        Case::new(machine, shape).wall()
    };
    assert_eq!(wall("core:4 pu:1", Inner::OwnPools), 2 * MS);
    assert_eq!(wall("core:4 pu:1", Inner::SharedPool), 4 * MS);
}

/// The same seed gives the same report; events at equal times have an order.
#[test]
fn a_seed_decides_everything() {
    let report = |seed| {
        let mut case = Case::new("core:2 pu:2", teams(3, 3, 7, 10 * MS));
        case.kernel = ticking_kernel();
        case.costs.handoff = [100; 3];
        case.costs.switch = US;
        case.seed = seed;
        case.report()
    };
    assert_eq!(report(5), report(5));
    assert!((0..9).any(|seed| report(seed).wall != report(5).wall));
}

/// A14: threads that each move 10 bytes/ns to and from a memory of 20 bytes/ns. Two have what they
/// want; four get 5 each and take twice as long.
#[test]
fn threads_that_want_more_than_the_memory_gives_slow_down_together() {
    let wall = |threads: usize| {
        let mut case = Case::new("core:4 pu:1", teams(threads, 1, 1, 3 * MS));
        (case.traffic, case.costs.memory_node) = (10.0, 20.0);
        case.wall()
    };
    assert_eq!((wall(2), wall(4)), (3 * MS, 6 * MS));
}

/// Four threads want 10 of 20 bytes/ns each; work of 1, 3, 3, 3 ms. All go at half speed until the
/// first is done at 2 ms with 2 ms left for the others, who then get 20/3 each: 2 / (2/3) = 3 ms more.
#[test]
fn who_is_done_leaves_bandwidth_to_the_others() {
    let mut shape = teams(4, 1, 1, 3 * MS);
    shape.work[0] = MS as f64;
    let mut case = Case::new("core:4 pu:1", shape);
    (case.traffic, case.costs.memory_node) = (10.0, 20.0);
    assert_eq!(case.wall(), 5 * MS);
}

/// Two nodes of 2 PUs, memories of 10 bytes/ns, a link of 2. Worker 0 sits in node 0 and its member
/// in node 1: the member's data come over the link, 2 of the 8 bytes/ns it wants, so it takes 4
/// times its half of the 8 ms.
#[test]
fn a_member_far_from_its_data_is_held_by_the_link() {
    let mut case = Case::new("pack:2 [numa] core:2 pu:1", teams(1, 2, 1, 8 * MS));
    case.pinned = vec![0, 2];
    (case.traffic, case.costs.memory_node) = (8.0, 10.0);
    case.costs.memory_link = 2.0;
    assert_eq!(case.wall(), 16 * MS);
}

/// Four busy PUs have a clock of 0.7, one alone of 1; of equal steps between, two have 0.9.
#[test]
fn a_package_slows_down_as_more_of_it_is_busy() {
    let wall = |threads: usize| {
        let mut case = Case::new("core:4 pu:1", teams(threads, 1, 1, 9 * MS));
        case.costs.together = 0.7;
        case.wall()
    };
    assert_eq!([1, 2].map(wall), [9 * MS, 10 * MS]);
    assert_eq!(wall(4), 12_857_143, "9 / 0.7, rounded up");
}

/// The first of two members does half of 8 ms alone; then both do a quarter each: 4 + 2.
#[test]
fn what_one_does_alone_the_others_wait_for() {
    let mut case = Case::new("core:2 pu:1", teams(1, 2, 2, 8 * MS));
    case.shape.serial = 0.5;
    assert_eq!(case.wall(), 6 * MS);
}

/// Tasks of 1, 5, 2 and 4 ms, handed to two workers one at a time: 1 + 2 + 4 against 5.
#[test]
fn tasks_of_different_size_are_taken_in_order() {
    let mut shape = teams(2, 1, 1, MS);
    (shape.tasks, shape.sizes) = (4, vec![1.0, 5.0, 2.0, 4.0]);
    shape.dispatch = "queue.1".parse().unwrap();
    assert_eq!(Case::new("core:2 pu:1", shape).wall(), 7 * MS);
}

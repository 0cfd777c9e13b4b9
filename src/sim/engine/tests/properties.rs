//! What holds of every case, however many threads, whatever they wait like and cost.

use proptest::prelude::*;

use super::*;

/// A random small case; works are whole multiples of the parts that they are divided into.
fn cases() -> impl Strategy<Value = Case> {
    let machine = prop::sample::select(vec![
        "core:1 pu:1",
        "core:3 pu:1",
        "core:2 pu:2",
        "pack:2 l3:1 core:2 pu:1",
    ]);
    let size = (1_usize..4, 1_u32..5, 1_u32..4, 1_u32..8, 1_u64..4_000);
    let wait = prop::sample::select(vec![
        Wait::SPIN,
        Wait::YIELD,
        Wait::BLOCK,
        Wait {
            spin: 30 * US,
            ..Wait::BLOCK
        },
        Wait {
            yields: 32,
            ..Wait::BLOCK
        },
    ]);
    let inner = prop::sample::select(vec![Inner::Teams, Inner::OwnPools, Inner::SharedPool]);
    let costs = (
        0_u64..5_000,
        0_u64..5_000,
        0_u64..9_000,
        1_u64..2_000,
        0_u64..400,
    );
    (
        machine,
        size,
        (wait, inner),
        costs,
        (0_usize..4, 0_usize..3, any::<u64>()),
    )
        .prop_map(
            |(machine, size, (wait, inner), costs, (policy, mode, seed))| {
                let (workers, width, phases, tasks, unit) = size;
                let work = unit * US * Ns::from(width * phases);
                let mut shape = teams(workers, width, phases, work);
                (shape.tasks, shape.inner, shape.pool) = (tasks, inner, width);
                shape.waits = Waits::all(wait);
                shape.dispatch = Dispatch::Stealing;
                let mut case = Case::new(machine, shape);
                case.kernel = kernels()[policy];
                case.kernel.mode = [TickMode::Aligned, TickMode::Staggered, TickMode::Exact][mode];
                let (switch, wake, exit, yield_call, handoff) = costs;
                case.costs = Costs {
                    switch,
                    wake_each: wake,
                    idle_exit: exit,
                    yield_call,
                    handoff: [handoff; 3],
                    ..Costs::free()
                };
                case.seed = seed;
                case
            },
        )
}

pub(super) fn kernels() -> [Scheduler; 4] {
    let slice = 1_400 * US;
    let cfs = Policy::Cfs {
        latency: 12 * MS,
        min_granularity: 1_500 * US,
        wakeup_granularity: 2 * MS,
    };
    [
        ticking_kernel(),
        exact_kernel(),
        Scheduler {
            policy: Policy::Eevdf {
                slice,
                yields: YieldRule::Deadline,
            },
            ..ticking_kernel()
        },
        Scheduler {
            policy: cfs,
            ..ticking_kernel()
        },
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Every task is done, exactly the work that was asked for is computed (each core's siblings
    /// together at the rate of one, so PU time is at least the work), no time is lost, and no
    /// machine is faster than its PUs.
    #[test]
    fn work_and_time_are_conserved(case in cases()) {
        let report = case.report();
        prop_assert_eq!(&report.stop, &Stop::Done);
        prop_assert_eq!(report.tasks_done, case.shape.tasks);
        let work = case.shape.work[0] as Ns * Ns::from(case.shape.tasks);
        let computed = report.split.of(Category::Compute);
        if case.machine.contains("pu:2") {
            prop_assert!(computed >= work);
        } else {
            prop_assert_eq!(computed, work);
            prop_assert!(report.wall * report.pus as Ns >= work);
        }
    }

    #[test]
    fn a_seed_gives_one_answer(case in cases()) {
        prop_assert_eq!(case.report(), case.report());
    }

    /// Bound threads never move.
    #[test]
    fn bound_threads_stay_where_they_are(case in cases(), pus in prop::collection::vec(0_u32..3, 40)) {
        let most = if case.machine == "core:1 pu:1" { 1 } else { 3 };
        let case = Case { pinned: pus.iter().map(|pu| pu % most).collect(), ..case };
        prop_assert_eq!(case.report().migrations, 0);
    }

    /// A2: a PU without costs is never idle while one of its threads has work: the last of N ends
    /// at N w.
    #[test]
    fn a_shared_pu_is_busy_to_the_end(workers in 2_usize..6, work in 1_u64..60, policy in 0_usize..4) {
        let mut case = Case::new("core:1 pu:1", teams(workers, 1, 1, work * MS));
        case.kernel = kernels()[policy];
        prop_assert_eq!(case.wall(), workers as Ns * work * MS);
    }

    /// A5, Graham: equal tasks from a queue on as many workers as PUs take ceil(C / P) of them.
    #[test]
    fn a_queue_keeps_every_worker_busy(tasks in 1_u32..40, policy in 0_usize..4) {
        let mut shape = teams(4, 1, 1, MS);
        shape.tasks = tasks;
        shape.dispatch = Dispatch::Queue(crate::experiment::Chunk::Tasks(std::num::NonZeroU32::MIN));
        let mut case = Case::new("core:4 pu:1", shape);
        case.kernel = kernels()[policy];
        prop_assert_eq!(case.wall(), Ns::from(tasks.div_ceil(4)) * MS);
    }
}

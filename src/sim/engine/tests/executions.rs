//! Executions one after the other, as a measuring thread has them done.

use super::*;
use crate::record::trace::Activity;
use crate::sim::nest::Measuring;

impl Case {
    /// What came of each execution, and a trace of the last.
    #[expect(
        clippy::redundant_closure,
        reason = "the function is not one for every lifetime"
    )]
    pub(super) fn traced(&self) -> (Vec<Report>, Trace) {
        self.simulated(|setup, shape| Engine::trace(setup, shape))
    }
}

fn measured(executions: u32, shape: Shape) -> Case {
    let measuring = Some(Measuring {
        executions,
        probing: (10 * US) as f64,
        upkeep: (20 * US) as f64,
    });
    Case::new("core:2 pu:1", Shape { measuring, ..shape })
}

/// A worker with 1 ms on two PUs: it is woken (1 + 3 us), leaves idle (5 us) and works; what the
/// measurer and the worker do between executions is in no report.
#[test]
fn only_the_execution_itself_is_timed() {
    let mut case = measured(3, teams(1, 1, 1, MS));
    (
        case.costs.wake_call,
        case.costs.wake_each,
        case.costs.idle_exit,
    ) = (US, 3 * US, 5 * US);
    let reports = case.reports();
    let walls: Vec<Ns> = reports.iter().map(|report| report.wall).collect();
    assert_eq!(walls, [(1 + 3 + 5) * US + MS; 3]);
    for report in reports {
        assert_eq!(report.split.of(Category::Compute), MS);
        assert_eq!(report.split.total(), 2 * report.wall);
        assert_eq!((report.tasks_done, report.threads), (1, 1));
    }
}

/// 10 ms of work and a limit of 9 ms: there is no second execution.
#[test]
fn an_execution_that_is_stopped_is_the_last() {
    let mut case = measured(3, teams(1, 1, 1, 10 * MS));
    case.limit = 9 * MS;
    let reports = case.reports();
    assert_eq!(reports.len(), 1);
    assert_eq!((&reports[0].stop, reports[0].wall), (&Stop::Limit, 9 * MS));
}

/// Teams that spin use up a quota of 0.1 ms in 100 ms before their workers have prepared for 20 us each:
/// that is stopped like an execution would be, and the execution that never began has no time.
#[test]
fn what_stands_before_an_execution_may_take_no_longer_than_it() {
    let mut case = measured(2, teams(2, 4, 1, MS));
    case.quota = Some(Quota {
        quota: 100 * US,
        period: 100 * MS,
    });
    case.limit = 500 * MS;
    let reports = case.reports();
    assert_eq!(reports.len(), 1);
    assert_eq!((&reports[0].stop, reports[0].wall), (&Stop::Limit, 0));
}

/// Two teams of two that spin on two PUs: bound threads, no randomness after the start. Executions
/// differ all the same, because each begins at another phase of slices and ticks.
#[test]
fn executions_find_the_queues_as_the_last_one_left_them() {
    let mut shape = teams(2, 2, 20, 20 * 80 * US);
    shape.tasks = 2;
    let mut case = measured(10, shape);
    case.kernel = ticking_kernel();
    case.pinned = vec![0, 1, 0, 1];
    let walls: Vec<Ns> = case.reports().iter().map(|report| report.wall).collect();
    assert!(walls.iter().any(|wall| *wall != walls[0]), "{walls:?}");
}

/// What a trace hears of each thread follows without gaps and overlaps, and its waits for a PU are
/// those that the report counts.
#[test]
fn a_trace_tells_of_every_thread_at_every_time() {
    for wait in [Wait::SPIN, Wait::BLOCK] {
        let mut case = Case::new("core:2 pu:1", teams(3, 2, 4, 7 * MS));
        case.shape.waits = Waits::all(wait);
        let (reports, trace) = case.traced();
        let [report] = &reports[..] else {
            panic!("one execution");
        };
        for thread in 0..case.shape.roles().len() as u32 {
            let mut spans: Vec<_> = trace.spans.iter().filter(|s| s.thread == thread).collect();
            spans.sort_by_key(|span| span.start);
            assert_eq!(spans[0].start, 0);
            assert!(spans.windows(2).all(|pair| pair[0].end == pair[1].start));
            assert_eq!(spans[spans.len() - 1].end, report.wall);
        }
        let queued = trace
            .spans
            .iter()
            .filter(|s| s.activity == Activity::Queued);
        assert_eq!(
            queued.map(|s| s.length()).sum::<u64>(),
            report.run_queue_wait
        );
        assert!(report.run_queue_wait > 0);
    }
}

//! What comes before all other rules: executions that do not end, and threads that are not those
//! asked for. The numbers of such a cell are not what a reader takes them for.

use super::{Account, Case, alone, machine, times};
use crate::analysis::cause::{Cause, Finding};

/// Times of the best cell's from which an execution that does not end is called a hang [1]. Below it,
/// the limit may just be short.
const HUNG: f64 = 10.0;

pub(super) fn hang(case: &Case<'_>) -> Option<Finding> {
    let waited = case.here.hung?;
    // Who is known to spin is slow, and comes back some time.
    let spins = super::spinning(case).is_some();
    let holds = case.slowdown >= HUNG && !spins;
    let evidence = vec![
        alone("without a finished task", "s", waited),
        case.busy(),
        case.ready(),
        case.asked(),
    ];
    let rule = "no execution came back and none finished a task, though the limit is at least ten times \
                what the best cell takes";
    let account = Account {
        weight: 1.0,
        explains: f64::INFINITY,
    };
    holds.then(|| case.finding(Cause::Hang, account, evidence, rule))
}

pub(super) fn other_threads(case: &Case<'_>) -> Option<Finding> {
    let (got, asked) = (case.here.realised?, f64::from(case.here.cell.demand()));
    let reach = asked.min(case.budget());
    let account = if got < asked {
        Account {
            weight: 1.0 - got / asked,
            explains: times(reach, got.min(case.budget())),
        }
    } else {
        Account {
            weight: 1.0 - asked / got,
            explains: times(got, reach).max(case.inflation()),
        }
    };
    let evidence = vec![
        machine("threads, against those asked for", "threads", got, asked),
        case.busy(),
        case.ready(),
    ];
    let rule = "a library or a program has fewer threads than it was asked for, or at least 1.5 times as \
                many of its threads want a CPU";
    Some(case.finding(Cause::OtherThreads, account, evidence, rule))
}

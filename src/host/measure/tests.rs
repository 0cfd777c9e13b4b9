//! Which repetitions are answered, and how?

use std::num::NonZeroU32;
use std::ops::ControlFlow;

use super::*;
use crate::experiment::{Protocol, Visit};
use crate::record::Status;
use crate::units::ns;

const MINUTE: Duration = Duration::from_secs(60);

/// A visit of `cell` from repetition `first` to `last`, after `warmups`, each within `limit`.
fn ask(cell: &str, (first, last): (u32, u32), warmups: u32, limit: Duration) -> VisitRequest {
    let last = NonZeroU32::new(last).unwrap();
    let visit = Visit {
        round: 1,
        cell: cell.parse().unwrap(),
    };
    let protocol = Protocol::of_one_visit(last, warmups, limit);
    VisitRequest {
        first_rep: first,
        ..VisitRequest::new(visit, &protocol, 2)
    }
}

/// The answers to `ask`, of which `wanted` are wanted.
fn answers(ask: &VisitRequest, wanted: usize) -> Vec<(u32, Answer)> {
    let mut answers = Vec::new();
    let measured = measure(ask, None, &mut |rep, answer| {
        answers.push((rep, answer));
        match answers.len() < wanted {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    });
    measured.unwrap();
    answers
}

const CELL: &str = "matmul n=8 outer=2 inner=2 tasks=4";

#[test]
fn every_repetition_that_is_asked_for_is_answered_in_order() {
    let answers = answers(&ask(CELL, (2, 4), 1, MINUTE), 9);
    let reps: Vec<u32> = answers.iter().map(|(rep, _)| *rep).collect();
    assert_eq!(reps, [2, 3, 4]);
    for (_, answer) in &answers {
        assert_eq!(answer.status(), Status::Ok, "{answer:?}");
        let sample = answer.sample().unwrap();
        assert_eq!(sample.tasks_done, Some(4));
        assert!(sample.wall > Duration::ZERO && sample.waiting.waits.is_some());
    }
}

#[test]
fn nothing_is_measured_for_somebody_who_has_had_enough() {
    assert_eq!(answers(&ask(CELL, (1, 5), 0, MINUTE), 2).len(), 2);
}

/// Whether it ended a little later or not at all; nothing after it is measured.
#[test]
fn an_execution_past_its_limit_ends_the_visit_with_a_lower_bound() {
    let limit = Duration::from_nanos(1);
    for warmups in [0, 1] {
        let answers = answers(&ask(CELL, (3, 5), warmups, limit), 9);
        assert_eq!(answers.len(), 1, "{answers:?}");
        let (rep, answer) = &answers[0];
        assert_eq!((*rep, answer.status()), (3, Status::Censored));
        assert!(answer.sample().unwrap().wall >= limit);
    }
}

#[test]
fn a_cell_that_cannot_be_built_is_a_failed_answer() {
    let answers = answers(
        &ask(
            "matmul n=8 outer=1 inner=1 runtime=blas:mkl",
            (2, 5),
            0,
            MINUTE,
        ),
        9,
    );
    let reason = "no library was given for blas:mkl".to_owned();
    assert_eq!(answers, [(2, Answer::Failed(reason))]);
}

#[test]
fn a_trace_has_every_thread_of_the_nest_and_all_of_the_execution() {
    let (answer, trace) = trace(&ask(CELL, (1, 1), 1, MINUTE), None).unwrap();
    assert_eq!(answer.status(), Status::Ok, "{answer:?}");
    assert_eq!(
        trace.cell.parse(),
        Ok(ask(CELL, (1, 1), 1, MINUTE).visit.cell)
    );
    assert_eq!(trace.threads, ["w0", "w0.m1", "w1", "w1.m1"]);
    assert_eq!(trace.wall, ns(answer.sample().unwrap().wall));
    assert!(!trace.spans.is_empty());
    assert!(trace.spans.iter().all(|span| span.end <= trace.wall));
}

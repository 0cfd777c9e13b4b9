//! Is every answer kept once, and does an interrupted walk go on where it stopped?

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::*;
use crate::experiment::{CpuCounts, Plan, Request};
use crate::record::{Ledger, Sample, last_attempts};

const SECOND: Duration = Duration::from_secs(1);

/// Stops a sweep after some records.
struct StopAfter<'a> {
    records: usize,
    cancel: &'a AtomicBool,
}

impl SweepObserver for StopAfter<'_> {
    fn record(&mut self, _record: &Record) {
        self.records -= 1;
        self.cancel.store(self.records == 0, Ordering::Relaxed);
    }
}

/// A sweep over `plan` that takes up `rows`, adds to them, and stops after `most` records.
fn swept(
    plan: &Plan,
    rows: &mut Vec<Record>,
    runner: &mut dyn Runner,
    most: usize,
    rule: Option<&mut StoppingRule<'_>>,
) -> Result<Tally, SweepError> {
    let cancel = AtomicBool::new(false);
    let recorded = rows.clone();
    let sweep = Sweep {
        runner,
        sink: rows,
        observer: &mut StopAfter {
            records: most,
            cancel: &cancel,
        },
        cancel: &cancel,
        clock: || 0,
    };
    Ok(sweep.run(plan, recorded, rule)?.tally)
}

/// Four cells (outer and inner 1 or 2), two rounds, three repetitions: 24 samples.
fn plan() -> Plan {
    let toml = "outer = [1, 2]\ninner = [1, 2]\nrounds = 2\nreps = 3\nlimit = 10";
    let request: Request = toml::from_str(toml).unwrap();
    request
        .plan(CpuCounts {
            budget: 2,
            physical: 2,
            logical: 2,
        })
        .unwrap()
}

fn takes(wall: Duration) -> Answer {
    Answer::Ok(Sample {
        wall,
        ..Sample::default()
    })
}

fn walk(plan: &Plan, rows: &mut Vec<Record>, answer: fn(&Visit, u32) -> Answer) -> Tally {
    swept(plan, rows, &mut Scripted(answer), usize::MAX, None).unwrap()
}

#[test]
fn every_repetition_of_every_round_is_a_row() {
    let mut rows = Vec::new();
    let tally = walk(&plan(), &mut rows, |_, _| takes(SECOND));
    assert!(tally.complete);
    assert_eq!(tally.records, [(Status::Ok, 24)].into());
    let mut distinct: Vec<_> = rows.iter().map(|row| (row.visit, row.rep)).collect();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), 24);
}

#[test]
fn a_failed_or_censored_cell_is_a_row_and_the_sweep_goes_on() {
    let mut rows = Vec::new();
    let tally = walk(&plan(), &mut rows, |visit, _| match visit.cell.demand() {
        4 => Answer::Failed("broke".to_owned()),
        2 => Answer::Censored(Sample {
            wall: SECOND,
            ..Sample::default()
        }),
        _ => takes(SECOND),
    });
    let by_status = [(Status::Ok, 6), (Status::Censored, 4), (Status::Failed, 2)];
    assert_eq!(tally.records, by_status.into());
    assert!(tally.complete);
}

#[test]
fn an_interrupted_sweep_goes_on_where_it_stopped() {
    let plan = plan();
    let mut rows = Vec::new();
    let mut runner = Scripted(|_: &Visit, _| takes(SECOND));
    let tally = swept(&plan, &mut rows, &mut runner, 10, None).unwrap();
    assert!(!tally.complete);
    assert_eq!(rows.len(), 10);
    // Three visits are whole; of the fourth, one repetition was there, by another process.
    let tally = walk(&plan, &mut rows, |_, _| takes(SECOND));
    assert_eq!(tally.records, [(Status::Ok, 15)].into());
    assert_eq!(rows.len(), 25);
    let mut rows = last_attempts(rows);
    assert_eq!(rows.len(), 24);
    assert_eq!(
        walk(&plan, &mut rows, |_, _| takes(SECOND)).records,
        [].into()
    );
}

fn stood_still() -> Answer {
    Answer::Interrupted(Sample::default(), "stopped by SIGSTOP".to_owned())
}

/// In round 1 one cell stands still in its first attempt.
#[test]
fn a_visit_that_stood_still_is_made_again_at_the_end_of_its_round() {
    let plan = plan();
    let first = plan.visits().next().unwrap();
    let mut tries = 0;
    let mut rows: Vec<Record> = Vec::new();
    let mut runner = Scripted(|visit: &Visit, rep| {
        let stands = *visit == first && rep == 2 && tries == 0;
        tries += u32::from(stands);
        if stands { stood_still() } else { takes(SECOND) }
    });
    let tally = swept(&plan, &mut rows, &mut runner, usize::MAX, None).unwrap();
    assert!(tally.complete);
    let counts = [(Status::Ok, 1 + 24), (Status::Interrupted, 1)];
    assert_eq!(tally.records, counts.into());
    let visits: Vec<Visit> = rows.iter().map(|row| row.visit).collect();
    let last_of_round_1 = visits.iter().rposition(|visit| visit.round == 1);
    assert_eq!(last_of_round_1, Some(1 + 12));
    assert_eq!(visits[11..14], [first; 3]);
    let counted = last_attempts(rows);
    assert_eq!(counted.len(), 24);
}

#[test]
fn a_cell_that_always_stands_still_does_not_hold_the_sweep() {
    let plan = plan();
    let mut rows = Vec::new();
    let tally = walk(&plan, &mut rows, |visit, _| match visit.cell.demand() {
        4 => stood_still(),
        _ => takes(SECOND),
    });
    assert!(tally.complete);
    let counts = [(Status::Ok, 18), (Status::Interrupted, 2 * 3)];
    assert_eq!(tally.records, counts.into());
    // And the next time that the run is taken up it is tried again.
    let mut rows = last_attempts(rows);
    let tally = walk(&plan, &mut rows, |_, _| takes(SECOND));
    assert_eq!(tally.records, [(Status::Ok, 6)].into());
}

#[test]
fn a_visit_that_used_up_its_time_is_complete() {
    let plan = plan();
    let visit = plan.visits().next().unwrap();
    let record = |rep, wall| Record {
        runner: "scripted".to_owned(),
        visit,
        rep,
        unix_ms: 0,
        answer: takes(wall),
    };
    let (short, long) = (record(1, SECOND), record(2, 9 * SECOND));
    let recorded = |records: &[&Record]| Ledger::of(records.iter().copied()).visit(&visit);
    let again = remaining(visit, &plan, recorded(&[&short])).unwrap();
    assert_eq!(again.first_rep, 1, "a round is one process run");
    assert_eq!(remaining(visit, &plan, recorded(&[&short, &long])), None);
}

/// 24 samples are planned; the cell of four threads fails in its first repetition of each round, so
/// that 20 are all there can be. Of them 7 were recorded.
#[test]
fn a_run_is_complete_when_no_visit_has_anything_left() {
    let plan = plan();
    let mut rows = Vec::new();
    walk(&plan, &mut rows, |visit, _| match visit.cell.demand() {
        4 => Answer::Failed("broke".to_owned()),
        _ => takes(SECOND),
    });
    let whole = Completeness::of(&plan, &rows);
    assert_eq!((whole.samples, whole.missing), (20, 0));
    let failed = |row: &&Record| row.answer.status() == Status::Failed;
    let lost = rows[7..].iter().filter(failed).count();
    let part = Completeness::of(&plan, &rows[..7]);
    assert_eq!((part.samples, part.missing), (7, 13 + 2 * lost));
    assert!(!part.is_complete());
    let said = part.to_string();
    assert!(said.starts_with(&format!(
        "7 of {} samples; the run is not complete",
        20 + 2 * lost
    )));
    assert_eq!(Completeness::of(&plan, &[]).missing, 24);
}

/// A further round over one cell has begun: three repetitions, of which one is there.
#[test]
fn a_further_round_counts_as_far_as_it_has_begun() {
    let plan = plan();
    let mut rows = Vec::new();
    walk(&plan, &mut rows, |_, _| takes(SECOND));
    let mut more = rows[0].clone();
    more.visit.round = 3;
    rows.push(more);
    assert_eq!(Completeness::of(&plan, &rows).missing, 2);
    rows.last_mut().unwrap().answer = stood_still();
    let whole = Completeness::of(&plan, &rows);
    assert_eq!((whole.samples, whole.missing), (24, 3));
}

#[test]
fn rounds_are_interleaved_and_repeat_from_the_seed() {
    let visits: Vec<Visit> = plan().visits().collect();
    assert_eq!(visits, plan().visits().collect::<Vec<_>>());
    let rounds: Vec<u32> = visits.iter().map(|visit| visit.round).collect();
    assert_eq!(rounds, [1, 1, 1, 1, 2, 2, 2, 2]);
    let cells = |range: std::ops::Range<usize>| {
        visits[range]
            .iter()
            .map(|visit| visit.cell)
            .collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(cells(0..4), cells(4..8));
    assert_eq!(cells(0..4).len(), 4);
}

/// 1 x 1 and 2 x 1 stay open for two rounds more; an interruption in the second changes nothing.
#[test]
fn further_rounds_visit_only_the_cells_that_need_them_and_resume_as_they_would_have_gone() {
    let mut plan = plan();
    plan.protocol.until = Some("2%".parse().unwrap());
    let further = |records: &[Record]| -> BTreeSet<Cell> {
        let last = records.iter().map(|record| record.visit.round).max();
        let alone = |record: &&Record| record.visit.cell.inner.get() == 1 && last < Some(4);
        records
            .iter()
            .filter(alone)
            .map(|record| record.visit.cell)
            .collect()
    };
    let walk = |rows: &mut Vec<Record>, most| {
        let mut runner = Scripted(|_: &Visit, _| takes(SECOND));
        swept(&plan, rows, &mut runner, most, Some(&mut { further })).unwrap()
    };
    let mut whole = Vec::new();
    assert!(walk(&mut whole, usize::MAX).complete);
    let of_round = |rows: &[Record], round| -> Vec<(Visit, u32)> {
        let rows = rows.iter().filter(|row| row.visit.round == round);
        rows.map(|row| (row.visit, row.rep)).collect()
    };
    let counts = [1, 2, 3, 4, 5].map(|round| of_round(&whole, round).len());
    assert_eq!(counts, [12, 12, 6, 6, 0]);
    let mut pieces = Vec::new();
    assert!(!walk(&mut pieces, 32).complete);
    assert_eq!(pieces.len(), 32);
    assert!(walk(&mut pieces, usize::MAX).complete);
    let pieces = last_attempts(pieces);
    assert_eq!(of_round(&pieces, 4), of_round(&whole, 4));
    assert_eq!(pieces.len(), whole.len());
}

/// Notes what it was told to expect and what it was asked.
#[derive(Default)]
struct Prepared {
    expected: Vec<VisitRequest>,
    asked: Vec<VisitRequest>,
}

impl Runner for Prepared {
    fn name(&self) -> &'static str {
        "prepared"
    }

    fn prefetch(&mut self, requests: &mut dyn Iterator<Item = VisitRequest>) {
        self.expected.extend(requests);
    }

    fn run(&mut self, request: &VisitRequest, on_answer: &mut OnAnswer<'_>) -> Result<(), Halted> {
        self.asked.push(request.clone());
        for rep in request.first_rep..=request.last_rep.get() {
            let _ = on_answer(rep, takes(SECOND / 100));
        }
        Ok(())
    }
}

/// So that a runner can work ahead.
#[test]
fn a_runner_is_told_what_it_will_be_asked() {
    let mut runner = Prepared::default();
    let mut rows: Vec<Record> = Vec::new();
    swept(&plan(), &mut rows, &mut runner, usize::MAX, None).unwrap();
    assert_eq!(runner.asked.len(), 8, "cells and rounds");
    assert_eq!(runner.expected, runner.asked);
}

#[test]
fn a_reason_of_several_lines_is_kept_as_one() {
    let mut rows = Vec::new();
    walk(&plan(), &mut rows, |_, _| {
        Answer::Failed("assertion failed\n  left: 1\r\n\tright: 2\u{1b}[0m\n".to_owned())
    });
    let reason = rows[0].answer.reason();
    assert_eq!(reason, Some("assertion failed left: 1 right: 2 [0m"));
}

/// Its first visit fails; then there is nothing to ask with.
struct Starved(u32);

impl Runner for Starved {
    fn name(&self) -> &'static str {
        "starved"
    }

    fn run(&mut self, _: &VisitRequest, on_answer: &mut OnAnswer<'_>) -> Result<(), Halted> {
        self.0 += 1;
        if self.0 > 1 {
            return Err(Halted("no file descriptors".to_owned()));
        }
        let _ = on_answer(1, Answer::Failed("broke".to_owned()));
        Ok(())
    }
}

#[test]
fn a_runner_that_cannot_go_on_stops_the_sweep_and_leaves_the_visit_open() {
    let mut rows: Vec<Record> = Vec::new();
    let mut runner = Starved(0);
    let error = swept(&plan(), &mut rows, &mut runner, usize::MAX, None);
    assert_eq!(error.unwrap_err().to_string(), "no file descriptors");
    assert_eq!((runner.0, rows.len()), (2, 1));
}

//! Who answers a cell, and how is a plan walked?
//!
//! A [`Runner`] answers visits: `host` by measuring, [`Scripted`] from a script. [`sweep`] walks the
//! visits of a plan, skips what is already recorded, and hands every record to a [`Sink`] at once,
//! so that an interruption loses at most the sample in flight.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::time::Duration;

use crate::experiment::{Plan, Protocol, Visit};
use crate::record::{Answer, FolderError, Record, RunFolder, Status};

/// One process run of a cell, or what is left of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Which cell, in which round.
    pub visit: Visit,
    /// The first repetition still wanted, from 1.
    pub first_rep: u32,
    /// The last one.
    pub last_rep: NonZeroU32,
    /// How to ask.
    pub protocol: Protocol,
    /// P in whole CPUs, by which compositions set team widths.
    pub budget: u32,
}

/// Takes the answer to one repetition; `Break` asks the runner to stop as soon as it can.
pub type Emit<'a> = dyn FnMut(u32, Answer) -> ControlFlow<()> + 'a;

/// Something that can answer a cell.
pub trait Runner {
    /// Name in the record column `runner`.
    fn name(&self) -> &'static str;

    /// Told what it will be asked, in this order, unless somebody stops; a runner may work ahead.
    fn expect(&mut self, asks: Vec<Ask>) {
        let _ = asks;
    }

    /// Answers every repetition of `ask`, or fewer where one was censored or failed or the time was
    /// up. Never panics and never stops the sweep: what went wrong is the answer.
    fn run(&mut self, ask: &Ask, emit: &mut Emit<'_>);
}

/// Something that keeps records.
pub trait Sink {
    /// Keeps one record.
    ///
    /// # Errors
    ///
    /// If it cannot be kept.
    fn keep(&mut self, record: &Record) -> Result<(), FolderError>;
}

impl Sink for RunFolder {
    fn keep(&mut self, record: &Record) -> Result<(), FolderError> {
        self.append(record)
    }
}

impl Sink for Vec<Record> {
    fn keep(&mut self, record: &Record) -> Result<(), FolderError> {
        self.push(record.clone());
        Ok(())
    }
}

/// Told of every step of a sweep; all methods do nothing unless overridden.
pub trait Watch {
    /// A visit is about to start; `done` visits of the plan are complete.
    fn visit(&mut self, visit: &Visit, done: usize) {
        let _ = (visit, done);
    }

    /// A record was kept.
    fn record(&mut self, record: &Record) {
        let _ = record;
    }

    /// Whether to stop before the next sample.
    fn interrupted(&self) -> bool {
        false
    }

    /// Milliseconds since 1970 [ms].
    fn unix_ms(&self) -> u64 {
        0
    }
}

/// Counts of records by status, and whether the walk reached its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records kept in this walk, by status.
    pub records: BTreeMap<Status, usize>,
    /// Whether every visit is complete.
    pub complete: bool,
}

/// What is left of `visit` after the records already there; `None` where it is complete.
///
/// A visit is complete when it has all repetitions, when one was censored or failed, or when its
/// samples together used up the time limit.
pub fn rest(visit: Visit, plan: &Plan, recorded: &[&Record]) -> Option<Ask> {
    let Protocol { reps, .. } = plan.protocol;
    let ended = recorded
        .iter()
        .any(|record| record.answer.status() != Status::Ok);
    let spent: Duration = recorded
        .iter()
        .filter_map(|r| r.answer.sample())
        .map(|sample| sample.wall)
        .sum();
    let last = recorded.iter().map(|record| record.rep).max().unwrap_or(0);
    let complete = ended || spent >= plan.protocol.limit() || last >= reps.get();
    (!complete).then(|| Ask {
        visit,
        first_rep: last + 1,
        last_rep: reps,
        protocol: plan.protocol.clone(),
        budget: plan.grid.budget,
    })
}

/// Asks `runner` everything of `plan` that `recorded` does not hold, and keeps every answer at
/// once.
///
/// # Errors
///
/// If a record cannot be kept.
pub fn sweep(
    plan: &Plan,
    recorded: &[Record],
    runner: &mut dyn Runner,
    sink: &mut dyn Sink,
    watch: &mut dyn Watch,
) -> Result<Tally, FolderError> {
    let mut by_visit: BTreeMap<Visit, Vec<&Record>> = BTreeMap::new();
    for record in recorded {
        by_visit.entry(record.visit).or_default().push(record);
    }
    let visits = plan.visits();
    let name = runner.name();
    let known = |visit: &Visit| by_visit.get(visit).map_or(&[][..], Vec::as_slice);
    let asks = visits
        .iter()
        .filter_map(|visit| rest(*visit, plan, known(visit)));
    runner.expect(asks.collect());
    let mut tally = Tally::default();
    for (done, visit) in visits.iter().enumerate() {
        let Some(ask) = rest(*visit, plan, known(visit)) else {
            continue;
        };
        watch.visit(visit, done);
        let mut kept = Ok(());
        runner.run(&ask, &mut |rep, answer| {
            if watch.interrupted() {
                return ControlFlow::Break(());
            }
            let runner = name.to_owned();
            let record = Record {
                runner,
                visit: *visit,
                rep,
                unix_ms: watch.unix_ms(),
                answer,
            };
            kept = sink.keep(&record);
            *tally.records.entry(record.answer.status()).or_default() += 1;
            watch.record(&record);
            if kept.is_ok() {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
        kept?;
        if watch.interrupted() {
            return Ok(tally);
        }
    }
    tally.complete = true;
    Ok(tally)
}

/// A runner that answers from a function; for tests and examples.
pub struct Scripted<F>(pub F);

impl<F: FnMut(&Visit, u32) -> Answer> Runner for Scripted<F> {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn run(&mut self, ask: &Ask, emit: &mut Emit<'_>) {
        for rep in ask.first_rep..=ask.last_rep.get() {
            let answer = (self.0)(&ask.visit, rep);
            let last = answer.status() != Status::Ok;
            if emit(rep, answer).is_break() || last {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{Landmarks, Request};
    use crate::record::Sample;

    const SECOND: Duration = Duration::from_secs(1);

    /// Watches nothing; milliseconds count the records.
    #[derive(Default)]
    struct Blind {
        stop_after: Option<u64>,
        seen: std::cell::Cell<u64>,
    }

    impl Watch for Blind {
        fn record(&mut self, _record: &Record) {
            self.seen.set(self.seen.get() + 1);
        }

        fn interrupted(&self) -> bool {
            self.stop_after.is_some_and(|most| self.seen.get() >= most)
        }
    }

    /// Four cells (outer and inner 1 or 2), two rounds, three repetitions: 24 samples.
    fn plan() -> Plan {
        let toml = "outer = [1, 2]\ninner = [1, 2]\nrounds = 2\nreps = 3\nlimit = 10";
        let request: Request = toml::from_str(toml).unwrap();
        request
            .plan(Landmarks {
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
        let known = rows.clone();
        sweep(
            plan,
            &known,
            &mut Scripted(answer),
            rows,
            &mut Blind::default(),
        )
        .unwrap()
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
        let mut watch = Blind {
            stop_after: Some(10),
            ..Blind::default()
        };
        let mut runner = Scripted(|_: &Visit, _| takes(SECOND));
        let tally = sweep(&plan, &[], &mut runner, &mut rows, &mut watch).unwrap();
        assert!(!tally.complete);
        assert_eq!(rows.len(), 10);
        let tally = walk(&plan, &mut rows, |_, _| takes(SECOND));
        assert_eq!(tally.records, [(Status::Ok, 14)].into());
        assert_eq!(rows.len(), 24);
        assert_eq!(
            walk(&plan, &mut rows, |_, _| takes(SECOND)).records,
            [].into()
        );
    }

    #[test]
    fn a_visit_that_used_up_its_time_is_complete() {
        let plan = plan();
        let visit = plan.visits()[0];
        let record = |rep, wall| Record {
            runner: "scripted".to_owned(),
            visit,
            rep,
            unix_ms: 0,
            answer: takes(wall),
        };
        let (short, long) = (record(1, SECOND), record(2, 9 * SECOND));
        assert_eq!(
            rest(visit, &plan, &[&short]).map(|ask| ask.first_rep),
            Some(2)
        );
        assert_eq!(rest(visit, &plan, &[&short, &long]), None);
    }

    #[test]
    fn rounds_are_interleaved_and_repeat_from_the_seed() {
        let visits = plan().visits();
        assert_eq!(visits, plan().visits());
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
}

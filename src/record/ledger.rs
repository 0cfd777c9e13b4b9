//! What is recorded of each visit?
//!
//! A few numbers a visit in place of its records, so that a run of a million samples is walked, taken
//! up and checked in little memory.
//!
//! A visit is one process run. It is made again, from its first repetition, where it was cut off by an
//! interrupted sweep, where a process stood still in it, or where it failed and somebody wants it tried
//! again. Each time is an *attempt*: its rows follow in the file, and only those of the last attempt
//! count, so that no round mixes the repetitions of two processes.

use std::collections::HashMap;
use std::time::Duration;

use super::{Record, Status};
use crate::experiment::{Cell, Protocol, Visit};

/// What is recorded of one visit, by its last attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Its last repetition.
    pub last_rep: u32,
    /// How that one ended.
    pub status: Status,
    /// Wall time of all of them together.
    pub spent: Duration,
}

impl Recorded {
    /// Whether the attempt has all that `protocol` asks for: every repetition, or one that was stopped at
    /// the limit or failed, or samples that together used up the limit. One in which a process stood still
    /// never has.
    pub fn is_complete(&self, protocol: &Protocol) -> bool {
        self.status != Status::Interrupted
            && (self.status.ends_visit()
                || self.spent >= protocol.limit()
                || self.last_rep >= protocol.reps.get())
    }

    /// Whether a record of repetition `rep` may follow: a later one, or the first of another attempt at what
    /// is not complete by `protocol`, or failed.
    pub fn admits(&self, rep: u32, protocol: Option<&Protocol>) -> bool {
        let complete = protocol.is_some_and(|protocol| self.is_complete(protocol));
        let may_be_repeated = !complete || self.status == Status::Failed;
        rep > self.last_rep || (rep == 1 && may_be_repeated)
    }
}

/// Those of `records`, in the order in which they were written, that are of the last attempt of their
/// visit.
pub fn last_attempts(mut records: Vec<Record>) -> Vec<Record> {
    let mut ledger = Ledger::default();
    let mut begun = HashMap::new();
    for (at, record) in records.iter().enumerate() {
        let last = ledger
            .visit(&record.visit)
            .map_or(0, |known| known.last_rep);
        if last > 0 && record.rep <= last {
            begun.insert(record.visit, at);
        }
        ledger.enter(record);
    }
    let mut at = 0..;
    records.retain(|record| at.next() >= begun.get(&record.visit).copied());
    records
}

/// What is recorded of every visit of a run.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// A small number for each cell, since cells are long keys.
    cells: HashMap<Cell, u32>,
    /// By round and number of the cell.
    visits: HashMap<(u32, u32), Recorded>,
}

impl Ledger {
    /// The ledger of `records`.
    pub fn of<'a>(records: impl IntoIterator<Item = &'a Record>) -> Self {
        let mut ledger = Self::default();
        records.into_iter().for_each(|record| ledger.enter(record));
        ledger
    }

    /// Enters one record. One that is not beyond the last repetition begins another attempt.
    pub fn enter(&mut self, record: &Record) {
        let next = self.cells.len() as u32;
        let cell = *self.cells.entry(record.visit.cell).or_insert(next);
        let entry = self.visits.entry((record.visit.round, cell));
        let recorded = entry.or_default();
        if record.rep <= recorded.last_rep {
            *recorded = Recorded::default();
        }
        let wall = record.answer.sample().map_or(Duration::ZERO, |s| s.wall);
        recorded.spent = recorded.spent.saturating_add(wall);
        recorded.last_rep = record.rep;
        recorded.status = record.answer.status();
    }

    /// What is recorded of `visit`; `None` where nothing is.
    pub fn visit(&self, visit: &Visit) -> Option<Recorded> {
        let cell = self.cells.get(&visit.cell)?;
        self.visits.get(&(visit.round, *cell)).copied()
    }

    /// The last round of which something is recorded; 0 where nothing is.
    pub fn last_round(&self) -> u32 {
        let rounds = self.visits.keys().map(|(round, _)| *round);
        rounds.max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Answer, Sample};

    fn protocol() -> Protocol {
        let three = std::num::NonZeroU32::new(3).unwrap();
        Protocol {
            rounds: three,
            reps: three,
            warmups: 0,
            limit_ns: 10_000_000_000,
            seed: 0,
            until: None,
        }
    }

    fn sample(seconds: u64) -> Sample {
        Sample {
            wall: Duration::from_secs(seconds),
            ..Sample::default()
        }
    }

    fn ok() -> Answer {
        Answer::Ok(sample(1))
    }

    fn stood_still() -> Answer {
        Answer::Interrupted(sample(1), "stopped".to_owned())
    }

    fn failed() -> Answer {
        Answer::Failed("no".to_owned())
    }

    /// Rows of round, repetition and answer, numbered by their time.
    fn records(rows: &[(u32, u32, Answer)]) -> Vec<Record> {
        let cell = "matmul.f64.8_1x1_rayon_independent_unbound_static_t1";
        let record = |(number, (round, rep, answer)): (u64, &(u32, u32, Answer))| Record {
            runner: "host".to_owned(),
            visit: Visit {
                round: *round,
                cell: cell.parse().unwrap(),
            },
            rep: *rep,
            unix_ms: number,
            answer: answer.clone(),
        };
        (0..).zip(rows).map(record).collect()
    }

    /// The numbers of the rows that count.
    fn counted(rows: &[(u32, u32, Answer)]) -> Vec<u64> {
        let last = last_attempts(records(rows));
        last.iter().map(|record| record.unix_ms).collect()
    }

    #[test]
    fn of_a_visit_that_was_made_again_only_the_last_attempt_counts() {
        let cut_off = [(1, 1, ok()), (2, 1, ok()), (1, 1, ok()), (1, 2, ok())];
        assert_eq!(counted(&cut_off), [1, 2, 3]);
        let stood = [(1, 1, ok()), (1, 2, stood_still()), (1, 1, stood_still())];
        assert_eq!(counted(&stood), [2]);
        let thrice = [(1, 1, failed()), (1, 1, failed()), (1, 1, ok())];
        assert_eq!(counted(&thrice), [2]);
        let one = [(1, 1, ok()), (2, 1, ok()), (1, 2, ok()), (1, 3, ok())];
        assert_eq!(counted(&one), [0, 1, 2, 3]);
    }

    /// What is known after `answers` to repetitions 1, 2, ...
    fn after(answers: &[Answer]) -> Recorded {
        let rows = (1..).zip(answers).map(|(rep, a)| (1, rep, a.clone()));
        let records = records(&rows.collect::<Vec<_>>());
        Ledger::of(&records).visit(&records[0].visit).unwrap()
    }

    #[test]
    fn an_attempt_is_complete_when_nothing_more_is_wanted_of_it() {
        let complete = |answers: &[Answer]| after(answers).is_complete(&protocol());
        assert!(complete(&[ok(), ok(), ok()]));
        assert!(complete(&[Answer::Ok(sample(10))]));
        assert!(complete(&[Answer::Censored(sample(1))]));
        assert!(complete(&[failed()]));
        assert!(!complete(&[ok(), ok()]));
        assert!(!complete(&[ok(), ok(), stood_still()]));
    }

    #[test]
    fn only_what_is_not_complete_or_failed_is_made_again_and_from_its_start() {
        let again = |answers: &[Answer], rep| after(answers).admits(rep, Some(&protocol()));
        assert!(again(&[ok()], 1) && again(&[stood_still()], 1) && again(&[failed()], 1));
        assert!(again(&[ok()], 2));
        assert!(!again(&[ok(), ok()], 2), "in the middle");
        assert!(!again(&[ok(), ok(), ok()], 1), "all is there");
        assert!(!again(&[Answer::Censored(sample(1))], 1));
    }
}

//! Who answers a cell, and how is a plan swept?
//!
//! A [`Runner`] answers visits: `host` by measuring, [`Scripted`] from a script. A [`Sweep`] makes the
//! visits of a plan, skips what is already recorded, and hands every record to a [`Sink`] at once,
//! so that an interruption loses at most the visit in flight. A visit in which a process stood still
//! is made again at the end of its round.

mod completeness;
mod request;
mod sweep;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

pub use completeness::Completeness;
pub use request::{VisitRequest, remaining};
pub use sweep::Sweep;

use crate::experiment::{Cell, Visit};
use crate::record::{Answer, Change, FolderError, Record, RunFolder, Status};

/// Takes the answer to one repetition; `Break` asks the runner to stop as soon as it can.
pub type OnAnswer<'a> = dyn FnMut(u32, Answer) -> ControlFlow<()> + 'a;

/// Something that can answer a cell.
pub trait Runner {
    /// Name in the record column `runner`.
    fn name(&self) -> &'static str;

    /// Told what it will be asked, in this order, unless somebody stops; a runner may work ahead.
    fn prefetch(&mut self, requests: &mut dyn Iterator<Item = VisitRequest>) {
        let _ = requests;
    }

    /// Answers every repetition of `request`, or fewer where one was censored or failed or the time was
    /// up. Never panics: what went wrong with the cell is the answer.
    ///
    /// # Errors
    ///
    /// If no cell could be asked now, whichever it is. The visit stays open.
    fn run(&mut self, request: &VisitRequest, on_answer: &mut OnAnswer<'_>) -> Result<(), Halted>;
}

/// Why no further visit can be made now: the process lacks something that every cell needs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Halted(pub String);

/// Why a sweep ended before its plan did.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// A record cannot be kept.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The runner cannot go on.
    #[error(transparent)]
    Halted(#[from] Halted),
}

/// Something that keeps records.
pub trait Sink {
    /// Notes what has changed around the run.
    ///
    /// # Errors
    ///
    /// If it cannot be kept.
    fn note(&mut self, changes: &[Change]) -> Result<(), FolderError> {
        let _ = changes;
        Ok(())
    }

    /// Keeps one record.
    ///
    /// # Errors
    ///
    /// If it cannot be kept.
    fn keep(&mut self, record: &Record) -> Result<(), FolderError>;

    /// Asked after the last record: is everything that was kept still there?
    ///
    /// # Errors
    ///
    /// If it is not.
    fn check(&mut self) -> Result<(), FolderError> {
        Ok(())
    }

    /// Keeps all `records` of the run in another place, because what was kept is no longer there, for
    /// the reason `why`. Returns what to tell the user.
    fn rescue(&mut self, records: &[Record], why: FolderError) -> FolderError {
        let _ = records;
        why
    }
}

impl Sink for RunFolder {
    fn note(&mut self, changes: &[Change]) -> Result<(), FolderError> {
        Self::note(self, changes)
    }

    fn keep(&mut self, record: &Record) -> Result<(), FolderError> {
        self.append(record)
    }

    fn check(&mut self) -> Result<(), FolderError> {
        self.verify()
    }

    fn rescue(&mut self, records: &[Record], why: FolderError) -> FolderError {
        self.keep_elsewhere(records, why)
    }
}

impl Sink for Vec<Record> {
    fn keep(&mut self, record: &Record) -> Result<(), FolderError> {
        self.push(record.clone());
        Ok(())
    }
}

/// Told of every step of a sweep; all methods do nothing unless overridden.
pub trait SweepObserver {
    /// A visit is about to start; `done` visits of the plan are complete, and `records` are all so
    /// far.
    fn visit(&mut self, visit: &Visit, done: usize, records: &[Record]) {
        let _ = (visit, done, records);
    }

    /// Round `round` is about to start, or to go on; `records` are all so far. Returns what has changed
    /// around the run since it was last asked.
    fn before_round(&mut self, round: u32, records: &[Record]) -> Vec<Change> {
        let _ = (round, records);
        Vec::new()
    }

    /// The last round is over, which is the one before `round`. Returns what has changed around the run
    /// since it was last asked.
    fn after_rounds(&mut self, round: u32) -> Vec<Change> {
        let _ = round;
        Vec::new()
    }

    /// A round beyond those of the plan, over `cells` cells, is about to start.
    fn further_round(&mut self, round: u32, cells: usize) {
        let _ = (round, cells);
    }

    /// A record was kept.
    fn record(&mut self, record: &Record) {
        let _ = record;
    }
}

/// Observes nothing.
impl SweepObserver for () {}

/// What came of a sweep.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Swept {
    /// All records of the run that count, in the order in which they were made.
    pub records: Vec<Record>,
    /// What this sweep added to them.
    pub tally: Tally,
}

/// Counts of records by status, and whether the sweep reached its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records kept in this sweep, by status.
    pub records: BTreeMap<Status, usize>,
    /// Whether every visit is complete.
    pub complete: bool,
}

/// Which cells need a further round, given all records so far; none ends the sweep.
pub type StoppingRule<'a> = dyn FnMut(&[Record]) -> BTreeSet<Cell> + 'a;

/// A runner that answers from a function; for tests and examples.
pub struct Scripted<F>(pub F);

impl<F: FnMut(&Visit, u32) -> Answer> Runner for Scripted<F> {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn run(&mut self, request: &VisitRequest, on_answer: &mut OnAnswer<'_>) -> Result<(), Halted> {
        for rep in request.first_rep..=request.last_rep.get() {
            let answer = (self.0)(&request.visit, rep);
            let last = answer.status().ends_visit();
            if on_answer(rep, answer).is_break() || last {
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

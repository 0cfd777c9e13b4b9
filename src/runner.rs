//! Who answers a cell, and how is a plan walked?
//!
//! A [`Runner`] answers visits: `host` by measuring, [`Scripted`] from a script. [`sweep`] walks the
//! visits of a plan, skips what is already recorded, and hands every record to a [`Sink`] at once,
//! so that an interruption loses at most the visit in flight. A visit in which a process stood still
//! is made again at the end of its round.

mod completeness;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::ops::ControlFlow;

pub use completeness::Completeness;
use walk::Walk;

use crate::experiment::{Cell, Plan, Protocol, Visit};
use crate::record::{Answer, Change, FolderError, Record, Recorded, RunFolder, Status};

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
    fn expect(&mut self, asks: &mut dyn Iterator<Item = Ask>) {
        let _ = asks;
    }

    /// Answers every repetition of `ask`, or fewer where one was censored or failed or the time was
    /// up. Never panics: what went wrong with the cell is the answer.
    ///
    /// # Errors
    ///
    /// If no cell could be asked now, whichever it is. The visit stays open.
    fn run(&mut self, ask: &Ask, emit: &mut Emit<'_>) -> Result<(), Halted>;
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
pub trait Watch {
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

    /// A further round over `cells` cells is about to start, because they are not told apart.
    fn further(&mut self, round: u32, cells: usize) {
        let _ = (round, cells);
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

/// What is to be asked for `visit` after what is `recorded` of it; `None` where that is complete. A
/// visit that is not is made again as a whole: a round is one process run.
pub fn rest(visit: Visit, plan: &Plan, recorded: Option<Recorded>) -> Option<Ask> {
    let complete = recorded.is_some_and(|recorded| recorded.is_complete(&plan.protocol));
    (!complete).then(|| Ask {
        visit,
        first_rep: 1,
        last_rep: plan.protocol.reps,
        protocol: plan.protocol.clone(),
        budget: plan.budget,
    })
}

/// Which cells need a further round, given all records so far; none ends the walk.
pub type Further<'a> = dyn FnMut(&[Record]) -> BTreeSet<Cell> + 'a;

/// Asks `runner` everything of `plan` that `recorded` does not hold, and keeps every answer at
/// once.
///
/// # Errors
///
/// If a record cannot be kept or is no longer there at the end, or the runner cannot go on.
pub fn sweep(
    plan: &Plan,
    recorded: Vec<Record>,
    runner: &mut dyn Runner,
    sink: &mut dyn Sink,
    watch: &mut dyn Watch,
) -> Result<Tally, SweepError> {
    sweep_further((plan, None), recorded, runner, sink, watch)
}

/// The same, and then round by round over the cells that `further` names.
///
/// A round over some cells follows from the records of the rounds before it alone, so that an interrupted
/// walk goes on as it would have.
///
/// # Errors
///
/// If a record cannot be kept or is no longer there at the end, or the runner cannot go on.
pub fn sweep_further(
    (plan, further): (&Plan, Option<&mut Further<'_>>),
    recorded: Vec<Record>,
    runner: &mut dyn Runner,
    sink: &mut dyn Sink,
    watch: &mut dyn Watch,
) -> Result<Tally, SweepError> {
    let mut walk = Walk::over(plan, recorded);
    let walked = walk.all(further, runner, sink, watch);
    match walked.and_then(|()| Ok(sink.check()?)) {
        Ok(()) => Ok(walk.tally),
        Err(SweepError::Folder(why)) if why.is_foreign() => {
            Err(sink.rescue(&walk.records, why).into())
        }
        Err(why) => Err(why),
    }
}

/// A runner that answers from a function; for tests and examples.
pub struct Scripted<F>(pub F);

impl<F: FnMut(&Visit, u32) -> Answer> Runner for Scripted<F> {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn run(&mut self, ask: &Ask, emit: &mut Emit<'_>) -> Result<(), Halted> {
        for rep in ask.first_rep..=ask.last_rep.get() {
            let answer = (self.0)(&ask.visit, rep);
            let last = answer.status().ends_visit();
            if emit(rep, answer).is_break() || last {
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

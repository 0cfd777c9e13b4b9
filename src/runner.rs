//! Who answers a cell, and how is a plan walked?
//!
//! A [`Runner`] answers visits: `host` by measuring, [`Scripted`] from a script. [`sweep`] walks the
//! visits of a plan, skips what is already recorded, and hands every record to a [`Sink`] at once,
//! so that an interruption loses at most the visit in flight. A visit in which a process stood still
//! is made again at the end of its round.

mod completeness;

use std::collections::{BTreeMap, BTreeSet};
use std::iter;
use std::num::NonZeroU32;
use std::ops::ControlFlow;

pub use completeness::Completeness;

use crate::experiment::{Cell, Plan, Protocol, Visit};
use crate::record::{Answer, Change, FolderError, Ledger, Record, Recorded, RunFolder, Status};

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
        budget: plan.grid.budget,
    })
}

/// Times that a visit in which a process stood still is made again at the end of its round; after
/// that it is left for the next time that the run is taken up.
const SECOND_TRIES: u32 = 2;

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

/// A walk over the visits of a plan.
struct Walk<'a> {
    plan: &'a Plan,
    records: Vec<Record>,
    ledger: Ledger,
    /// Visits that are behind it.
    done: usize,
    tally: Tally,
}

impl<'a> Walk<'a> {
    fn over(plan: &'a Plan, records: Vec<Record>) -> Self {
        Self {
            plan,
            ledger: Ledger::of(&records),
            records,
            done: 0,
            tally: Tally::default(),
        }
    }

    /// The planned rounds, then those over the cells that `further` names.
    fn all(
        &mut self,
        further: Option<&mut Further<'_>>,
        runner: &mut dyn Runner,
        sink: &mut dyn Sink,
        watch: &mut dyn Watch,
    ) -> Result<(), SweepError> {
        let plan = self.plan;
        self.go(|| plan.visits(), runner, sink, watch)?;
        let mut round = plan.protocol.rounds.get();
        let Some(further) = further else {
            return self.end(round, sink, watch);
        };
        while self.tally.complete && round < plan.last_round() {
            let cells = self.further(further, round);
            if cells.is_empty() {
                break;
            }
            round += 1;
            watch.further(round, cells.len());
            let visits = plan.further(round, cells);
            self.go(|| visits.iter().copied(), runner, sink, watch)?;
        }
        self.end(round, sink, watch)
    }

    /// Looks around once more behind the last round, `round`, if it was made.
    fn end(
        &self,
        round: u32,
        sink: &mut dyn Sink,
        watch: &mut dyn Watch,
    ) -> Result<(), SweepError> {
        if self.tally.complete {
            note(sink, &watch.after_rounds(round.saturating_add(1)))?;
        }
        Ok(())
    }

    /// The cells that `further` names, given the records of the rounds up to `round`.
    fn further(&self, further: &mut Further<'_>, round: u32) -> BTreeSet<Cell> {
        if self.ledger.last_round() <= round {
            return further(&self.records);
        }
        let known = self.records.iter().filter(|r| r.visit.round <= round);
        further(&known.cloned().collect::<Vec<_>>())
    }

    /// What is left of `visit`.
    fn ask(&self, visit: Visit) -> Option<Ask> {
        rest(visit, self.plan, self.ledger.visit(&visit))
    }

    /// Asks everything of `visits` that is not yet recorded; whether the end was reached stands in
    /// the tally.
    fn go<V: Iterator<Item = Visit>>(
        &mut self,
        visits: impl Fn() -> V,
        runner: &mut dyn Runner,
        sink: &mut dyn Sink,
        watch: &mut dyn Watch,
    ) -> Result<(), SweepError> {
        self.tally.complete = false;
        runner.expect(&mut visits().filter_map(|visit| self.ask(visit)));
        let mut visits = visits().peekable();
        while let Some(Visit { round, .. }) = visits.peek().copied() {
            let of_round = iter::from_fn(|| visits.next_if(|visit| visit.round == round));
            let of_round: Vec<Visit> = of_round.collect();
            if self.round(&of_round, runner, sink, watch)?.is_break() {
                return Ok(());
            }
        }
        self.tally.complete = true;
        Ok(())
    }

    /// Makes those of `visits`, all of one round, that are not complete, and again, a few times, those in
    /// which a process stood still. Breaks where somebody wants to stop.
    fn round(
        &mut self,
        visits: &[Visit],
        runner: &mut dyn Runner,
        sink: &mut dyn Sink,
        watch: &mut dyn Watch,
    ) -> Result<ControlFlow<()>, SweepError> {
        let end = self.done + visits.len();
        let mut open: Vec<Visit> = visits.to_vec();
        open.retain(|visit| self.ask(*visit).is_some());
        if let Some(first) = open.first() {
            note(sink, &watch.before_round(first.round, &self.records))?;
            if watch.interrupted() {
                return Ok(ControlFlow::Break(()));
            }
        }
        for _ in 0..=SECOND_TRIES {
            self.done = end - open.len();
            for visit in &open {
                let Some(ask) = self.ask(*visit) else {
                    continue;
                };
                watch.visit(visit, self.done, &self.records);
                self.answer(&ask, runner, sink, watch)?;
                if watch.interrupted() {
                    return Ok(ControlFlow::Break(()));
                }
                self.done += 1;
            }
            open.retain(|visit| self.stood_still(visit));
        }
        self.done = end;
        Ok(ControlFlow::Continue(()))
    }

    fn stood_still(&self, visit: &Visit) -> bool {
        let known = self.ledger.visit(visit);
        known.is_some_and(|known| known.status == Status::Interrupted)
    }

    /// Makes one visit and keeps what comes of it, also an answer that was ready when the sweep was
    /// interrupted.
    fn answer(
        &mut self,
        ask: &Ask,
        runner: &mut dyn Runner,
        sink: &mut dyn Sink,
        watch: &mut dyn Watch,
    ) -> Result<(), SweepError> {
        let name = runner.name();
        let mut kept = Ok(());
        let halted = runner.run(ask, &mut |rep, answer| {
            let record = Record {
                runner: name.to_owned(),
                visit: ask.visit,
                rep,
                unix_ms: watch.unix_ms(),
                answer: answer.in_one_line(),
            };
            kept = sink.keep(&record);
            *self
                .tally
                .records
                .entry(record.answer.status())
                .or_default() += 1;
            watch.record(&record);
            let known = self.ledger.visit(&record.visit);
            if known.is_some_and(|known| record.rep <= known.last_rep) {
                // It is made again: what is recorded of it no longer counts.
                self.records.retain(|other| other.visit != record.visit);
            }
            self.ledger.enter(&record);
            self.records.push(record);
            if kept.is_ok() && !watch.interrupted() {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
        kept?;
        Ok(halted?)
    }
}

fn note(sink: &mut dyn Sink, changes: &[Change]) -> Result<(), FolderError> {
    match changes {
        [] => Ok(()),
        some => sink.note(some),
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

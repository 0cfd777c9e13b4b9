//! Who answers a cell, and how is a plan walked?
//!
//! A [`Runner`] answers visits: `host` by measuring, [`Scripted`] from a script. [`sweep`] walks the
//! visits of a plan, skips what is already recorded, and hands every record to a [`Sink`] at once,
//! so that an interruption loses at most the sample in flight.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::time::Duration;

use crate::experiment::{Cell, Plan, Protocol, Visit};
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

/// What is left of `visit` after the records already there; `None` where it is complete.
///
/// A visit is complete when it has all repetitions, when one was censored or failed, or when its
/// samples together used up the time limit.
pub fn rest(visit: Visit, plan: &Plan, recorded: &[&Record]) -> Option<Ask> {
    let Protocol { reps, .. } = plan.protocol;
    let ended = recorded
        .iter()
        .any(|record| record.answer.status().ends_visit());
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

/// Most rounds of a walk that goes on until something is resolved.
const MOST_ROUNDS: u32 = 1000;

/// Which cells need a further round, given all records so far; none ends the walk.
pub type Further<'a> = dyn FnMut(&[Record]) -> BTreeSet<Cell> + 'a;

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
    let mut no_further = |_: &[Record]| BTreeSet::new();
    sweep_further((plan, &mut no_further), recorded, runner, sink, watch)
}

/// The same, and then round by round over the cells that `further` names.
///
/// A round over some cells follows from the records of the rounds before it alone, so that an interrupted
/// walk goes on as it would have.
///
/// # Errors
///
/// If a record cannot be kept.
pub fn sweep_further(
    (plan, further): (&Plan, &mut Further<'_>),
    recorded: &[Record],
    runner: &mut dyn Runner,
    sink: &mut dyn Sink,
    watch: &mut dyn Watch,
) -> Result<Tally, FolderError> {
    let mut walk = Walk::over(plan, recorded);
    walk.go(&plan.visits(), runner, sink, watch)?;
    let mut round = plan.protocol.rounds.get();
    while walk.tally.complete && round < MOST_ROUNDS {
        let cells = further(&walk.until(round));
        if cells.is_empty() {
            break;
        }
        round += 1;
        watch.further(round, cells.len());
        walk.go(&plan.further(round, cells), runner, sink, watch)?;
    }
    Ok(walk.tally)
}

/// A walk over the visits of a plan.
struct Walk<'a> {
    plan: &'a Plan,
    records: BTreeMap<Visit, Vec<Record>>,
    /// Visits that are behind it.
    done: usize,
    tally: Tally,
}

impl<'a> Walk<'a> {
    fn over(plan: &'a Plan, recorded: &[Record]) -> Self {
        let mut records: BTreeMap<Visit, Vec<Record>> = BTreeMap::new();
        for record in recorded {
            records
                .entry(record.visit)
                .or_default()
                .push(record.clone());
        }
        Self {
            plan,
            records,
            done: 0,
            tally: Tally::default(),
        }
    }

    /// The records of the rounds up to `round`.
    fn until(&self, round: u32) -> Vec<Record> {
        let rounds = self
            .records
            .iter()
            .filter(|(visit, _)| visit.round <= round);
        rounds
            .flat_map(|(_, records)| records.iter().cloned())
            .collect()
    }

    /// What is left of `visit`.
    fn ask(&self, visit: &Visit) -> Option<Ask> {
        let known = self.records.get(visit).into_iter().flatten();
        rest(*visit, self.plan, &known.collect::<Vec<_>>())
    }

    /// Asks everything of `visits` that is not yet recorded; whether the end was reached stands in
    /// the tally.
    fn go(
        &mut self,
        visits: &[Visit],
        runner: &mut dyn Runner,
        sink: &mut dyn Sink,
        watch: &mut dyn Watch,
    ) -> Result<(), FolderError> {
        self.tally.complete = false;
        runner.expect(visits.iter().filter_map(|visit| self.ask(visit)).collect());
        for visit in visits {
            if let Some(ask) = self.ask(visit) {
                let known = self.records.entry(*visit).or_default();
                watch.visit(visit, self.done);
                known.extend(asked(&ask, &mut self.tally, (runner, sink, watch))?);
                if watch.interrupted() {
                    return Ok(());
                }
            }
            self.done += 1;
        }
        self.tally.complete = true;
        Ok(())
    }
}

type Parties<'a> = (&'a mut dyn Runner, &'a mut dyn Sink, &'a mut dyn Watch);

/// Makes one visit and returns what was recorded of it.
fn asked(
    ask: &Ask,
    tally: &mut Tally,
    (runner, sink, watch): Parties<'_>,
) -> Result<Vec<Record>, FolderError> {
    let name = runner.name();
    let mut kept = Ok(());
    let mut records = Vec::new();
    runner.run(ask, &mut |rep, answer| {
        if watch.interrupted() {
            return ControlFlow::Break(());
        }
        let record = Record {
            runner: name.to_owned(),
            visit: ask.visit,
            rep,
            unix_ms: watch.unix_ms(),
            answer,
        };
        kept = sink.keep(&record);
        *tally.records.entry(record.answer.status()).or_default() += 1;
        watch.record(&record);
        records.push(record);
        if kept.is_ok() {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    });
    kept.map(|()| records)
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
            let last = answer.status().ends_visit();
            if emit(rep, answer).is_break() || last {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;

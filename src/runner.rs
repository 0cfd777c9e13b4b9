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
    /// A visit is about to start; `done` of `total` visits are complete.
    fn visit(&mut self, visit: &Visit, done: usize, total: usize) {
        let _ = (visit, done, total);
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
    let mut tally = Tally::default();
    for (done, visit) in visits.iter().enumerate() {
        let known = by_visit.get(visit).map_or(&[][..], Vec::as_slice);
        let Some(ask) = rest(*visit, plan, known) else {
            continue;
        };
        watch.visit(visit, done, visits.len());
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

//! In which order are the visits of a plan made, and which are made again?

use std::collections::BTreeSet;
use std::iter;
use std::ops::ControlFlow;

use super::{Ask, Further, Runner, Sink, SweepError, Tally, Watch, rest};
use crate::experiment::{Cell, Plan, Visit};
use crate::record::{Change, FolderError, Ledger, Record, Status};

/// Times that a visit in which a process stood still is made again at the end of its round; after
/// that it is left for the next time that the run is taken up.
const SECOND_TRIES: u32 = 2;

/// A walk over the visits of a plan.
pub(super) struct Walk<'a> {
    plan: &'a Plan,
    pub(super) records: Vec<Record>,
    ledger: Ledger,
    /// Visits that are behind it.
    done: usize,
    pub(super) tally: Tally,
}

impl<'a> Walk<'a> {
    pub(super) fn over(plan: &'a Plan, records: Vec<Record>) -> Self {
        Self {
            plan,
            ledger: Ledger::of(&records),
            records,
            done: 0,
            tally: Tally::default(),
        }
    }

    /// The planned rounds, then those over the cells that `further` names.
    pub(super) fn all(
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

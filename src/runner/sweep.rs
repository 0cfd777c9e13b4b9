//! In which order are the visits of a plan made, and which are made again?

use std::collections::BTreeSet;
use std::iter;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{
    Runner, Sink, StoppingRule, SweepError, SweepObserver, Swept, Tally, VisitRequest, remaining,
};
use crate::experiment::{Cell, Plan, Visit};
use crate::record::{Change, FolderError, Ledger, Record, Status};

/// Times that a visit in which a process stood still is made again at the end of its round; after
/// that it is left for the next session of the run.
const SECOND_TRIES: u32 = 2;

/// A sweep over the visits of a plan.
///
/// Every answer of `runner` goes to `sink` at once, so that an interruption loses at most the visit
/// in flight.
pub struct Sweep<'a> {
    /// Answers the visits.
    pub runner: &'a mut dyn Runner,
    /// Keeps the records.
    pub sink: &'a mut dyn Sink,
    /// Is told of every step.
    pub observer: &'a mut dyn SweepObserver,
    /// Set where somebody wants the sweep to stop before the next sample.
    pub cancel: &'a AtomicBool,
    /// Tells the milliseconds since 1970 [ms].
    pub clock: fn() -> u64,
}

/// How far a sweep is.
struct State<'p> {
    plan: &'p Plan,
    records: Vec<Record>,
    ledger: Ledger,
    /// Visits that are behind it.
    done: usize,
    tally: Tally,
}

impl State<'_> {
    /// What is left of `visit`.
    fn remaining(&self, visit: Visit) -> Option<VisitRequest> {
        remaining(visit, self.plan, self.ledger.visit(&visit))
    }

    fn stood_still(&self, visit: &Visit) -> bool {
        let known = self.ledger.visit(visit);
        known.is_some_and(|known| known.status == Status::Interrupted)
    }

    /// The cells that `rule` wants in a further round, given the records of the rounds up to `round`.
    fn cells_of_next_round(&self, rule: &mut StoppingRule<'_>, round: u32) -> BTreeSet<Cell> {
        if self.ledger.last_round() <= round {
            return rule(&self.records);
        }
        let known = self.records.iter().filter(|r| r.visit.round <= round);
        rule(&known.cloned().collect::<Vec<_>>())
    }

    fn enter(&mut self, record: Record) {
        let status = record.answer.status();
        *self.tally.records.entry(status).or_default() += 1;
        let known = self.ledger.visit(&record.visit);
        if known.is_some_and(|known| record.rep <= known.last_rep) {
            // It is made again: what is recorded of it no longer counts.
            self.records.retain(|other| other.visit != record.visit);
        }
        self.ledger.enter(&record);
        self.records.push(record);
    }
}

impl Sweep<'_> {
    /// Asks everything of `plan` that `recorded` does not hold, then, round by round, the cells that
    /// `rule` names.
    ///
    /// A round over some cells follows from the records of the rounds before it alone, so that an
    /// interrupted sweep goes on as it would have.
    ///
    /// # Errors
    ///
    /// If a record cannot be kept or is no longer there at the end, or the runner cannot go on.
    pub fn run(
        mut self,
        plan: &Plan,
        recorded: Vec<Record>,
        rule: Option<&mut StoppingRule<'_>>,
    ) -> Result<Swept, SweepError> {
        let mut state = State {
            plan,
            ledger: Ledger::of(&recorded),
            records: recorded,
            done: 0,
            tally: Tally::default(),
        };
        let walked = self.run_rounds(&mut state, rule);
        let State { records, tally, .. } = state;
        match walked.and_then(|()| Ok(self.sink.check()?)) {
            Ok(()) => Ok(Swept { records, tally }),
            Err(SweepError::Folder(why)) if why.is_foreign() => {
                Err(self.sink.rescue(&records, why).into())
            }
            Err(why) => Err(why),
        }
    }

    /// The planned rounds, then those over the cells that `rule` names.
    fn run_rounds(
        &mut self,
        state: &mut State<'_>,
        rule: Option<&mut StoppingRule<'_>>,
    ) -> Result<(), SweepError> {
        let plan = state.plan;
        self.run_visits(state, || plan.visits())?;
        let mut round = plan.protocol.rounds.get();
        if let Some(rule) = rule {
            while state.tally.complete && round < plan.last_round() {
                let cells = state.cells_of_next_round(rule, round);
                if cells.is_empty() {
                    break;
                }
                round += 1;
                self.observer.further_round(round, cells.len());
                let visits = plan.further(round, cells);
                self.run_visits(state, || visits.iter().copied())?;
            }
        }
        if state.tally.complete {
            let changes = self.observer.after_rounds(round.saturating_add(1));
            self.note(&changes)?;
        }
        Ok(())
    }

    /// Asks everything of `visits` that is not yet recorded; whether the end was reached stands in
    /// the tally.
    fn run_visits<V: Iterator<Item = Visit>>(
        &mut self,
        state: &mut State<'_>,
        visits: impl Fn() -> V,
    ) -> Result<(), SweepError> {
        state.tally.complete = false;
        let mut requests = visits().filter_map(|visit| state.remaining(visit));
        self.runner.prefetch(&mut requests);
        let mut visits = visits().peekable();
        while let Some(Visit { round, .. }) = visits.peek().copied() {
            let of_round = iter::from_fn(|| visits.next_if(|visit| visit.round == round));
            let of_round: Vec<Visit> = of_round.collect();
            if self.run_round(state, &of_round)?.is_break() {
                return Ok(());
            }
        }
        state.tally.complete = true;
        Ok(())
    }

    /// Makes those of `visits`, all of one round, that are not complete, and again, a few times, those in
    /// which a process stood still. Breaks where somebody wants to stop.
    fn run_round(
        &mut self,
        state: &mut State<'_>,
        visits: &[Visit],
    ) -> Result<ControlFlow<()>, SweepError> {
        let end = state.done + visits.len();
        let mut open: Vec<Visit> = visits.to_vec();
        open.retain(|visit| state.remaining(*visit).is_some());
        if let Some(first) = open.first() {
            let changes = self.observer.before_round(first.round, &state.records);
            self.note(&changes)?;
            if self.is_cancelled() {
                return Ok(ControlFlow::Break(()));
            }
        }
        for _ in 0..=SECOND_TRIES {
            state.done = end - open.len();
            for visit in &open {
                let Some(request) = state.remaining(*visit) else {
                    continue;
                };
                self.observer.visit(visit, state.done, &state.records);
                self.run_visit(state, &request)?;
                if self.is_cancelled() {
                    return Ok(ControlFlow::Break(()));
                }
                state.done += 1;
            }
            open.retain(|visit| state.stood_still(visit));
        }
        state.done = end;
        Ok(ControlFlow::Continue(()))
    }

    /// Makes one visit and keeps what comes of it, also an answer that was ready when the sweep was
    /// cancelled.
    fn run_visit(
        &mut self,
        state: &mut State<'_>,
        request: &VisitRequest,
    ) -> Result<(), SweepError> {
        let Self {
            runner,
            sink,
            observer,
            cancel,
            clock,
        } = self;
        let name = runner.name();
        let mut kept = Ok(());
        let halted = runner.run(request, &mut |rep, answer| {
            let record = Record {
                runner: name.to_owned(),
                visit: request.visit,
                rep,
                unix_ms: clock(),
                answer: answer.in_one_line(),
            };
            kept = sink.keep(&record);
            observer.record(&record);
            state.enter(record);
            match kept.is_ok() && !cancel.load(Ordering::Relaxed) {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        });
        kept?;
        Ok(halted?)
    }

    fn is_cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }

    fn note(&mut self, changes: &[Change]) -> Result<(), FolderError> {
        match changes {
            [] => Ok(()),
            some => self.sink.note(some),
        }
    }
}

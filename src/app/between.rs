//! What does a sweep do between two rounds?
//!
//! It looks whether what its samples depend on is still the same, and whether others disturbed the round
//! that is over; it waits for quiet where it is to. All else that happens in the sweep it passes on.

use super::Observer;
use super::ground::{Ground, said};
use super::quiet::Quiet;
use crate::experiment::Visit;
use crate::record::{Change, Record};
use crate::runner::SweepObserver;

/// What is looked at between rounds, and who is told.
pub(super) struct Between<'o> {
    pub(super) ground: Ground,
    pub(super) quiet: Quiet,
    /// The round that was made last by this process.
    pub(super) last: Option<u32>,
    pub(super) observer: &'o mut dyn Observer,
}

impl Between<'_> {
    fn look(&mut self, round: u32) -> Vec<Change> {
        let changes = self.ground.look(round);
        for change in &changes {
            self.observer.note(&said(change));
        }
        changes
    }
}

impl SweepObserver for Between<'_> {
    fn visit(&mut self, visit: &Visit, done: usize, records: &[Record]) {
        self.observer.visit(visit, done, records);
    }

    fn before_round(&mut self, round: u32, records: &[Record]) -> Vec<Change> {
        let changes = self.look(round);
        let of_last = |record: &&Record| Some(record.visit.round) == self.last;
        let last: Vec<Record> = records.iter().rev().take_while(of_last).cloned().collect();
        self.quiet
            .between(&last, &mut |line| self.observer.note(line));
        self.last = Some(round);
        changes
    }

    fn after_rounds(&mut self, round: u32) -> Vec<Change> {
        self.look(round)
    }

    fn further_round(&mut self, round: u32, cells: usize) {
        self.observer.further_round(round, cells);
    }

    fn record(&mut self, record: &Record) {
        self.observer.record(record);
    }
}

//! What does a sweep do between two rounds?
//!
//! It looks whether what its samples depend on is still the same, and whether others disturbed the round
//! that is over; it waits for quiet where it is to.

use super::ground::Ground;
use super::quiet::Quiet;
use crate::record::{Change, Record};

/// What is looked at between rounds.
pub(super) struct Between {
    pub(super) ground: Ground,
    pub(super) quiet: Quiet,
    /// The round that was made last by this process.
    last: Option<u32>,
}

impl Between {
    pub(super) fn new(ground: Ground, quiet: Quiet) -> Self {
        Self {
            ground,
            quiet,
            last: None,
        }
    }

    /// Called before round `round`; `records` are all so far. Returns what has changed.
    pub(super) fn before_round(&mut self, round: u32, records: &[Record]) -> Vec<Change> {
        let changes = self.ground.look(round);
        let of_last = |record: &&Record| Some(record.visit.round) == self.last;
        let last: Vec<Record> = records.iter().rev().take_while(of_last).cloned().collect();
        self.quiet.between(&last);
        self.last = Some(round);
        changes
    }

    /// Called behind the last round, which is the one before `round`. Returns what has changed.
    pub(super) fn after_rounds(&mut self, round: u32) -> Vec<Change> {
        self.ground.look(round)
    }
}

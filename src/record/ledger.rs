//! What is recorded of each visit?
//!
//! A few numbers a visit in place of its records, so that a run of a million samples is walked, taken
//! up and checked in little memory.

use std::collections::HashMap;
use std::time::Duration;

use super::{Record, Status};
use crate::experiment::{Cell, Visit};

/// What is recorded of one visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its last repetition.
    pub last_rep: u32,
    /// How that one ended.
    pub status: Status,
    /// Wall time of all of them together.
    pub spent: Duration,
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

    /// Enters one record.
    pub fn enter(&mut self, record: &Record) {
        let next = self.cells.len() as u32;
        let cell = *self.cells.entry(record.visit.cell).or_insert(next);
        let entry = self.visits.entry((record.visit.round, cell));
        let recorded = entry.or_insert(Recorded {
            last_rep: 0,
            status: Status::Ok,
            spent: Duration::ZERO,
        });
        let wall = record.answer.sample().map_or(Duration::ZERO, |s| s.wall);
        recorded.spent = recorded.spent.saturating_add(wall);
        if record.rep >= recorded.last_rep {
            recorded.last_rep = record.rep;
            recorded.status = record.answer.status();
        }
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

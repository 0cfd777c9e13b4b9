//! Which cell is best, which cannot be told from it, and which should be chosen?
//!
//! Cells are compared pairwise with the fastest, round by round, because the rounds of a run see
//! the same drifts. For each common round r the log ratio ln(t_cell,r / t_best,r) is taken; a cell
//! is *tied* with the best unless the 95 % bootstrap interval of the median log ratio excludes 0.
//! With fewer than three common rounds there is no such interval worth the name: then a cell is
//! tied when the ranges of its samples and of the best cell's overlap.
//!
//! The *tie set* is the best cell and all tied ones. The recommended cell is the one of the tie set
//! that asks for the fewest threads, and of those the fastest: threads that buy nothing cost memory
//! and disturb neighbours.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use super::{CellSummary, Estimate, State};
use crate::experiment::{Cell, Workload};

/// Common rounds from which on a bootstrap interval can exclude anything.
const ENOUGH_ROUNDS: usize = 3;

/// What cells must share to be compared: the same tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Work {
    /// What one task computes.
    pub workload: Workload,
    /// How many tasks.
    pub tasks: NonZeroU32,
}

impl Work {
    /// The work of a cell.
    pub fn of(cell: &Cell) -> Self {
        Self {
            workload: cell.workload,
            tasks: cell.tasks,
        }
    }
}

/// How many times longer a cell took than the best one [1].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Factor {
    /// It was timed.
    Exactly(f64),
    /// It was stopped at the time limit.
    AtLeast(f64),
}

impl Factor {
    /// The number, a lower bound in the second case [1].
    pub fn value(self) -> f64 {
        match self {
            Self::Exactly(value) | Self::AtLeast(value) => value,
        }
    }
}

/// A cell with its slowdown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    /// The cell.
    pub cell: Cell,
    /// S: its cost / cost of the best cell; the cost is the wall time unless a metric is judged.
    pub slowdown: Factor,
}

/// The outcome of the comparison of all cells of the same work.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The work.
    pub work: Work,
    /// The fastest cell.
    pub best: Cell,
    /// Its wall time [s].
    pub best_wall: f64,
    /// Its cost by the judge of the run: its wall time, or what stands for its metric.
    pub best_cost: f64,
    /// The cells that cannot be told from the best, without the best itself.
    pub tied: BTreeSet<Cell>,
    /// The cell to choose.
    pub recommended: Cell,
    /// Every cell with a time, fastest first.
    pub standings: Vec<Standing>,
}

impl Verdict {
    /// The slowest cell, unless there is only one.
    pub fn worst(&self) -> Option<&Standing> {
        self.standings.last().filter(|_| self.standings.len() > 1)
    }

    /// Every timed cell that asks for `outer` x `inner` threads, fastest first: one for each
    /// runtime, composition and so on of the run.
    pub fn at(&self, outer: u32, inner: u32) -> Vec<&Standing> {
        let asks = |cell: &Cell| (cell.outer.get(), cell.inner.get()) == (outer, inner);
        self.standings.iter().filter(|s| asks(&s.cell)).collect()
    }

    /// Whether `cell` is in the tie set.
    pub fn in_tie_set(&self, cell: &Cell) -> bool {
        *cell == self.best || self.tied.contains(cell)
    }
}

/// One verdict for each work with at least one cell that was timed to its end, in the order of the
/// works.
pub fn verdicts(cells: &[CellSummary]) -> Vec<Verdict> {
    let mut works: BTreeMap<Work, Vec<&CellSummary>> = BTreeMap::new();
    for summary in cells {
        works
            .entry(Work::of(&summary.cell))
            .or_default()
            .push(summary);
    }
    works
        .into_iter()
        .filter_map(|(work, cells)| verdict(work, &cells))
        .collect()
}

fn verdict(work: Work, cells: &[&CellSummary]) -> Option<Verdict> {
    let mut timed: Vec<(&CellSummary, f64)> = cells
        .iter()
        .filter(|summary| !matches!(summary.state, State::Failed(_)))
        .filter_map(|summary| Some((*summary, summary.cost.median()?)))
        .collect();
    timed.sort_by(|a, b| a.1.total_cmp(&b.1));
    let (best, best_cost) = *timed.iter().find(|(s, _)| s.state == State::Ok)?;
    let in_tie_set: Vec<&CellSummary> = timed
        .iter()
        .map(|(summary, _)| *summary)
        .filter(|summary| summary.cell == best.cell || tied(summary, best))
        .collect();
    let recommended = in_tie_set
        .iter()
        .min_by_key(|summary| summary.cell.demand())?;
    let standing = |(summary, cost): &(&CellSummary, f64)| Standing {
        cell: summary.cell,
        slowdown: match summary.state {
            State::Censored => Factor::AtLeast(cost / best_cost),
            State::Ok | State::Failed(_) => Factor::Exactly(cost / best_cost),
        },
    };
    Some(Verdict {
        work,
        best: best.cell,
        best_wall: best.wall.median()?,
        best_cost,
        recommended: recommended.cell,
        tied: in_tie_set
            .iter()
            .map(|summary| summary.cell)
            .filter(|cell| *cell != best.cell)
            .collect(),
        standings: timed.iter().map(standing).collect(),
    })
}

/// Whether `cell` cannot be told from `best`.
fn tied(cell: &CellSummary, best: &CellSummary) -> bool {
    if cell.state != State::Ok {
        return false;
    }
    let ratios: Vec<f64> = cell
        .rounds
        .iter()
        .filter_map(|(number, round)| Some((round.cost? / best.rounds.get(number)?.cost?).ln()))
        .collect();
    if ratios.len() < ENOUGH_ROUNDS {
        return match (cell.range, best.range) {
            (Some(a), Some(b)) => a.low <= b.high && b.low <= a.high,
            _ => false,
        };
    }
    Estimate::of(&ratios)
        .and_then(|estimate| estimate.interval)
        .is_some_and(|interval| interval.contains(0.0))
}

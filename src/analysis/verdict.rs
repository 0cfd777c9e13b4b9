//! Which cell is best, which cannot be told from it, and which should be chosen?
//!
//! Cells are compared pairwise with the fastest, round by round, because the rounds of a run see
//! the same drifts. For each common round r the log ratio ln(t_cell,r / t_best,r) is taken; a cell
//! is *tied* with the best unless the exact 95 % interval of the median log ratio excludes 0. With
//! fewer than six common rounds no such interval exists: then a cell is tied when the ranges of its
//! samples and of the best cell's overlap, and no level can be stated ([`Rule`]).
//!
//! The level is that of one comparison and not of the grid: of twenty cells that are truly as fast
//! as the best, one is told from it by chance.
//!
//! The *tie set* is the best cell and all tied ones. That a cell is tied does not say that it is as
//! fast; the rounds may be too few or too noisy to tell. So the recommended cell must also be near
//! the best by its median ratio ([`MARGIN`]); of those it is the one that asks for the fewest
//! threads, and of these the fastest: threads that buy nothing cost memory and disturb neighbours.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use serde::Serialize;

use super::{CellSummary, Estimate, Spread, State};
use crate::experiment::{Cell, Workload};

/// How much slower than the best a cell may be, by its median ratio, to be recommended [1].
pub const MARGIN: f64 = 0.05;

/// How a cell was held against the best one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// Six common rounds or more: by the 95 % interval of the median ratio of this cell alone.
    Interval,
    /// Fewer: by the ranges of both cells' samples.
    Range,
}

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
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Factor {
    /// This.
    Exactly(f64),
    /// This or more: a cell was stopped at the time limit.
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

/// The slowest cell of a work, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Worst {
    /// The cell with the longest time or bound.
    pub cell: Cell,
    /// The largest S of the work; a bound as soon as any of its cells was stopped, because that
    /// one may be slower still.
    pub slowdown: Factor,
    /// Cells that were stopped at the time limit.
    pub stopped: usize,
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
    /// The cells that cannot be told from the best, without the best itself, and by which rule.
    pub tied: BTreeMap<Cell, Rule>,
    /// Those of the tied cells that are slower than [`MARGIN`] by their median ratio.
    pub unresolved: BTreeSet<Cell>,
    /// The rules by which the other cells were held against the best.
    pub rules: BTreeSet<Rule>,
    /// The cell to choose.
    pub recommended: Cell,
    /// Every cell with a cost, fastest first; one that was stopped stands at its bound.
    pub standings: Vec<Standing>,
    /// Cells that were stopped at the time limit before they said the metric that is judged: they
    /// have no rank and no bound.
    pub unsaid: Vec<Cell>,
}

impl Verdict {
    /// The slowest cell, unless there is only one.
    pub fn worst(&self) -> Option<Worst> {
        let last = self.standings.last().filter(|_| self.standings.len() > 1)?;
        let bounds = self.standings.iter().map(|standing| standing.slowdown);
        let stopped = bounds.filter(|s| matches!(s, Factor::AtLeast(_))).count();
        Some(Worst {
            cell: last.cell,
            slowdown: match stopped {
                0 => last.slowdown,
                _ => Factor::AtLeast(last.slowdown.value()),
            },
            stopped,
        })
    }

    /// Every timed cell that asks for `outer` x `inner` threads, fastest first: one for each
    /// runtime, composition and so on of the run.
    pub fn at(&self, outer: u32, inner: u32) -> Vec<&Standing> {
        let asks = |cell: &Cell| (cell.outer.get(), cell.inner.get()) == (outer, inner);
        self.standings.iter().filter(|s| asks(&s.cell)).collect()
    }

    /// Whether `cell` is in the tie set.
    pub fn in_tie_set(&self, cell: &Cell) -> bool {
        *cell == self.best || self.tied.contains_key(cell)
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
    let compared: Vec<(Cell, Comparison)> = timed
        .iter()
        .map(|(summary, _)| *summary)
        .filter(|summary| summary.cell != best.cell && summary.state == State::Ok)
        .map(|summary| (summary.cell, Comparison::of(summary, best)))
        .collect();
    let tied = || compared.iter().filter(|(_, comparison)| comparison.tied);
    let near = tied().filter(|(_, comparison)| comparison.is_near());
    // Fastest first, so that among equals the fastest is chosen.
    let recommended = std::iter::once(best.cell)
        .chain(near.map(|(cell, _)| *cell))
        .min_by_key(Cell::demand)?;
    let unsaid = cells
        .iter()
        .filter(|summary| summary.state == State::Censored && summary.cost.median().is_none());
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
        recommended,
        tied: tied().map(|(cell, c)| (*cell, c.rule)).collect(),
        unresolved: tied()
            .filter(|(_, comparison)| !comparison.is_near())
            .map(|(cell, _)| *cell)
            .collect(),
        rules: compared.iter().map(|(_, c)| c.rule).collect(),
        standings: timed.iter().map(standing).collect(),
        unsaid: unsaid.map(|summary| summary.cell).collect(),
    })
}

/// A cell that was timed to its end, held against the best one.
struct Comparison {
    /// Median over the common rounds of ln(cost of the cell / cost of the best); `None` without a
    /// common round.
    log_ratio: Option<f64>,
    rule: Rule,
    tied: bool,
}

impl Comparison {
    fn of(cell: &CellSummary, best: &CellSummary) -> Self {
        let ratios: Vec<f64> = cell
            .rounds
            .iter()
            .filter_map(|(number, round)| Some((round.cost? / best.rounds.get(number)?.cost?).ln()))
            .collect();
        let estimate = Estimate::of(&ratios);
        let (rule, tied) = match estimate.and_then(|estimate| estimate.spread) {
            Some(Spread::Interval(interval)) => (Rule::Interval, interval.contains(0.0)),
            Some(Spread::Range(_)) | None => (Rule::Range, ranges_overlap(cell, best)),
        };
        Self {
            log_ratio: estimate.map(|estimate| estimate.value),
            rule,
            tied,
        }
    }

    /// Whether the cell is slower than the best by no more than [`MARGIN`].
    fn is_near(&self) -> bool {
        self.log_ratio.is_some_and(|ratio| ratio <= MARGIN.ln_1p())
    }
}

fn ranges_overlap(cell: &CellSummary, best: &CellSummary) -> bool {
    match (cell.range, best.range) {
        (Some(a), Some(b)) => a.low <= b.high && b.low <= a.high,
        _ => false,
    }
}

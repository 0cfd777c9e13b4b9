//! Which cell is best, which are tied with it, and which should be chosen?
//!
//! Cells are compared with the fastest round by round ([`Paired`]). A cell *may be best* unless the data
//! tell it to be slower. To choose the fastest of k cells by their medians is to choose
//! a lucky one; so of each of the k - 1 others it is asked with an error of 5 % / (k - 1) whether it
//! is slower (Bonferroni): the truly best cell is among those that may be best in at least 95 of 100 runs. With
//! fewer than six common rounds no level can be had: then a cell may be best when the ranges of its
//! samples and of the best cell's overlap ([`Rule`]).
//!
//! A cell that may be best need not be as fast: the rounds may be too few or too noisy to tell. It is
//! *tied* with the best if it is also near it by its median ratio ([`MARGIN`]), and else *not resolved*:
//! neither near nor told apart. The *tie set* is the best cell and all tied ones; which of those is
//! recommended, [`choose`] says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::num::NonZeroU32;

use serde::Serialize;

use super::choice::{Cost, choose};
use super::{CellSummary, Paired, State};
use crate::experiment::{Cell, Plan, Workload};
use crate::record::Record;
use crate::units::counted;

/// Chance of a wrong claim that is accepted [1].
pub const ERROR: f64 = 0.05;

/// How much slower than the best a cell may be, by its median ratio, to be tied with it [1].
pub const MARGIN: f64 = 0.05;

/// Chance that the truly best cell is told to be slower by what `records` of `plan` give [1].
///
/// Testing after every round of a sweep `--until` a margin inflates false positives (optional
/// stopping). So the l-th test, l = 1 after the planned rounds, has an error of 5 % / (l (l + 1)): all
/// tests together have 5 %, however many there are.
pub(super) fn error(plan: &Plan, records: &[Record]) -> f64 {
    if plan.protocol.until.is_none() {
        return ERROR;
    }
    let rounds = records.iter().map(|record| record.visit.round).max();
    let further = rounds
        .unwrap_or(0)
        .saturating_sub(plan.protocol.rounds.get());
    let look = f64::from(further + 1);
    ERROR / (look * (look + 1.0))
}

/// How a cell was held against the best one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// Six common rounds or more: at 95 %, all cells considered.
    Interval,
    /// Fewer: by the ranges of both cells' samples.
    Range,
}

/// What cells must share to be compared: the same tasks, beside the same load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Work {
    /// What one task computes.
    pub workload: Workload,
    /// How many tasks.
    pub tasks: NonZeroU32,
    /// Threads of other load beside them [threads].
    pub background: u32,
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            workload,
            tasks,
            background,
        } = self;
        write!(f, "{workload}, {}", counted(tasks.get(), "task"))?;
        match background {
            0 => Ok(()),
            threads => write!(f, ", beside {} of other load", counted(*threads, "thread")),
        }
    }
}

impl Work {
    /// The work of a cell.
    pub fn of(cell: &Cell) -> Self {
        Self {
            workload: cell.workload,
            tasks: cell.tasks,
            background: cell.background,
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
    /// Its cost by the objective of the run: its wall time, or what stands for its metric.
    pub best_cost: f64,
    /// The cells that are neither told apart from the best nor slower than [`MARGIN`], without the best
    /// itself, and by which rule.
    pub tied: BTreeMap<Cell, Rule>,
    /// The cells that are slower than [`MARGIN`] by their median ratio, but not told apart from the best:
    /// how many further rounds would do that, if that is known.
    pub unresolved: BTreeMap<Cell, Option<u32>>,
    /// The rules by which the other cells were held against the best.
    pub rules: BTreeSet<Rule>,
    /// The cell to choose.
    pub recommended: Cell,
    /// Every cell with a cost, fastest first; one that was stopped stands at its bound.
    pub standings: Vec<Standing>,
    /// Cells that were stopped at the time limit before they said the metric that is judged: they
    /// have no rank and no bound.
    pub stopped_without_metric: Vec<Cell>,
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

    /// Whether the data leave open that `cell` is the best.
    pub fn may_be_best(&self, cell: &Cell) -> bool {
        self.in_tie_set(cell) || self.unresolved.contains_key(cell)
    }
}

/// One verdict for each work with at least one cell that was timed to its end, in the order of the
/// works. The truly best cell is told to be slower with a chance of at most `error`.
pub fn verdicts(cells: &[CellSummary], error: f64) -> Vec<Verdict> {
    let mut works: BTreeMap<Work, Vec<&CellSummary>> = BTreeMap::new();
    for summary in cells {
        works
            .entry(Work::of(&summary.cell))
            .or_default()
            .push(summary);
    }
    works
        .into_iter()
        .filter_map(|(work, cells)| verdict(work, &cells, error))
        .collect()
}

fn verdict(work: Work, cells: &[&CellSummary], error: f64) -> Option<Verdict> {
    let mut timed: Vec<(&CellSummary, f64)> = cells
        .iter()
        .filter(|summary| matches!(summary.state, State::Ok | State::Censored))
        .filter_map(|summary| Some((*summary, summary.cost.median()?)))
        .collect();
    timed.sort_by(|a, b| a.1.total_cmp(&b.1));
    let (best, best_cost) = *timed.iter().find(|(s, _)| s.state == State::Ok)?;
    let others: Vec<&CellSummary> = timed
        .iter()
        .map(|(summary, _)| *summary)
        .filter(|summary| summary.cell != best.cell && summary.state == State::Ok)
        .collect();
    let each = error / others.len().max(1) as f64;
    let compared: Vec<(Cell, Comparison)> = others
        .iter()
        .map(|summary| (summary.cell, Comparison::of(summary, best, each)))
        .collect();
    let open = || compared.iter().filter(|(_, comparison)| !comparison.apart);
    let near = open().filter(|(_, comparison)| comparison.is_near());
    let tied: BTreeMap<Cell, Rule> = near.map(|(cell, c)| (*cell, c.rule)).collect();
    let timed_costs: Vec<Cost> = timed.iter().map(|(s, cost)| (s.cell, *cost)).collect();
    let equal = |cell: &Cell| *cell == best.cell || tied.contains_key(cell);
    let equals = timed_costs.iter().filter(|(cell, _)| equal(cell));
    let equals: Vec<Cost> = equals.copied().collect();
    let recommended = choose(&equals, &timed_costs)?;
    let stopped_without_metric = cells
        .iter()
        .filter(|summary| summary.state == State::Censored && summary.cost.median().is_none());
    let standing = |(summary, cost): &(&CellSummary, f64)| Standing {
        cell: summary.cell,
        slowdown: match summary.state {
            State::Censored => Factor::AtLeast(cost / best_cost),
            State::Ok | State::Wrong(_) | State::Interrupted(_) | State::Failed(_) => {
                Factor::Exactly(cost / best_cost)
            }
        },
    };
    Some(Verdict {
        work,
        best: best.cell,
        best_wall: best.wall.median()?,
        best_cost,
        recommended,
        tied,
        unresolved: open()
            .filter(|(_, comparison)| !comparison.is_near())
            .map(|(cell, comparison)| (*cell, comparison.further))
            .collect(),
        rules: compared.iter().map(|(_, c)| c.rule).collect(),
        standings: timed.iter().map(standing).collect(),
        stopped_without_metric: stopped_without_metric.map(|summary| summary.cell).collect(),
    })
}

/// A cell that was timed to its end, held against the best one.
struct Comparison {
    /// Median ratio of costs over the common rounds [1]; `None` without a common round.
    ratio: Option<f64>,
    rule: Rule,
    /// Whether the data tell it to be slower.
    apart: bool,
    /// How many further rounds would tell it to be slower.
    further: Option<u32>,
}

impl Comparison {
    /// `cell` against `best`, told apart with a chance of at most `error` if it is as good.
    fn of(cell: &CellSummary, best: &CellSummary, error: f64) -> Self {
        let paired = Paired::of(cell, best);
        let (rule, apart) = match paired.is_slower(error) {
            Some(slower) => (Rule::Interval, slower),
            None => (Rule::Range, !ranges_overlap(cell, best)),
        };
        let further = (!apart).then(|| paired.further_rounds(error));
        Self {
            ratio: paired.ratio().map(|ratio| ratio.value),
            rule,
            apart,
            further: further.flatten(),
        }
    }

    /// Whether the cell is slower than the best by no more than [`MARGIN`].
    fn is_near(&self) -> bool {
        self.ratio.is_some_and(|ratio| ratio <= 1.0 + MARGIN)
    }
}

fn ranges_overlap(cell: &CellSummary, best: &CellSummary) -> bool {
    match (cell.range, best.range) {
        (Some(a), Some(b)) => a.low <= b.high && b.low <= a.high,
        _ => false,
    }
}

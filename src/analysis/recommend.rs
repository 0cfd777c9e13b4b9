//! Which split should be set, and what do the usual settings lose against it?
//!
//! The split is that of the [`Verdict`], chosen among the cells that tie with the best and are near it.
//! Held against it, round by round ([`Paired`]): what happens where
//! nothing is set, so that each worker starts P threads, and where inner is set to 1, as most advice
//! has it.
//!
//! Where the problem size was swept, a *break-even size* says from where on a wider team pays: the
//! smallest n from which on the data tell the wider team to be faster than one thread, at the same
//! number of workers.

use std::collections::BTreeMap;

use serde::Serialize;

use super::choice::{Cost, neighbours};
use super::{
    Analysis, CellSummary, ERROR, Estimate, Factor, MARGIN, Paired, Spread, Standing, State,
    Verdict, Work,
};
use crate::experiment::{Axis, Cell, Value};
use crate::stats::Interval;
use crate::text::Named;

/// What to set for one work.
#[derive(Clone, Debug, PartialEq)]
pub struct Recommendation {
    /// The work.
    pub work: Work,
    /// The cell to choose.
    pub cell: Cell,
    /// The tie set, fastest first, the chosen cell among them.
    pub tie_set: Vec<Cell>,
    /// The cells that are not resolved, with how many further rounds would tell them to be slower.
    pub unresolved: BTreeMap<Cell, Option<u32>>,
    /// What the usual settings lose.
    pub losses: Vec<Loss>,
    /// The cells one step away in a thread count that are much slower, the slowest first, with how many
    /// times as long as the chosen cell they take.
    pub harsh_neighbours: Vec<Standing>,
}

/// Times as long as the chosen cell from which a neighbour is worth a warning [1].
const HARSH: f64 = 1.5;

/// A setting that people use without measuring.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::VariantArray, strum::IntoStaticStr,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Usual {
    /// P workers, and nothing set for the inner level: P threads each.
    #[strum(serialize = "defaults, P x P")]
    Defaults,
    /// The chosen workers, and nothing set for the inner level: P threads each.
    #[strum(serialize = "inner left at P")]
    InnerDefault,
    /// The chosen workers with one thread each.
    #[strum(serialize = "inner = 1")]
    InnerOne,
    /// P workers with one thread each.
    #[strum(serialize = "P x 1")]
    OuterOnly,
    /// One worker with P threads.
    #[strum(serialize = "1 x P")]
    InnerOnly,
}

impl Usual {
    /// The outer and inner counts it means beside a chosen cell, on `p` CPUs.
    fn threads(self, chosen: &Cell, p: u32) -> (u32, u32) {
        match self {
            Self::Defaults => (p, p),
            Self::InnerDefault => (chosen.outer.get(), p),
            Self::InnerOne => (chosen.outer.get(), 1),
            Self::OuterOnly => (p, 1),
            Self::InnerOnly => (1, p),
        }
    }
}

crate::named!(Usual, "usual setting");

/// What a usual setting costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Loss {
    /// The settings that mean this cell.
    pub usual: Vec<&'static str>,
    /// The cell.
    pub cell: Cell,
    /// How many times as long it takes as the chosen cell [1].
    pub factor: Factor,
    /// The ratio with its interval; `None` where one was stopped or they have no round in common.
    pub ratio: Option<Estimate>,
    /// What the rounds say of it, all usual settings considered.
    pub outcome: Outcome,
}

/// How a usual setting compares with the chosen cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It is slower.
    Loses,
    /// It is faster, at the price of more threads.
    Gains,
    /// As fast: the interval of the ratio is within [`MARGIN`].
    Ties,
    /// The rounds do not decide.
    Undecided,
}

impl Outcome {
    /// What `cell` is beside `chosen`, with a chance of at most `error` to be called slower or faster
    /// if it is neither.
    fn of(cell: &CellSummary, chosen: &CellSummary, error: f64) -> Self {
        if cell.state == State::Censored {
            return Self::Loses;
        }
        let (there, back) = (Paired::of(cell, chosen), Paired::of(chosen, cell));
        let within = |ends: Interval| ends.low >= 1.0 / (1.0 + MARGIN) && ends.high <= 1.0 + MARGIN;
        let spread = there.ratio().and_then(|ratio| ratio.spread);
        match (there.is_slower(error), back.is_slower(error), spread) {
            (_, _, Some(Spread::Interval(ends))) if within(ends) => Self::Ties,
            (Some(true), _, _) => Self::Loses,
            (_, Some(true), _) => Self::Gains,
            _ => Self::Undecided,
        }
    }
}

/// From which size on a team pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakEven {
    /// The team, at the largest size.
    pub cell: Cell,
    /// The smallest n from which on it is faster than one thread; `None` where it is not at the
    /// largest.
    pub from: Option<u32>,
    /// The sizes at which both were timed.
    pub sizes: Vec<u32>,
}

impl Analysis {
    /// What to set for each work; `default_inner` is what the inner level starts where nothing is
    /// set, `p` the budget in whole CPUs.
    pub fn recommendations(&self, p: u32, default_inner: u32) -> Vec<Recommendation> {
        let of = |verdict: &Verdict| Recommendation {
            work: verdict.work,
            cell: verdict.recommended,
            tie_set: verdict
                .standings
                .iter()
                .map(|standing| standing.cell)
                .filter(|cell| verdict.in_tie_set(cell))
                .collect(),
            unresolved: verdict.unresolved.clone(),
            losses: self.losses(verdict, p, default_inner),
            harsh_neighbours: harsh_neighbours(verdict),
        };
        self.verdicts.iter().map(of).collect()
    }

    fn losses(&self, verdict: &Verdict, p: u32, default_inner: u32) -> Vec<Loss> {
        let chosen = &verdict.recommended;
        let Some(reference) = self.summary(chosen) else {
            return Vec::new();
        };
        let mut usual: BTreeMap<Cell, Vec<&'static str>> = BTreeMap::new();
        for setting in Usual::all() {
            let (outer, inner) = match setting {
                Usual::Defaults | Usual::InnerDefault => {
                    (setting.threads(chosen, p).0, default_inner)
                }
                Usual::InnerOne | Usual::OuterOnly | Usual::InnerOnly => setting.threads(chosen, p),
            };
            if let Some(cell) = counterpart(verdict, chosen, (outer, inner)) {
                usual.entry(cell).or_default().push(setting.name());
            }
        }
        usual.remove(chosen);
        let error = ERROR / usual.len().max(1) as f64;
        let loss = |(cell, usual)| self.loss((cell, usual), reference, error);
        usual.into_iter().filter_map(loss).collect()
    }

    fn loss(
        &self,
        (cell, usual): (Cell, Vec<&'static str>),
        reference: &CellSummary,
        error: f64,
    ) -> Option<Loss> {
        let summary = self.summary(&cell)?;
        let medians = summary.cost.median()? / reference.cost.median()?;
        let stopped = summary.state == State::Censored;
        let paired = Paired::of(summary, reference);
        let ratio = paired.ratio().filter(|_| !stopped);
        Some(Loss {
            usual,
            cell,
            factor: match (&ratio, stopped) {
                (_, true) => Factor::AtLeast(medians),
                (Some(ratio), false) => Factor::Exactly(ratio.value),
                (None, false) => Factor::Exactly(medians),
            },
            outcome: Outcome::of(summary, reference, error),
            ratio,
        })
    }

    fn summary(&self, cell: &Cell) -> Option<&CellSummary> {
        self.cells.iter().find(|summary| summary.cell == *cell)
    }

    /// From which size on each team of more than one thread pays, where several sizes were swept: of
    /// each combination of the other properties, at its smallest number of workers.
    pub fn break_evens(&self) -> Vec<BreakEven> {
        // Cells that differ in size only, by a cell of that kind with size left out of account.
        let mut kinds: BTreeMap<Vec<Value>, BTreeMap<u32, &CellSummary>> = BTreeMap::new();
        for summary in &self.cells {
            if let Some(n) = summary.cell.workload.n() {
                kinds
                    .entry(kind(&summary.cell))
                    .or_default()
                    .insert(n.get(), summary);
            }
        }
        let fewest = self.cells.iter().map(|s| s.cell.outer).min();
        let teams = kinds.values().filter(|sizes| {
            let cell = sizes.values().next().map(|summary| summary.cell);
            sizes.len() > 1 && cell.is_some_and(|c| c.inner.get() > 1 && Some(c.outer) == fewest)
        });
        teams
            .filter_map(|sizes| break_even(sizes, &kinds))
            .collect()
    }
}

/// The neighbours of the chosen cell that are much slower, the slowest first.
fn harsh_neighbours(verdict: &Verdict) -> Vec<Standing> {
    let all = verdict.standings.iter();
    let costs: Vec<Cost> = all.clone().map(|s| (s.cell, s.slowdown.value())).collect();
    let chosen = costs.iter().find(|(cell, _)| *cell == verdict.recommended);
    let Some((cell, own)) = chosen else {
        return Vec::new();
    };
    let beside = neighbours(cell, &costs);
    let relative = |standing: &Standing| Standing {
        cell: standing.cell,
        slowdown: match standing.slowdown {
            Factor::Exactly(times) => Factor::Exactly(times / own),
            Factor::AtLeast(times) => Factor::AtLeast(times / own),
        },
    };
    let near = all.filter(|s| beside.iter().any(|(cell, _)| *cell == s.cell));
    let harsh = near.map(relative).filter(|s| s.slowdown.value() >= HARSH);
    let mut harsh: Vec<Standing> = harsh.collect();
    harsh.sort_by(|a, b| b.slowdown.value().total_cmp(&a.slowdown.value()));
    harsh
}

/// The fastest cell of `verdict` with these threads that is otherwise as the chosen one, or else the
/// fastest with these threads.
fn counterpart(verdict: &Verdict, chosen: &Cell, (outer, inner): (u32, u32)) -> Option<Cell> {
    let there = verdict.at(outer, inner);
    let other = |axis: &Axis| !axis.counts_threads();
    let like = |cell: &Cell| {
        let mut axes = Axis::ALL.into_iter().filter(other);
        axes.all(|axis| axis.value(cell) == axis.value(chosen))
    };
    let alike = there.iter().find(|standing| like(&standing.cell));
    alike.or(there.first()).map(|standing| standing.cell)
}

/// What a cell is beside its size.
fn kind(cell: &Cell) -> Vec<Value> {
    let axes = Axis::ALL.into_iter().filter(|axis| *axis != Axis::N);
    axes.map(|axis| axis.value(cell)).collect()
}

fn break_even(
    sizes: &BTreeMap<u32, &CellSummary>,
    kinds: &BTreeMap<Vec<Value>, BTreeMap<u32, &CellSummary>>,
) -> Option<BreakEven> {
    let cell = sizes.values().next_back()?.cell;
    let alone = Cell {
        inner: std::num::NonZeroU32::MIN,
        ..cell
    };
    let alone = kinds.get(&kind(&alone))?;
    let both: Vec<(u32, bool)> = sizes
        .iter()
        .filter_map(|(n, team)| {
            let slower = Paired::of(alone.get(n)?, team).is_slower(ERROR);
            Some((*n, slower.unwrap_or(false)))
        })
        .collect();
    let pays = both.iter().rev().take_while(|(_, pays)| *pays);
    Some(BreakEven {
        cell,
        from: pays.last().map(|(n, _)| *n),
        sizes: both.into_iter().map(|(n, _)| n).collect(),
    })
}

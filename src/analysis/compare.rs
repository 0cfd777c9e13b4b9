//! What changed from one run to another?
//!
//! Cell by cell, the ratio of costs, *to* over *from*: above 1 the second run is slower. The runs
//! are independent of each other, so rounds are not paired: the ratio is the median over all pairs
//! of a round of the one and a round of the other, its 95 % interval that of the rank-sum test
//! ([`crate::stats::TwoGroups`]). It exists from four rounds of each on.
//!
//! Of many cells some differ by chance. So cells are called different (*changed*) by the rule of
//! Benjamini and Hochberg: of those called so, at most one in twenty is expected to be so by chance
//! alone; and if nothing changed at all, a change is seen in at most one comparison in twenty.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Analysis, Bound, CellSummary, ERROR, Estimate, MARGIN, Mark, Metric, Objective, Point, Reading,
    Series, Spread, State,
};
use crate::experiment::Cell;
use crate::experiment::{Axis, Condition};
use crate::stats::{Interval, TwoGroups, median};

/// One cell in both runs.
#[derive(Clone, Debug, PartialEq)]
pub struct CellChange {
    /// The cell.
    pub cell: Cell,
    /// What became of it.
    pub change: Change,
}

/// How a cell compares.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// It was timed in both.
    Ratio(Ratio),
    /// It was stopped at the time limit in the second run only: the ratio is at least this [1].
    AtLeast(f64),
    /// It was stopped at the time limit in the first run only: the ratio is at most this [1].
    AtMost(f64),
    /// It failed in one of them, or gave a wrong result, for this reason.
    Failed(String),
    /// It was stopped at the time limit, or lacks the number, in both.
    Unknown,
}

/// The cost of a cell in the second run over that in the first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// Median over pairs of rounds [1].
    pub value: f64,
    /// Its 95 % interval, for this cell by itself; `None` of fewer than four rounds in each run.
    pub interval: Option<Interval>,
    /// Chance of rounds as far apart as these if nothing changed, for this cell by itself [1].
    pub chance: f64,
    /// Whether the data tell it from 1, all cells considered.
    pub changed: bool,
    /// Rounds in the first and in the second run.
    pub rounds: (usize, usize),
}

/// Two runs, cell by cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The cells that both have, in the order of the cells.
    pub cells: Vec<CellChange>,
    /// Cells that only the first has.
    pub only_from: Vec<Cell>,
    /// Cells that only the second has.
    pub only_to: Vec<Cell>,
    /// By what cells are compared.
    pub objective: Objective,
    /// Log costs by round of the cells with a ratio.
    costs: BTreeMap<Cell, (Vec<f64>, Vec<f64>)>,
}

/// Why two runs cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Incomparable {
    /// They are judged by different numbers.
    #[error("the first is judged by {0}, the second by {1}")]
    Judges(String, String),
    /// There is no cell in both.
    #[error("they have no cell in common: {0}")]
    NoCommonCell(String),
}

impl Comparison {
    /// The cells of both runs, in the order in which they are compared.
    pub fn compared_cells(&self) -> Vec<Cell> {
        self.cells.iter().map(|change| change.cell).collect()
    }

    /// How the cells of `to` compare with those of `from`; of those that `conditions` admit.
    ///
    /// # Errors
    ///
    /// If they are judged by different numbers or have no cell in common.
    pub fn of(
        from: &Analysis,
        to: &Analysis,
        conditions: &[Condition],
    ) -> Result<Self, Incomparable> {
        if from.objective != to.objective {
            let name = |analysis: &Analysis| analysis.objective.to_string();
            return Err(Incomparable::Judges(name(from), name(to)));
        }
        let (a, b) = (by_cell(from, conditions), by_cell(to, conditions));
        let only = |one: &BTreeMap<Cell, &CellSummary>, other: &BTreeMap<Cell, &CellSummary>| {
            let alone = one.keys().filter(|cell| !other.contains_key(cell));
            alone.copied().collect::<Vec<Cell>>()
        };
        let both: Vec<(Cell, Pair<'_>)> = a
            .iter()
            .filter_map(|(cell, from)| {
                let to = b.get(cell)?;
                Some((*cell, Pair { from, to }))
            })
            .collect();
        if both.is_empty() {
            return Err(Incomparable::NoCommonCell(why_none(&a, &b)));
        }
        let change = |(cell, pair): &(Cell, Pair<'_>)| CellChange {
            cell: *cell,
            change: pair.change(),
        };
        let mut cells: Vec<CellChange> = both.iter().map(change).collect();
        tell_apart(&mut cells);
        Ok(Self {
            only_from: only(&a, &b),
            only_to: only(&b, &a),
            objective: from.objective.clone(),
            costs: both
                .iter()
                .map(|(cell, pair)| (*cell, pair.logs()))
                .collect(),
            cells,
        })
    }

    /// The median ratio of all cells that have one [1].
    pub fn overall(&self) -> Option<f64> {
        let ratios: Vec<f64> = self.ratios().map(|(_, ratio)| ratio.value.ln()).collect();
        median(&ratios).map(f64::exp)
    }

    /// Every cell with a ratio.
    pub fn ratios(&self) -> impl Iterator<Item = (&Cell, &Ratio)> {
        self.cells.iter().filter_map(|cell| match &cell.change {
            Change::Ratio(ratio) => Some((&cell.cell, ratio)),
            Change::AtLeast(_) | Change::AtMost(_) | Change::Failed(_) | Change::Unknown => None,
        })
    }

    /// The ratio of every cell, for a figure.
    pub fn series(&self) -> Series {
        Series {
            quantity: Metric::Ratio.into(),
            points: self.cells.iter().map(CellChange::point).collect(),
        }
    }

    /// The cells of which these runs cannot say whether the ratio is above `limit`: one failed, was
    /// stopped on the wrong side of it, or has too few rounds.
    pub fn open_to(&self, limit: f64) -> Vec<&CellChange> {
        let open = |cell: &&CellChange| match &cell.change {
            Change::Ratio(ratio) => ratio.interval.is_none(),
            Change::AtLeast(bound) => *bound <= limit,
            Change::AtMost(bound) => *bound > limit,
            Change::Failed(_) | Change::Unknown => true,
        };
        self.cells.iter().filter(open).collect()
    }

    /// The cells of which the data show that the ratio is above `limit`, all cells considered: if
    /// none is, this is empty in at least 95 of 100 comparisons.
    ///
    /// A cell that is stopped at the time limit only in the second run counts where its bound is
    /// above the limit.
    pub fn slower_than(&self, limit: f64) -> Vec<&CellChange> {
        let chance = |cell: &CellChange| match &cell.change {
            Change::Ratio(_) => {
                let (from, to) = self.costs.get(&cell.cell)?;
                Some(TwoGroups::new(from, to)?.chance_above(limit.ln()))
            }
            Change::AtLeast(bound) => Some(if *bound > limit { 0.0 } else { 1.0 }),
            Change::AtMost(_) | Change::Failed(_) | Change::Unknown => None,
        };
        let chances: Vec<(usize, f64)> = self
            .cells
            .iter()
            .enumerate()
            .filter_map(|(i, cell)| Some((i, chance(cell)?)))
            .collect();
        let slower = discoveries(&chances);
        slower.into_iter().map(|i| &self.cells[i]).collect()
    }
}

fn by_cell<'a>(
    analysis: &'a Analysis,
    conditions: &[Condition],
) -> BTreeMap<Cell, &'a CellSummary> {
    let admitted = |cell: &Cell| Condition::all_admit(conditions, cell);
    let cells = analysis.cells.iter().map(|summary| (summary.cell, summary));
    cells.filter(|(cell, _)| admitted(cell)).collect()
}

/// The first property that no cell of the one shares with any cell of the other.
fn why_none(a: &BTreeMap<Cell, &CellSummary>, b: &BTreeMap<Cell, &CellSummary>) -> String {
    let values = |cells: &BTreeMap<Cell, &CellSummary>, of: &dyn Fn(&Cell) -> String| {
        cells.keys().map(of).collect::<BTreeSet<String>>()
    };
    let list = |values: BTreeSet<String>| match values.len() {
        0 => "none".to_owned(),
        _ => values.into_iter().collect::<Vec<_>>().join(", "),
    };
    type Of = Box<dyn Fn(&Cell) -> String>;
    let along = |d: Axis| -> (String, Of) {
        (
            d.to_string(),
            Box::new(move |cell| d.value(cell).to_string()),
        )
    };
    let tasks: (String, Of) = ("tasks".to_owned(), Box::new(|cell| cell.tasks.to_string()));
    for (name, of) in Axis::ALL.into_iter().map(along).chain([tasks]) {
        let (first, second) = (values(a, &of), values(b, &of));
        if first.is_disjoint(&second) {
            return format!("{name} is {} and {}", list(first), list(second));
        }
    }
    "no combination of their axes is the same".to_owned()
}

impl CellChange {
    fn point(&self) -> Point {
        let exactly = |value, spread| Reading::Number(Estimate { value, spread }, Bound::Exact);
        let bound = |value, bound| {
            Reading::Number(
                Estimate {
                    value,
                    spread: None,
                },
                bound,
            )
        };
        let mut rounds = 0;
        let (reading, mark) = match &self.change {
            Change::Ratio(ratio) => {
                rounds = ratio.rounds.0.min(ratio.rounds.1);
                let spread = ratio.interval.map(Spread::Interval);
                let near = (1.0 / (1.0 + MARGIN)..=1.0 + MARGIN).contains(&ratio.value);
                let mark = match (ratio.changed, near) {
                    (true, _) => Mark::None,
                    (false, true) => Mark::Same,
                    (false, false) => Mark::Unresolved(None),
                };
                (exactly(ratio.value, spread), mark)
            }
            Change::AtLeast(value) => (bound(*value, Bound::AtLeast), Mark::None),
            Change::AtMost(value) => (bound(*value, Bound::AtMost), Mark::None),
            Change::Failed(why) => (Reading::Failed(why.clone()), Mark::None),
            Change::Unknown => (Reading::Missing, Mark::None),
        };
        Point {
            cell: self.cell,
            reading,
            mark,
            rounds,
            samples: rounds,
            failed_rounds: 0,
            granted: None,
            recommended: false,
        }
    }
}

/// One cell in two runs.
struct Pair<'a> {
    from: &'a CellSummary,
    to: &'a CellSummary,
}

impl Pair<'_> {
    fn change(&self) -> Change {
        let medians = || Some((self.from.cost.median()?, self.to.cost.median()?));
        let bound =
            |of: fn(f64) -> Change| medians().map_or(Change::Unknown, |(from, to)| of(to / from));
        match (&self.from.state, &self.to.state) {
            (State::Ok, State::Ok) => self.ratio().map_or(Change::Unknown, Change::Ratio),
            (State::Failed(why) | State::Wrong(why) | State::Interrupted(why), _) => {
                Change::Failed(format!("in the first run: {why}"))
            }
            (_, State::Failed(why) | State::Wrong(why) | State::Interrupted(why)) => {
                Change::Failed(format!("in the second run: {why}"))
            }
            (State::Ok, State::Censored) => bound(Change::AtLeast),
            (State::Censored, State::Ok) => bound(Change::AtMost),
            (State::Censored, State::Censored) => Change::Unknown,
        }
    }

    /// Log costs by round, the bounds of those that were stopped.
    fn logs(&self) -> (Vec<f64>, Vec<f64>) {
        let costs = |cell: &CellSummary| -> Vec<f64> {
            let rounds = cell.rounds.values();
            rounds.filter_map(|round| round.cost).collect()
        };
        let logs = |cell: &CellSummary| costs(cell).into_iter().map(f64::ln).collect();
        (logs(self.from), logs(self.to))
    }

    fn ratio(&self) -> Option<Ratio> {
        let (from, to) = self.logs();
        let groups = TwoGroups::new(&from, &to)?;
        let shift = groups.shift(ERROR);
        Some(Ratio {
            value: shift.value.exp(),
            interval: shift.interval.map(|ends| Interval {
                low: ends.low.exp(),
                high: ends.high.exp(),
            }),
            chance: groups.chance_apart(),
            changed: false,
            rounds: (from.len(), to.len()),
        })
    }
}

/// Marks the cells that differ, all considered.
fn tell_apart(cells: &mut [CellChange]) {
    let ratios = cells.iter().enumerate();
    let chances: Vec<(usize, f64)> = ratios
        .filter_map(|(i, cell)| match &cell.change {
            Change::Ratio(ratio) => Some((i, ratio.chance)),
            Change::AtLeast(_) | Change::AtMost(_) | Change::Failed(_) | Change::Unknown => None,
        })
        .collect();
    for i in discoveries(&chances) {
        if let Change::Ratio(ratio) = &mut cells[i].change {
            ratio.changed = true;
        }
    }
}

/// Which of these chances are too small to be chance, in ascending order of their numbers.
//
// Source: Benjamini & Hochberg 1995, doi 10.1111/j.2517-6161.1995.tb02031.x: of m chances in
// ascending order, all up to the last one with p(k) <= k / m x error.
fn discoveries(chances: &[(usize, f64)]) -> BTreeSet<usize> {
    let mut sorted = chances.to_vec();
    sorted.sort_by(|a, b| a.1.total_cmp(&b.1));
    let allowed = |k: usize| (k + 1) as f64 / sorted.len() as f64 * ERROR;
    let last = (0..sorted.len()).rfind(|k| sorted[*k].1 <= allowed(*k));
    let found = last.map_or(&sorted[..0], |last| &sorted[..=last]);
    found.iter().map(|(i, _)| *i).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of 4: allowed are 0.0125, 0.025, 0.0375 and 0.05. The third is within its own allowance, so
    /// that the second is taken with it.
    #[test]
    fn all_up_to_the_last_chance_within_its_allowance_count() {
        let chances = [(7, 0.037), (2, 0.9), (5, 0.001), (3, 0.03)];
        assert_eq!(discoveries(&chances), [3, 5, 7].into());
        assert_eq!(discoveries(&[(0, 0.06), (1, 0.04)]), [].into());
        assert_eq!(discoveries(&[]), [].into());
    }
}

//! How far is a prediction from what was measured?
//!
//! Each cell gives one ratio, predicted over measured wall time, and its *error* is the absolute
//! logarithm of that: twice too slow and twice too fast are equally wrong. Nothing is fitted here.
//! Scores are given for all cells and for the parts of splits that are fixed in [`SPLITS`], not
//! chosen after the fact.
//
// --- Implementation ---
// Source of tau: Kendall 1945, doi 10.1093/biomet/33.3.239 (tau-b). Skill as in weather
// forecasting: 1 - error / error of the baseline.

use super::Work;
use crate::experiment::Axis;
use crate::experiment::{BlasVersion, Cell, Runtime, RuntimeModel, WaitPolicy};
use crate::stats::{Interval, median, quantile};

/// A cell that was both measured and predicted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Case {
    /// The cell.
    pub cell: Cell,
    /// Median measured wall time [s].
    pub measured: f64,
    /// The same over half of the rounds each, where there are two rounds [s].
    pub halves: Option<[f64; 2]>,
    /// Predicted wall time [s].
    pub predicted: f64,
    /// Where the prediction says the time lies nine times out of ten [s].
    pub interval: Option<Interval>,
    /// What each baseline predicts, as in [`BASELINES`] [s].
    pub baselines: [f64; 2],
}

/// The predictions that a better one has to beat: processors shared as a fluid, and the work over
/// min(D, P), longer by the factor of oversubscription where D > P.
pub const BASELINES: [&str; 2] = ["fluid", "Amdahl with linear oversubscription"];

/// What a thread that waits does to others when there are more threads than CPUs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Regime {
    /// There are not more: D <= P.
    Fits,
    /// It sleeps, or no thread waits for its team because every team is one thread.
    Blocking,
    /// It offers its PU again and again.
    Yielding,
    /// It keeps its PU.
    Spinning,
}

impl Regime {
    /// The regime of `cell` under a budget of `budget` CPUs.
    pub fn of(cell: &Cell, budget: f64) -> Self {
        match cell.runtime {
            _ if cell.oversubscription(budget) <= 1.0 => Self::Fits,
            _ if cell.inner.get() == 1 => Self::Blocking,
            Runtime::ForkJoin(WaitPolicy::Active) => Self::Spinning,
            Runtime::ForkJoin(WaitPolicy::Yield) | Runtime::Rayon => Self::Yielding,
            Runtime::Modelled(modelled) => Self::of_library(modelled),
            Runtime::ForkJoin(WaitPolicy::Passive | WaitPolicy::SpinThenPark(_))
            | Runtime::Blas(_)
            | Runtime::Program => Self::Blocking,
        }
    }

    /// What the threads of a library do that is oversubscribed, at the barriers of a region.
    fn of_library(modelled: RuntimeModel) -> Self {
        match modelled {
            RuntimeModel::OpenBlas(version) | RuntimeModel::OpenBlasOpenMp(version)
                if version < BlasVersion::SPINS =>
            {
                Self::Yielding
            }
            RuntimeModel::OpenBlas(_) | RuntimeModel::OpenBlasOpenMp(_) | RuntimeModel::Blis => {
                Self::Spinning
            }
            RuntimeModel::Libomp(1..) => Self::Yielding,
            RuntimeModel::Libomp(0) | RuntimeModel::Libgomp(_) => Self::Blocking,
        }
    }

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fits => "not oversubscribed",
            Self::Blocking => "blocking",
            Self::Yielding => "yielding",
            Self::Spinning => "spinning",
        }
    }
}

/// A way to part the cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// Not at all.
    All,
    /// By [`Regime`].
    Regime,
    /// By an axis of the grid.
    By(Axis),
}

/// The splits that are reported, whatever comes out.
pub const SPLITS: [Split; 6] = [
    Split::All,
    Split::Regime,
    Split::By(Axis::Runtime),
    Split::By(Axis::Placement),
    Split::By(Axis::N),
    Split::By(Axis::Outer),
];

/// The scores of a part of the cells.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Which split.
    pub split: String,
    /// Which part of it.
    pub part: String,
    /// How good the prediction was there.
    pub scores: Scores,
}

/// How good a prediction was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scores {
    /// Cells.
    pub cells: usize,
    /// Of the prediction with what was measured.
    pub prediction: Agreement,
    /// Of one half of the measured rounds with the other: no prediction can be expected to come
    /// much closer. `None` of single rounds.
    pub itself: Option<Agreement>,
    /// Cells whose ratio is between 1/2 and 2 [1].
    pub within_two: f64,
    /// Cells whose measured time lies in the predicted interval [1]; `None` where there are none.
    pub coverage: Option<f64>,
    /// 1 - error / error of each of [`BASELINES`] [1]; `None` where a baseline has no error.
    pub skill: [Option<f64>; 2],
}

/// How far times that were expected agree with those that were found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Agreement {
    /// Geometric error: exp(median |ln(expected / found)|) - 1 [1].
    pub error: f64,
    /// The same of the 90th percentile [1].
    pub p90: f64,
    /// Kendall's tau-b over pairs of cells of the same work [1]; `None` where all are equal.
    pub tau: Option<f64>,
    /// Time found of the cell that was expected to be the best over that of the best one, less 1;
    /// of several works the largest [1].
    pub regret: f64,
}

/// The scores of every part of every split of `cases`, under a budget of `budget` CPUs.
pub fn score(cases: &[Case], budget: f64) -> Vec<Part> {
    let of_split = |split: &Split| {
        let mut labels: Vec<(Order, String)> = cases
            .iter()
            .map(|case| split.part(&case.cell, budget))
            .collect();
        labels.sort_unstable();
        labels.dedup();
        let parts = labels.into_iter().filter_map(|(order, part)| {
            let is_in = |case: &&Case| split.part(&case.cell, budget).0 == order;
            let of_part: Vec<Case> = cases.iter().filter(is_in).copied().collect();
            let scores = Scores::of(&of_part)?;
            let split = split.name();
            Some(Part {
                split,
                part,
                scores,
            })
        });
        parts.collect::<Vec<Part>>()
    };
    let of_splits = SPLITS.iter().map(of_split);
    // A split that does not part the cells says nothing new.
    of_splits
        .enumerate()
        .filter(|(at, parts)| *at == 0 || parts.len() > 1)
        .flat_map(|(_, parts)| parts)
        .collect()
}

/// Parts stand in the order of what they are named after.
type Order = (Option<Regime>, Option<crate::experiment::Value>);

impl Split {
    /// In a word.
    pub fn name(self) -> String {
        match self {
            Self::All => "all".to_owned(),
            Self::Regime => "regime".to_owned(),
            Self::By(axis) => axis.to_string(),
        }
    }

    fn part(self, cell: &Cell, budget: f64) -> (Order, String) {
        match self {
            Self::All => ((None, None), "all".to_owned()),
            Self::Regime => {
                let regime = Regime::of(cell, budget);
                ((Some(regime), None), regime.name().to_owned())
            }
            Self::By(axis) => {
                let value = axis.value(cell);
                let name = value.to_string();
                ((None, Some(value)), name)
            }
        }
    }
}

impl Scores {
    fn of(cases: &[Case]) -> Option<Self> {
        let pairs = |expected: &dyn Fn(&Case) -> f64| -> Vec<Pair> {
            let pair = |case: &Case| Pair::new(case.cell, expected(case), case.measured);
            cases.iter().map(pair).collect()
        };
        let prediction = Agreement::of(&pairs(&|case| case.predicted))?;
        let skill = |baseline: usize| {
            let theirs = Agreement::of(&pairs(&|case| case.baselines[baseline]))?.log_error();
            (theirs > 0.0).then(|| 1.0 - prediction.log_error() / theirs)
        };
        let share = |holds: &dyn Fn(&&Case) -> bool| {
            cases.iter().filter(holds).count() as f64 / cases.len() as f64
        };
        Some(Self {
            cells: cases.len(),
            prediction,
            itself: Agreement::of_halves(cases),
            within_two: share(&|case| (0.5..=2.0).contains(&(case.predicted / case.measured))),
            coverage: cases
                .iter()
                .all(|case| case.interval.is_some())
                .then(|| share(&|case| case.interval.is_some_and(|i| i.contains(case.measured)))),
            skill: [skill(0), skill(1)],
        })
    }
}

/// A time that was expected of a cell, and the one that was found [s].
#[derive(Clone, Copy)]
struct Pair {
    cell: Cell,
    expected: f64,
    found: f64,
}

impl Pair {
    fn new(cell: Cell, expected: f64, found: f64) -> Self {
        Self {
            cell,
            expected,
            found,
        }
    }

    /// The other way round.
    fn swapped(self) -> Self {
        Self::new(self.cell, self.found, self.expected)
    }
}

impl Agreement {
    fn of(pairs: &[Pair]) -> Option<Self> {
        let error = |pair: &Pair| (pair.expected / pair.found).ln().abs();
        let errors: Vec<f64> = pairs.iter().map(error).collect();
        Some(Self {
            error: median(&errors)?.exp_m1(),
            p90: quantile(&errors, 0.9)?.exp_m1(),
            tau: tau(pairs),
            regret: regret(pairs),
        })
    }

    /// Of the halves of `cases` with each other; the regret is the mean of both ways.
    fn of_halves(cases: &[Case]) -> Option<Self> {
        let pair = |case: &Case| {
            let [one, other] = case.halves?;
            Some(Pair::new(case.cell, one, other))
        };
        let pairs: Vec<Pair> = cases.iter().filter_map(pair).collect();
        let swapped: Vec<Pair> = pairs.iter().copied().map(Pair::swapped).collect();
        let there = Self::of(&pairs)?;
        Some(Self {
            regret: f64::midpoint(there.regret, regret(&swapped)),
            ..there
        })
    }

    fn log_error(&self) -> f64 {
        self.error.ln_1p()
    }
}

/// Kendall's tau-b over pairs of cells of the same work.
fn tau(pairs: &[Pair]) -> Option<f64> {
    let (mut agree, mut found, mut expected) = (0_i64, 0_i64, 0_i64);
    for (at, a) in pairs.iter().enumerate() {
        for b in &pairs[..at] {
            if Work::of(&a.cell) != Work::of(&b.cell) {
                continue;
            }
            let by_found = sign(a.found, b.found);
            let by_expected = sign(a.expected, b.expected);
            agree += by_found * by_expected;
            found += by_found.abs();
            expected += by_expected.abs();
        }
    }
    let untied = (found as f64 * expected as f64).sqrt();
    (untied > 0.0).then(|| agree as f64 / untied)
}

fn sign(a: f64, b: f64) -> i64 {
    match a.total_cmp(&b) {
        std::cmp::Ordering::Less => -1,
        std::cmp::Ordering::Equal => 0,
        std::cmp::Ordering::Greater => 1,
    }
}

/// What following the expectation costs: of the works among `pairs` the largest.
fn regret(pairs: &[Pair]) -> f64 {
    let of_work = |work: Work| {
        let cells = || pairs.iter().filter(|pair| Work::of(&pair.cell) == work);
        let chosen = cells().min_by(|a, b| a.expected.total_cmp(&b.expected))?;
        let best = cells().map(|pair| pair.found).min_by(f64::total_cmp)?;
        Some(chosen.found / best - 1.0)
    };
    let works = pairs
        .iter()
        .filter_map(|pair| of_work(Work::of(&pair.cell)));
    works.fold(0.0, f64::max)
}

#[cfg(test)]
mod tests;

//! What was seen of one cell?
//!
//! The unit is the *round*, one process run: its repetitions are not independent of each other, so
//! a round counts once, with the median over its repetitions, and a cell's estimate is the median
//! over its rounds. Its [`Spread`] is the exact 95 % interval of that median where there are enough
//! rounds for one, and else the range of the rounds.
//!
//! A censored sample says that the time is *at least* its wall time: it ranks above all that ran to
//! their end, and is never left out. A median that rests on one is itself only a lower bound. So a
//! round is censored when the middle of its repetitions is, and a cell when the middle of its rounds
//! is: when at least half of them were stopped at the limit. Of a cell with fewer such rounds the
//! median is a time; the upper end of its spread is infinite if it rests on one.
//!
//! A round with a failed record counts as failed whatever its other repetitions gave, since they
//! come from the same process. A cell is failed when at least half of its rounds are; otherwise the
//! failed rounds are left out and counted ([`CellSummary::failed_rounds`]).
//!
//! A sample in which a process stood still is no time, and is left out; a cell of which nothing else is
//! there is interrupted.
//!
//! A single wrong result makes a cell wrong, however fast and however often right the rest was.

use std::collections::BTreeMap;

use super::Objective;
use crate::experiment::Cell;
use crate::record::{Answer, Record, Sample};
use crate::stats::{Interval, median, median_interval};

/// Ratio of the ends of a spread above which a number is shown as doubtful [1].
const WIDE: f64 = 1.5;

/// How far the rounds of a cell leave its median open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Spread {
    /// The exact 95 % interval of the median.
    Interval(Interval),
    /// The smallest and the largest round, of fewer than six: there is no such interval.
    Range(Interval),
}

impl Spread {
    /// The spread of the median of `rounds`; `None` of fewer than two.
    fn of(rounds: &[f64]) -> Option<Self> {
        let range = || {
            let low = rounds.iter().copied().min_by(f64::total_cmp)?;
            let high = rounds.iter().copied().max_by(f64::total_cmp)?;
            (rounds.len() > 1).then_some(Self::Range(Interval { low, high }))
        };
        median_interval(rounds).map(Self::Interval).or_else(range)
    }

    /// Both ends, whatever they are ends of.
    pub fn ends(self) -> Interval {
        match self {
            Self::Interval(ends) | Self::Range(ends) => ends,
        }
    }

    fn map(self, f: impl Fn(f64) -> f64) -> Self {
        let turned = |Interval { low, high }: Interval| {
            let (a, b) = (f(low), f(high));
            Interval {
                low: a.min(b),
                high: a.max(b),
            }
        };
        match self {
            Self::Interval(ends) => Self::Interval(turned(ends)),
            Self::Range(ends) => Self::Range(turned(ends)),
        }
    }
}

/// A median over rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The median.
    pub value: f64,
    /// How far the rounds leave it open; `None` of a single round.
    pub spread: Option<Spread>,
}

impl Estimate {
    /// The median over rounds with its spread; `None` of no round.
    pub fn of(rounds: &[f64]) -> Option<Self> {
        Some(Self {
            value: median(rounds)?,
            spread: Spread::of(rounds),
        })
    }

    /// This estimate of `x` turned into one of `f(x)`; `f` rises or falls everywhere.
    #[must_use]
    pub fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Self {
            value: f(self.value),
            spread: self.spread.map(|spread| spread.map(&f)),
        }
    }

    /// Whether the ends of the spread differ by more than 1.5 times.
    pub fn is_wide(&self) -> bool {
        self.spread.is_some_and(|spread| {
            let Interval { low, high } = spread.ends();
            high > WIDE * low
        })
    }
}

/// What became of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It was timed.
    Ok,
    /// It was stopped at the time limit: its wall time is a lower bound.
    Censored,
    /// It gave a wrong result at least once; the commonest way.
    Wrong(String),
    /// It stood still whenever it was asked; the commonest way.
    Interrupted(String),
    /// It has no time; the commonest reason.
    Failed(String),
}

/// One round of a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Round {
    /// Median wall time over its repetitions [s].
    pub wall: f64,
    /// Median cost over its repetitions, by the objective of the run; `None` where none has it. If the
    /// round is censored, a lower bound, infinite where nothing bounds it.
    pub cost: Option<f64>,
    /// Whether `wall` is only a lower bound.
    pub censored: bool,
}

impl Round {
    /// Where `value`, a bound if the round is censored, ranks: above all that are none.
    fn rank(&self, value: f64) -> f64 {
        if self.censored { f64::INFINITY } else { value }
    }
}

/// The values of a quantity in the rounds of a cell that have it; infinite in a censored round of a
/// cell that was timed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rounds(Vec<f64>);

impl Rounds {
    /// The values.
    pub fn values(&self) -> &[f64] {
        &self.0
    }

    /// The median over rounds; `None` of no round.
    pub fn median(&self) -> Option<f64> {
        median(&self.0)
    }

    /// The median over rounds with its spread; `None` of no round.
    pub fn estimate(&self) -> Option<Estimate> {
        Estimate::of(&self.0)
    }
}

/// What was seen of one cell. Quantities have no rounds where no record has the numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct CellSummary {
    /// The cell.
    pub cell: Cell,
    /// What became of it.
    pub state: State,
    /// Rounds with a time, by their number.
    pub rounds: BTreeMap<u32, Round>,
    /// Rounds that failed.
    pub failed_rounds: usize,
    /// Samples in the rounds with a time.
    pub samples: usize,
    /// Team width that its library took in some sample instead of the one asked for [threads].
    pub granted: Option<u32>,
    /// Least and greatest cost of a sample, by the objective of the run.
    pub range: Option<Interval>,
    /// Wall time, a lower bound in a censored cell [s].
    pub wall: Rounds,
    /// What cells are compared by, the less the better: the wall time, or what the objective of the
    /// run makes of a metric.
    pub cost: Rounds,
    /// Context switches of both kinds per second of wall time [1/s].
    pub switch_rate: Rounds,
    /// Run-queue wait summed over threads, per wall time and thread [1].
    pub wait_share: Rounds,
    /// CPUs kept busy on average: CPU time per wall time [CPUs].
    pub cpus_busy: Rounds,
    /// Most memory resident [bytes].
    pub peak_rss: Rounds,
    /// Updates that a shared sum lost.
    pub lost_updates: Rounds,
}

/// The summary of every cell in `records`, in the order of the cells, costs as `objective` says.
pub fn summarize(records: &[Record], objective: &Objective) -> Vec<CellSummary> {
    let mut cells: BTreeMap<Cell, BTreeMap<u32, Vec<&Answer>>> = BTreeMap::new();
    for record in records {
        let rounds = cells.entry(record.visit.cell).or_default();
        let answers = rounds.entry(record.visit.round).or_default();
        answers.push(&record.answer);
    }
    cells
        .into_iter()
        .map(|(cell, rounds)| summary(cell, &rounds, objective))
        .collect()
}

fn summary(cell: Cell, all: &BTreeMap<u32, Vec<&Answer>>, objective: &Objective) -> CellSummary {
    let answers = &answered(all);
    let (failed, timed): (Vec<_>, Vec<_>) = answers
        .iter()
        .partition(|(_, answers)| answers.iter().any(|a| matches!(a, Answer::Failed(_))));
    let rounds: BTreeMap<u32, Round> = timed
        .iter()
        .filter_map(|(number, answers)| Some((**number, round(answers, objective)?)))
        .collect();
    let samples: Vec<&Sample> = timed
        .iter()
        .flat_map(|(_, answers)| answers.iter().filter_map(|a| a.sample()))
        .collect();
    let over_rounds = |of: &dyn Fn(&Sample) -> Option<f64>| {
        let medians = timed.iter().filter_map(|(_, answers)| {
            let values: Vec<f64> = answers.iter().filter_map(|a| of(a.sample()?)).collect();
            median(&values)
        });
        Rounds(medians.collect())
    };
    let failure = commonest(answers, |a| matches!(a, Answer::Failed(_)));
    let state = if let Some(reason) = failure.filter(|_| 2 * failed.len() >= answers.len()) {
        State::Failed(reason)
    } else if let Some(wrong) = commonest(answers, |a| matches!(a, Answer::Wrong(..))) {
        State::Wrong(wrong)
    } else if answers.is_empty() {
        State::Interrupted(commonest(all, is_interrupted).unwrap_or_default())
    } else if middle_is_censored(rounds.values().map(|round| round.censored)) {
        State::Censored
    } else {
        State::Ok
    };
    // Those of its rounds that ended are its better ones, and say nothing of the cell.
    let stopped = state == State::Censored;
    let unsaid = stopped && !objective.bounds_what_was_stopped();
    let value = |round: &Round, bound| if stopped { bound } else { round.rank(bound) };
    let costs = rounds.values().filter(|_| !unsaid);
    let costs = costs.filter_map(|round| Some(value(round, round.cost?)));
    let walls = rounds.values().map(|round| value(round, round.wall));
    CellSummary {
        cost: Rounds(costs.collect()),
        wall: Rounds(walls.collect()),
        state,
        failed_rounds: failed.len(),
        samples: samples.len(),
        granted: samples
            .iter()
            .filter_map(|s| s.granted)
            .find(|width| *width != cell.inner.get()),
        range: range(&samples, objective),
        switch_rate: over_rounds(&switch_rate),
        wait_share: over_rounds(&|s| wait_share(&cell, s)),
        cpus_busy: over_rounds(&|s| Some(s.cpu?.as_secs_f64() / seconds(s)?)),
        peak_rss: over_rounds(&|s| s.peak_rss.map(|bytes| bytes as f64)),
        lost_updates: over_rounds(&|s| s.lost_updates.map(|lost| lost as f64)),
        rounds,
        cell,
    }
}

fn is_interrupted(answer: &Answer) -> bool {
    matches!(answer, Answer::Interrupted(..))
}

/// `rounds` without the samples in which a process stood still, and without the rounds that have no
/// others.
fn answered<'a>(rounds: &BTreeMap<u32, Vec<&'a Answer>>) -> BTreeMap<u32, Vec<&'a Answer>> {
    let rest = |answers: &Vec<&'a Answer>| -> Vec<&'a Answer> {
        let rest = answers.iter().filter(|answer| !is_interrupted(answer));
        rest.copied().collect()
    };
    let rounds = rounds
        .iter()
        .map(|(round, answers)| (*round, rest(answers)));
    rounds.filter(|(_, answers)| !answers.is_empty()).collect()
}

fn round(answers: &[&Answer], objective: &Objective) -> Option<Round> {
    let timed = || answers.iter().filter(|answer| answer.sample().is_some());
    let censored = |answer: &&Answer| matches!(answer, Answer::Censored(_));
    let samples = || timed().filter_map(|answer| answer.sample());
    let walls: Vec<f64> = samples().map(|s| s.wall.as_secs_f64()).collect();
    let unsaid = |answer: &&Answer| censored(answer) && !objective.bounds_what_was_stopped();
    let costs = timed().filter_map(|answer| match unsaid(answer) {
        true => Some(f64::INFINITY),
        false => objective.cost(answer.sample()?),
    });
    Some(Round {
        cost: median(&costs.collect::<Vec<f64>>()),
        wall: median(&walls)?,
        censored: middle_is_censored(timed().map(censored)),
    })
}

/// Whether the median rests on a censored value, where these rank above all others: at least half are
/// censored.
fn middle_is_censored(values: impl Iterator<Item = bool>) -> bool {
    let (censored, ended): (Vec<bool>, Vec<bool>) = values.partition(|censored| *censored);
    !censored.is_empty() && censored.len() >= ended.len()
}

fn range(samples: &[&Sample], objective: &Objective) -> Option<Interval> {
    let costs = samples.iter().filter_map(|sample| objective.cost(sample));
    Some(Interval {
        low: costs.clone().min_by(f64::total_cmp)?,
        high: costs.max_by(f64::total_cmp)?,
    })
}

fn seconds(sample: &Sample) -> Option<f64> {
    let wall = sample.wall.as_secs_f64();
    (wall > 0.0).then_some(wall)
}

fn switch_rate(sample: &Sample) -> Option<f64> {
    let switches = sample.voluntary_switches? as f64 + sample.involuntary_switches? as f64;
    Some(switches / seconds(sample)?)
}

/// The threads seen, or where nobody counted them, those asked for.
fn wait_share(cell: &Cell, sample: &Sample) -> Option<f64> {
    let threads = sample.threads.unwrap_or(cell.demand()).max(1);
    Some(sample.run_queue_wait?.as_secs_f64() / (seconds(sample)? * f64::from(threads)))
}

/// The reason that most of the answers of a kind give; `None` where there is none of that kind.
fn commonest(
    answers: &BTreeMap<u32, Vec<&Answer>>,
    of_kind: impl Fn(&Answer) -> bool,
) -> Option<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for answer in answers.values().flatten().filter(|answer| of_kind(answer)) {
        *counts.entry(answer.reason()?).or_default() += 1;
    }
    let commonest = counts.into_iter().max_by_key(|(_, count)| *count);
    commonest.map(|(reason, _)| reason.to_owned())
}

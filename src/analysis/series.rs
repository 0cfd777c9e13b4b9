//! Which values does a figure show?

use std::collections::BTreeMap;

use super::verdict::error;
use super::{
    Cause, CellSummary, Diagnosis, ERROR, Estimate, Metric, Objective, Quantity, Rule, RunContext,
    State, Verdict, Work, diagnose, summarize, verdicts,
};
use crate::experiment::{Cell, Plan};
use crate::record::Record;

const FLOPS_PER_GFLOP: f64 = 1e9;
const BYTES_PER_GB: f64 = 1e9;
const BYTES_PER_MB: f64 = 1e6;
const PERCENT: f64 = 100.0;

/// How far a shown number says what it seems to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// The number was measured.
    Exact,
    /// The cell was stopped at the time limit: the true number is at least this.
    AtLeast,
    /// The cell was stopped at the time limit: the true number is at most this.
    AtMost,
    /// The cell was stopped at the time limit: this is what was seen until then.
    UntilStopped,
}

impl Bound {
    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::AtLeast => "at-least",
            Self::AtMost => "at-most",
            Self::UntilStopped => "until-stopped",
        }
    }
}

/// What a figure shows of a cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// A number.
    Number(Estimate, Bound),
    /// The cell was timed, but the metric is not recorded, or not defined for it.
    Missing,
    /// The cell was stopped at the time limit before it had a number, which nothing bounds.
    Stopped,
    /// A name.
    Cause(Cause),
    /// The cell gave a wrong result, in this way; how fast it was does not matter.
    Wrong(String),
    /// A process of the cell stood still whenever it was asked, in this way.
    Interrupted(String),
    /// The cell failed, for this reason.
    Failed(String),
}

/// How a cell stands among those of the same work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The fastest.
    Best,
    /// Tied with the fastest: not told apart by this rule, and within the margin.
    Tied(Rule),
    /// Neither told apart from the fastest nor within the margin; so many further rounds would tell it
    /// apart, if that is known.
    Unresolved(Option<u32>),
    /// In a comparison of two runs: the data do not tell the ratio from 1.
    Same,
    /// None of these.
    None,
}

/// One cell in a figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The cell.
    pub cell: Cell,
    /// What is shown of it.
    pub reading: Reading,
    /// How it stands, by what the run is judged by, whatever the metric; but that it is not resolved says
    /// something only of a metric that follows that.
    pub mark: Mark,
    /// Whether it is the one to choose of its work.
    pub recommended: bool,
    /// Rounds with a time.
    pub rounds: usize,
    /// Samples in them.
    pub samples: usize,
    /// Rounds that failed.
    pub failed_rounds: usize,
    /// Team width that its library took instead of the one asked for [threads].
    pub granted: Option<u32>,
}

/// One metric of every cell of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// What is shown.
    pub quantity: Quantity,
    /// Its cells.
    pub points: Vec<Point>,
}

/// Everything that is known of the cells of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Analysis {
    /// Every cell with a record.
    pub cells: Vec<CellSummary>,
    /// The outcome for each work.
    pub verdicts: Vec<Verdict>,
    /// P [CPUs].
    pub budget: f64,
    /// By what cells were compared.
    pub objective: Objective,
    /// Why each cell takes the time it takes, as far as that was asked
    /// ([`Analysis::explained`]).
    pub diagnoses: BTreeMap<Cell, Diagnosis>,
}

impl Analysis {
    /// What `records` of a run under a budget of `budget` CPUs say.
    pub fn of(records: &[Record], budget: f64) -> Self {
        Self::judged(records, budget, Objective::Wall)
    }

    /// The same where `objective` says which cell is better.
    pub fn judged(records: &[Record], budget: f64, objective: Objective) -> Self {
        Self::at(records, budget, objective, ERROR)
    }

    /// What `records` of a run of `plan` under a budget of `budget` CPUs say, judged as the plan
    /// has it.
    pub fn of_run(plan: &Plan, budget: f64, records: &[Record]) -> Self {
        let objective = Objective::of(plan.command.as_ref().and_then(|spec| spec.metric.as_ref()));
        Self::at(records, budget, objective, error(plan, records))
    }

    fn at(records: &[Record], budget: f64, objective: Objective, error: f64) -> Self {
        let cells = summarize(records, &objective);
        Self {
            verdicts: verdicts(&cells, error),
            cells,
            budget,
            objective,
            diagnoses: BTreeMap::new(),
        }
    }

    /// This analysis with the causes that `records`, the same ones, show in `setting`.
    #[must_use]
    pub fn explained(self, records: &[Record], setting: &RunContext) -> Self {
        Self {
            diagnoses: diagnose(&self.cells, &self.verdicts, records, setting),
            ..self
        }
    }

    /// One metric of every cell.
    pub fn series(&self, metric: Metric) -> Series {
        let verdicts: BTreeMap<Work, &Verdict> =
            self.verdicts.iter().map(|v| (v.work, v)).collect();
        let serial = self.serial();
        let points = self.cells.iter().map(|summary| {
            let work = Work::of(&summary.cell);
            let verdict = verdicts.get(&work).copied();
            let reference = Reference {
                best: verdict.map(|v| v.best_cost),
                serial: serial.get(&work).copied(),
                budget: self.budget,
                objective: &self.objective,
                cause: self.diagnoses.get(&summary.cell).map(|d| d.cause),
            };
            Point {
                cell: summary.cell,
                reading: reference.reading(summary, metric),
                mark: match mark(verdict, &summary.cell) {
                    Mark::Unresolved(_) if !metric.follows_cost() => Mark::None,
                    mark => mark,
                },
                recommended: verdict.is_some_and(|v| v.recommended == summary.cell),
                rounds: summary.rounds.len(),
                samples: summary.samples,
                failed_rounds: summary.failed_rounds,
                granted: summary.granted,
            }
        });
        Series {
            quantity: Quantity::of(metric, &self.objective),
            points: points.collect(),
        }
    }

    /// T1 of each work that has one: the cost of the best 1 x 1 cell.
    fn serial(&self) -> BTreeMap<Work, f64> {
        let mut serial: BTreeMap<Work, f64> = BTreeMap::new();
        let alone = |s: &&CellSummary| s.state == State::Ok && s.cell.demand() == 1;
        for summary in self.cells.iter().filter(alone) {
            if let Some(cost) = summary.cost.median() {
                let fastest = serial
                    .entry(Work::of(&summary.cell))
                    .or_insert(f64::INFINITY);
                *fastest = fastest.min(cost);
            }
        }
        serial
    }
}

fn mark(verdict: Option<&Verdict>, cell: &Cell) -> Mark {
    let Some(verdict) = verdict else {
        return Mark::None;
    };
    match (verdict.tied.get(cell), verdict.unresolved.get(cell)) {
        _ if verdict.best == *cell => Mark::Best,
        (Some(rule), _) => Mark::Tied(*rule),
        (None, Some(further)) => Mark::Unresolved(*further),
        (None, None) => Mark::None,
    }
}

/// What the cells of one work are held against.
struct Reference<'a> {
    /// Cost of the best cell.
    best: Option<f64>,
    /// Cost of T1.
    serial: Option<f64>,
    /// P [CPUs].
    budget: f64,
    objective: &'a Objective,
    /// Why the cell takes the time it takes.
    cause: Option<Cause>,
}

impl Reference<'_> {
    fn reading(&self, summary: &CellSummary, metric: Metric) -> Reading {
        match &summary.state {
            State::Failed(reason) => return Reading::Failed(reason.clone()),
            State::Wrong(reason) => return Reading::Wrong(reason.clone()),
            State::Interrupted(reason) => return Reading::Interrupted(reason.clone()),
            State::Ok | State::Censored => {}
        }
        if metric == Metric::Cause {
            return self.cause.map_or(Reading::Missing, Reading::Cause);
        }
        let bound = match (&summary.state, metric) {
            (State::Ok | State::Wrong(_) | State::Interrupted(_) | State::Failed(_), _) => {
                Bound::Exact
            }
            (State::Censored, Metric::Time | Metric::Slowdown | Metric::Memory | Metric::Ratio) => {
                Bound::AtLeast
            }
            (State::Censored, Metric::Throughput | Metric::Bandwidth | Metric::Efficiency) => {
                Bound::AtMost
            }
            (
                State::Censored,
                Metric::Own | Metric::Switches | Metric::Wait | Metric::Busy | Metric::Cause,
            ) => Bound::UntilStopped,
        };
        let by_cost = matches!(metric, Metric::Own | Metric::Slowdown | Metric::Efficiency);
        let costless = summary.cost.median().is_none();
        let unsaid = summary.state == State::Censored && by_cost && costless;
        match self.estimate(summary, metric) {
            Some(estimate) => Reading::Number(estimate, bound),
            None if unsaid => Reading::Stopped,
            None => Reading::Missing,
        }
    }

    /// The metric of a cell that has a time, in the metric's unit.
    fn estimate(&self, summary: &CellSummary, metric: Metric) -> Option<Estimate> {
        let cell = &summary.cell;
        Some(match metric {
            Metric::Time => summary.wall.estimate()?,
            Metric::Own => {
                let said = |cost| self.objective.metric(cost).map(|(_, number)| number);
                let cost = summary.cost.estimate()?;
                said(cost.value)?;
                cost.map(|cost| said(cost).unwrap_or(cost))
            }
            Metric::Bandwidth => {
                let work = cell.bytes()? as f64 / BYTES_PER_GB;
                summary.wall.estimate()?.map(|wall| work / wall)
            }
            Metric::Throughput => {
                let work = cell.flops()? as f64 / FLOPS_PER_GFLOP;
                summary.wall.estimate()?.map(|wall| work / wall)
            }
            Metric::Slowdown => {
                let best = self.best?;
                summary.cost.estimate()?.map(|cost| cost / best)
            }
            Metric::Efficiency => {
                let cpus = f64::from(cell.demand()).min(self.budget);
                let serial = self.serial? * self.budget.min(1.0);
                summary.cost.estimate()?.map(|cost| serial / (cpus * cost))
            }
            // Of two runs; see `Comparison`. A cause is no number.
            Metric::Ratio | Metric::Cause => return None,
            Metric::Switches => summary.switch_rate.estimate()?,
            Metric::Memory => summary
                .peak_rss
                .estimate()?
                .map(|bytes| bytes / BYTES_PER_MB),
            Metric::Wait => summary.wait_share.estimate()?.map(|share| share * PERCENT),
            Metric::Busy => {
                let budget = self.budget;
                summary
                    .cpus_busy
                    .estimate()?
                    .map(|cpus| cpus / budget * PERCENT)
            }
        })
    }
}

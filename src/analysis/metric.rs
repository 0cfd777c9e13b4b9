//! Which quantities can be shown of a cell?

use std::fmt;
use std::str::FromStr;

use super::Objective;
use crate::experiment::{Goal, OutputMetric};
use crate::text::ParseError;

/// A quantity of a cell.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::VariantArray,
    strum::IntoStaticStr,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Metric {
    /// Flops of all tasks / wall time [GFLOP/s].
    Throughput,
    /// Bytes that all tasks read and write / wall time [GB/s].
    Bandwidth,
    /// S = wall time / wall time of the best cell of the same work in this run [1]; where a
    /// command's metric is judged, the cost by it in place of the time.
    Slowdown,
    /// E = T1 min(1, P) / (min(D, P) T): T1 is the wall time of the fastest 1 x 1 cell of the same
    /// work, T the cell's, D its demand, P the budget [1]. Of less than one CPU, the 1 x 1 cell had
    /// P as well. Not defined where no 1 x 1 cell was timed.
    Efficiency,
    /// Wall time [s].
    Time,
    /// The number that a command says of itself (`--metric`), in its own unit.
    #[strum(serialize = "metric")]
    Own,
    /// Context switches, voluntary and involuntary, of all threads, per wall time [1/s].
    Switches,
    /// W = run-queue wait summed over threads / (wall time x threads) [%]: the part of its life
    /// that a thread was ready to run but had no PU.
    Wait,
    /// CPU time of all threads / (wall time x P) [%]: the part of the budget that was kept busy,
    /// usefully or not.
    Busy,
    /// Most memory resident during an execution [MB].
    Memory,
    /// Of two runs: wall time in the second / wall time in the first [1]; where a command's metric
    /// is judged, the cost by it in place of the time.
    Ratio,
    /// Why the cell is slower than the best ([`Cause`](super::Cause)): no number, a name.
    Cause,
}

/// Which end of a metric is to be wished for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// The more the better.
    High,
    /// The less the better.
    Low,
    /// Good runs and bad ones may have much or little of it.
    Neither,
}

impl Metric {
    /// Every metric of one run.
    pub fn of_one_run() -> impl Iterator<Item = Self> {
        let all = <Self as strum::VariantArray>::VARIANTS.iter().copied();
        all.filter(|metric| *metric != Self::Ratio)
    }

    /// The names of these, with commas between them.
    pub fn names() -> String {
        let names: Vec<&str> = Self::of_one_run().map(Self::name).collect();
        names.join(", ")
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// In words, with symbol: the title of a figure.
    pub fn title(self) -> &'static str {
        match self {
            Self::Throughput => "Throughput",
            Self::Bandwidth => "Memory traffic",
            Self::Slowdown => "Slowdown S against the best cell",
            Self::Efficiency => "Parallel efficiency E",
            Self::Time => "Wall time of all tasks",
            Self::Own => "Metric of the command",
            Self::Switches => "Context switches per second",
            Self::Wait => "Run-queue wait share W",
            Self::Busy => "CPU time as a share of the budget",
            Self::Memory => "Peak resident memory",
            Self::Ratio => "Ratio of two runs, second over first",
            Self::Cause => "Why the cell is slower than the best",
        }
    }

    /// What the number is, as one line under the title.
    pub fn definition(self) -> &'static str {
        match self {
            Self::Throughput => "floating-point operations of all tasks per second of wall time",
            Self::Bandwidth => {
                "bytes that all tasks read and write per second of wall time, cached or not"
            }
            Self::Slowdown => "time relative to the fastest",
            Self::Efficiency => {
                "T(1×1) × min(1, P) ÷ (min(D, P) × T), D = outer × inner threads asked for, P = CPU budget"
            }
            Self::Time => "from the release of the outer workers to the end of the last task",
            Self::Own => "as the command says it",
            Self::Switches => "voluntary and involuntary, all threads and the main one",
            Self::Wait => "part of its life that a thread was ready to run but had no CPU",
            Self::Busy => "CPU time of all threads ÷ (wall time × P), useful or not",
            Self::Memory => {
                "most memory resident at once, in the process or in all processes of the command"
            }
            Self::Ratio => "time in the second run ÷ time in the first",
            Self::Cause => {
                "the heaviest of the rules that hold; `oversub explain` shows the evidence"
            }
        }
    }

    /// The unit in which values are given.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Throughput => "GFLOP/s",
            Self::Bandwidth => "GB/s",
            Self::Slowdown | Self::Efficiency | Self::Ratio => "1",
            Self::Time => "s",
            Self::Own | Self::Cause => "",
            Self::Switches => "1/s",
            Self::Wait | Self::Busy => "%",
            Self::Memory => "MB",
        }
    }

    /// Whether it is a form of what cells are judged by: of the time, or of a command's own metric.
    pub fn follows_cost(self) -> bool {
        match self {
            Self::Throughput
            | Self::Bandwidth
            | Self::Slowdown
            | Self::Efficiency
            | Self::Time
            | Self::Own
            | Self::Ratio => true,
            Self::Switches | Self::Wait | Self::Busy | Self::Memory | Self::Cause => false,
        }
    }

    /// Which end is good, if either.
    pub fn better(self) -> Better {
        match self {
            Self::Throughput | Self::Bandwidth | Self::Efficiency => Better::High,
            Self::Slowdown | Self::Time | Self::Memory | Self::Ratio => Better::Low,
            Self::Switches | Self::Own | Self::Wait | Self::Busy | Self::Cause => Better::Neither,
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Metric {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let named = Self::of_one_run().find(|metric| metric.name() == text);
        named.ok_or_else(|| ParseError::new("metric", text, format!("one of {}", Self::names())))
    }
}

/// A metric as figures speak of it: what a command calls its own, and which end of that is good,
/// only the run knows.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantity {
    metric: Metric,
    own: Option<OutputMetric>,
}

impl From<Metric> for Quantity {
    fn from(metric: Metric) -> Self {
        Self { metric, own: None }
    }
}

impl Quantity {
    /// `metric` in a run that `objective` judges.
    pub fn of(metric: Metric, objective: &Objective) -> Self {
        let own = match objective {
            Objective::Metric(own) if metric == Metric::Own => Some(own.clone()),
            Objective::Metric(_) | Objective::Wall => None,
        };
        Self { metric, own }
    }

    /// The metric.
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// The title of a figure.
    pub fn title(&self) -> &str {
        let title = self.metric.title();
        self.own.as_ref().map_or(title, |own| &own.name)
    }

    /// Which end is good, if either.
    pub fn better(&self) -> Better {
        match self.own.as_ref().map(|own| own.better) {
            Some(Goal::Higher) => Better::High,
            Some(Goal::Lower) => Better::Low,
            None => self.metric.better(),
        }
    }
}

/// What a scale calls it.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.own {
            Some(own) => f.pad(&own.name),
            None => self.metric.fmt(f),
        }
    }
}

//! By what are the cells of a run told apart?

use std::fmt;

use crate::experiment::{Goal, OutputMetric};
use crate::record::Sample;

/// What makes one cell better than another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Objective {
    /// The shorter wall time.
    #[default]
    Wall,
    /// The number that a program said of itself.
    Metric(OutputMetric),
}

impl Objective {
    /// The judge of a run in which `metric` is read from the output, if any is.
    pub fn of(metric: Option<&OutputMetric>) -> Self {
        metric.cloned().map_or(Self::Wall, Self::Metric)
    }

    /// What `sample` costs, the less the better: its time [s], its metric, or the inverse of a
    /// metric of which more is better. `None` where the metric was never said.
    pub(super) fn cost(&self, sample: &Sample) -> Option<f64> {
        match self {
            Self::Wall => Some(sample.wall.as_secs_f64()),
            Self::Metric(metric) => sample.metric.map(|number| metric_or_cost(metric, number)),
        }
    }

    /// Whether a sample that was stopped at the time limit still bounds its cost.
    pub(super) fn bounds_what_was_stopped(&self) -> bool {
        match self {
            Self::Wall => true,
            // A program says its metric at its end, if at all.
            Self::Metric(_) => false,
        }
    }

    /// The metric of a cell that costs `cost`, and what it is called.
    pub fn metric(&self, cost: f64) -> Option<(&str, f64)> {
        match self {
            Self::Wall => None,
            Self::Metric(metric) => Some((&metric.name, metric_or_cost(metric, cost))),
        }
    }
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wall => f.write_str("wall time"),
            Self::Metric(metric) => write!(f, "{} ({} is better)", metric.name, metric.better),
        }
    }
}

/// The cost of a metric, or the metric of a cost: each is the inverse of itself.
fn metric_or_cost(metric: &OutputMetric, number: f64) -> f64 {
    match metric.better {
        Goal::Higher => 1.0 / number,
        Goal::Lower => number,
    }
}

//! Which number of a run does a lesson speak of?

use serde::Deserialize;

use super::counts::counted;
use super::number::Number;
use crate::analysis::Metric;
use crate::app::Run;
use crate::experiment::Cell;
use crate::experiment::Condition;
use crate::record::{Record, Status};

/// What a measure calls the share of repetitions without a right result [1].
const WRONG: &str = "wrong";
/// What a measure calls the share of a quota's periods that were cut off [1].
const THROTTLED: &str = "throttled";

/// A number of a run: a metric of some cells, or how many times that of others it is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Measure {
    #[serde(default)]
    metric: Option<String>,
    /// Which cells; of several the one with the smallest number stands for all.
    of: String,
    against: Option<String>,
}

impl Measure {
    /// What `run` says; `None` where it says nothing.
    pub(super) fn value(&self, run: &Run) -> anyhow::Result<Option<Number>> {
        let of = self.number(run, &self.of)?;
        let Some(against) = &self.against else {
            return Ok(of);
        };
        let against = self.number(run, against)?;
        Ok(of.zip(against).and_then(|(of, against)| of.over(against)))
    }

    /// What is read of a cell.
    fn quantity(&self) -> anyhow::Result<Quantity> {
        Ok(match self.metric.as_deref() {
            Some(WRONG) => Quantity::Wrong,
            Some(THROTTLED) => Quantity::Throttled,
            name => Quantity::Metric(name.unwrap_or("time").parse()?),
        })
    }

    /// The smallest number of the cells that `conditions` select.
    fn number(&self, run: &Run, conditions: &str) -> anyhow::Result<Option<Number>> {
        let conditions = counted(conditions, run.header.plan.budget);
        let conditions: Vec<Condition> = conditions
            .split(',')
            .map(str::parse)
            .collect::<Result<_, _>>()?;
        let admits = |cell: &Cell| Condition::all_admit(&conditions, cell);
        let admitted = run
            .records
            .iter()
            .filter(|record| admits(&record.visit.cell));
        Ok(match self.quantity()? {
            Quantity::Wrong => share_wrong(admitted).map(Number::exact),
            Quantity::Throttled => share_throttled(admitted).map(Number::exact),
            Quantity::Metric(metric) => {
                let points = run.analysis.series(metric).points;
                let selected = points.iter().filter(|point| admits(&point.cell));
                Number::least(selected.filter_map(|point| Number::read(&point.reading)))
            }
        })
    }
}

/// What a measure reads of a cell.
enum Quantity {
    /// A metric of the analysis.
    Metric(Metric),
    /// See [`WRONG`].
    Wrong,
    /// See [`THROTTLED`].
    Throttled,
}

/// The part of `records` that ran to their end but with a wrong result [1].
fn share_wrong<'a>(records: impl Iterator<Item = &'a Record>) -> Option<f64> {
    share(records.filter_map(|record| match record.answer.status() {
        Status::Ok => Some((0, 1)),
        Status::Wrong => Some((1, 1)),
        Status::Censored | Status::Interrupted | Status::Failed => None,
    }))
}

/// The part of a quota's periods in which `records` were cut off [1]; `None` without a quota.
fn share_throttled<'a>(records: impl Iterator<Item = &'a Record>) -> Option<f64> {
    let around = records.filter_map(|record| Some(record.answer.sample()?.interference));
    share(around.filter_map(|around| around.throttled_periods.zip(around.quota_periods)))
}

/// Of pairs of a part and its whole, all parts over all wholes [1].
fn share(counts: impl Iterator<Item = (u64, u64)>) -> Option<f64> {
    let (part, whole) = counts.fold((0, 0), |(part, whole), (p, w)| (part + p, whole + w));
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::super::script::lessons;
    use super::*;

    #[test]
    fn conditions_and_metrics_of_every_measure_are_known() {
        for lesson in lessons().unwrap() {
            for measure in lesson.measures.values() {
                assert!(measure.quantity().is_ok(), "{measure:?}");
                for list in [Some(&measure.of), measure.against.as_ref()]
                    .into_iter()
                    .flatten()
                {
                    for condition in counted(list, 2).split(',') {
                        assert!(condition.parse::<Condition>().is_ok(), "{condition}");
                    }
                }
            }
        }
    }
}

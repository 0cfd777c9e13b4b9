//! How does a record stand in `samples.csv`?
//!
//! One row a record, flat, with stable column names (METHODOLOGY.md lists them). Empty is missing.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Answer, Record, Sample, Status};
use crate::experiment::{Cell, Composition, Dispatch, Dtype, Runtime, Visit, WaitPolicy, Workload};
use crate::machine::Placement;
use crate::text::ParseError;
use crate::units::ns;

/// The columns of `samples.csv`, in file order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the columns are documented in METHODOLOGY.md, where readers look"
)]
pub struct Row {
    pub runner: String,
    pub workload: String,
    pub dtype: Option<Dtype>,
    pub n: Option<NonZeroU32>,
    pub outer: NonZeroU32,
    pub inner: NonZeroU32,
    pub runtime: String,
    pub wait: Option<WaitPolicy>,
    pub composition: Composition,
    pub placement: Placement,
    pub dispatch: String,
    pub chunk: Option<NonZeroU32>,
    pub tasks: NonZeroU32,
    pub round: u32,
    pub rep: u32,
    pub status: Status,
    pub wall_ns: Option<u64>,
    pub cpu_ns: Option<u64>,
    pub tasks_done: Option<u32>,
    pub flops: Option<u64>,
    pub voluntary_switches: Option<u64>,
    pub involuntary_switches: Option<u64>,
    pub run_queue_wait_ns: Option<u64>,
    pub threads: Option<u32>,
    #[serde(default)]
    pub granted_by_environment: Option<u32>,
    #[serde(default)]
    pub granted: Option<u32>,
    #[serde(default)]
    pub metric: Option<f64>,
    pub unix_ms: u64,
    pub reason: Option<String>,
}

impl From<&Record> for Row {
    fn from(record: &Record) -> Self {
        let cell = &record.visit.cell;
        let sample = record.answer.sample();
        let tasks_done = sample.and_then(|s| s.tasks_done);
        Self {
            runner: record.runner.clone(),
            workload: cell.workload.name().to_owned(),
            dtype: cell.workload.dtype(),
            n: cell.workload.n(),
            outer: cell.outer,
            inner: cell.inner,
            runtime: cell.runtime.name().to_string(),
            wait: cell.runtime.wait(),
            composition: cell.composition,
            placement: cell.placement,
            dispatch: cell.dispatch.name().to_owned(),
            chunk: cell.dispatch.chunk(),
            tasks: cell.tasks,
            round: record.visit.round,
            rep: record.rep,
            status: record.answer.status(),
            wall_ns: sample.map(|s| ns(s.wall)),
            cpu_ns: sample.and_then(|s| s.cpu).map(ns),
            tasks_done,
            flops: tasks_done.and_then(|done| Some(u64::from(done) * cell.workload.flops()?)),
            voluntary_switches: sample.and_then(|s| s.voluntary_switches),
            involuntary_switches: sample.and_then(|s| s.involuntary_switches),
            run_queue_wait_ns: sample.and_then(|s| s.run_queue_wait).map(ns),
            threads: sample.and_then(|s| s.threads),
            granted_by_environment: sample.and_then(|s| s.granted_by_environment),
            granted: sample.and_then(|s| s.granted),
            metric: sample.and_then(|s| s.metric),
            unix_ms: record.unix_ms,
            reason: match &record.answer {
                Answer::Failed(reason) => Some(reason.clone()),
                Answer::Ok(_) | Answer::Censored(_) => None,
            },
        }
    }
}

impl Row {
    /// The record that this row holds.
    ///
    /// # Errors
    ///
    /// If a column names something unknown, or the columns do not go together.
    pub fn record(&self) -> Result<Record, ParseError> {
        let sample = || Sample {
            wall: Duration::from_nanos(self.wall_ns.unwrap_or(0)),
            cpu: self.cpu_ns.map(Duration::from_nanos),
            tasks_done: self.tasks_done,
            voluntary_switches: self.voluntary_switches,
            involuntary_switches: self.involuntary_switches,
            run_queue_wait: self.run_queue_wait_ns.map(Duration::from_nanos),
            threads: self.threads,
            granted_by_environment: self.granted_by_environment,
            granted: self.granted,
            metric: self.metric,
        };
        let answer = match (self.status, self.wall_ns.filter(|wall| *wall > 0)) {
            (Status::Ok, Some(_)) => Answer::Ok(sample()),
            (Status::Censored, Some(_)) => Answer::Censored(sample()),
            (Status::Failed, _) => Answer::Failed(self.reason.clone().unwrap_or_default()),
            (status, None) => {
                return Err(ParseError::new(
                    "row",
                    &status.to_string(),
                    "a wall_ns with it",
                ));
            }
        };
        Ok(Record {
            runner: self.runner.clone(),
            visit: Visit {
                round: self.round,
                cell: self.cell()?,
            },
            rep: self.rep,
            unix_ms: self.unix_ms,
            answer,
        })
    }

    fn cell(&self) -> Result<Cell, ParseError> {
        let workload = Workload::named(&self.workload, self.n, self.dtype).ok_or_else(|| {
            ParseError::new("workload", &self.workload, Workload::NAMES.join(", "))
        })?;
        let joined = |name: &str, parameter: Option<String>| match parameter {
            Some(parameter) => format!("{name}.{parameter}"),
            None => name.to_owned(),
        };
        let runtime: Runtime =
            joined(&self.runtime, self.wait.map(|wait| wait.to_string())).parse()?;
        let dispatch: Dispatch =
            joined(&self.dispatch, self.chunk.map(|chunk| chunk.to_string())).parse()?;
        Cell {
            workload,
            outer: self.outer,
            inner: self.inner,
            runtime,
            composition: self.composition,
            placement: self.placement,
            dispatch,
            tasks: self.tasks,
        }
        .checked()
        .map_err(|why| ParseError::new("row", &self.workload, why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit() -> Visit {
        let cell = "matmul.f64.256_2x4_fork-join.active_independent_unbound_queue.1_t16";
        Visit {
            round: 2,
            cell: cell.parse().unwrap(),
        }
    }

    fn record(answer: Answer) -> Record {
        Record {
            runner: "host".into(),
            visit: visit(),
            rep: 3,
            unix_ms: 7,
            answer,
        }
    }

    #[test]
    fn every_kind_of_answer_comes_back_from_its_row() {
        let sample = Sample {
            wall: Duration::from_nanos(1_000),
            tasks_done: Some(5),
            voluntary_switches: Some(0),
            granted_by_environment: Some(2),
            granted: Some(4),
            ..Sample::default()
        };
        for answer in [
            Answer::Ok(sample.clone()),
            Answer::Censored(sample),
            Answer::Failed("why, so".into()),
        ] {
            let record = record(answer);
            assert_eq!(Row::from(&record).record().unwrap(), record);
        }
    }

    #[test]
    fn missing_is_empty_and_zero_is_zero() {
        let sample = Sample {
            voluntary_switches: Some(0),
            ..Sample::default()
        };
        let row = Row::from(&record(Answer::Ok(sample)));
        assert_eq!(
            (row.voluntary_switches, row.involuntary_switches),
            (Some(0), None)
        );
        assert_eq!(row.flops, None);
    }
}

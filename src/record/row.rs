//! How does a record stand in `samples.csv`?
//!
//! One row a record, flat, with stable column names (METHODOLOGY.md lists them). Empty is missing.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Answer, Hardware, Record, Sample, Status, Surroundings, Waiting};
use crate::experiment::{Axis, Cell, Chunk, Composition, Dtype, Visit, WaitPolicy};
use crate::machine::Placement;
use crate::text::ParseError;
use crate::units::{ns, range};

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
    pub chunk: Option<Chunk>,
    pub tasks: NonZeroU32,
    pub round: u32,
    pub rep: u32,
    pub status: Status,
    pub wall_ns: Option<u64>,
    pub cpu_ns: Option<u64>,
    #[serde(default)]
    pub system_ns: Option<u64>,
    pub tasks_done: Option<u32>,
    pub flops: Option<u64>,
    #[serde(default)]
    pub bytes: Option<u64>,
    pub voluntary_switches: Option<u64>,
    pub involuntary_switches: Option<u64>,
    #[serde(default)]
    pub migrations: Option<u64>,
    pub run_queue_wait_ns: Option<u64>,
    #[serde(default)]
    pub busiest_thread_ns: Option<u64>,
    pub threads: Option<u32>,
    #[serde(default)]
    pub pus_used: Option<u32>,
    #[serde(default)]
    pub minor_faults: Option<u64>,
    #[serde(default)]
    pub major_faults: Option<u64>,
    #[serde(default)]
    pub spin_ns: Option<u64>,
    #[serde(default)]
    pub yield_ns: Option<u64>,
    #[serde(default)]
    pub yields: Option<u64>,
    #[serde(default)]
    pub parks: Option<u64>,
    #[serde(default)]
    pub waits: Option<u64>,
    #[serde(default)]
    pub gate_wait_ns: Option<u64>,
    #[serde(default)]
    pub gaps_ns: Option<u64>,
    #[serde(default)]
    pub tail_ns: Option<u64>,
    #[serde(default)]
    pub quota_periods: Option<u64>,
    #[serde(default)]
    pub throttled_periods: Option<u64>,
    #[serde(default)]
    pub throttled_ns: Option<u64>,
    #[serde(default)]
    pub cpu_pressure_ns: Option<u64>,
    #[serde(default)]
    pub steal_ns: Option<u64>,
    #[serde(default)]
    pub host_busy_ns: Option<u64>,
    #[serde(default)]
    pub cycles: Option<u64>,
    #[serde(default)]
    pub instructions: Option<u64>,
    #[serde(default)]
    pub llc_misses: Option<u64>,
    #[serde(default)]
    pub peak_temporary_bytes: Option<u64>,
    #[serde(default)]
    pub lost_updates: Option<u64>,
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
        let answer = record.answer.numbers();
        // A failure has no counter: all of the default's are missing.
        let sample = answer.cloned().unwrap_or_default();
        let done = |each: Option<u64>| Some(u64::from(sample.tasks_done?).saturating_mul(each?));
        let (waiting, around, hardware) = (sample.waiting, sample.surroundings, sample.hardware);
        Self {
            runner: record.runner.clone(),
            workload: cell.workload.name(),
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
            wall_ns: answer
                .map(|sample| ns(sample.wall))
                .filter(|wall| *wall > 0),
            cpu_ns: sample.cpu.map(ns),
            system_ns: sample.system.map(ns),
            tasks_done: sample.tasks_done,
            flops: done(cell.workload.flops()),
            bytes: done(cell.workload.bytes()),
            voluntary_switches: sample.voluntary_switches,
            involuntary_switches: sample.involuntary_switches,
            migrations: sample.migrations,
            run_queue_wait_ns: sample.run_queue_wait.map(ns),
            busiest_thread_ns: sample.busiest_thread.map(ns),
            threads: sample.threads,
            pus_used: sample.pus_used,
            minor_faults: sample.minor_faults,
            major_faults: sample.major_faults,
            spin_ns: waiting.spin.map(ns),
            yield_ns: waiting.yielding.map(ns),
            yields: waiting.yields,
            parks: waiting.parks,
            waits: waiting.waits,
            gate_wait_ns: waiting.gate.map(ns),
            gaps_ns: waiting.gaps.map(ns),
            tail_ns: waiting.tail.map(ns),
            quota_periods: around.quota_periods,
            throttled_periods: around.throttled_periods,
            throttled_ns: around.throttled.map(ns),
            cpu_pressure_ns: around.cpu_pressure.map(ns),
            steal_ns: around.steal.map(ns),
            host_busy_ns: around.host_busy.map(ns),
            cycles: hardware.cycles,
            instructions: hardware.instructions,
            llc_misses: hardware.llc_misses,
            peak_temporary_bytes: sample.peak_temporaries,
            lost_updates: sample.lost_updates,
            granted_by_environment: sample.granted_by_environment,
            granted: sample.granted,
            metric: sample.metric,
            unix_ms: record.unix_ms,
            reason: record.answer.reason().map(str::to_owned),
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
        let answer = match (self.status, self.wall_ns.filter(|wall| *wall > 0)) {
            (Status::Ok, Some(_)) => Answer::Ok(self.sample()),
            (Status::Censored, Some(_)) => Answer::Censored(self.sample()),
            (Status::Wrong, Some(_)) => Answer::Wrong(self.sample(), self.told()),
            (Status::Interrupted, _) => Answer::Interrupted(self.sample(), self.told()),
            (Status::Failed, _) => Answer::Failed(self.told()),
            (status, None) => {
                return Err(ParseError::new(
                    "row",
                    &status.to_string(),
                    "a wall_ns with it",
                ));
            }
        };
        let metric = self.metric.map(|metric| range::METRIC.check(metric));
        if let Some(Err(error)) = metric {
            return Err(ParseError::new("metric", &error.value.to_string(), error));
        }
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

    fn told(&self) -> String {
        self.reason.clone().unwrap_or_default()
    }

    fn sample(&self) -> Sample {
        Sample {
            wall: Duration::from_nanos(self.wall_ns.unwrap_or(0)),
            cpu: span(self.cpu_ns),
            system: span(self.system_ns),
            tasks_done: self.tasks_done,
            voluntary_switches: self.voluntary_switches,
            involuntary_switches: self.involuntary_switches,
            migrations: self.migrations,
            run_queue_wait: span(self.run_queue_wait_ns),
            busiest_thread: span(self.busiest_thread_ns),
            threads: self.threads,
            pus_used: self.pus_used,
            minor_faults: self.minor_faults,
            major_faults: self.major_faults,
            waiting: self.waiting(),
            surroundings: self.surroundings(),
            hardware: Hardware {
                cycles: self.cycles,
                instructions: self.instructions,
                llc_misses: self.llc_misses,
            },
            peak_temporaries: self.peak_temporary_bytes,
            lost_updates: self.lost_updates,
            granted_by_environment: self.granted_by_environment,
            granted: self.granted,
            metric: self.metric,
        }
    }

    fn waiting(&self) -> Waiting {
        Waiting {
            spin: span(self.spin_ns),
            yielding: span(self.yield_ns),
            yields: self.yields,
            parks: self.parks,
            waits: self.waits,
            gate: span(self.gate_wait_ns),
            gaps: span(self.gaps_ns),
            tail: span(self.tail_ns),
        }
    }

    fn surroundings(&self) -> Surroundings {
        Surroundings {
            quota_periods: self.quota_periods,
            throttled_periods: self.throttled_periods,
            throttled: span(self.throttled_ns),
            cpu_pressure: span(self.cpu_pressure_ns),
            steal: span(self.steal_ns),
            host_busy: span(self.host_busy_ns),
        }
    }

    fn cell(&self) -> Result<Cell, ParseError> {
        let values = [
            (Axis::Workload, Some(self.workload.clone())),
            (Axis::Dtype, self.dtype.map(|v| v.to_string())),
            (Axis::N, self.n.map(|v| v.to_string())),
            (Axis::Outer, Some(self.outer.to_string())),
            (Axis::Inner, Some(self.inner.to_string())),
            (Axis::Runtime, Some(self.runtime.clone())),
            (Axis::Wait, self.wait.map(|v| v.to_string())),
            (Axis::Composition, Some(self.composition.to_string())),
            (Axis::Placement, Some(self.placement.to_string())),
            (Axis::Dispatch, Some(self.dispatch.clone())),
            (Axis::Chunk, self.chunk.map(|v| v.to_string())),
            (Axis::Tasks, Some(self.tasks.to_string())),
        ];
        Cell::of_values(values)
    }
}

fn span(ns: Option<u64>) -> Option<Duration> {
    ns.map(Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit() -> Visit {
        let cell = "minkowski-3.f64.256_2x4_fork-join.active_independent_unbound_queue.1_t16";
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
            lost_updates: Some(0),
            peak_temporaries: Some(9),
            waiting: Waiting {
                spin: Some(Duration::from_nanos(7)),
                ..Waiting::default()
            },
            surroundings: Surroundings {
                throttled_periods: Some(0),
                ..Surroundings::default()
            },
            ..Sample::default()
        };
        for answer in [
            Answer::Ok(sample.clone()),
            Answer::Censored(sample.clone()),
            Answer::Wrong(sample.clone(), "2 is not 3".into()),
            Answer::Interrupted(sample, "stood still".into()),
            Answer::Interrupted(Sample::default(), "stopped".into()),
            Answer::Failed("why, so".into()),
        ] {
            let record = record(answer);
            assert_eq!(Row::from(&record).record().unwrap(), record);
        }
    }

    #[test]
    fn a_metric_that_is_no_number_of_its_range_is_refused() {
        let sample = Sample {
            wall: Duration::from_nanos(1),
            ..Sample::default()
        };
        for (metric, is_one) in [
            (1.0, true),
            (1e100, true),
            (0.0, false),
            (-1.0, false),
            (4.9e-324, false),
            (f64::NAN, false),
            (f64::INFINITY, false),
        ] {
            let mut row = Row::from(&record(Answer::Ok(sample.clone())));
            row.metric = Some(metric);
            assert_eq!(row.record().is_ok(), is_one, "{metric}");
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

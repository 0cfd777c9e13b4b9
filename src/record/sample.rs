//! What did one timed execution give?

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Breakdown, Hardware, Interference, Waiting};
use crate::experiment::Visit;
use crate::text::one_line;

/// The numbers of one timed execution of a cell. Counters that could not be read are `None`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// From the release of the outer workers to the end of the last task.
    pub wall: Duration,
    /// CPU time of all threads of the process in that span.
    pub cpu: Option<Duration>,
    /// The part of it spent in the kernel.
    #[serde(default)]
    pub system: Option<Duration>,
    /// Tasks finished; fewer than the cell's tasks only when censored.
    pub tasks_done: Option<u32>,
    /// Context switches in which a thread gave up its PU.
    pub voluntary_switches: Option<u64>,
    /// Context switches in which a thread lost its PU.
    pub involuntary_switches: Option<u64>,
    /// Time threads were ready to run but had no PU, summed over threads.
    pub run_queue_wait: Option<Duration>,
    /// Times a thread came to another PU than its last.
    #[serde(default)]
    pub migrations: Option<u64>,
    /// CPU time of the thread that had most, without what it is known to have spun and yielded.
    #[serde(default)]
    pub busiest_thread: Option<Duration>,
    /// Page faults without a read from a disk.
    #[serde(default)]
    pub minor_faults: Option<u64>,
    /// Page faults that read from a disk.
    #[serde(default)]
    pub major_faults: Option<u64>,
    /// PUs on which threads last ran, each counted once.
    #[serde(default)]
    pub pus_used: Option<u32>,
    /// What the nest itself counted of its waiting.
    #[serde(default)]
    pub waiting: Waiting,
    /// What happened around the process.
    #[serde(default)]
    pub interference: Interference,
    /// What the hardware counted.
    #[serde(default)]
    pub hardware: Hardware,
    /// Threads alive in the process, its main thread left out; of a library, the most seen in the
    /// untimed executions.
    pub threads: Option<u32>,
    /// Most memory resident in the process, or in the tree of a command, during the execution [bytes].
    #[serde(default)]
    pub peak_rss: Option<u64>,
    /// Most memory that tasks had allocated for temporaries at a moment, of workloads of which that
    /// is counted [bytes].
    #[serde(default)]
    pub peak_temporaries: Option<u64>,
    /// Terms missing from the sum of a workload whose threads may race for it.
    #[serde(default)]
    pub lost_updates: Option<u64>,
    /// Team width that a library says its environment set, at its loading.
    #[serde(default)]
    pub granted_by_environment: Option<u32>,
    /// Team width that a library says it has, after it was asked for the cell's.
    #[serde(default)]
    pub granted: Option<u32>,
    /// The number read from the output of a program of the user's, in its own unit.
    #[serde(default)]
    pub metric: Option<f64>,
    /// Where the time of the PUs went, of a simulated execution that was not read back; it is kept in
    /// `breakdown.csv`.
    #[serde(skip)]
    pub breakdown: Option<Box<Breakdown>>,
}

impl Sample {
    /// CPU time of whoever else ran meanwhile. Unknown beside `background` threads of other load that were
    /// asked for: nothing tells their time from that of others.
    pub fn others(&self, background: u32) -> Option<Duration> {
        let busy = self.interference.host_busy?.saturating_sub(self.cpu?);
        (background == 0).then_some(busy)
    }
}

/// What became of one repetition of a visit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// It ran to its end and the result was right.
    Ok(Sample),
    /// It was stopped at the time limit: `wall` is a lower bound, `tasks_done` what was finished.
    Censored(Sample),
    /// It ran to its end, and the result was wrong: how, as one line. Its time is no answer.
    Wrong(Sample, String),
    /// A process of it stood still meanwhile: why this is known, as one line. Its numbers, where there
    /// are any, are no answer; a `wall` of zero is unknown.
    Interrupted(Sample, String),
    /// It did not run; the reason as one line.
    Failed(String),
}

/// How a record ends, as in the record column `status`.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::VariantArray,
    strum::IntoStaticStr,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Status {
    /// A timed execution with a right result.
    #[default]
    Ok,
    /// Stopped at the time limit.
    Censored,
    /// A timed execution with a wrong result.
    Wrong,
    /// A timed execution in which a process stood still.
    Interrupted,
    /// No timing.
    Failed,
}

impl Status {
    /// Whether a visit ends with such an answer. A wrong result says nothing of the next one.
    pub fn ends_visit(self) -> bool {
        matches!(self, Self::Censored | Self::Interrupted | Self::Failed)
    }
}

crate::named!(Status, "status");

impl Answer {
    /// The status column of this answer.
    pub fn status(&self) -> Status {
        match self {
            Self::Ok(_) => Status::Ok,
            Self::Censored(_) => Status::Censored,
            Self::Wrong(..) => Status::Wrong,
            Self::Interrupted(..) => Status::Interrupted,
            Self::Failed(_) => Status::Failed,
        }
    }

    /// This answer where a process is known to have stood still meanwhile, `how`. What failed or was wrong
    /// is so all the same.
    #[must_use]
    pub fn interrupted(self, how: String) -> Self {
        match self {
            Self::Ok(sample) | Self::Censored(sample) => Self::Interrupted(sample, how),
            Self::Wrong(..) | Self::Interrupted(..) | Self::Failed(_) => self,
        }
    }

    /// The numbers of an execution in which nothing stood still, where there are any.
    pub fn sample(&self) -> Option<&Sample> {
        match self {
            Self::Ok(sample) | Self::Censored(sample) | Self::Wrong(sample, _) => Some(sample),
            Self::Interrupted(..) | Self::Failed(_) => None,
        }
    }

    /// Whatever numbers there are, also those that are no answer.
    pub fn numbers(&self) -> Option<&Sample> {
        match self {
            Self::Interrupted(sample, _) => Some(sample),
            _ => self.sample(),
        }
    }

    /// This answer with a reason that fits on one line, whoever wrote it: line ends and other
    /// control characters become blanks.
    #[must_use]
    pub fn in_one_line(self) -> Self {
        match self {
            Self::Wrong(sample, reason) => Self::Wrong(sample, one_line(&reason)),
            Self::Interrupted(sample, reason) => Self::Interrupted(sample, one_line(&reason)),
            Self::Failed(reason) => Self::Failed(one_line(&reason)),
            other => other,
        }
    }

    /// Why there is no right answer, where that was said.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Ok(_) | Self::Censored(_) => None,
            Self::Wrong(_, reason) | Self::Interrupted(_, reason) | Self::Failed(reason) => {
                Some(reason)
            }
        }
    }
}

/// One answer with the question it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Who answered: `host`, `sim`, `scripted`.
    pub runner: String,
    /// Which process run of which cell.
    pub visit: Visit,
    /// Which repetition in it, from 1.
    pub rep: u32,
    /// When it was recorded, milliseconds since 1970 [ms].
    pub unix_ms: u64,
    /// What came of it.
    pub answer: Answer,
}

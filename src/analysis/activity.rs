//! Is a running program oversubscribed, and what should be set?
//!
//! Nothing is compared here: there is one program and no better cell. So the verdict is about the
//! CPUs alone: were there more threads that wanted one than the budget has, or did the quota stop
//! them? Whether the program would be faster with fewer threads only a sweep can tell.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::host::{Activity, Library, Pool};

/// Threads that want a CPU, for each CPU of the budget, from which a program counts as
/// oversubscribed [1].
///
/// Between 1 and this, threads of the system and ends of intervals blur the count.
const CROWDED: f64 = 1.25;
/// Share of the time that threads want a CPU in which they have none, from which it matters [1].
const WAITING: f64 = 0.2;
/// Share of quota periods cut off, from which a quota counts, as in [`super::Cause`] [1].
const CUT_OFF: f64 = 0.1;

/// What a program that was watched turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crowding {
    /// The quota stops it.
    Throttled,
    /// More threads want a CPU than the budget has.
    Oversubscribed,
    /// Threads wait for CPUs that others keep busy.
    Displaced,
    /// There are CPUs for all threads that want one.
    Fits,
}

impl Crowding {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Throttled => "stopped by a CPU quota",
            Self::Oversubscribed => "oversubscribed: more threads want a CPU than there are",
            Self::Displaced => "not oversubscribed by itself: others keep its CPUs busy",
            Self::Fits => "not oversubscribed",
        }
    }
}

impl fmt::Display for Crowding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Throttled => "throttled",
            Self::Oversubscribed => "oversubscribed",
            Self::Displaced => "displaced",
            Self::Fits => "fits",
        })
    }
}

impl Serialize for Crowding {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

/// All intervals of a watch as one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    span: f64,
    sum: Activity,
    quota_span: f64,
    /// Processes times the time that they were there [s].
    process_span: f64,
}

/// A watch in a few numbers, with its verdict.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WatchSummary {
    /// The verdict.
    pub verdict: Crowding,
    /// P [CPUs].
    pub budget: f64,
    /// Means over the watch; counts are the largest seen.
    pub mean: Activity,
    /// Share of the time that threads wanted a CPU in which they had none [1].
    pub waiting: f64,
    /// Lines to set in the environment, where fewer threads are advised.
    pub advice: Vec<String>,
}

impl Tally {
    /// Adds an interval.
    pub fn add(&mut self, activity: &Activity) {
        let span = activity.span;
        self.span += span;
        let sum = &mut self.sum;
        sum.at = activity.at;
        sum.span += span;
        sum.processes = sum.processes.max(activity.processes);
        self.process_span += f64::from(activity.processes) * span;
        sum.threads = sum.threads.max(activity.threads);
        sum.running += activity.running * span;
        sum.ready += activity.ready * span;
        sum.switches += activity.switches * span;
        if let Some(throttled) = activity.throttled {
            self.quota_span += span;
            *sum.throttled.get_or_insert(0.0) += throttled * span;
        }
        if let Some(foreign) = activity.foreign {
            *sum.foreign.get_or_insert(0.0) += foreign * span;
        }
        for (name, pool) in &activity.by_name {
            let all = sum.by_name.entry(name.clone()).or_default();
            all.threads = all.threads.max(pool.threads);
            all.running += pool.running * span;
            all.ready += pool.ready * span;
        }
    }

    /// What the watch says of a program under a budget of `budget` CPUs on a host of `online`;
    /// `None` if there was no interval.
    pub fn summary(&self, budget: f64, online: f64, libraries: &[Library]) -> Option<WatchSummary> {
        if self.span <= 0.0 {
            return None;
        }
        let mean = self.mean();
        let wanted = mean.running + mean.ready;
        let waiting = if wanted > 0.0 {
            mean.ready / wanted
        } else {
            0.0
        };
        let crowded = wanted >= CROWDED * budget && waiting >= WAITING;
        let left = online - mean.foreign.unwrap_or(0.0);
        let verdict = if mean.throttled.is_some_and(|share| share >= CUT_OFF) {
            Crowding::Throttled
        } else if crowded {
            Crowding::Oversubscribed
        } else if waiting >= WAITING && left < wanted.min(budget) {
            Crowding::Displaced
        } else {
            Crowding::Fits
        };
        let fewer = matches!(verdict, Crowding::Throttled | Crowding::Oversubscribed);
        let advice = if fewer {
            advice(
                budget / (self.process_span / self.span).round().max(1.0),
                libraries,
            )
        } else {
            Vec::new()
        };
        Some(WatchSummary {
            verdict,
            budget,
            mean,
            waiting,
            advice,
        })
    }

    fn mean(&self) -> Activity {
        let (sum, span) = (&self.sum, self.span);
        let pool = |pool: &Pool| Pool {
            threads: pool.threads,
            running: pool.running / span,
            ready: pool.ready / span,
        };
        let by_name: BTreeMap<String, Pool> = sum
            .by_name
            .iter()
            .map(|(name, p)| (name.clone(), pool(p)))
            .collect();
        Activity {
            running: sum.running / span,
            ready: sum.ready / span,
            switches: sum.switches / span,
            throttled: sum.throttled.map(|share| share / self.quota_span),
            foreign: sum.foreign.map(|cpus| cpus / span),
            by_name,
            ..sum.clone()
        }
    }
}

/// So many threads a process that all processes, as many as there were on average, have P together,
/// for each library that is loaded; rounded down, since one thread more than a quota can run gets the
/// whole group throttled.
fn advice(share: f64, libraries: &[Library]) -> Vec<String> {
    let each = share.floor().max(1.0);
    let variables = libraries.iter().map(|library| library.variable);
    let mut variables: Vec<&str> = variables.filter(|variable| !variable.is_empty()).collect();
    variables.sort_unstable();
    variables.dedup();
    variables
        .iter()
        .map(|variable| format!("{variable}={each}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn activity(running: f64, ready: f64) -> Activity {
        Activity {
            span: 1.0,
            processes: 2,
            threads: 16,
            running,
            ready,
            ..Activity::default()
        }
    }

    fn verdict(intervals: &[Activity], online: f64) -> Crowding {
        let mut tally = Tally::default();
        intervals.iter().for_each(|interval| tally.add(interval));
        tally.summary(4.0, online, &[]).unwrap().verdict
    }

    /// 4 run and 4 wait for 4 CPUs; half of the time that is 2 and 0: 6 want 4 on average.
    #[test]
    fn more_threads_that_want_a_cpu_than_the_budget_has_are_too_many() {
        let crowd = activity(4.0, 6.0);
        assert_eq!(
            verdict(std::slice::from_ref(&crowd), 4.0),
            Crowding::Oversubscribed
        );
        assert_eq!(verdict(&[activity(4.0, 0.2)], 4.0), Crowding::Fits);
        assert_eq!(
            verdict(&[crowd, activity(2.0, 0.0)], 4.0),
            Crowding::Oversubscribed
        );
    }

    #[test]
    fn threads_without_a_cpu_may_be_the_fault_of_others() {
        let displaced = Activity {
            foreign: Some(3.0),
            ..activity(1.0, 2.0)
        };
        assert_eq!(
            verdict(std::slice::from_ref(&displaced), 4.0),
            Crowding::Displaced
        );
        assert_eq!(verdict(&[displaced], 64.0), Crowding::Fits);
    }

    #[test]
    fn a_quota_that_stops_the_group_comes_first() {
        let stopped = Activity {
            throttled: Some(0.5),
            ..activity(4.0, 6.0)
        };
        assert_eq!(verdict(&[stopped], 4.0), Crowding::Throttled);
    }

    /// 5 CPUs for 2 processes: 2 threads each.
    #[test]
    fn the_budget_is_shared_among_the_processes_and_rounded_down() {
        let library = |name, variable| Library {
            name,
            variable,
            file: String::new(),
        };
        let loaded = [
            library("OpenBLAS", "OPENBLAS_NUM_THREADS"),
            library("OpenMP (libgomp)", "OMP_NUM_THREADS"),
            library("oneTBB", ""),
        ];
        let mut tally = Tally::default();
        tally.add(&activity(5.0, 9.0));
        let summary = tally.summary(5.0, 5.0, &loaded).unwrap();
        assert_eq!(
            summary.advice,
            ["OMP_NUM_THREADS=2", "OPENBLAS_NUM_THREADS=2"]
        );
        assert!(Tally::default().summary(5.0, 5.0, &loaded).is_none());
    }
}

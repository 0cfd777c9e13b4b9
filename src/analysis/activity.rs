//! Is a running program oversubscribed, and what should be set?
//!
//! Nothing is compared here: there is one program and no better cell. So the verdict is about the
//! CPUs alone: were there more threads that wanted one than the budget has, or did the quota stop
//! them? Whether the program would be faster with fewer threads only a sweep can tell.

mod advice;
mod tally;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::machine::CpuSet;
use crate::monitor::{Activity, Pool, Program};
pub use advice::Advice;
use advice::Load;
pub use tally::Tally;

/// Threads that want a CPU, for each CPU of the budget, from which a program counts as
/// oversubscribed [1].
///
/// Between 1 and this, threads of the system and ends of intervals blur the count.
const CROWDED: f64 = 1.25;
/// Share of the time that threads want a CPU in which they have none, from which it matters [1].
const WAITING: f64 = 0.2;
/// What a program must want, at least, for others to displace it [CPUs]: one that sleeps waits for a CPU
/// at each wake-up.
const LEAST_WANTED: f64 = 0.1;
/// Share of quota periods cut off, from which a quota counts, as in [`super::Cause`] [1].
const CUT_OFF: f64 = 0.1;
/// Fewest looks from which a verdict is given.
///
/// The first of them see how the program starts; with a first look after 50 ms and doubling pauses
/// the fourth comes after 0.75 s.
const ENOUGH: u32 = 4;
/// Share of the CPU time that was used unseen, from which the number of ready threads is estimated
/// from the threads found runnable [1].
const UNSEEN: f64 = 0.1;

/// The same share from which the threads that were seen do not speak for the program [1].
const MOSTLY_UNSEEN: f64 = 0.5;

/// What a program that was watched turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Crowding {
    /// It was not watched long enough.
    TooShort,
    /// The quota stops it.
    Throttled,
    /// More threads want a CPU than the budget has.
    Oversubscribed,
    /// More threads want these PUs, the only ones they may use, than there are; others are free.
    Stacked(CpuSet),
    /// Most of the CPU time was used by threads that nobody saw, and those seen do not tell.
    Unseen,
    /// Threads wait for CPUs that others keep busy.
    Displaced,
    /// There are CPUs for all threads that want one.
    Fits,
}

impl Crowding {
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Self::TooShort => "too short to judge",
            Self::Throttled => "stopped by a CPU quota",
            Self::Oversubscribed => "oversubscribed: more threads want a CPU than there are",
            Self::Stacked(pus) => {
                return format!(
                    "oversubscribed on PU {pus}: more threads are bound there than it can run, while others are free"
                );
            }
            Self::Unseen => {
                "cannot tell: most of its CPU time went to threads that ended between two looks"
            }
            Self::Displaced => "not oversubscribed by itself: others keep its CPUs busy",
            Self::Fits => "not oversubscribed",
        }
        .to_owned()
    }
}

impl fmt::Display for Crowding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::TooShort => "too-short",
            Self::Throttled => "throttled",
            Self::Oversubscribed => "oversubscribed",
            Self::Stacked(_) => "stacked",
            Self::Unseen => "unseen",
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

/// What is known of the watched processes besides their activity.
#[derive(Clone, Copy, Debug)]
pub struct WatchedProgram<'a> {
    /// PUs of the host that are online [CPUs].
    pub online: f64,
    /// Why it may have a CPU quota that cannot be seen.
    pub unknown_quota: Option<&'a str>,
    /// What is known of each process that was busy.
    pub processes: &'a BTreeMap<i32, Program>,
}

/// A watch in a few numbers, with its verdict.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WatchSummary {
    /// The verdict.
    pub verdict: Crowding,
    /// P, as it was for most of the time [CPUs].
    pub budget: f64,
    /// Looks that the verdict rests on.
    pub looks: u32,
    /// Why P is an upper bound, where a quota may be there that cannot be seen.
    pub unknown_quota: Option<String>,
    /// P in the rest of the time, where it changed [CPUs].
    pub other_budgets: Vec<f64>,
    /// Means over the time with that budget; counts are the largest seen.
    pub mean: Activity,
    /// Share of the CPU time that was used by threads while nobody looked at them [1].
    pub unseen: f64,
    /// Share of the time that threads wanted a CPU in which they had none [1].
    pub waiting: f64,
    /// What to set, where fewer threads are advised.
    #[serde(flatten)]
    pub advice: Advice,
}

impl Tally {
    /// What the watch says; `None` if there was no interval.
    pub fn summary(&self, program: WatchedProgram<'_>) -> Option<WatchSummary> {
        let (budget, sums) = self.longest()?;
        let mut mean = sums.mean();
        let unseen = ratio(mean.unseen, mean.running);
        if unseen >= UNSEEN {
            mean.ready = mean.ready.max(sums.runnable() - mean.running);
        }
        let verdict = verdict(&mean, budget, program.online, sums.looks);
        let advised = matches!(verdict, Crowding::Throttled | Crowding::Oversubscribed);
        let load = || Load::of(sums, budget, program.processes);
        Some(WatchSummary {
            looks: sums.looks,
            budget,
            unknown_quota: program.unknown_quota.map(str::to_owned),
            other_budgets: self.others(budget),
            unseen,
            waiting: ratio(mean.ready, mean.running + mean.ready),
            advice: advised
                .then(load)
                .map(|load| load.advice())
                .unwrap_or_default(),
            verdict,
            mean,
        })
    }
}

fn verdict(mean: &Activity, budget: f64, online: f64, looks: u32) -> Crowding {
    let wanted = mean.running + mean.ready;
    let waiting = ratio(mean.ready, wanted) >= WAITING;
    let left = online - mean.foreign.unwrap_or(0.0);
    if looks < ENOUGH {
        Crowding::TooShort
    } else if mean.throttled.is_some_and(|share| share >= CUT_OFF) {
        Crowding::Throttled
    } else if wanted >= CROWDED * budget && waiting {
        Crowding::Oversubscribed
    } else if let Some(pus) = stacked(&mean.by_mask, budget) {
        Crowding::Stacked(pus)
    } else if ratio(mean.unseen, mean.running) >= MOSTLY_UNSEEN {
        Crowding::Unseen
    } else if waiting && wanted >= LEAST_WANTED && left < wanted.min(budget) {
        Crowding::Displaced
    } else {
        Crowding::Fits
    }
}

/// The PUs, fewer than `budget`, on which more threads are bound than they can run.
fn stacked(by_mask: &BTreeMap<String, Pool>, budget: f64) -> Option<CpuSet> {
    let masks = by_mask.iter();
    let masks = masks.filter_map(|(mask, pool)| Some((mask.parse::<CpuSet>().ok()?, pool)));
    let masks: Vec<(CpuSet, &Pool)> = masks.collect();
    let crowded = masks.iter().map(|(mask, _)| mask).filter(|mask| {
        let bound = masks.iter().filter(|(other, _)| other.is_subset(mask));
        let (running, ready) = bound.fold((0.0, 0.0), |(running, ready), (_, pool)| {
            (running + pool.running, ready + pool.ready)
        });
        let pus = mask.len() as f64;
        pus < budget && running + ready >= CROWDED * pus && ratio(ready, running + ready) >= WAITING
    });
    crowded.min_by_key(|mask| mask.len()).cloned()
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn activity(running: f64, ready: f64) -> Activity {
        Activity {
            span: 1.0,
            budget: 4.0,
            processes: 2,
            threads: 16,
            running,
            ready,
            ..Activity::default()
        }
    }

    fn summary(intervals: &[Activity], online: f64) -> WatchSummary {
        let mut tally = Tally::default();
        // Twice, so that two intervals are looks enough.
        for interval in intervals.iter().chain(intervals) {
            tally.add(interval);
            tally.add(interval);
        }
        let processes = BTreeMap::new();
        let program = WatchedProgram {
            online,
            unknown_quota: None,
            processes: &processes,
        };
        tally.summary(program).unwrap()
    }

    fn verdict(intervals: &[Activity], online: f64) -> Crowding {
        summary(intervals, online).verdict
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
        // One that sleeps waits for a CPU at each wake-up.
        let idle = Activity {
            foreign: Some(4.0),
            ..activity(0.01, 0.02)
        };
        assert_eq!(verdict(&[idle], 4.0), Crowding::Fits);
    }

    #[test]
    fn a_quota_that_stops_the_group_comes_first() {
        let stopped = Activity {
            throttled: Some(0.5),
            ..activity(4.0, 6.0)
        };
        assert_eq!(verdict(&[stopped], 4.0), Crowding::Throttled);
    }

    /// Three of four threads may only use PU 0 of four: 3 want 1 there, while 4 want 4 in all.
    #[test]
    fn threads_bound_to_one_pu_crowd_it_though_others_are_free() {
        let pool = |running, ready| Pool {
            running,
            ready,
            ..Pool::default()
        };
        let stacked = Activity {
            by_mask: BTreeMap::from([
                ("0".to_owned(), pool(1.0, 2.0)),
                ("0-3".to_owned(), pool(1.0, 0.0)),
            ]),
            ..activity(2.0, 2.0)
        };
        let pu = "0".parse().unwrap();
        assert_eq!(verdict(&[stacked], 4.0), Crowding::Stacked(pu));
    }

    /// 3 CPUs of 4 were used by threads that ended between looks; 9 were runnable at each: 5 ready.
    #[test]
    fn ready_threads_that_nobody_saw_are_estimated_from_those_found_runnable() {
        let brief = Activity {
            unseen: 3.0,
            runnable: 9,
            ..activity(4.0, 0.1)
        };
        let summary = summary(&[brief], 4.0);
        assert_eq!(summary.verdict, Crowding::Oversubscribed);
        assert_eq!((summary.unseen, summary.mean.ready), (0.75, 5.0));
    }

    /// 3 CPUs of 4 were used unseen, and no look found more than 4 runnable threads.
    #[test]
    fn a_program_that_was_mostly_not_seen_is_not_said_to_fit() {
        let brief = Activity {
            unseen: 3.0,
            runnable: 4,
            ..activity(4.0, 0.1)
        };
        assert_eq!(verdict(&[brief], 4.0), Crowding::Unseen);
    }

    #[test]
    fn three_looks_are_too_short_to_judge() {
        let mut tally = Tally::default();
        let processes = BTreeMap::new();
        let program = WatchedProgram {
            online: 4.0,
            unknown_quota: None,
            processes: &processes,
        };
        assert!(tally.summary(program).is_none());
        (0..3).for_each(|_| tally.add(&activity(4.0, 9.0)));
        let summary = tally.summary(program).unwrap();
        assert_eq!(summary.verdict, Crowding::TooShort);
        assert_eq!(summary.advice, Advice::default());
    }

    /// 1 s with 4 CPUs at the start, then 4 s with half of one.
    #[test]
    fn a_budget_that_changes_is_judged_by_the_one_that_lasted_longest() {
        let mut tally = Tally::default();
        tally.add(&activity(4.0, 0.0));
        let limited = Activity {
            budget: 0.5,
            ..activity(0.5, 3.0)
        };
        (0..4).for_each(|_| tally.add(&limited));
        let processes = BTreeMap::new();
        let program = WatchedProgram {
            online: 4.0,
            unknown_quota: None,
            processes: &processes,
        };
        let summary = tally.summary(program).unwrap();
        assert_eq!((summary.budget, summary.looks), (0.5, 4));
        assert_eq!(summary.other_budgets, [4.0]);
        assert_eq!(summary.mean.running, 0.5);
    }
}

//! What did all intervals of a watch amount to?

use std::collections::BTreeMap;

use crate::monitor::{Activity, Pool};

/// All intervals of a watch, those with one budget together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally(Vec<(f64, Sums)>);

/// Intervals as one: rates times their time, counts as the largest seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sums {
    pub(super) looks: u32,
    pub(super) span: f64,
    sum: Activity,
    runnable: f64,
    quota_span: f64,
    /// Of each process: the time for which it was busy [s], and what it did then.
    pub(super) processes: BTreeMap<i32, (f64, Pool)>,
}

impl Tally {
    /// Adds an interval.
    pub fn add(&mut self, activity: &Activity) {
        let budget = activity.budget;
        let known = self.0.iter().position(|(other, _)| *other == budget);
        let at = known.unwrap_or_else(|| {
            self.0.push((budget, Sums::default()));
            self.0.len() - 1
        });
        self.0[at].1.add(activity);
    }

    /// The budget that was in force for longest, and what happened under it.
    pub(super) fn longest(&self) -> Option<(f64, &Sums)> {
        let spans = self.0.iter().filter(|(_, sums)| sums.span > 0.0);
        let longest = spans.max_by(|(_, a), (_, b)| a.span.total_cmp(&b.span))?;
        Some((longest.0, &longest.1))
    }

    /// The budgets other than `budget`, in the order in which they were in force [CPUs].
    pub(super) fn others(&self, budget: f64) -> Vec<f64> {
        let budgets = self.0.iter().map(|(budget, _)| *budget);
        budgets.filter(|other| *other != budget).collect()
    }
}

impl Sums {
    fn add(&mut self, activity: &Activity) {
        let span = activity.span;
        self.looks += 1;
        self.span += span;
        self.runnable += f64::from(activity.runnable) * span;
        let sum = &mut self.sum;
        sum.at = activity.at;
        sum.span += span;
        sum.budget = activity.budget;
        sum.processes = sum.processes.max(activity.processes);
        sum.threads = sum.threads.max(activity.threads);
        sum.runnable = sum.runnable.max(activity.runnable);
        sum.running += activity.running * span;
        sum.unseen += activity.unseen * span;
        sum.ready += activity.ready * span;
        sum.switches += activity.switches * span;
        if let Some(throttled) = activity.throttled {
            self.quota_span += span;
            *sum.throttled.get_or_insert(0.0) += throttled * span;
        }
        if let Some(foreign) = activity.foreign {
            *sum.foreign.get_or_insert(0.0) += foreign * span;
        }
        add_pools(&mut sum.by_name, &activity.by_name, span);
        add_pools(&mut sum.by_mask, &activity.by_mask, span);
        add_pools(&mut sum.by_process, &activity.by_process, span);
        for (pid, process) in &activity.by_process {
            let (busy, all) = self.processes.entry(*pid).or_default();
            *busy += span;
            add(all, process, span);
        }
    }

    /// Threads that ran or were ready at the moments of looking, on average [threads].
    pub(super) fn runnable(&self) -> f64 {
        self.runnable / self.span
    }

    pub(super) fn mean(&self) -> Activity {
        let (sum, span) = (&self.sum, self.span);
        Activity {
            running: sum.running / span,
            unseen: sum.unseen / span,
            ready: sum.ready / span,
            switches: sum.switches / span,
            throttled: sum.throttled.map(|share| share / self.quota_span),
            foreign: sum.foreign.map(|cpus| cpus / span),
            by_name: mean_pools(&sum.by_name, span),
            by_mask: mean_pools(&sum.by_mask, span),
            by_process: mean_pools(&sum.by_process, span),
            ..sum.clone()
        }
    }
}

fn add(all: &mut Pool, pool: &Pool, span: f64) {
    all.threads = all.threads.max(pool.threads);
    all.busy += pool.busy * span;
    all.running += pool.running * span;
    all.ready += pool.ready * span;
}

fn add_pools<K: Ord + Clone>(all: &mut BTreeMap<K, Pool>, pools: &BTreeMap<K, Pool>, span: f64) {
    for (key, pool) in pools {
        add(all.entry(key.clone()).or_default(), pool, span);
    }
}

fn mean_pools<K: Ord + Clone>(all: &BTreeMap<K, Pool>, span: f64) -> BTreeMap<K, Pool> {
    let mean = |pool: &Pool| Pool {
        threads: pool.threads,
        busy: pool.busy / span,
        running: pool.running / span,
        ready: pool.ready / span,
    };
    all.iter()
        .map(|(key, pool)| (key.clone(), mean(pool)))
        .collect()
}

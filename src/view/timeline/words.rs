//! What are threads and their activities called, and what did they do most?

use crate::record::trace::{Activity, Trace};

/// What an activity is called in a legend.
pub(super) fn meaning(activity: Activity) -> &'static str {
    match activity {
        Activity::Compute => "computes",
        Activity::Spin => "spins: waits and holds its PU",
        Activity::Yield => "yields: waits and offers its PU",
        Activity::Switch => "is switched to, fills caches, wakes others",
        Activity::Queued => "ready, but without a PU",
        Activity::Blocked => "blocks",
        Activity::Task | Activity::Chunk => "",
    }
}

/// What the threads did most while they had a PU, in all of `trace`.
pub(super) fn headline(trace: &Trace) -> String {
    let held = [
        Activity::Compute,
        Activity::Spin,
        Activity::Yield,
        Activity::Switch,
    ];
    let time = |activity: Activity| -> u64 {
        let spans = trace.spans.iter().filter(|span| span.activity == activity);
        spans
            .map(|span| span.length().saturating_sub(span.away))
            .sum()
    };
    let all: u64 = held.into_iter().map(time).sum();
    let most = held.into_iter().max_by_key(|activity| time(*activity));
    let Some(most) = most.filter(|_| all > 0) else {
        return "What each thread did".to_owned();
    };
    let share = 100.0 * time(most) as f64 / all as f64;
    let what = match most {
        Activity::Spin => "is spinning: threads wait and hold their CPU",
        Activity::Yield => "is yielding: threads wait and offer their CPU",
        Activity::Switch => "goes to switching between threads",
        _ => "is work",
    };
    format!("{share:.0} % of the CPU time {what}")
}

/// What a thread is called: one way in measured and in simulated traces.
pub(super) fn thread_name(name: &str) -> String {
    let number = |text: &str| text.parse::<u32>().ok();
    let worker = name.strip_prefix('w');
    let parts = worker.map(|rest| rest.split_once(".m").unwrap_or((rest, "0")));
    match parts.and_then(|(worker, member)| number(worker).zip(number(member))) {
        Some((worker, 0)) => format!("worker {worker}"),
        Some((worker, member)) => format!("thread {worker}.{member}"),
        None => name.to_owned(),
    }
}

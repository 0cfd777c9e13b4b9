//! What came of a simulated execution, and what did the PUs spend their time on?

use std::time::Duration;

use super::calendar::Ns;
use crate::record::{Breakdown, Waiting};

pub use crate::record::Category;

/// Time by category [ns].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Split([Ns; 6]);

impl Split {
    /// Time spent on `category` [ns].
    pub fn of(&self, category: Category) -> Ns {
        self.0[category as usize]
    }

    /// What threads did while they waited, as it is recorded.
    pub(super) fn waiting(&self) -> Waiting {
        let time = |category| Some(Duration::from_nanos(self.of(category)));
        Waiting {
            spin: time(Category::Spin),
            yielding: time(Category::Yield),
            ..Waiting::default()
        }
    }

    /// Time of all categories [ns].
    pub fn total(&self) -> Ns {
        self.0.iter().sum()
    }

    /// Time in which a PU was busy for a thread [ns].
    pub fn busy(&self) -> Ns {
        self.total() - self.of(Category::Idle) - self.of(Category::Throttled)
    }

    pub(super) fn charge(&mut self, category: Category, span: Ns) {
        self.0[category as usize] += span;
    }

    /// What was spent after `before` [ns].
    fn since(&self, before: &Self) -> Self {
        let mut span = *self;
        for (now, then) in span.0.iter_mut().zip(before.0) {
            *now -= then;
        }
        span
    }

    /// The same in proportion, `total` in all [ns].
    fn stretched(&self, total: Ns) -> Self {
        let whole = self.total().max(1);
        let mut split = Self(self.0.map(|part| times(part, total, whole)));
        // What is lost in rounding is too little to matter anywhere, least in the largest.
        let lost = total - split.total();
        if let Some(largest) = split.0.iter_mut().max() {
            *largest += lost;
        }
        split
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (sum, more) in self.0.iter_mut().zip(other.0) {
            *sum += more;
        }
    }
}

/// `count` times `by` / `of`, rounded down.
fn times(count: u64, by: u64, of: u64) -> u64 {
    let product = u128::from(count) * u128::from(by) / u128::from(of);
    u64::try_from(product).unwrap_or(u64::MAX)
}

/// Why a simulation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// All tasks are done.
    Done,
    /// The time limit came first.
    Limit,
    /// Every thread waits for another; who for what, one line each.
    Deadlock(Vec<String>),
    /// Time stands still at this instant [ns].
    Livelock(Ns),
}

/// What came of a simulated execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Why it ended.
    pub stop: Stop,
    /// From the first wake-up of a worker to the end of the last task [ns].
    pub wall: Ns,
    /// Tasks finished.
    pub tasks_done: u32,
    /// What the PUs spent their time on; the sum is PUs x wall.
    pub split: Split,
    /// Number of PUs.
    pub pus: usize,
    /// Threads in all.
    pub threads: u32,
    /// Switches in which a thread gave up its PU.
    pub voluntary_switches: u64,
    /// Switches in which a thread lost its PU, yields among them.
    pub involuntary_switches: u64,
    /// Time threads were queued [ns].
    pub run_queue_wait: Ns,
    /// Times a thread came to another PU than its last.
    pub migrations: u64,
    /// Events handled.
    pub events: u64,
    /// Tasks among those finished that were not simulated: they count like the mean of those that were.
    pub extrapolated_tasks: u32,
    /// Their part of the wall time [ns].
    pub extrapolated_wall: Ns,
}

impl Report {
    pub(super) fn new(threads: u32, pus: usize) -> Self {
        Self {
            stop: Stop::Done,
            wall: 0,
            tasks_done: 0,
            split: Split::default(),
            pus,
            threads,
            voluntary_switches: 0,
            involuntary_switches: 0,
            run_queue_wait: 0,
            migrations: 0,
            events: 0,
            extrapolated_tasks: 0,
            extrapolated_wall: 0,
        }
    }

    /// Where the time of the PUs went, as it is recorded.
    pub(super) fn breakdown(&self) -> Breakdown {
        Breakdown {
            times: self.split.0,
            migrations: self.migrations,
            events: self.events,
            extrapolated_tasks: self.extrapolated_tasks,
        }
    }

    /// What came after `before`, an earlier state of the same execution.
    pub(super) fn since(&self, before: &Self) -> Self {
        Self {
            wall: self.wall - before.wall,
            tasks_done: self.tasks_done - before.tasks_done,
            split: self.split.since(&before.split),
            voluntary_switches: self.voluntary_switches - before.voluntary_switches,
            involuntary_switches: self.involuntary_switches - before.involuntary_switches,
            run_queue_wait: self.run_queue_wait - before.run_queue_wait,
            migrations: self.migrations - before.migrations,
            ..self.clone()
        }
    }

    /// Adds `tasks` more, of which as many as `seen` finished cost what `seen` says.
    pub(super) fn extrapolate(&mut self, seen: &Self, tasks: u32) {
        let of = u64::from(seen.tasks_done.max(1));
        let more = |count: u64| times(count, tasks.into(), of);
        self.extrapolated_tasks += tasks;
        self.extrapolated_wall += more(seen.wall);
        let all = self.pus as Ns * more(seen.wall);
        self.split.add(&seen.split.stretched(all));
        self.voluntary_switches += more(seen.voluntary_switches);
        self.involuntary_switches += more(seen.involuntary_switches);
        self.run_queue_wait += more(seen.run_queue_wait);
        self.migrations += more(seen.migrations);
    }
}

//! What was counted in a cell, as a few numbers that can be compared?
//!
//! Counters are summed over all samples of the cell that have them and divided by the wall time of
//! those samples: ticks of 10 ms and rare events need the sum. So a number in \[CPUs\] or \[threads\]
//! is a mean over the time that was measured.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;

use super::{Origin, realised};
use crate::analysis::ticks::hidden_by_ticks;
use crate::experiment::{Cell, Runtime, WaitPolicy};
use crate::machine::ObjectKind;
use crate::record::{Record, Ruler, RunHeader, Sample, Status};

/// What was counted in one cell. What no sample has is `None`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Facts {
    /// The cell.
    pub cell: Cell,
    /// Threads: seen in a command or a library, else asked for.
    pub threads: f64,
    /// Mean wall time of a finished task, all workers together [s].
    pub task: Option<f64>,
    /// Mean wall time of a region on its worker [s].
    pub region: Option<f64>,
    /// Mean time between two regions of a worker [s].
    pub gap: Option<f64>,
    /// CPUs kept busy [CPUs].
    pub cpus: Option<f64>,
    /// Of them, by looking again and again [CPUs].
    pub spinning: Option<f64>,
    /// Of them, by yielding [CPUs].
    pub yielding: Option<f64>,
    /// Of them, in the kernel [CPUs].
    pub in_kernel: Option<f64>,
    /// CPU time of a task, spinning and yielding left out where they are known [s].
    pub work: Option<f64>,
    /// CPU time of a task with everything [s].
    pub task_cpu: Option<f64>,
    /// Threads that were ready but had no PU [threads].
    pub ready: Option<f64>,
    /// Part of the time that the thread with most work was at work [1].
    pub busiest: Option<f64>,
    /// Workers that stood before the gate [workers].
    pub at_gate: Option<f64>,
    /// Workers that had no task left [workers].
    pub in_tail: Option<f64>,
    /// Context switches in which a thread lost its PU [1/s].
    pub preemptions: Option<f64>,
    /// Times a thread came to another PU [1/s].
    pub migrations: Option<f64>,
    /// Quota periods in which the group was stopped, of all [1].
    pub throttled_periods: Option<f64>,
    /// PUs held back by the quota [CPUs].
    pub throttled: Option<f64>,
    /// CPUs that other programs kept busy, at least: what ticks may hide is taken off [CPUs].
    pub foreign: Option<f64>,
    /// CPUs that the hypervisor gave to others, at least [CPUs].
    pub stolen: Option<f64>,
    /// Bytes read and written [B/s].
    pub traffic: Option<f64>,
    /// Floating-point operations [1/s].
    pub flops: Option<f64>,
    /// PUs on which threads were seen, the fewest of any sample [PUs].
    pub pus_used: Option<u32>,
    /// Threads that there were, where they are not those asked for [threads].
    pub realised: Option<f64>,
    /// How long the executions lasted, where none came back and no task was finished [s].
    pub hung: Option<f64>,
}

impl Facts {
    /// The facts of every cell in `records`.
    pub fn of_all(records: &[Record]) -> BTreeMap<Cell, Self> {
        let mut samples: BTreeMap<Cell, Vec<&Sample>> = BTreeMap::new();
        let mut ended: BTreeSet<Cell> = BTreeSet::new();
        for record in records {
            let cell = record.visit.cell;
            if let Some(sample) = record.answer.sample() {
                samples.entry(cell).or_default().push(sample);
            }
            if record.answer.status() != Status::Censored {
                ended.insert(cell);
            }
        }
        samples
            .into_iter()
            .map(|(cell, samples)| {
                let facts = Self::of(cell, &samples);
                let hung = hung(&samples).filter(|_| !ended.contains(&cell));
                (cell, Self { hung, ..facts })
            })
            .collect()
    }

    fn of(cell: Cell, samples: &[&Sample]) -> Self {
        let span =
            |of: fn(&Sample) -> Option<Duration>| per_wall(samples, |s| Some(of(s)?.as_secs_f64()));
        let rate = |of: fn(&Sample) -> Option<u64>| per_wall(samples, |s| Some(of(s)? as f64));
        let tasks = per_wall(samples, |s| s.tasks_done.map(f64::from)).filter(|rate| *rate > 0.0);
        let cpus = span(|s| s.cpu);
        let spinning = span(|s| s.waiting.spin);
        let yielding = span(|s| s.waiting.yielding);
        let waited = spinning.unwrap_or(0.0) + yielding.unwrap_or(0.0);
        let [in_tail, at_gate, in_gaps] = [
            span(|s| s.waiting.tail),
            span(|s| s.waiting.gate),
            span(|s| s.waiting.gaps),
        ];
        let outer = f64::from(cell.outer.get());
        let in_regions = in_gaps.zip(in_tail).map(|(gaps, tail)| outer - gaps - tail);
        Self {
            cell,
            threads: threads(&cell, samples),
            task: tasks.map(|tasks| 1.0 / tasks),
            region: in_regions
                .zip(tasks)
                .map(|(workers, tasks)| workers / tasks),
            gap: in_gaps.zip(tasks).map(|(workers, tasks)| workers / tasks),
            cpus,
            spinning,
            yielding,
            in_kernel: span(|s| s.system),
            work: cpus
                .zip(tasks)
                .map(|(cpus, tasks)| (cpus - waited).max(0.0) / tasks),
            // Nobody knows how long those waited that were gone before anybody looked.
            ready: span(|s| s.run_queue_wait).filter(|_| {
                matches!(cell.runtime, Runtime::ForkJoin(_)) || !realised::come_and_go(samples)
            }),
            task_cpu: cpus.zip(tasks).map(|(cpus, tasks)| cpus / tasks),
            busiest: span(|s| s.busiest_thread),
            at_gate,
            in_tail,
            preemptions: rate(|s| s.involuntary_switches),
            migrations: rate(|s| s.migrations),
            throttled_periods: throttled_periods(samples),
            throttled: span(|s| s.interference.throttled),
            foreign: at_least(samples, |s| Some(s.others(cell.background)?.as_secs_f64())),
            stolen: at_least(samples, |s| Some(s.interference.steal?.as_secs_f64())),
            traffic: tasks.and_then(|tasks| Some(tasks * cell.workload.bytes()? as f64)),
            flops: tasks.and_then(|tasks| Some(tasks * cell.workload.flops()? as f64)),
            pus_used: samples.iter().filter_map(|s| s.pus_used).min(),
            realised: realised::threads(&cell, samples),
            hung: None,
        }
    }

    /// CPUs at work: busy, and not known to spin or yield [CPUs].
    pub fn working(&self) -> Option<f64> {
        let waited = self.spinning.unwrap_or(0.0) + self.yielding.unwrap_or(0.0);
        self.cpus.map(|cpus| (cpus - waited).max(0.0))
    }

    /// Whether spinning was counted; of libraries and commands it is not.
    pub fn counts_spinning(&self) -> bool {
        self.spinning.is_some()
    }
}

/// Sum of `of` over the samples that have it, by their wall time [1/s].
fn per_wall(samples: &[&Sample], of: impl Fn(&Sample) -> Option<f64>) -> Option<f64> {
    let told = samples
        .iter()
        .filter_map(|s| Some((of(s)?, s.wall.as_secs_f64())));
    let (sum, wall) = told.fold((0.0, 0.0), |(sum, wall), (x, w)| (sum + x, wall + w));
    (wall > 0.0).then(|| sum / wall)
}

/// Sum of `of`, a count of ticks, over the samples that have it, by their wall time: at least, since
/// what ticks may feign is taken off [CPUs].
fn at_least(samples: &[&Sample], of: impl Fn(&Sample) -> Option<f64>) -> Option<f64> {
    let told = samples.iter().filter(|s| of(s).is_some());
    let (count, wall) = told.fold((0, 0.0), |(n, wall), s| {
        (n + 1, wall + s.wall.as_secs_f64())
    });
    let cpus = per_wall(samples, of)?;
    Some((cpus - hidden_by_ticks(count) / wall).max(0.0))
}

fn throttled_periods(samples: &[&Sample]) -> Option<f64> {
    let around = samples.iter().map(|s| s.interference);
    let told = around.filter_map(|a| a.throttled_periods.zip(a.quota_periods));
    let (throttled, periods) = told.fold((0.0, 0.0), |(t, p), (throttled, periods)| {
        (t + throttled as f64, p + periods as f64)
    });
    (periods > 0.0).then(|| throttled / periods)
}

/// The longest of executions that were all stopped, none of which finished a task [s].
fn hung(samples: &[&Sample]) -> Option<f64> {
    let idle = samples.iter().all(|s| s.tasks_done.unwrap_or(0) == 0);
    let walls = samples.iter().map(|s| s.wall.as_secs_f64());
    walls.max_by(f64::total_cmp).filter(|_| idle)
}

fn threads(cell: &Cell, samples: &[&Sample]) -> f64 {
    let own = matches!(cell.runtime, Runtime::ForkJoin(_) | Runtime::Rayon);
    let seen = samples.iter().filter_map(|s| s.threads).max();
    let seen = seen.filter(|_| !own && !realised::come_and_go(samples));
    f64::from(seen.unwrap_or(cell.demand()))
}

/// What of the machine the rules need.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunContext {
    /// P [CPUs].
    pub budget: f64,
    /// CPUs of the host, ours and those of others [CPUs].
    pub online: f64,
    /// NUMA nodes.
    pub nodes: usize,
    /// The ruler of the run.
    pub ruler: Ruler,
    /// How the run was made.
    pub origin: Origin,
}

impl RunContext {
    /// The setting of a run.
    pub fn of(header: &RunHeader) -> Self {
        Self {
            budget: header.budget.cpus,
            online: header.budget.online() as f64,
            nodes: header.topology.count(ObjectKind::NumaNode).max(1),
            ruler: header.ruler.clone(),
            origin: Origin::of(header),
        }
    }

    /// Time to wake workers that block and to wait until the last is done, where it was measured [s].
    pub(super) fn wake(&self) -> Option<f64> {
        self.empty_region(Runtime::ForkJoin(WaitPolicy::Passive))
    }

    /// Time of a region without work on `runtime`, where it was measured [s].
    pub(super) fn empty_region(&self, runtime: Runtime) -> Option<f64> {
        let regions = &self.ruler.empty_regions;
        let found = regions.iter().find(|region| region.runtime == runtime)?;
        Some(found.median_ns as f64 / 1e9)
    }
}

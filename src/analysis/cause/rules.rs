//! Which rules name a cause, and from which threshold on?
//!
//! Each rule is a function of a [`Case`] and of nothing else. Thresholds were set on the first half
//! of the labelled cells that METHODOLOGY.md describes, and tested on the other half.

use super::facts::{Facts, Setting};
use super::refute;
use super::{Cause, Evidence, Finding, MARGIN};

/// A cell with what it is held against.
pub(super) struct Case<'a> {
    /// The cell.
    pub(super) here: &'a Facts,
    /// The best cell of the same work.
    pub(super) there: &'a Facts,
    /// Its fastest 1 x 1 cell.
    pub(super) serial: Option<&'a Facts>,
    pub(super) setting: &'a Setting,
    /// Cost of the cell / cost of the best [1].
    pub(super) slowdown: f64,
    /// Whether the data tell the cell from the best.
    pub(super) resolved: bool,
}

type Rule = fn(&Case<'_>) -> Option<Finding>;

/// Every rule.
pub(super) const RULES: [Rule; 12] = [
    spinning,
    spinning_unseen,
    time_sliced,
    throttled,
    bandwidth,
    too_small,
    too_short,
    lock,
    straggler,
    remote_memory,
    too_few_threads,
    noise,
];

/// Share of P from which spinning counts [1].
const SPIN: f64 = 0.25;
/// CPU time of a task against the best cell's from which what is not seen must be waiting [1].
const INFLATED: f64 = 2.0;
/// Ready threads without a PU, per thread on one, from which threads take turns [1].
const QUEUED: f64 = 0.3;
/// Share of quota periods that were cut off, from which a quota counts [1].
const CUT_OFF: f64 = 0.1;
/// Share of the measured bandwidth that no program gets beyond by much [1].
const SATURATED: f64 = 0.7;
/// Above this share of the measured bandwidth the data come from a cache [1].
const CACHED: f64 = 1.5;
/// Share of a region's time that an empty region takes, from which the region is too small [1].
const OVERHEAD: f64 = 0.3;
/// Share of the workers that stand in line, from which a lock counts [1].
const IN_LINE: f64 = 0.25;
/// Share of the CPUs asked for that have no work, from which the lack of it counts [1].
const IDLE: f64 = 0.2;
/// Share of the time that the busiest thread works, from which the others wait for it [1].
const ALONE: f64 = 0.75;
/// CPU time of a task against the best cell's, from which memory counts as remote [1].
const REMOTE: f64 = 1.3;
/// Share of P that others take, from which the machine counts as shared [1].
const OTHERS: f64 = 0.1;

/// Weight of not being told from the best [1].
const UNRESOLVED: f64 = 0.01;

impl Case<'_> {
    fn budget(&self) -> f64 {
        self.setting.budget
    }

    fn oversubscribed(&self) -> bool {
        self.here.threads > self.budget()
    }

    /// CPUs that the cell could keep at work: no more than it has threads, nor than P [CPUs].
    fn reach(&self) -> f64 {
        self.here.threads.min(self.budget())
    }

    /// Share of them that has no work [1].
    fn idle(&self) -> Option<f64> {
        Some(1.0 - (self.here.working()? / self.reach()).min(1.0))
    }

    /// Share of the workers at the gate [1].
    fn in_line(&self) -> f64 {
        self.here.at_gate.unwrap_or(0.0) / f64::from(self.here.cell.outer.get())
    }

    /// The share of the cell's time that the best cell does not need [1].
    fn loss(&self) -> f64 {
        1.0 - 1.0 / self.slowdown.max(1.0)
    }

    /// Evidence of a quantity in both cells, where this one has it.
    fn both(
        &self,
        quantity: &'static str,
        unit: &'static str,
        of: fn(&Facts) -> Option<f64>,
    ) -> Option<Evidence> {
        Some(Evidence {
            quantity,
            unit,
            here: of(self.here)?,
            reference: of(self.there),
        })
    }

    fn finding(
        &self,
        cause: Cause,
        weight: f64,
        evidence: Vec<Option<Evidence>>,
        rule: &'static str,
    ) -> Finding {
        Finding {
            cause,
            weight: weight.clamp(0.0, 1.0),
            evidence: evidence.into_iter().flatten().collect(),
            rule,
            refute: refute::refute(cause, &self.here.cell),
        }
    }

    fn ready(&self) -> Option<Evidence> {
        self.both("threads ready but without a CPU", "threads", |f| f.ready)
    }

    fn busy(&self) -> Option<Evidence> {
        self.both("CPUs kept busy", "CPUs", |f| f.cpus)
    }

    fn gap(&self) -> Option<Evidence> {
        self.both("time between two regions of a worker", "s", |f| f.gap)
    }

    fn asked(&self) -> Option<Evidence> {
        machine(
            "threads, against P",
            "threads",
            self.here.threads,
            self.budget(),
        )
    }

    fn work(&self) -> Option<Evidence> {
        self.both("CPU time of a task without waiting", "s", |f| f.work)
    }
}

/// Evidence with a number of the machine beside it.
fn machine(quantity: &'static str, unit: &'static str, here: f64, of: f64) -> Option<Evidence> {
    Some(Evidence {
        quantity,
        unit,
        here,
        reference: Some(of),
    })
}

fn alone(quantity: &'static str, unit: &'static str, here: f64) -> Option<Evidence> {
    Some(Evidence {
        quantity,
        unit,
        here,
        reference: None,
    })
}

/// Run-queue wait alone does not tell: threads that yield wait as much and lose little.
fn spinning(case: &Case<'_>) -> Option<Finding> {
    let spinning = case.here.spinning?;
    let share = spinning / case.budget();
    let waits = case
        .here
        .ready
        .is_none_or(|ready| ready > QUEUED * case.reach());
    let holds = case.oversubscribed() && share >= SPIN && waits;
    let evidence = vec![
        case.both("CPUs spent on spinning", "CPUs", |f| f.spinning),
        case.ready(),
        case.gap(),
        case.asked(),
    ];
    let rule = "more threads than P, at least 25 % of P spent on spinning, and threads with work wait \
                for a CPU meanwhile";
    holds.then(|| case.finding(Cause::Spinning, share, evidence, rule))
}

/// Libraries and commands do not count their spinning; they use CPU time that the work does not.
fn spinning_unseen(case: &Case<'_>) -> Option<Finding> {
    if case.here.counts_spinning() {
        return None;
    }
    let (here, best) = (case.here.work?, case.there.work?);
    let queued = case
        .here
        .ready
        .is_none_or(|ready| ready > QUEUED * case.reach());
    let holds = case.oversubscribed() && here >= INFLATED * best && queued;
    let weight = (1.0 - best / here) * case.here.cpus? / case.budget();
    let evidence = vec![
        case.both("CPU time of a task", "s", |f| f.work),
        case.busy(),
        case.ready(),
        case.asked(),
    ];
    let rule = "more threads than P, a task takes at least twice the CPU time that it takes in the best \
                cell, and threads wait for a CPU; this runtime does not count its spinning";
    holds.then(|| case.finding(Cause::Spinning, weight, evidence, rule))
}

fn time_sliced(case: &Case<'_>) -> Option<Finding> {
    let ready = case.here.ready?;
    let spins = case.here.spinning.unwrap_or(0.0) >= SPIN * case.budget();
    let running = case.here.cpus.unwrap_or(case.reach());
    let holds = case.oversubscribed() && !spins && ready >= QUEUED * running;
    let evidence = vec![
        case.ready(),
        case.both("preemptions", "1/s", |f| f.preemptions),
        case.both("migrations", "1/s", |f| f.migrations),
        case.both("CPUs spent on yielding", "CPUs", |f| f.yielding),
        case.gap(),
        case.asked(),
    ];
    let rule = "more threads than P, for each running thread at least 0.3 that are ready but have no \
                CPU, and less than 25 % of P spent on spinning";
    let weight = case.loss() * ready / (ready + running);
    holds.then(|| case.finding(Cause::TimeSliced, weight, evidence, rule))
}

fn throttled(case: &Case<'_>) -> Option<Finding> {
    let periods = case.here.throttled_periods?;
    let held = case.here.throttled?;
    let evidence = vec![
        case.both("quota periods cut off", "of 1", |f| f.throttled_periods),
        case.both("CPUs held back", "CPUs", |f| f.throttled),
        case.busy(),
        case.asked(),
    ];
    let rule = "the group was stopped by its quota in at least 10 % of the periods";
    let weight = held / (held + case.here.cpus?);
    (periods >= CUT_OFF).then(|| case.finding(Cause::Throttled, weight, evidence, rule))
}

fn bandwidth(case: &Case<'_>) -> Option<Finding> {
    let traffic = case.here.traffic?;
    let most = case.setting.ruler.memory_bandwidth?;
    let share = traffic / most;
    let gigabytes = machine(
        "memory traffic, against the bandwidth measured at the start",
        "GB/s",
        traffic / 1e9,
        most / 1e9,
    );
    let evidence = vec![gigabytes, case.busy(), case.work()];
    let rule = "the task's bytes per second are 70 % to 150 % of the bandwidth that all P CPUs reached \
                together when the run began; beyond that the data come from a cache";
    let holds = (SATURATED..CACHED).contains(&share);
    holds.then(|| case.finding(Cause::Bandwidth, share, evidence, rule))
}

/// What meeting costs is set against what the task would take without it: on one thread, shared out.
fn too_small(case: &Case<'_>) -> Option<Finding> {
    let cell = &case.here.cell;
    let width = cell.inner.get();
    let empty = case.setting.empty_region(cell.runtime)?;
    // An empty region is a fork and a join: two meetings.
    let meetings = f64::from(cell.workload.sync_points(width));
    let cost = empty * meetings / 2.0;
    let task = case.serial.and_then(|serial| serial.task)?;
    let shared = task / f64::from(width).min(case.budget());
    let share = cost / (cost + shared);
    let evidence = vec![
        machine(
            "cost of the team's meetings in a task, against the task on one thread",
            "s",
            cost,
            task,
        ),
        alone("meetings of the team in a task", "1", meetings),
        case.both("time of a region", "s", |f| f.region),
    ];
    let rule = "what the team's meetings cost without work, as measured when the run began, is at \
                least 30 % of the time that they and the work, shared out, take together";
    let holds = width > 1 && share >= OVERHEAD;
    // Where more threads than P take turns, others may work while a team meets.
    let weight = if case.oversubscribed() {
        share * case.loss()
    } else {
        share
    };
    holds.then(|| case.finding(Cause::TooSmall, weight, evidence, rule))
}

/// The same for the outer level, whose workers are woken once an execution.
fn too_short(case: &Case<'_>) -> Option<Finding> {
    let cell = &case.here.cell;
    let serial = case.serial.and_then(|serial| serial.task)?;
    let all = serial * f64::from(cell.tasks.get());
    let outer = f64::from(cell.outer.get()).min(case.budget());
    let wake = case.setting.wake()?;
    let share = wake / (wake + all / outer);
    let evidence = vec![
        machine(
            "waking the workers, against all tasks on one thread",
            "s",
            wake,
            all,
        ),
        case.both("CPUs at work", "CPUs", Facts::working),
    ];
    let rule = "waking the workers, as long as a team that blocks took for a region without work when the \
                run began, is at least 30 % of the time that it and the work of an execution, shared out, \
                take together";
    let holds = outer > 1.0 && share >= OVERHEAD;
    holds.then(|| case.finding(Cause::TooSmall, share, evidence, rule))
}

fn lock(case: &Case<'_>) -> Option<Finding> {
    let idle = case.idle()?;
    let holds = case.in_line() >= IN_LINE && idle >= IDLE;
    let evidence = vec![
        case.both("workers before the gate", "workers", |f| f.at_gate),
        case.both("CPUs at work", "CPUs", Facts::working),
        machine(
            "workers, against P",
            "workers",
            f64::from(case.here.cell.outer.get()),
            case.budget(),
        ),
    ];
    let rule = "at least 25 % of the workers stand before the gate, and at least 20 % of the CPUs that \
                the cell could use have no work";
    holds.then(|| case.finding(Cause::Lock, idle.min(case.in_line()), evidence, rule))
}

fn straggler(case: &Case<'_>) -> Option<Finding> {
    let idle = case.idle()? - case.in_line();
    let holds = case.here.busiest? >= ALONE && idle >= IDLE && case.here.threads > 1.0;
    let evidence = vec![
        case.both("time at work of the busiest thread", "of 1", |f| f.busiest),
        case.both("CPUs at work", "CPUs", Facts::working),
        case.both("workers without a task left", "workers", |f| f.in_tail),
    ];
    let rule = "one thread is at work at least 75 % of the time, while at least 20 % of the CPUs that the \
                cell could use have no work";
    holds.then(|| case.finding(Cause::Straggler, idle, evidence, rule))
}

fn remote_memory(case: &Case<'_>) -> Option<Finding> {
    let (here, best) = (case.here.work?, case.there.work?);
    let spread = case.setting.nodes > 1 && case.here.cell.placement != case.there.cell.placement;
    let evidence = vec![
        case.work(),
        alone("NUMA nodes", "nodes", case.setting.nodes as f64),
        case.both("migrations", "1/s", |f| f.migrations),
    ];
    let rule = "several NUMA nodes, another placement than the best cell's, no more threads than P, and a \
                task takes at least 1.3 times the CPU time that it takes there";
    let holds = spread && !case.oversubscribed() && here >= REMOTE * best;
    holds.then(|| case.finding(Cause::RemoteMemory, 1.0 - best / here, evidence, rule))
}

fn too_few_threads(case: &Case<'_>) -> Option<Finding> {
    let threads = case.here.threads;
    let missing = 1.0 - threads / case.budget();
    let evidence = vec![case.asked(), case.busy()];
    let rule = "at least one thread fewer than P";
    let holds = threads + 1.0 <= case.budget() && case.loss() > 0.0;
    holds.then(|| case.finding(Cause::TooFewThreads, missing, evidence, rule))
}

fn noise(case: &Case<'_>) -> Option<Finding> {
    let others = case.here.foreign.unwrap_or(0.0) + case.here.stolen.unwrap_or(0.0);
    // Only what they take of the CPUs that the cell could have used.
    let lost = (others + case.reach() - case.setting.online).max(0.0);
    let share = lost / case.budget();
    let unresolved = !case.resolved && case.slowdown > 1.0 + MARGIN;
    let evidence = vec![
        case.both("CPUs that other programs kept busy", "CPUs", |f| f.foreign),
        case.both("CPUs that other guests had", "CPUs", |f| f.stolen),
        machine(
            "time against the best cell, and what it may be",
            "1",
            case.slowdown,
            1.0 + MARGIN,
        ),
    ];
    let rule = "others had at least 10 % of P that the cell could have used; or the rounds differ so much \
                that the cell cannot be told from the best, which weighs less than any other rule";
    let holds = share >= OTHERS || unresolved;
    holds.then(|| case.finding(Cause::Noise, share.max(UNRESOLVED), evidence, rule))
}

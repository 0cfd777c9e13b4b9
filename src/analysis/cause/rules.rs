//! Which rules name a cause, and from which threshold on?
//!
//! Each rule is a function of a [`Case`] and of nothing else. Thresholds were set on the first half
//! of the labelled cells that docs/causes.md describes, and tested on the other half.
//!
//! A rule also says how much slower its cause can have made the cell *at most* ([`Account`]), from
//! the same facts: half of the CPUs cannot be missed by more than a factor of two.

mod case;
mod first;

use super::facts::Facts;
use super::{Cause, Finding, MARGIN};
use crate::experiment::{OmpWait, Runtime, RuntimeModel, WaitPolicy};
pub(super) use case::Case;
use case::{Account, alone, machine, times};
use first::{hang, other_threads};

type Rule = fn(&Case<'_>) -> Option<Finding>;

/// Every rule.
pub(super) const RULES: [Rule; 14] = [
    hang,
    other_threads,
    spinning,
    spinning_suspected,
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
pub(super) const OTHERS: f64 = 0.1;

/// Weight of CPU time without progress while there is a CPU for every thread, at most [1].
const UNCROWDED: f64 = 0.05;
/// Weight of not being told from the best [1].
const UNRESOLVED: f64 = 0.01;

/// Run-queue wait alone says nothing: threads that yield wait as much and lose little.
fn spinning(case: &Case<'_>) -> Option<Finding> {
    let spinning = case.here.spinning?;
    let share = spinning / case.budget();
    let holds = case.oversubscribed() && share >= SPIN && case.queued();
    let evidence = vec![
        case.both("CPUs spent on spinning", "CPUs", |f| f.spinning),
        case.ready(),
        case.gap(),
        case.asked(),
    ];
    let rule = "more threads than P, at least 25 % of P spent on spinning, and threads with work wait \
                for a CPU meanwhile";
    let account = Account {
        weight: share,
        explains: case.inflation().max(Account::of_share(share).explains),
    };
    holds.then(|| case.finding(Cause::Spinning, account, evidence, rule))
}

/// Libraries and commands do not count their spinning; they use CPU time that the work does not.
fn spinning_suspected(case: &Case<'_>) -> Option<Finding> {
    let holds = burns(case) && case.here.threads > 1.0;
    let (here, best) = (case.here.work?, case.there.work?);
    let share = (1.0 - best / here) * case.here.cpus? / case.budget();
    let account = Account {
        weight: match case.crowded() && case.queued() {
            true => share,
            false => share.min(UNCROWDED),
        },
        explains: case.inflation(),
    };
    let evidence = vec![
        alone(
            "times the CPU time per task of the best cell",
            "1",
            times(here, best),
        ),
        case.both("CPU time per task", "s", |f| f.work),
        case.busy(),
        case.ready(),
        case.asked(),
    ];
    let rule = "CPU time per task is at least twice the best cell's: the threads burn CPU without \
                progress; spinning cannot be counted for this runtime. While no thread waits for a CPU, \
                this weighs less than other rules";
    let cause = match case.here.cell.runtime {
        Runtime::ForkJoin(WaitPolicy::Active)
        | Runtime::Modelled(RuntimeModel::Libgomp(OmpWait::Active)) => Cause::Spinning,
        _ => Cause::SpinningSuspected,
    };
    holds.then(|| case.finding(cause, account, evidence, rule))
}

/// Whether a task takes twice the CPU time of the best cell's where threads may spin and nobody counts
/// it.
fn burns(case: &Case<'_>) -> bool {
    let blocks = matches!(
        case.here.cell.runtime,
        Runtime::ForkJoin(WaitPolicy::Passive | WaitPolicy::Yield)
    );
    let ratio = case.here.work.zip(case.there.work);
    !blocks
        && !case.here.counts_spinning()
        && ratio.is_some_and(|(here, best)| here >= INFLATED * best)
}

fn time_sliced(case: &Case<'_>) -> Option<Finding> {
    let ready = case.here.ready?;
    let spins = case.here.spinning.unwrap_or(0.0) >= SPIN * case.budget();
    let running = case.here.cpus.unwrap_or(case.reach());
    let holds = case.oversubscribed() && !spins && !burns(case) && ready >= QUEUED * running;
    let evidence = vec![
        case.ready(),
        case.both("preemptions", "1/s", |f| f.preemptions),
        case.both("migrations", "1/s", |f| f.migrations),
        case.both("CPUs spent on yielding", "CPUs", |f| f.yielding),
        case.gap(),
        case.asked(),
    ];
    let rule = "more threads than P, for each running thread at least 0.3 that are ready but have no \
                CPU, and no sign of spinning: less than 25 % of P where it is counted, and less than twice \
                the best cell's CPU time a task where it is not";
    // A thread waits for its turn as long as the others run.
    let account = Account {
        weight: case.loss() * ready / (ready + running),
        explains: times(ready + running, running),
    };
    holds.then(|| case.finding(Cause::TimeSliced, account, evidence, rule))
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
    let (cpus, could) = (case.here.cpus?, case.here.threads.min(case.setting.online));
    let share = Account::of_share(held / (held + cpus));
    let account = Account {
        explains: share.explains.max(times(could, cpus)),
        ..share
    };
    (periods >= CUT_OFF).then(|| case.finding(Cause::Throttled, account, evidence, rule))
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
    let account = Account::of_share(share);
    holds.then(|| case.finding(Cause::Bandwidth, account, evidence, rule))
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
    let account = Account {
        weight: if case.oversubscribed() {
            share * case.loss()
        } else {
            share
        },
        // Where threads have to be woken, a meeting costs more than one in an empty region.
        explains: times(case.region()?, shared).max(Account::of_share(share).explains),
    };
    holds.then(|| case.finding(Cause::TooSmall, account, evidence, rule))
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
    let account = Account::of_share(share);
    holds.then(|| case.finding(Cause::TooSmall, account, evidence, rule))
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
    let account = Account {
        weight: idle.min(case.in_line()),
        explains: Account::of_share(idle).explains,
    };
    holds.then(|| case.finding(Cause::Lock, account, evidence, rule))
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
    let account = Account {
        weight: idle,
        explains: Account::of_share(case.idle()?).explains,
    };
    holds.then(|| case.finding(Cause::Straggler, account, evidence, rule))
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
    let account = Account::of_share(1.0 - best / here);
    holds.then(|| case.finding(Cause::RemoteMemory, account, evidence, rule))
}

fn too_few_threads(case: &Case<'_>) -> Option<Finding> {
    let threads = case.here.threads;
    let missing = 1.0 - threads / case.budget();
    let evidence = vec![case.asked(), case.busy()];
    let rule = "at least one thread fewer than P";
    let holds = threads + 1.0 <= case.budget() && case.loss() > 0.0;
    let account = Account::of_share(missing);
    holds.then(|| case.finding(Cause::TooFewThreads, account, evidence, rule))
}

fn noise(case: &Case<'_>) -> Option<Finding> {
    let share = case.lost_to_others(case.here) / case.budget();
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
                that the cell is not resolved from the best, which weighs less than any other rule";
    let holds = share >= OTHERS || unresolved;
    // What others took from the best cell, too, does not explain the difference.
    let by_others = case.slowed_by_others(case.here) / case.slowed_by_others(case.there);
    let account = Account {
        weight: share.max(UNRESOLVED),
        explains: match unresolved {
            true => f64::INFINITY,
            false => by_others.max(1.0),
        },
    };
    holds.then(|| case.finding(Cause::Noise, account, evidence, rule))
}

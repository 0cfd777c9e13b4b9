//! What does a running program do with its CPUs?
//!
//! A [`ProcessMonitor`] looks at every thread of a tree of processes now and then, from outside: time
//! on a CPU and time ready without one, which PUs each thread may use, which pools there are. The
//! time between looks adapts, so that looking costs at most one part in two hundred of one CPU,
//! however many threads there are.

mod activity;
mod libraries;
mod load;
mod names;
mod programs;
mod snapshot;

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};

pub use activity::{Activity, Pool};
pub use libraries::Library;
pub use load::{Load, LoadReading};
pub use programs::{LibraryPool, Program};
use snapshot::{Snapshot, Thread, ThreadId};

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use crate::clock;
use crate::counter::{SchedStat, TICK, Usage, interference};
use crate::machine::{CounterFiles, CpuBudget, CpuSet, System};
use crate::process::adopt_orphans;
use crate::record::Interference;
use names::Names;

/// Time between two looks, in times of the CPU time of a look.
const PAUSE: u32 = 200;
/// The same for the first looks, which see the program start.
const FIRST_PAUSE: u32 = 10;
/// How many looks are the first.
const FIRST_LOOKS: u32 = 5;

/// Which processes are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watched {
    /// All below this process.
    Descendants,
    /// This process and all below it.
    Process(i32),
}

/// A process that cannot be watched.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// There is none of this number.
    #[error("there is no process {0}")]
    Gone(i32),
    /// It may not be looked into.
    #[error(
        "process {0} may not be looked into: it belongs to another user, or runs with privileges that this one lacks (CAP_SYS_PTRACE)"
    )]
    Forbidden(i32),
}

/// A tree of processes under observation.
pub struct ProcessMonitor {
    watched: Watched,
    names: Names,
    began: Instant,
    /// CPU time of the tree when the watch began.
    used_before: Duration,
    last: Snapshot,
    limits: BudgetAndCounters,
    /// Run time of threads that were seen, and what else the tree used, since the watch began.
    seen: Duration,
    unseen: Duration,
    /// CPU time of this process when it began to look.
    own: Option<Duration>,
    next: Duration,
    looks: u32,
    programs: BTreeMap<i32, Program>,
}

/// The limits and counters of the process that is busiest.
struct BudgetAndCounters {
    budget: CpuBudget,
    files: CounterFiles,
    counters: Interference,
}

impl BudgetAndCounters {
    fn read(system: &System) -> Self {
        let files = CounterFiles::read(system);
        Self {
            budget: CpuBudget::read(system),
            counters: interference(&files),
            files,
        }
    }

    /// What was counted since `earlier`; of throttling only what the same group counted.
    fn since(&self, earlier: &Self) -> Interference {
        let counted = self.counters.since(earlier.counters);
        if self.files.throttling == earlier.files.throttling {
            return counted;
        }
        Interference {
            quota_periods: None,
            throttled_periods: None,
            throttled: None,
            ..counted
        }
    }
}

impl ProcessMonitor {
    /// Begins to watch.
    ///
    /// # Errors
    ///
    /// If the process is not there or may not be looked into.
    pub fn begin(watched: Watched) -> Result<Self, WatchError> {
        let system = match watched {
            Watched::Descendants => {
                adopt_orphans(true);
                System::here()
            }
            Watched::Process(pid) => {
                permitted(pid)?;
                System::of_process(pid)
            }
        };
        let last = Snapshot::now(watched);
        Ok(Self {
            watched,
            limits: BudgetAndCounters::read(&system),
            used_before: last.cpu,
            last,
            names: Names::default(),
            began: clock::now(),
            seen: Duration::ZERO,
            unseen: Duration::ZERO,
            own: Usage::of_self().cpu,
            next: Duration::ZERO,
            looks: 0,
            programs: BTreeMap::new(),
        })
    }

    /// PUs of the host that are online [CPUs].
    pub fn online(&self) -> usize {
        self.limits.budget.online()
    }

    /// Why the busiest process may have a CPU quota, or a tighter one, that cannot be seen.
    pub fn unknown_quota(&self) -> Option<&str> {
        self.limits.budget.unknown_quota()
    }

    /// Shortest time until the next look.
    pub fn pause(&self) -> Duration {
        self.next
    }

    /// What was done since the last look; `None` when there is no process left.
    pub fn look(&mut self) -> Option<Activity> {
        let before = Usage::of_self();
        let now = Snapshot::now(self.watched);
        if now.threads.is_empty() {
            return None;
        }
        self.names.learn(now.threads.keys());
        let activity = self.activity(&now);
        self.looks += 1;
        self.learn_programs(&activity);
        self.last = now;
        let times = if self.looks < FIRST_LOOKS {
            FIRST_PAUSE
        } else {
            PAUSE
        };
        self.next = times * Usage::of_self().since(before).cpu.unwrap_or_default();
        Some(activity)
    }

    /// What is known of each process that was busy.
    pub fn programs(&self) -> &BTreeMap<i32, Program> {
        &self.programs
    }

    /// CPU time that watching took, per time [CPUs].
    pub fn cost(&self) -> Option<f64> {
        let used = Usage::of_self().cpu?.saturating_sub(self.own?);
        let wall = clock::now() - self.began;
        Some(used.as_secs_f64() / wall.as_secs_f64().max(1e-3))
    }

    /// Maps are long, and libraries are loaded early or by a new process.
    fn learn_programs(&mut self, activity: &Activity) {
        let all = self.looks.is_power_of_two();
        for pid in activity.by_process.keys() {
            if all || !self.programs.contains_key(pid) {
                let program = Program::of(*pid, &self.limits.budget);
                self.programs.extend(program.map(|program| (*pid, program)));
            }
        }
    }

    fn activity(&mut self, now: &Snapshot) -> Activity {
        let span = (now.at - self.last.at).as_secs_f64().max(1e-6);
        let mut found = Activity {
            at: (now.at - self.began).as_secs_f64(),
            span,
            processes: now.processes().count() as u32,
            threads: now.threads.len() as u32,
            ..Activity::default()
        };
        let mut run = Duration::ZERO;
        for (id, thread) in &now.threads {
            let counted = self.counted(id, thread);
            run += counted.run;
            self.enter(&mut found, (id, thread), counted);
        }
        let all: Vec<&Pool> = found.by_mask.values().collect();
        found.ready = all.iter().map(|pool| pool.ready).sum();
        found.unseen = self.newly_unseen(now, run).as_secs_f64() / span;
        found.running = run.as_secs_f64() / span + found.unseen;
        self.budget_and_counters(&mut found);
        found.by_process.retain(|_, process| process.busy > 0.0);
        found
    }

    fn counted(&self, id: &ThreadId, thread: &Thread) -> SchedStat {
        let before = self.last.threads.get(id).map(|thread| thread.counted);
        thread.counted.since(before.unwrap_or_default())
    }

    fn enter(&self, found: &mut Activity, (id, thread): (&ThreadId, &Thread), counted: SchedStat) {
        let name = self.names.of(id).to_owned();
        let span = found.span;
        found.by_name.entry(name).or_default().add(counted, span);
        let mask = found.by_mask.entry(thread.mask.clone()).or_default();
        mask.add(counted, span);
        found.by_process.entry(id.0).or_default().add(counted, span);
        found.switches += counted.slices as f64 / span;
        found.runnable += u32::from(thread.runnable);
    }

    /// CPU time since the last look that no thread seen now has had; `run` is what those had.
    ///
    /// The time of a process is counted in whole ticks, so that each process can lack two.
    fn newly_unseen(&mut self, now: &Snapshot, run: Duration) -> Duration {
        self.seen += run;
        let used = now.cpu.saturating_sub(self.used_before);
        let ticks = 2 * TICK * now.processes().count() as u32;
        let unseen = used.saturating_sub(self.seen + ticks).max(self.unseen);
        unseen - std::mem::replace(&mut self.unseen, unseen)
    }

    /// The budget, throttling and foreign load of the process that is busiest now.
    fn budget_and_counters(&mut self, found: &mut Activity) {
        let wanted =
            |(_, a): &(&i32, &Pool), (_, b): &(&i32, &Pool)| a.wanted().total_cmp(&b.wanted());
        let Some((busiest, _)) = found.by_process.iter().max_by(wanted) else {
            return;
        };
        let system = System::of_process(*busiest);
        let limits = BudgetAndCounters::read(&system);
        // What was read of a process that has ended meanwhile is not known of it.
        if system.bytes("/proc/self/stat").is_err() {
            found.budget = budget_of(&self.limits.budget, &found.by_mask);
            return;
        }
        let counted = limits.since(&self.limits);
        found.budget = budget_of(&limits.budget, &found.by_mask);
        let share = |throttled: u64, periods: u64| throttled as f64 / periods.max(1) as f64;
        found.throttled = counted
            .throttled_periods
            .zip(counted.quota_periods)
            .map(|(throttled, periods)| share(throttled, periods));
        found.foreign = counted
            .host_busy
            .map(|busy| (busy.as_secs_f64() / found.span - found.running).max(0.0));
        self.limits = limits;
    }
}

/// P of threads that may run on these PUs, under the quota of `of_process` [CPUs].
///
/// The masks of busy threads count, where there are any: a main thread that waits for its team may
/// be allowed more than the team.
fn budget_of(of_process: &CpuBudget, by_mask: &BTreeMap<String, Pool>) -> f64 {
    let pus_of = |wanted: fn(&Pool) -> bool| {
        let masks = by_mask.iter().filter(|(_, pool)| wanted(pool));
        let sets = masks.filter_map(|(mask, _)| mask.parse::<CpuSet>().ok());
        sets.reduce(|all, set| all.union(&set)).unwrap_or_default()
    };
    let busy = pus_of(|pool| pool.busy > 0.0);
    let pus = if busy.is_empty() {
        pus_of(|_| true)
    } else {
        busy
    };
    let pus = if pus.is_empty() {
        &of_process.allowed
    } else {
        &pus
    };
    of_process
        .quota()
        .unwrap_or(f64::INFINITY)
        .min(pus.len() as f64)
}

/// Whether the process is there and its maps may be read, which only its owner may.
fn permitted(pid: i32) -> Result<(), WatchError> {
    let Err(error) = System::here().bytes(format!("/proc/{pid}/maps")) else {
        return Ok(());
    };
    let forbidden = error.kind() == io::ErrorKind::PermissionDenied;
    // A /proc that hides the processes of others (hidepid) shows no folder of it.
    match forbidden || kill(Pid::from_raw(pid), None) == Err(Errno::EPERM) {
        true => Err(WatchError::Forbidden(pid)),
        false => Err(WatchError::Gone(pid)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::{Limit, LimitSource, PuId};

    fn pool(busy: f64) -> Pool {
        Pool {
            busy,
            ..Pool::default()
        }
    }

    /// A team on PUs 0 and 2 of four, whose main thread may run on all, under 1.5 CPUs.
    #[test]
    fn the_budget_is_that_of_the_threads_that_want_a_cpu() {
        let masks = BTreeMap::from([
            ("0-3".to_owned(), pool(0.0)),
            ("0".to_owned(), pool(1.0)),
            ("2".to_owned(), pool(1.0)),
        ]);
        let mut budget = CpuBudget::all_of((0..4).map(PuId).collect());
        assert_eq!(budget_of(&budget, &masks), 2.0);
        let idle = BTreeMap::from([("0-3".to_owned(), pool(0.0))]);
        assert_eq!(budget_of(&budget, &idle), 4.0);
        budget.limits.push(Limit {
            source: LimitSource::CgroupQuota("/cg".to_owned()),
            cpus: 1.5,
        });
        assert_eq!(budget_of(&budget, &masks), 1.5);
    }
}

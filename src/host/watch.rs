//! What does a running program do with its CPUs?
//!
//! A [`Lookout`] looks at every thread of a tree of processes now and then, from outside: run and wait
//! time, and which pools there are. Time between looks adapts, so that looking costs at most one
//! part in two hundred of one CPU, however many threads there are.

mod libraries;
mod threads;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::time::{Duration, Instant};

use serde::Serialize;

pub use libraries::Library;
use libraries::libraries_in;

use super::clock;
use super::command::tree;
use super::probe::{Counted, Usage, surroundings};
use crate::machine::{Accounts, CpuBudget, System};
use crate::record::Surroundings;
use threads::Names;

/// Time between two looks, in times of what a look takes.
const PAUSE: u32 = 200;

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
    /// It is somebody else's.
    #[error("process {0} belongs to another user; run `oversub watch` as that user or as root")]
    Forbidden(i32),
}

/// What a tree of processes did between two looks.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Activity {
    /// Since the watch began [s].
    pub at: f64,
    /// Length of the interval [s].
    pub span: f64,
    /// Processes.
    pub processes: u32,
    /// Threads.
    pub threads: u32,
    /// Threads that ran, on average [threads].
    pub running: f64,
    /// Threads that were ready but had no CPU, on average [threads].
    pub ready: f64,
    /// Times a thread was given a CPU [1/s].
    pub switches: f64,
    /// Quota periods in which the group was stopped, of all; `None` without a quota [1].
    pub throttled: Option<f64>,
    /// CPUs that were busy for others [CPUs].
    pub foreign: Option<f64>,
    /// Threads that ran or were ready, on average, by name [threads].
    pub by_name: BTreeMap<String, Pool>,
}

/// Threads of one name.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Pool {
    /// How many there are [threads].
    pub threads: u32,
    /// Of them running, on average [threads].
    pub running: f64,
    /// Of them ready but without a CPU, on average [threads].
    pub ready: f64,
}

/// A tree of processes under observation.
pub struct Lookout {
    watched: Watched,
    accounts: Accounts,
    budget: CpuBudget,
    names: Names,
    began: Instant,
    last: Look,
    /// CPU time of this process when it began to look.
    own: Option<Duration>,
    next: Duration,
    looks: u32,
    libraries: Vec<Library>,
}

/// All counters at one moment.
struct Look {
    at: Instant,
    threads: BTreeMap<(i32, i32), Counted>,
    surroundings: Surroundings,
}

impl Lookout {
    /// Begins to watch.
    ///
    /// # Errors
    ///
    /// If the process is not there or may not be looked into.
    pub fn begin(watched: Watched) -> Result<Self, WatchError> {
        let system = match watched {
            Watched::Descendants => {
                tree::adopt_orphans(true);
                System::here()
            }
            Watched::Process(pid) => {
                permitted(pid)?;
                System::of_process(pid)
            }
        };
        let accounts = Accounts::read(&system);
        Ok(Self {
            watched,
            budget: CpuBudget::read(&system),
            last: Look::now(watched, &accounts),
            accounts,
            names: Names::default(),
            began: clock::now(),
            own: Usage::of_self().cpu,
            next: Duration::ZERO,
            looks: 0,
            libraries: Vec::new(),
        })
    }

    /// What the watched processes may use.
    pub fn budget(&self) -> &CpuBudget {
        &self.budget
    }

    /// Shortest time until the next look.
    pub fn pause(&self) -> Duration {
        self.next
    }

    /// What was done since the last look; `None` when there is no process left.
    pub fn look(&mut self) -> Option<Activity> {
        let start = clock::now();
        let now = Look::now(self.watched, &self.accounts);
        if now.threads.is_empty() {
            return None;
        }
        self.names.learn(now.threads.keys());
        let activity = self.activity(&now);
        self.looks += 1;
        // Maps are long, and libraries are loaded early or with a new process.
        if self.looks.is_power_of_two() || now.processes() != self.last.processes() {
            self.libraries = now.libraries();
        }
        self.last = now;
        self.next = (clock::now() - start) * PAUSE;
        Some(activity)
    }

    /// The libraries with threads of their own that the processes have loaded.
    pub fn libraries(&self) -> &[Library] {
        &self.libraries
    }

    /// CPU time that watching took, per time [CPUs].
    pub fn cost(&self) -> Option<f64> {
        let used = Usage::of_self().cpu?.saturating_sub(self.own?);
        let wall = clock::now() - self.began;
        Some(used.as_secs_f64() / wall.as_secs_f64().max(1e-3))
    }

    fn activity(&self, now: &Look) -> Activity {
        let span = (now.at - self.last.at).as_secs_f64().max(1e-6);
        let mut by_name: BTreeMap<String, Pool> = BTreeMap::new();
        let mut slices = 0;
        for (id, counted) in &now.threads {
            let before = self.last.threads.get(id).copied().unwrap_or_default();
            let pool = by_name.entry(self.names.of(id).to_owned()).or_default();
            pool.threads += 1;
            pool.running += counted.run.saturating_sub(before.run).as_secs_f64() / span;
            pool.ready += counted.wait.saturating_sub(before.wait).as_secs_f64() / span;
            slices += counted.slices.saturating_sub(before.slices);
        }
        let around = now.surroundings.since(self.last.surroundings);
        let running = by_name.values().map(|pool| pool.running).sum();
        let share = |throttled: u64, periods: u64| throttled as f64 / periods.max(1) as f64;
        Activity {
            at: (now.at - self.began).as_secs_f64(),
            span,
            processes: now.processes().len() as u32,
            threads: now.threads.len() as u32,
            running,
            ready: by_name.values().map(|pool| pool.ready).sum(),
            switches: slices as f64 / span,
            throttled: around
                .throttled_periods
                .zip(around.quota_periods)
                .map(|(t, p)| share(t, p)),
            foreign: around
                .host_busy
                .map(|busy| (busy.as_secs_f64() / span - running).max(0.0)),
            by_name,
        }
    }
}

impl Look {
    fn now(watched: Watched, accounts: &Accounts) -> Self {
        let tree = match watched {
            Watched::Descendants => tree::descendants(),
            Watched::Process(pid) => tree::tree_of(vec![pid]),
        };
        let ids = tree
            .into_iter()
            .flat_map(|(pid, tids)| tids.into_iter().map(move |tid| (pid, tid)));
        let threads = ids.filter_map(|(pid, tid)| Some(((pid, tid), tree::counted(pid, tid)?)));
        Self {
            threads: threads.collect(),
            surroundings: surroundings(accounts),
            at: clock::now(),
        }
    }

    fn libraries(&self) -> Vec<Library> {
        let maps = self.processes().into_iter();
        libraries_in(
            maps.map(|pid| fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default()),
        )
    }

    fn processes(&self) -> Vec<i32> {
        let mut pids: Vec<i32> = self.threads.keys().map(|(pid, _)| *pid).collect();
        pids.dedup();
        pids
    }
}

/// Whether the process is there and its maps may be read, which only its owner may.
fn permitted(pid: i32) -> Result<(), WatchError> {
    match fs::read_to_string(format!("/proc/{pid}/maps")) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Err(WatchError::Forbidden(pid))
        }
        Err(_) => Err(WatchError::Gone(pid)),
    }
}

//! How many more threads, and how much more memory, may this process have?
//!
//! Asked before a sweep, so that its largest cell is not refused half-way.

use std::fmt;
use std::path::{Path, PathBuf};

use super::System;
use super::cgroup::{self, Groups, Hierarchy, Says, Told, Unseen};
use super::kernel_text::{count, field, lines, number, words};

/// Who limits the number of threads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ThreadLimitSource {
    /// `pids.max` of the group at this path.
    PidsMax(String),
    /// The user's limit on processes, RLIMIT_NPROC.
    UserProcesses,
    /// The kernel's limit for the machine.
    ThreadsMax,
}

impl fmt::Display for ThreadLimitSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PidsMax(group) => write!(f, "pids.max of {group}"),
            Self::UserProcesses => f.write_str("the limit on user processes (ulimit -u)"),
            Self::ThreadsMax => f.write_str("kernel.threads-max"),
        }
    }
}

/// The tightest limit on threads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadLimit {
    /// Threads that may still be started; an upper bound, as others start threads too [threads].
    pub most: u64,
    /// Who sets it.
    pub source: ThreadLimitSource,
    /// Why a group may set a tighter one, as a phrase.
    pub unknown: Option<String>,
}

impl ThreadLimit {
    /// The limit on this process; `None` where nothing tells.
    pub fn discover() -> Option<Self> {
        Self::read(&System::here())
    }

    fn read(system: &System) -> Option<Self> {
        let pids = pids_limits(system);
        let limit = |(most, source)| Self {
            most,
            source,
            unknown: pids.unseen.as_ref().map(Unseen::to_string),
        };
        let of_group = |(folder, most): &(PathBuf, u64)| {
            let group = folder.display().to_string();
            limit((*most, ThreadLimitSource::PidsMax(group)))
        };
        let mut limits: Vec<Self> = pids.set.iter().map(of_group).collect();
        let user = user_limit(system).map(|most| (most, ThreadLimitSource::UserProcesses));
        limits.extend(user.map(limit));
        let threads_max: Option<u64> = system.value("/proc/sys/kernel/threads-max");
        let left = |most: u64| most.saturating_sub(all_threads(system).unwrap_or(0));
        let machine = threads_max.map(|most| (left(most), ThreadLimitSource::ThreadsMax));
        limits.extend(machine.map(limit));
        limits.into_iter().min_by_key(|limit| limit.most)
    }
}

/// What each group's limit leaves [threads].
fn pids_limits(system: &System) -> Told<u64> {
    Groups::governing(system, "pids").ask(|folder| {
        let Some(most) = limit(system, folder, "pids.max")? else {
            return Ok(None);
        };
        let current: u64 = system.value(folder.join("pids.current")).unwrap_or(0);
        Ok(Some(most.saturating_sub(current)))
    })
}

/// The number in the file `name` of the group at `folder`; `max` is none.
fn limit(system: &System, folder: &Path, name: &str) -> Says<u64> {
    let Some(text) = cgroup::read(system, folder, name)? else {
        return Ok(None);
    };
    if text.trim_ascii() == b"max" {
        return Ok(None);
    }
    let malformed = || Unseen::malformed(&folder.join(name), &text);
    number(&text).map(Some).ok_or_else(malformed)
}

/// The user's limit. It does not bind root.
//
// Source: setrlimit(2), RLIMIT_NPROC: counts threads; "not enforced for processes that have either
// the CAP_SYS_ADMIN or the CAP_SYS_RESOURCE capability, or run with real user ID 0".
fn user_limit(system: &System) -> Option<u64> {
    let status = system.bytes("/proc/self/status").ok()?;
    let real_user = words(field(&status, "Uid")?).next()?;
    let limits = system.bytes("/proc/self/limits").ok()?;
    let line = lines(&limits).find_map(|line| line.strip_prefix(b"Max processes"))?;
    let most: u64 = number(words(line).next()?)?;
    if real_user == b"0" {
        return None;
    }
    Some(most.saturating_sub(threads_of(system, real_user)))
}

/// Threads of all processes of a user [threads].
fn threads_of(system: &System, user: &[u8]) -> u64 {
    let of_process = |pid: u32| {
        let status = system.bytes(format!("/proc/{pid}/status")).ok()?;
        let owner = words(field(&status, "Uid")?).next()?;
        let threads: u64 = number(field(&status, "Threads")?)?;
        (owner == user).then_some(threads)
    };
    let processes = system.numbered("/proc", "").into_iter();
    processes.filter_map(of_process).sum()
}

/// Threads on the machine [threads].
// Source: proc(5), /proc/loadavg: "the currently executing ... / currently existing ... entities".
fn all_threads(system: &System) -> Option<u64> {
    let load = system.text("/proc/loadavg")?;
    let (_, existing) = load.split(' ').nth(3)?.split_once('/')?;
    existing.parse().ok()
}

/// Memory that can still be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// What could be allocated without swapping or being killed [bytes].
    pub available: u64,
    /// The group whose limit is the tightest; `None`: the machine itself.
    pub group: Option<String>,
    /// Why a group may leave less, as a phrase.
    pub unknown: Option<String>,
}

impl Memory {
    /// What this process may still have; `None` where nothing tells.
    pub fn discover() -> Option<Self> {
        Self::read(&System::here())
    }

    fn read(system: &System) -> Option<Self> {
        let groups = group_memory(system);
        let memory = |available, group| Self {
            available,
            group,
            unknown: groups.unseen.as_ref().map(Unseen::to_string),
        };
        let of_group =
            |(folder, left): &(PathBuf, u64)| memory(*left, Some(folder.display().to_string()));
        let mut limits: Vec<Self> = groups.set.iter().map(of_group).collect();
        limits.extend(available(system).map(|bytes| memory(bytes, None)));
        limits.into_iter().min_by_key(|memory| memory.available)
    }
}

/// What the machine has left [bytes].
fn available(system: &System) -> Option<u64> {
    let meminfo = system.bytes("/proc/meminfo").ok()?;
    let kib = field(&meminfo, "MemAvailable")?.strip_suffix(b" kB")?;
    number::<u64>(kib)?.checked_mul(1024)
}

/// Limit less usage of every group; file pages that were not used lately can be had back [bytes].
fn group_memory(system: &System) -> Told<u64> {
    let groups = Groups::governing(system, "memory");
    let [most, usage, idle] = match groups.hierarchy {
        Hierarchy::V1(_) => [
            "memory.limit_in_bytes",
            "memory.usage_in_bytes",
            "total_inactive_file",
        ],
        Hierarchy::V2 => ["memory.max", "memory.current", "inactive_file"],
    };
    groups.ask(|folder| {
        let Some(most) = limit(system, folder, most)? else {
            return Ok(None);
        };
        let usage: u64 = system.value(folder.join(usage)).unwrap_or(0);
        let stat = system.bytes(folder.join("memory.stat")).unwrap_or_default();
        let used = usage.saturating_sub(count(&stat, idle).unwrap_or(0));
        Ok(Some(most.saturating_sub(used)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::system::tests::machine;

    const MOUNTS: (&str, &str) = (
        "/proc/self/mountinfo",
        "1 0 0:1 / /cg rw - cgroup2 cgroup2 rw",
    );

    /// Only the root of a hierarchy has no `cgroup.events`.
    const ROOT: (&str, &str) = ("/cg/cgroup.procs", "");

    #[test]
    fn an_ancestor_with_few_pids_left_limits_the_threads() {
        let (_folder, system) = machine(&[
            ("/proc/self/cgroup", "0::/a/b"),
            MOUNTS,
            ROOT,
            ("/cg/a/pids.max", "100"),
            ("/cg/a/pids.current", "90"),
            ("/cg/a/b/pids.max", "max"),
            ("/proc/sys/kernel/threads-max", "5000"),
        ]);
        let limit = ThreadLimit::read(&system).unwrap();
        assert_eq!(limit.most, 10);
        assert_eq!(limit.source.to_string(), "pids.max of /cg/a");
        assert_eq!(limit.unknown, None);
    }

    #[test]
    fn limits_of_groups_that_are_not_seen_are_not_taken_for_none() {
        let (_folder, system) = machine(&[
            ("/proc/self/cgroup", "0::/../b"),
            MOUNTS,
            ("/cg/pids.max", "100"),
            ("/cg/memory.max", "100"),
            ("/proc/sys/kernel/threads-max", "5000"),
            ("/proc/meminfo", "MemAvailable: 4 kB"),
        ]);
        let limit = ThreadLimit::read(&system).unwrap();
        assert_eq!(limit.most, 5000);
        assert!(limit.unknown.unwrap().contains("group /../b"));
        let memory = Memory::read(&system).unwrap();
        assert_eq!((memory.available, memory.group), (4096, None));
        assert!(memory.unknown.unwrap().contains("/cg shows other groups"));
    }

    #[test]
    fn a_limit_that_is_no_number_is_unknown() {
        let (_folder, system) = machine(&[
            ("/proc/self/cgroup", "0::/a"),
            MOUNTS,
            ROOT,
            ("/cg/a/cgroup.events", ""),
            ("/cg/a/pids.max", "many"),
            ("/proc/sys/kernel/threads-max", "5000"),
        ]);
        let unknown = ThreadLimit::read(&system).unwrap().unknown;
        assert!(unknown.unwrap().contains("'many'"));
    }

    #[test]
    fn the_limit_on_user_processes_binds_users_but_not_root() {
        let limits = "Limit  Soft Limit  Hard Limit  Units\nMax processes  64  96  processes";
        let of_user = |status: &str| {
            let (_folder, system) =
                machine(&[("/proc/self/limits", limits), ("/proc/self/status", status)]);
            ThreadLimit::read(&system)
        };
        assert_eq!(
            of_user("Uid:\t1000\t0\t0\t0").map(|limit| limit.most),
            Some(64)
        );
        assert_eq!(of_user("Uid:\t0\t0\t0\t0"), None);
    }

    /// 64 may be had; 20 and 30 are there, and those of another user do not count.
    #[test]
    fn what_the_user_already_runs_counts() {
        let own = "Uid:\t1000\t0\t0\t0\nThreads:\t20";
        let (_folder, system) = machine(&[
            ("/proc/self/limits", "Max processes  64  96  processes"),
            ("/proc/self/status", own),
            ("/proc/7/status", own),
            ("/proc/8/status", "Uid:\t1000\t0\t0\t0\nThreads:\t30"),
            ("/proc/9/status", "Uid:\t1001\t1000\t0\t0\nThreads:\t100"),
        ]);
        let limit = ThreadLimit::read(&system).unwrap();
        assert_eq!(limit.most, 14);
        assert_eq!(limit.source, ThreadLimitSource::UserProcesses);
    }

    #[test]
    fn what_runs_on_the_machine_counts_against_its_limit() {
        let (_folder, system) = machine(&[
            ("/proc/sys/kernel/threads-max", "5000"),
            ("/proc/loadavg", "0.20 0.18 0.12 1/800 11206"),
        ]);
        assert_eq!(ThreadLimit::read(&system).unwrap().most, 4200);
    }

    #[test]
    fn a_group_may_leave_less_memory_than_the_machine() {
        let (_folder, system) = machine(&[
            ("/proc/self/cgroup", "0::/a"),
            MOUNTS,
            ROOT,
            ("/cg/a/cgroup.events", ""),
            ("/cg/a/memory.max", "1000"),
            ("/cg/a/memory.current", "900"),
            ("/cg/a/memory.stat", "anon 600\ninactive_file 300"),
            ("/proc/meminfo", "MemTotal: 9 kB\nMemAvailable:    4 kB"),
        ]);
        let memory = Memory::read(&system).unwrap();
        assert_eq!(
            memory,
            Memory {
                available: 400,
                group: Some("/cg/a".to_owned()),
                unknown: None
            }
        );
    }

    #[test]
    fn a_group_without_a_limit_leaves_what_the_machine_has() {
        let (_folder, system) = machine(&[
            ("/proc/self/cgroup", "0::/a"),
            MOUNTS,
            ROOT,
            ("/cg/a/cgroup.events", ""),
            ("/cg/a/memory.max", "max"),
            ("/proc/meminfo", "MemAvailable: 4 kB"),
        ]);
        assert_eq!(
            Memory::read(&system),
            Some(Memory {
                available: 4096,
                group: None,
                unknown: None
            })
        );
    }
}

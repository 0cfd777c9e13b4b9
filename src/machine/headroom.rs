//! How many more threads, and how much more memory, may this process have?
//!
//! Asked before a sweep, so that its largest cell is not refused half-way.

use std::fmt;
use std::path::Path;

use super::System;
use super::cgroup::{self, Version};
use super::system::field;

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
}

impl ThreadLimit {
    /// The limit on this process; `None` where nothing tells.
    pub fn discover() -> Option<Self> {
        Self::read(&System::here())
    }

    fn read(system: &System) -> Option<Self> {
        let mut limits = pids_limits(system);
        limits.extend(user_limit(system));
        let threads_max: Option<u64> = system.value("/proc/sys/kernel/threads-max");
        limits.extend(threads_max.map(|most| Self {
            most,
            source: ThreadLimitSource::ThreadsMax,
        }));
        limits.into_iter().min_by_key(|limit| limit.most)
    }
}

fn pids_limits(system: &System) -> Vec<ThreadLimit> {
    let of_group = |folder: &Path| {
        let most: u64 = system.value(folder.join("pids.max"))?;
        let current: u64 = system.value(folder.join("pids.current")).unwrap_or(0);
        let source = ThreadLimitSource::PidsMax(folder.display().to_string());
        Some(ThreadLimit {
            most: most.saturating_sub(current),
            source,
        })
    };
    let ancestries = cgroup::ancestries(system, "pids");
    let folders = ancestries.iter().flat_map(|ancestry| &ancestry.folders);
    folders.filter_map(|folder| of_group(folder)).collect()
}

/// The user's limit. It does not bind root.
//
// Source: setrlimit(2), RLIMIT_NPROC: counts threads; "not enforced for processes that have either
// the CAP_SYS_ADMIN or the CAP_SYS_RESOURCE capability, or run with real user ID 0".
fn user_limit(system: &System) -> Option<ThreadLimit> {
    let status = system.text("/proc/self/status")?;
    let real_user = field(&status, "Uid")?.split_whitespace().next()?;
    let limits = system.text("/proc/self/limits")?;
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max processes"))?;
    let most = line.split_whitespace().next()?.parse().ok()?;
    (real_user != "0").then_some(ThreadLimit {
        most,
        source: ThreadLimitSource::UserProcesses,
    })
}

/// Memory that can still be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// What could be allocated without swapping or being killed [bytes].
    pub available: u64,
    /// The group whose limit is the tightest; `None`: the machine itself.
    pub group: Option<String>,
}

impl Memory {
    /// What this process may still have; `None` where nothing tells.
    pub fn discover() -> Option<Self> {
        Self::read(&System::here())
    }

    fn read(system: &System) -> Option<Self> {
        let mut limits = group_memory(system);
        let meminfo = system.text("/proc/meminfo");
        let available = meminfo
            .as_deref()
            .and_then(|text| field(text, "MemAvailable"));
        let kib: Option<u64> = available.and_then(|kib| kib.strip_suffix(" kB")?.parse().ok());
        limits.extend(kib.map(|kib| Self {
            available: kib * 1024,
            group: None,
        }));
        limits.into_iter().min_by_key(|memory| memory.available)
    }
}

/// Limit less usage of every group; file pages that were not used lately can be had back.
fn group_memory(system: &System) -> Vec<Memory> {
    let of_group = |version, folder: &Path| {
        let (limit, usage, idle) = match version {
            Version::V1 => (
                "memory.limit_in_bytes",
                "memory.usage_in_bytes",
                "total_inactive_file",
            ),
            Version::V2 => ("memory.max", "memory.current", "inactive_file"),
        };
        let limit: u64 = system.value(folder.join(limit))?;
        let usage: u64 = system.value(folder.join(usage)).unwrap_or(0);
        let stat = system.text(folder.join("memory.stat")).unwrap_or_default();
        let idle = stat
            .lines()
            .find_map(|line| line.strip_prefix(idle)?.trim().parse().ok());
        let used = usage.saturating_sub(idle.unwrap_or(0));
        let group = Some(folder.display().to_string());
        Some(Memory {
            available: limit.saturating_sub(used),
            group,
        })
    };
    let mut memory = Vec::new();
    for cgroup::Ancestry { version, folders } in cgroup::ancestries(system, "memory") {
        memory.extend(
            folders
                .iter()
                .filter_map(|folder| of_group(version, folder)),
        );
    }
    memory
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::system::tests::machine;

    const MOUNTS: (&str, &str) = (
        "/proc/self/mountinfo",
        "1 0 0:1 / /cg rw - cgroup2 cgroup2 rw",
    );

    #[test]
    fn an_ancestor_with_few_pids_left_limits_the_threads() {
        let (_folder, system) = machine(&[
            ("/proc/self/cgroup", "0::/a/b"),
            MOUNTS,
            ("/cg/a/pids.max", "100"),
            ("/cg/a/pids.current", "90"),
            ("/cg/a/b/pids.max", "max"),
            ("/proc/sys/kernel/threads-max", "5000"),
        ]);
        let limit = ThreadLimit::read(&system).unwrap();
        assert_eq!(limit.most, 10);
        assert_eq!(limit.source.to_string(), "pids.max of /cg/a");
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

    #[test]
    fn a_group_may_leave_less_memory_than_the_machine() {
        let (_folder, system) = machine(&[
            ("/proc/self/cgroup", "0::/a"),
            MOUNTS,
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
                group: Some("/cg/a".to_owned())
            }
        );
    }

    #[test]
    fn a_group_without_a_limit_leaves_what_the_machine_has() {
        let (_folder, system) = machine(&[
            ("/proc/self/cgroup", "0::/a"),
            MOUNTS,
            ("/cg/a/memory.max", "max"),
            ("/proc/meminfo", "MemAvailable: 4 kB"),
        ]);
        assert_eq!(
            Memory::read(&system),
            Some(Memory {
                available: 4096,
                group: None
            })
        );
    }
}

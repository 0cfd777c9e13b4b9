//! Which files tell what happens to this process's share of the CPUs?
//!
//! Found once, then read again and again by whoever measures.

use std::path::PathBuf;

use super::System;
use super::budget::quotas;
use super::cgroup::Groups;

/// Files of counters that grow while this process runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CounterFiles {
    /// `cpu.stat` of the group with the tightest CPU quota, if there is a quota.
    pub throttling: Option<PathBuf>,
    /// `cpu.pressure` of the innermost group that has one, or that of the host.
    pub pressure: PathBuf,
    /// `/proc/stat`: what all PUs of the host spend their time on.
    pub host: PathBuf,
}

impl CounterFiles {
    /// The files for the calling process.
    pub fn find() -> Self {
        Self::read(&System::here())
    }

    /// The files for the process that `/proc/self` in `system` describes.
    pub fn read(system: &System) -> Self {
        Self {
            throttling: throttling(system),
            pressure: pressure(system),
            host: system.locate("/proc/stat"),
        }
    }
}

/// The same quota that decides the budget; a looser one further in never throttles.
fn throttling(system: &System) -> Option<PathBuf> {
    let quotas = quotas(system).set.into_iter();
    let (folder, _) = quotas.min_by(|a, b| a.1.total_cmp(&b.1))?;
    Some(system.locate(folder).join("cpu.stat"))
}

/// Version 2 alone has it, also where the CPUs are rationed by version 1.
fn pressure(system: &System) -> PathBuf {
    let groups = Groups::unified(system);
    // Another group's would count for others too.
    let own = groups.own().and_then(|_| {
        let files = groups.folders().map(|folder| folder.join("cpu.pressure"));
        let mut files = files.map(|file| system.locate(file));
        files.find(|file| file.exists())
    });
    own.unwrap_or_else(|| system.locate("/proc/pressure/cpu"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::system::tests::machine;

    #[test]
    fn throttling_is_counted_where_the_tightest_quota_is_set() {
        let (_folder, system) = machine(&[
            ("/proc/self/cgroup", "0::/a/b"),
            (
                "/proc/self/mountinfo",
                "1 0 0:1 / /cg rw - cgroup2 cgroup2 rw",
            ),
            ("/sys/devices/system/cpu/online", "0-7"),
            ("/cg/cgroup.procs", ""),
            ("/cg/a/cgroup.events", ""),
            ("/cg/a/cpu.max", "200000 100000"),
            ("/cg/a/b/cpu.max", "400000 100000"),
            ("/cg/a/cpu.pressure", "some avg10=0"),
        ]);
        let files = CounterFiles::read(&system);
        assert_eq!(files.throttling, Some(system.locate("/cg/a/cpu.stat")));
        assert_eq!(files.pressure, system.locate("/cg/a/cpu.pressure"));
    }

    #[test]
    fn without_a_quota_or_a_group_the_host_is_asked() {
        let (_folder, system) = machine(&[("/sys/devices/system/cpu/online", "0-1")]);
        let files = CounterFiles::read(&system);
        assert_eq!(files.throttling, None);
        assert_eq!(files.pressure, system.locate("/proc/pressure/cpu"));
    }
}

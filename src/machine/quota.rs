//! How does this process put itself under a CPU quota?
//!
//! In a control group of its own, which ends with it. Making one takes a right that few processes
//! have: root, or a user to whom the group was delegated.
//
// --- Implementation ---
// Source: Linux, Documentation/scheduler/sched-bwc.rst (v1: cpu.cfs_quota_us) and
// Documentation/admin-guide/cgroup-v2.rst (cpu.max; a group other than the root may hold processes
// or hand out controllers, not both, so that ours stands beside the present one).

use std::path::PathBuf;
use std::{fs, io, process};

use super::System;
use super::cgroup::{Groups, Hierarchy};

/// Length of a quota period, the kernel's default [us].
const PERIOD: u64 = 100_000;

/// Beginning of the name of our groups; the number of the process that made it follows, and when
/// that process started, since numbers are used again.
const PREFIX: &str = "oversub-";

/// A CPU quota could not be set.
#[derive(Debug, thiserror::Error)]
pub enum QuotaError {
    /// The kernel has no group in which CPUs can be rationed.
    #[error(
        "no control group here rations CPUs; start a container with a quota instead, such as docker run --cpus {0}"
    )]
    NoController(f64),
    /// A group cannot be made or used.
    #[error(
        "cannot set a quota of {cpus} CPUs with {}: {error}; as root it may go, and without: \
         systemd-run --user --scope -p CPUQuota={percent}% oversub ..., or docker run --cpus {cpus}",
        file.display(), percent = cpus * 100.0
    )]
    Refused {
        /// What was asked for [CPUs].
        cpus: f64,
        /// What could not be made or written.
        file: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// A control group with a CPU quota that holds this process, and what it starts, until it is dropped.
#[derive(Debug)]
pub struct OwnQuota {
    /// Where the process was.
    home: PathBuf,
    folder: PathBuf,
}

impl OwnQuota {
    /// Puts this process, with all its threads and what it starts from now on, under a quota of
    /// `cpus`, at least 0.01 [CPUs].
    ///
    /// # Errors
    ///
    /// If CPUs are not rationed here, or this process has no right to.
    pub fn enter(cpus: f64) -> Result<Self, QuotaError> {
        let place = place(&System::here()).ok_or(QuotaError::NoController(cpus))?;
        let refused = |(file, error)| QuotaError::Refused { cpus, file, error };
        place.enter(cpus).map_err(refused)
    }
}

impl Drop for OwnQuota {
    fn drop(&mut self) {
        let _ = fs::write(self.home.join("cgroup.procs"), process::id().to_string());
        // A child that still ends keeps it; the next run removes it.
        let _ = fs::remove_dir(&self.folder);
    }
}

/// Removes the groups of this program whose process was killed before it could remove them.
///
/// They are looked for where this process would make its own.
pub fn remove_abandoned_groups() {
    let system = System::here();
    if let Some(place) = place(&system) {
        place.remove_abandoned(&system);
    }
}

/// When process `pid` started, in clock ticks since the machine did: the 22nd field.
// Source: proc(5), /proc/pid/stat; the second field, a name in parentheses, may hold anything.
fn start_of(system: &System, pid: u32) -> Option<u64> {
    let stat = system.text(format!("/proc/{pid}/stat"))?;
    stat.rsplit_once(") ")?
        .1
        .split(' ')
        .nth(22 - 3)?
        .parse()
        .ok()
}

/// Whether the process is gone for which a group was called `name`; `None` where it is none of our
/// names.
fn is_abandoned(system: &System, name: &str) -> Option<bool> {
    let owner = name.strip_prefix(PREFIX)?;
    // Earlier versions wrote the number alone.
    let (pid, start) = match owner.split_once('-') {
        Some((pid, start)) => (pid, Some(start.parse::<u64>().ok()?)),
        None => (owner, None),
    };
    let now = start_of(system, pid.parse().ok()?);
    Some(now.is_none() || start.is_some() && start != now)
}

/// Where a group of ours may be made.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    /// Whether the hierarchy is of version 1.
    v1: bool,
    /// The group that this process is in.
    home: PathBuf,
    /// The group in which ours is made.
    parent: PathBuf,
}

/// The place, if the group that this process is in can be seen.
fn place(system: &System) -> Option<Place> {
    let groups = Groups::governing(system, "cpu");
    let home = groups.own()?;
    let v1 = groups.hierarchy != Hierarchy::V2;
    let parent = if v1 { None } else { groups.parent() };
    Some(Place {
        v1,
        home: system.locate(home),
        parent: system.locate(parent.unwrap_or(home)),
    })
}

impl Place {
    fn enter(&self, cpus: f64) -> Result<OwnQuota, (PathBuf, io::Error)> {
        let system = System::here();
        self.remove_abandoned(&system);
        let start = start_of(&system, process::id()).unwrap_or(0);
        let folder = self
            .parent
            .join(format!("{PREFIX}{}-{start}", process::id()));
        fs::create_dir(&folder).map_err(|error| (folder.clone(), error))?;
        let own = OwnQuota {
            home: self.home.clone(),
            folder: folder.clone(),
        };
        let set = |file: &str, text: String| {
            let file = folder.join(file);
            // Not created where it is missing: a plain folder rations nothing.
            let written = fs::OpenOptions::new().write(true).open(&file);
            let written =
                written.and_then(|mut file| io::Write::write_all(&mut file, text.as_bytes()));
            written.map_err(|error| (file, error))
        };
        let quota = (cpus * PERIOD as f64).round() as u64;
        if self.v1 {
            set("cpu.cfs_period_us", PERIOD.to_string())?;
            set("cpu.cfs_quota_us", quota.to_string())?;
        } else {
            set("cpu.max", format!("{quota} {PERIOD}"))?;
        }
        set("cgroup.procs", process::id().to_string())?;
        Ok(own)
    }

    /// Removes groups whose process is gone, as after a kill -9; the kernel lets only empty ones go.
    fn remove_abandoned(&self, system: &System) {
        let entries = fs::read_dir(&self.parent).into_iter().flatten().flatten();
        for entry in entries {
            let name = entry.file_name();
            if name.to_str().and_then(|name| is_abandoned(system, name)) == Some(true) {
                // Whoever is in it still has it removed by a later run.
                let _ = fs::remove_dir(entry.path());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::system::tests::machine;

    #[test]
    fn in_v1_the_group_is_made_inside_and_in_v2_beside_the_present_one() {
        let mounts =
            "1 0 0:1 / /cg/cpu rw - cgroup cgroup rw,cpu\n2 0 0:2 / /cg/two rw - cgroup2 none rw";
        let of = |groups| {
            let (_folder, system) = machine(&[
                ("/proc/self/cgroup", groups),
                ("/proc/self/mountinfo", mounts),
                ("/cg/cpu/a/cpu.shares", ""),
                ("/cg/two/x/y/cpu.max", ""),
            ]);
            let place = place(&system).unwrap();
            let located = |path: &str| system.locate(path);
            let expected = match place.v1 {
                true => ["/cg/cpu/a", "/cg/cpu/a"].map(located),
                false => ["/cg/two/x/y", "/cg/two/x"].map(located),
            };
            assert_eq!([place.home, place.parent], expected);
            place.v1
        };
        assert!(of("1:cpu:/a\n0::/x/y"));
        assert!(!of("0::/x/y"));
    }

    /// In the group that is seen in its place, others would be under the quota.
    #[test]
    fn a_process_whose_group_is_not_seen_makes_no_other() {
        let mounts = "1 0 0:1 / /cg rw - cgroup cgroup rw,cpu";
        let (_folder, system) = machine(&[
            ("/proc/self/cgroup", "1:cpu:/../other"),
            ("/proc/self/mountinfo", mounts),
            ("/cg/cpu.shares", ""),
        ]);
        assert_eq!(place(&system), None);
    }

    #[test]
    fn a_folder_that_rations_nothing_is_refused_and_leaves_nothing() {
        let (_folder, system) = machine(&[("/cg/a/cpu.stat", "")]);
        let place = Place {
            v1: false,
            home: system.locate("/cg/a"),
            parent: system.locate("/cg"),
        };
        let (file, _) = place.enter(1.5).unwrap_err();
        assert!(file.ends_with("cpu.max"), "{}", file.display());
        let left = fs::read_dir(system.locate("/cg")).unwrap().count();
        assert_eq!(left, 1);
    }

    #[test]
    fn what_a_killed_process_left_is_removed_and_nothing_else() {
        let stat = |start| format!("7 (a) b) S 1 {} {start} 0", ["0"; 17].join(" "));
        let (_folder, system) = machine(&[
            ("/cg/cpu.stat", ""),
            ("/proc/7/stat", &stat(500)),
            ("/proc/8/stat", &stat(600)),
        ]);
        let parent = system.locate("/cg");
        let groups = [
            ("oversub-6-400", true),
            ("oversub-6", true),
            ("oversub-7-500", false),
            ("oversub-7", false),
            ("oversub-8-500", true),
            ("oversub-", false),
            ("oversub-x-1", false),
            ("oversub-6-x", false),
            ("other", false),
        ];
        for (name, _) in groups {
            fs::create_dir(parent.join(name)).unwrap();
        }
        let place = Place {
            v1: false,
            home: parent.clone(),
            parent: parent.clone(),
        };
        place.remove_abandoned(&system);
        for (name, removed) in groups {
            assert_eq!(parent.join(name).exists(), !removed, "{name}");
        }
    }

    #[test]
    fn a_process_knows_when_it_started() {
        let own = start_of(&System::here(), process::id());
        assert!(own.is_some_and(|start| start > 0));
    }
}

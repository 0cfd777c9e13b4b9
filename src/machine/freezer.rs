//! Is a process frozen by its control group?
//
// --- Implementation ---
// Source: Linux, Documentation/admin-guide/cgroup-v2.rst (cgroup.events, `frozen`) and
// cgroup-v1/freezer-subsystem.rst (freezer.state). Both tell of ancestors that were frozen too.

use super::System;
use super::cgroup::{Groups, Hierarchy};

/// Whether the group of the process that `/proc/self` in `system` describes is frozen.
pub fn is_frozen(system: &System) -> bool {
    let groups = [
        Groups::governing(system, "freezer"),
        Groups::unified(system),
    ];
    groups.iter().any(|groups| {
        let says = |file| system.text(groups.own()?.join(file));
        match groups.hierarchy {
            Hierarchy::V1(_) => says("freezer.state").is_some_and(|state| state == "FROZEN"),
            Hierarchy::V2 => says("cgroup.events")
                .is_some_and(|events| events.lines().any(|line| line == "frozen 1")),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::system::tests::machine;

    #[test]
    fn both_versions_tell_of_a_frozen_group() {
        let v1 = |state| {
            machine(&[
                ("/proc/self/cgroup", "6:freezer:/job"),
                (
                    "/proc/self/mountinfo",
                    "1 0 0:1 / /cg rw - cgroup cgroup rw,freezer",
                ),
                ("/cg/job/freezer.state", state),
            ])
        };
        let v2 = |events| {
            machine(&[
                ("/proc/self/cgroup", "0::/job"),
                (
                    "/proc/self/mountinfo",
                    "1 0 0:1 / /cg rw - cgroup2 cgroup2 rw",
                ),
                ("/cg/job/cgroup.events", events),
            ])
        };
        let frozen = [v1("FROZEN\n"), v2("populated 1\nfrozen 1\n")];
        for (_folder, system) in &frozen {
            assert!(is_frozen(system));
        }
        let thawed = [v1("THAWED\n"), v2("populated 1\nfrozen 0\n"), machine(&[])];
        for (_folder, system) in &thawed {
            assert!(!is_frozen(system));
        }
    }
}

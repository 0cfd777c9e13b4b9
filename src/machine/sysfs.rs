//! Which NUMA nodes and which kinds of core does the kernel tell of?
//!
//! The two facts that cannot be had through the `hwloc2` crate.

use std::collections::BTreeMap;

use bstr::ByteSlice;

use super::kernel_text::{lines, number, words};
use super::{CoreKind, CpuSet, Object, ObjectKind, PuId, System};

/// The NUMA nodes, ascending by number; nodes without PUs have an empty cpuset.
//
// Source: Linux, Documentation/ABI/stable/sysfs-devices-node.
pub(super) fn numa_nodes(system: &System) -> Vec<Object> {
    const NODES: &str = "/sys/devices/system/node";
    let node = |number: u32| {
        let folder = format!("{NODES}/node{number}");
        let memory = system.bytes(format!("{folder}/meminfo")).ok();
        Some(Object {
            kind: ObjectKind::NumaNode,
            os_index: Some(number),
            cpuset: system.value(format!("{folder}/cpulist"))?,
            bytes: memory.as_deref().and_then(mem_total),
            children: Vec::new(),
        })
    };
    let numbers = system.numbered(NODES, "node");
    numbers.into_iter().filter_map(node).collect()
}

/// `Node 0 MemTotal:  9005260 kB` in bytes.
fn mem_total(meminfo: &[u8]) -> Option<u64> {
    let line = lines(meminfo).find(|line| line.contains_str("MemTotal:"))?;
    let kib = words(line.strip_suffix(b" kB")?).next_back()?;
    number::<u64>(kib)?.checked_mul(1024)
}

/// Kinds of core, fastest last; fewer than two where all are alike or the kernel does not tell.
pub(super) fn core_kinds(system: &System) -> Vec<CoreKind> {
    let kinds = core_kinds_by_pmu(system);
    if kinds.len() > 1 {
        kinds
    } else {
        core_kinds_by_capacity(system)
    }
}

/// Hybrid x86 has one performance-monitoring unit per kind of core. They come before capacities,
/// which also differ between cores of one kind that are clocked a little higher.
//
// Source: Linux, Documentation/ABI/testing/sysfs-bus-event_source-devices (cpu_core, cpu_atom) and
// arch/x86/events/intel/core.c (cpu_lowpower); names: hwloc 2.13, hwloc/topology-linux.c.
fn core_kinds_by_pmu(system: &System) -> Vec<CoreKind> {
    const UNITS: [(&str, &str); 3] = [
        ("cpu_lowpower", "IntelLowPower"),
        ("cpu_atom", "IntelAtom"),
        ("cpu_core", "IntelCore"),
    ];
    let kinds = UNITS.iter().filter_map(|(unit, name)| {
        let pus: CpuSet = system.value(format!("/sys/devices/{unit}/cpus"))?;
        (!pus.is_empty()).then(|| (pus, Some((*name).to_owned())))
    });
    CoreKind::in_order(kinds)
}

// Source: Linux, Documentation/ABI/testing/sysfs-devices-system-cpu (cpu_capacity).
fn core_kinds_by_capacity(system: &System) -> Vec<CoreKind> {
    const CPUS: &str = "/sys/devices/system/cpu";
    let mut kinds: BTreeMap<u32, Vec<PuId>> = BTreeMap::new();
    for pu in system.numbered(CPUS, "cpu") {
        if let Some(capacity) = system.value(format!("{CPUS}/cpu{pu}/cpu_capacity")) {
            kinds.entry(capacity).or_default().push(PuId(pu));
        }
    }
    let kinds = kinds
        .into_values()
        .map(|pus| (pus.into_iter().collect(), None));
    CoreKind::in_order(kinds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::system::tests::machine;

    #[test]
    fn a_node_without_pus_keeps_its_memory() {
        let (_folder, system) = machine(&[
            ("/sys/devices/system/node/node0/cpulist", "0-3\n"),
            (
                "/sys/devices/system/node/node0/meminfo",
                "Node 0 MemTotal:  1024 kB\n",
            ),
            ("/sys/devices/system/node/node10/cpulist", "\n"),
            (
                "/sys/devices/system/node/node10/meminfo",
                "Node 10 MemTotal: 2 kB\n",
            ),
        ]);
        let nodes = numa_nodes(&system);
        assert_eq!(nodes.len(), 2);
        assert_eq!(nodes[0].cpuset.to_string(), "0-3");
        assert_eq!(nodes[0].bytes, Some(1 << 20));
        assert!(nodes[1].cpuset.is_empty());
        assert_eq!((nodes[1].os_index, nodes[1].bytes), (Some(10), Some(2048)));
    }

    fn pus(kinds: &[CoreKind]) -> Vec<String> {
        kinds.iter().map(|kind| kind.cpuset.to_string()).collect()
    }

    #[test]
    fn atoms_are_slower_than_cores_even_if_capacities_tell_more_kinds() {
        let (_folder, system) = machine(&[
            ("/sys/devices/cpu_core/cpus", "0-3\n"),
            ("/sys/devices/cpu_atom/cpus", "4-7\n"),
            ("/sys/devices/system/cpu/cpu0/cpu_capacity", "1024\n"),
            ("/sys/devices/system/cpu/cpu1/cpu_capacity", "1009\n"),
        ]);
        assert_eq!(pus(&core_kinds(&system)), ["4-7", "0-3"]);
    }

    #[test]
    fn capacities_order_the_kinds_of_an_arm_machine() {
        let (_folder, system) = machine(&[
            ("/sys/devices/system/cpu/cpu0/cpu_capacity", "1024"),
            ("/sys/devices/system/cpu/cpu1/cpu_capacity", "446"),
            ("/sys/devices/system/cpu/cpu2/cpu_capacity", "446"),
        ]);
        assert_eq!(pus(&core_kinds(&system)), ["1-2", "0"]);
    }
}

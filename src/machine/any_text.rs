//! Is any text a machine, a limit, or an error?

use super::system::tests::{machine, write};
use super::{CpuBudget, Topology};
use crate::text::any_text::{survives, survives_text};

#[test]
fn any_text_is_an_lstopo_file_or_an_error() {
    let corpus = [
        include_str!("../../tests/data/hybrid.xml"),
        include_str!("../../tests/data/two-packages.xml"),
        include_str!("../../tests/data/hwloc1.xml"),
    ];
    survives_text(&corpus, |text| drop(Topology::from_lstopo_xml(text)));
}

#[test]
fn any_text_is_a_synthetic_machine_or_an_error() {
    let corpus = [
        "pack:2 [numa(memory=6GiB)] l3:1(size=32MiB) core:4 pu:2",
        "core:2 pu:1",
        "2 3 4",
        "numa:2(indexes=1,0) core:2 pu:2(indexes=0,4,1,5,2,6,3,7)",
        "pack:1 l2:2 l1d:1 core:1 pu:2(indexes=2*2:1*2)",
        "Machine:1 die:2(indexes=core:pu) core:2 pu:1",
        "core:2 pu:2(indexes=18446744073709551615*2)",
    ];
    survives_text(&corpus, |text| drop(Topology::synthetic(text)));
}

/// The texts of the kernel, each in turn beside the others as they should be.
#[test]
fn any_text_of_the_kernel_is_a_limit_or_none() {
    let mounts = "\
31 1 0:28 / /cg rw - tmpfs none rw
32 31 0:29 / /cg/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct
34 31 0:31 /pod /cg/cpu\\040set rw,relatime shared:3 - cgroup cgroup rw,cpuset
41 31 0:38 / /cg/all rw,relatime - cgroup2 cgroup2 rw";
    let files = [
        (
            "/proc/self/cgroup",
            "3:cpu,cpuacct:/pod/box\n2:cpuset:/pod\n0::/pod/box",
        ),
        ("/proc/self/mountinfo", mounts),
        ("/proc/self/status", "Name:\tx\nCpus_allowed_list:\t0-3,7\n"),
        ("/sys/devices/system/cpu/online", "0-7"),
        ("/cg/cpu/pod/box/cpu.cfs_quota_us", "150000"),
        ("/cg/cpu/pod/box/cpu.cfs_period_us", "100000"),
        ("/cg/cpu set/cpuset.cpus", "0-3,8-11:2/4"),
        ("/cg/all/pod/box/cpu.max", "150000 100000"),
        ("/cg/all/pod/box/cpuset.cpus.effective", "0-3"),
    ];
    let (_folder, system) = machine(&files);
    for (path, text) in files {
        survives(&[text], |text| {
            write(&system, path, text);
            drop(CpuBudget::read(&system));
        });
        write(&system, path, text.as_bytes());
    }
}

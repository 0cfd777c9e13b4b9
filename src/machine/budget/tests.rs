//! What may a process use on machines made of text?

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::*;
use crate::machine::system::tests::{machine, write};

const ONLINE: &str = "/sys/devices/system/cpu/online";
const GROUPS: &str = "/proc/self/cgroup";
const MOUNTS: &str = "/proc/self/mountinfo";

const V1_MOUNTS: &str = "\
1 0 0:1 / /cg/cpu rw - cgroup cgroup rw,cpu
2 0 0:2 / /cg/cpuset rw - cgroup cgroup rw,cpuset";
const V2_MOUNT: &str = "1 0 0:1 / /cg rw - cgroup2 cgroup2 rw";

/// What only the root of a hierarchy of version 1 has.
const V1_ROOT: (&str, &str) = ("/cg/cpu/release_agent", "");
/// Only the root of version 2 has this without `cgroup.events`.
const V2_ROOT: (&str, &str) = ("/cg/cgroup.procs", "");

fn budget(files: &[(&str, &str)]) -> CpuBudget {
    let (_folder, system) = machine(files);
    CpuBudget::read(&system)
}

#[test]
fn a_kernel_without_groups_sets_no_quota() {
    let budget = budget(&[(ONLINE, "0-3"), (GROUPS, "")]);
    assert_eq!((budget.cpus, budget.whole(), budget.online()), (4.0, 4, 4));
    assert_eq!(budget.quota(), None);
    let said = budget.unknown_quota();
    assert_eq!(said, None);
}

#[test]
fn the_tightest_quota_of_all_ancestors_decides_in_v2() {
    let budget = budget(&[
        (ONLINE, "0-7"),
        ("/proc/self/status", "Name:\tx\nCpus_allowed_list:\t0-3\n"),
        (GROUPS, "0::/pod/box"),
        (MOUNTS, V2_MOUNT),
        V2_ROOT,
        ("/cg/pod/cgroup.events", ""),
        ("/cg/pod/cpu.max", "150000 100000"),
        ("/cg/pod/box/cgroup.events", ""),
        ("/cg/pod/box/cpu.max", "max 100000"),
    ]);
    assert_eq!((budget.cpus, budget.whole()), (1.5, 1));
    assert_eq!(budget.allowed.len(), 4);
    assert!(!budget.is_upper_bound());
    assert_eq!(budget.phrase(), "P = 1.5 CPUs");
    let quota = budget.limits.last().unwrap();
    let source = LimitSource::CgroupQuota("/cg/pod".to_owned());
    assert_eq!(*quota, Limit { source, cpus: 1.5 });
}

#[test]
fn the_tightest_quota_of_all_ancestors_decides_in_v1() {
    let budget = budget(&[
        ("/proc/self/status", "Cpus_allowed_list:\t2-3"),
        (GROUPS, "1:cpu:/a/b\n2:cpuset:/c"),
        (MOUNTS, V1_MOUNTS),
        V1_ROOT,
        ("/cg/cpu/a/cpu.cfs_quota_us", "50000"),
        ("/cg/cpu/a/cpu.cfs_period_us", "100000"),
        ("/cg/cpu/a/b/cpu.cfs_quota_us", "-1"),
        ("/cg/cpu/a/b/cpu.cfs_period_us", "100000"),
        ("/cg/cpuset/c/cpuset.effective_cpus", "2-3"),
    ]);
    assert_eq!((budget.cpus, budget.whole()), (0.5, 1));
    assert_eq!(budget.allowed.to_string(), "2-3");
    assert!(!budget.is_upper_bound());
}

/// The group of version 2 rations nothing while version 1 has the controller.
#[test]
fn a_hybrid_system_is_asked_where_the_controller_is() {
    let mounts = format!("{V1_MOUNTS}\n3 0 0:3 / /cg/two rw - cgroup2 none rw");
    let budget = budget(&[
        (ONLINE, "0-7"),
        (GROUPS, "5:name=cpu:/n\n1:cpu:/a\n0::/b"),
        (MOUNTS, &mounts),
        V1_ROOT,
        ("/cg/cpu/a/cpu.cfs_quota_us", "300000"),
        ("/cg/cpu/a/cpu.cfs_period_us", "100000"),
        ("/cg/two/b/cpu.max", "100000 100000"),
    ]);
    assert_eq!(budget.quota(), Some(3.0));
}

#[test]
fn a_mount_or_group_whose_name_is_no_utf_8_hides_no_quota() {
    let (_folder, system) = machine(&[(ONLINE, "0-7")]);
    let group = Path::new("/cg").join(OsStr::from_bytes(b"caf\xe9 x"));
    for (path, text) in [
        (Path::new(GROUPS), &b"0::/caf\xe9 x"[..]),
        (
            Path::new(MOUNTS),
            b"1 0 0:1 / /cg rw - cgroup2 none rw\n2 0 0:2 / /mnt/caf\xe9 rw - tmpfs \xff rw",
        ),
        (Path::new("/cg/cgroup.procs"), b""),
        (&group.join("cgroup.events"), b""),
        (&group.join("cpu.max"), b"50000 100000"),
        (
            Path::new("/proc/self/status"),
            b"Name:\tcaf\xe9\nCpus_allowed_list:\t0-1",
        ),
    ] {
        write(&system, path, text);
    }
    let budget = CpuBudget::read(&system);
    assert_eq!((budget.cpus, budget.allowed.len()), (0.5, 2));
    assert!(!budget.is_upper_bound());
}

/// Texts of `cpu.max`, the quota in each, and whether it is known.
#[test]
fn what_is_no_quota_is_unknown() {
    for (text, quota, known) in [
        ("max", None, true),
        ("max 100000\n", None, true),
        ("50000 100000\n", Some(0.5), true),
        ("18446744073709551615 1", Some(1.8446744073709552e19), true),
        ("", None, false),
        ("0 100000", None, false),
        ("100000 0", None, false),
        ("100000", None, false),
        ("a b", None, false),
        ("-1 100000", None, false),
    ] {
        let budget = budget(&[
            (ONLINE, "0-3"),
            (GROUPS, "0::/a"),
            (MOUNTS, V2_MOUNT),
            V2_ROOT,
            ("/cg/a/cgroup.events", ""),
            ("/cg/a/cpu.max", text),
        ]);
        assert_eq!(budget.quota(), quota, "{text}");
        assert_eq!(budget.unknown_quota().is_none(), known, "{text}");
        assert_eq!(budget.cpus, quota.unwrap_or(4.0).min(4.0));
    }
}

#[test]
fn p_is_at_most_what_is_seen_where_a_quota_may_be_hidden() {
    let budget = budget(&[
        ("/proc/self/status", "Cpus_allowed_list:\t0-1"),
        (GROUPS, "1:cpu:/half"),
        (MOUNTS, "1 0 0:1 / / rw - ext4 a rw"),
    ]);
    assert_eq!((budget.cpus, budget.quota()), (2.0, None));
    assert_eq!(budget.phrase(), "P at most 2 CPUs");
    let why = budget.unknown_quota().unwrap();
    assert!(
        why.contains("no cgroup file system") && why.contains("/half"),
        "{why}"
    );
}

#[test]
fn the_mask_decides_whatever_is_called_online() {
    for mask in ["1", "3,7,12,20", "1-4", "0-3,1030-4999"] {
        let status = format!("Cpus_allowed_list:\t{mask}\n");
        let budget = budget(&[
            (ONLINE, "0-3"),
            ("/proc/self/status", &status),
            (GROUPS, ""),
        ]);
        assert_eq!(budget.allowed.to_string(), mask);
        assert_eq!(budget.cpus, budget.allowed.len() as f64);
        assert_eq!(budget.online(), 4);
    }
}

/// The mask of the first process holds all PUs that there may ever be.
#[test]
fn pus_of_the_mask_that_are_offline_are_not_counted() {
    let budget = budget(&[
        (ONLINE, "0-3"),
        ("/sys/devices/system/cpu/offline", "4-4999"),
        ("/proc/self/status", "Cpus_allowed_list:\t0-4999"),
        (GROUPS, ""),
    ]);
    assert_eq!((budget.cpus, budget.allowed.len()), (4.0, 4));
}

#[test]
fn without_a_mask_the_cpuset_decides_and_p_is_an_upper_bound() {
    let budget = budget(&[
        (ONLINE, "0-7"),
        (GROUPS, "2:cpuset:/c"),
        (MOUNTS, V1_MOUNTS),
        ("/cg/cpuset/c/cpuset.effective_cpus", "2-3"),
    ]);
    assert_eq!(budget.allowed.to_string(), "2-3");
    assert_eq!(budget.unknown[0].kind, LimitKind::Affinity);
}

/// The threads of process 7 may run on different PUs; its group is found by our mounts.
#[test]
fn the_budget_of_another_process_is_that_of_its_threads_and_its_group() {
    let (_folder, system) = machine(&[
        ("/proc/self/status", "Cpus_allowed_list:\t0-7"),
        (GROUPS, "0::/ours"),
        (MOUNTS, V2_MOUNT),
        V2_ROOT,
        ("/cg/box/cgroup.events", ""),
        ("/cg/box/cpu.max", "150000 100000"),
        ("/proc/7/cgroup", "0::/box"),
        (
            "/proc/7/mountinfo",
            "9 0 0:1 /box /sys/fs/cgroup rw - cgroup2 none rw",
        ),
        ("/proc/7/status", "Cpus_allowed_list:\t0"),
        ("/proc/7/task/7/status", "Cpus_allowed_list:\t0"),
        ("/proc/7/task/9/status", "Cpus_allowed_list:\t2-3"),
    ]);
    let budget = CpuBudget::read(&system.with_process(7));
    assert_eq!(budget.allowed.to_string(), "0,2-3");
    assert_eq!(budget.phrase(), "P = 1.5 CPUs");
}

#[test]
fn a_process_that_is_gone_has_an_unknown_budget() {
    let (_folder, system) = machine(&[(ONLINE, "0-3")]);
    let budget = CpuBudget::read(&system.with_process(7));
    let kinds: Vec<LimitKind> = budget.unknown.iter().map(|unknown| unknown.kind).collect();
    assert_eq!(kinds, [LimitKind::Affinity, LimitKind::CpuQuota]);
}

#[test]
fn a_header_without_unknown_limits_is_read_as_before() {
    let old = r#"{"allowed":"0-1","cpus":2.0,"limits":[{"source":"online","cpus":2.0}]}"#;
    let budget: CpuBudget = serde_json::from_str(old).unwrap();
    assert_eq!(budget, CpuBudget::all_of("0-1".parse().unwrap()));
    assert_eq!(serde_json::to_string(&budget).unwrap(), old);
    let hidden = budget_with_unknown();
    let text = serde_json::to_string(&hidden).unwrap();
    assert!(
        text.contains(r#""unknown":[{"kind":"cpu-quota","why":"#),
        "{text}"
    );
    assert_eq!(serde_json::from_str::<CpuBudget>(&text).unwrap(), hidden);
}

fn budget_with_unknown() -> CpuBudget {
    budget(&[
        ("/proc/self/status", "Cpus_allowed_list:\t0-1"),
        (GROUPS, "0::/a"),
    ])
}

#[test]
fn this_process_may_use_at_least_a_part_of_one_cpu() {
    let budget = CpuBudget::discover();
    assert!(budget.cpus > 0.0 && budget.cpus <= budget.allowed.len() as f64);
}

/// The kernel's answer to the system call is what it prints, on up to 1024 PUs.
#[test]
fn the_mask_by_call_is_the_mask_as_printed() {
    let here = System::here();
    let called = called(&here).unwrap();
    assert_eq!(affinity(&here), Ok(called));
}

//! Which groups are seen among mounts made of text?

use super::*;
use crate::machine::system::tests::machine;

const HYBRID: &str = "\
31 1 0:28 / /sys/fs/cgroup rw - tmpfs none rw
32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct
34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:3 - cgroup2 cgroup2 rw";

/// The folders seen of the groups of a process in `groups`, innermost first, and why there may be
/// more. Each of `folders` is there; that of a root with its mark.
fn seen(controller: &str, (groups, mounts): (&str, &str), there: &[&str]) -> (Vec<String>, String) {
    let mut files = vec![
        ("/proc/self/cgroup", groups),
        ("/proc/self/mountinfo", mounts),
    ];
    files.extend(there.iter().map(|path| (*path, "")));
    let (folder, system) = machine(&files);
    told(&Groups::governing(&system, controller), folder.path())
}

fn told(groups: &Groups<'_>, root: &Path) -> (Vec<String>, String) {
    let folders = groups.folders().map(|folder| folder.display().to_string());
    let unseen = groups.ask::<()>(|_| Ok(None)).unseen;
    let why = unseen.map_or_else(String::new, |why| why.to_string());
    (
        folders.collect(),
        why.replace(&root.display().to_string(), ""),
    )
}

#[test]
fn a_process_has_one_group_per_v1_controller_and_one_of_v2() {
    let text = b"7:name=cpu:/n\n4:memory:/m\n3:cpu,cpuacct:/a:b\n0::/u\xff";
    assert_eq!(group(text, Hierarchy::V1("cpu")), Some(&b"/a:b"[..]));
    assert_eq!(group(text, Hierarchy::V1("cpuset")), None);
    assert_eq!(group(text, Hierarchy::V2), Some(&b"/u\xff"[..]));
}

#[test]
fn every_group_up_to_the_root_is_walked() {
    let cpu = "/sys/fs/cgroup/cpu";
    let there = [
        "/sys/fs/cgroup/cpu/a/b/tasks",
        "/sys/fs/cgroup/cpu/release_agent",
    ];
    let (folders, why) = seen("cpu", ("3:cpu,cpuacct:/a/b\n0::/u", HYBRID), &there);
    assert_eq!(folders, [&format!("{cpu}/a/b"), &format!("{cpu}/a"), cpu]);
    assert_eq!(why, "");
    let there = [
        "/sys/fs/cgroup/unified/cgroup.procs",
        "/sys/fs/cgroup/unified/u/cgroup.events",
    ];
    let (folders, why) = seen("pids", ("3:cpu:/a\n0::/u", HYBRID), &there);
    assert_eq!(folders.len(), 2);
    assert_eq!(folders[0], "/sys/fs/cgroup/unified/u");
    assert_eq!(why, "");
}

/// Docker on version 1 binds the container's own group.
#[test]
fn a_bound_group_is_seen_and_what_is_around_it_is_not() {
    let mounts = "1 0 0:1 /docker/ab /cg/cpu rw - cgroup cgroup rw,cpu";
    let (folders, why) = seen(
        "cpu",
        ("1:cpu:/docker/ab/inner", mounts),
        &["/cg/cpu/inner/x"],
    );
    assert_eq!(folders, ["/cg/cpu/inner", "/cg/cpu"]);
    assert_eq!(why, "groups around /cg/cpu are hidden from here");
}

#[test]
fn a_group_that_no_mount_shows_has_no_other_in_its_place() {
    let bound = "1 0 0:1 /docker/ab /cg rw - cgroup cgroup rw,cpu";
    let whole = "1 0 0:1 / /cg rw - cgroup cgroup rw,cpu";
    for (group, mounts) in [
        ("/elsewhere", bound),
        ("/docker/abc", bound),
        ("/..", whole),
        ("/../other", whole),
        ("/../../x/y", whole),
    ] {
        let groups = format!("1:cpu:{group}");
        let (folders, why) = seen("cpu", (&groups, mounts), &["/cg/x"]);
        assert!(folders.is_empty(), "{group}: {folders:?}");
        assert_eq!(
            why,
            format!("the process is in group {group}, and the cgroup mount /cg shows other groups")
        );
    }
}

/// A namespace entered without mounting anew: the mount shows an outer group, which binds too.
#[test]
fn an_outer_group_is_walked_though_the_way_to_it_is_hidden() {
    let mounts = "1 0 0:1 /.. /cg rw - cgroup cgroup rw,cpu";
    let (folders, why) = seen("cpu", ("1:cpu:/", mounts), &["/cg/half/x"]);
    assert_eq!(folders, ["/cg"]);
    assert!(why.contains("/cg shows an outer group"), "{why}");
    // In a group that both count from the same place, no name is hidden.
    let (folders, _) = seen("cpu", ("1:cpu:/../b", mounts), &["/cg/b/x"]);
    assert_eq!(folders, ["/cg/b", "/cg"]);
}

#[test]
fn a_namespace_of_its_own_hides_what_is_around_its_root() {
    let mounts = "1 0 0:1 / /cg rw - cgroup2 none rw";
    let there = ["/cg/cgroup.procs", "/cg/cgroup.events"];
    let (folders, why) = seen("cpu", ("0::/", mounts), &there);
    assert_eq!(folders, ["/cg"]);
    assert_eq!(why, "groups around /cg are hidden from here");
}

#[test]
fn each_group_is_seen_through_whichever_mount_shows_it() {
    let mounts = "\
1 0 0:1 /a /inner rw - cgroup2 none rw
2 0 0:1 / /all\\040groups rw - cgroup2 none rw
3 2 0:9 / /all\\040groups/a/b rw - tmpfs none rw";
    let there = [
        "/inner/b/cgroup.events",
        "/all groups/cgroup.procs",
        "/all groups/a/b/x",
    ];
    let (folders, why) = seen("cpu", ("0::/a/b", mounts), &there);
    assert_eq!(folders, ["/inner/b", "/inner", "/all groups"]);
    assert_eq!(why, "");
}

#[test]
fn what_another_mount_covers_is_not_read() {
    let covered = "\
1 0 0:1 / /cg rw - cgroup2 none rw
2 1 0:1 /other /cg/a rw - cgroup2 none rw";
    let there = ["/cg/cgroup.procs", "/cg/a/cpu.max"];
    let (folders, why) = seen("cpu", ("0::/a", covered), &there);
    assert_eq!(folders, ["/cg"]);
    assert_eq!(why, "another mount covers the group /cg/a");
    let hidden = "1 0 0:1 / /cg rw - cgroup2 none rw\n2 1 0:2 / /cg rw - tmpfs none rw";
    let (folders, _) = seen("cpu", ("0::/a", hidden), &there);
    assert!(folders.is_empty());
}

#[test]
fn a_hierarchy_that_is_not_mounted_is_named() {
    let (folders, why) = seen(
        "cpu",
        ("1:cpu:/half\n0::/u", "1 0 0:1 / / rw - ext4 a rw"),
        &[],
    );
    assert!(folders.is_empty());
    assert_eq!(
        why,
        "no cgroup file system with this controller is mounted here, and the process is in group \
         /half"
    );
    let named = "1 0 0:1 / /cg rw - cgroup none rw,name=cpu";
    let (folders, _) = seen("cpu", ("1:cpu:/half", named), &["/cg/half/x"]);
    assert!(folders.is_empty());
}

#[test]
fn a_group_that_has_been_removed_is_not_looked_for() {
    let mounts = "1 0 0:1 / /cg rw - cgroup2 none rw";
    let there = ["/cg/cgroup.procs", "/cg/a/cgroup.events"];
    let (folders, why) = seen("cpu", ("0::/a/b (deleted)", mounts), &there);
    assert_eq!(folders, ["/cg/a", "/cg"]);
    assert_eq!(why, "its group /a/b has been removed");
    // A group may have such a name.
    let there = [there[0], there[1], "/cg/a/b (deleted)/cgroup.events"];
    let (folders, why) = seen("cpu", ("0::/a/b (deleted)", mounts), &there);
    assert_eq!((folders.len(), why.as_str()), (3, ""));
}

#[test]
fn the_root_of_the_first_namespace_needs_no_mount() {
    let (folder, system) = machine(&[("/proc/self/cgroup", "1:cpu:/\n0::/u")]);
    let namespace = system.locate("/proc/self/ns");
    std::fs::create_dir(&namespace).unwrap();
    let link = |text: &str| {
        let _ = std::fs::remove_file(namespace.join("cgroup"));
        std::os::unix::fs::symlink(text, namespace.join("cgroup")).unwrap();
        told(&Groups::governing(&system, "cpu"), folder.path())
    };
    assert_eq!(link("cgroup:[4026531835]"), (Vec::new(), String::new()));
    assert!(link("cgroup:[4026532444]").1.contains("is mounted here"));
}

#[test]
fn a_kernel_that_tells_no_groups_leaves_them_unknown_and_one_without_has_none() {
    let (folder, system) = machine(&[]);
    let (_, why) = told(&Groups::governing(&system, "cpu"), folder.path());
    assert!(
        why.starts_with("/proc/self/cgroup cannot be read: "),
        "{why}"
    );
    assert_eq!(seen("cpu", ("4:memory:/m", ""), &[]).1, "");
}

/// A container's own mounts are looked through below its root.
#[test]
fn another_process_is_seen_through_its_mounts_where_ours_do_not_show_it() {
    let (folder, system) = machine(&[
        (
            "/proc/self/mountinfo",
            "1 0 0:1 /ours /cg rw - cgroup none rw,cpu",
        ),
        ("/cg/x", ""),
        ("/proc/7/cgroup", "1:cpu:/box"),
        (
            "/proc/7/mountinfo",
            "9 0 0:1 /box /cg rw - cgroup none rw,cpu",
        ),
        ("/proc/7/root/cg/cpu.stat", ""),
    ]);
    let system = system.with_process(7);
    let (folders, why) = told(&Groups::governing(&system, "cpu"), folder.path());
    assert_eq!(folders, ["/proc/7/root/cg"]);
    assert_eq!(why, "groups around /proc/7/root/cg are hidden from here");
}

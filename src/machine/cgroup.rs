//! Which control groups is this process in, and what do they say?
//!
//! A limit of any group on the way to the root of the hierarchy binds, so every question is asked of
//! all of them. The root itself may lie outside of what a container sees; what is seen is walked.
//
// --- Implementation ---
// Source: cgroups(7); Linux, Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst; proc(5) for the
// fields of /proc/self/mountinfo.

use std::path::{Component, Path, PathBuf};

use super::System;

/// The two generations of control groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    V1,
    V2,
}

/// A group and its ancestors in one hierarchy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ancestry {
    pub(super) version: Version,
    /// Folders of the groups, innermost first.
    pub(super) folders: Vec<PathBuf>,
}

/// Where this process stands in every hierarchy that governs `controller`: its v1 hierarchy if it
/// has one, and the v2 hierarchy.
pub(super) fn ancestries(system: &System, controller: &str) -> Vec<Ancestry> {
    let groups = system.text("/proc/self/cgroup").unwrap_or_default();
    let mounts = system.text("/proc/self/mountinfo").unwrap_or_default();
    let find = |version| {
        let group = group(&groups, version, controller)?;
        let folders = folders(&mounts, version, controller, group)?;
        Some(Ancestry { version, folders })
    };
    [Version::V1, Version::V2]
        .into_iter()
        .filter_map(find)
        .collect()
}

/// The path of this process's group: `4:cpu,cpuacct:/a/b` (v1) or `0::/a/b` (v2).
fn group<'a>(groups: &'a str, version: Version, controller: &str) -> Option<&'a str> {
    groups.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':');
        let (id, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
        let ours = match version {
            Version::V1 => controllers.split(',').any(|name| name == controller),
            Version::V2 => id == "0" && controllers.is_empty(),
        };
        ours.then_some(path)
    })
}

/// Folders of `group` and its ancestors as far as a mount shows them.
fn folders(mounts: &str, version: Version, controller: &str, group: &str) -> Option<Vec<PathBuf>> {
    let mounts = mounts.lines().filter_map(Mount::read);
    let ours = mounts.filter(|mount| match version {
        Version::V1 => mount.kind == "cgroup" && mount.options.split(',').any(|o| o == controller),
        Version::V2 => mount.kind == "cgroup2",
    });
    // The same hierarchy may be mounted twice: the one that shows the group, and the most of it.
    let shown = ours.map(|mount| (mount.below(group), mount));
    let (below, mount) =
        shown.min_by_key(|(below, mount)| (below.is_none(), mount.root.components().count()))?;
    // A mount that does not show the group at all is a container's own view: its root is the group.
    let below = below.unwrap_or_default();
    let folder = |step: &Path| match step.as_os_str().is_empty() {
        true => mount.point.clone(), // joined, it would end in a slash
        false => mount.point.join(step),
    };
    let steps = below.ancestors().map(folder);
    Some(steps.collect())
}

/// One line of `/proc/self/mountinfo`.
struct Mount<'a> {
    root: PathBuf,
    point: PathBuf,
    kind: &'a str,
    options: &'a str,
}

impl<'a> Mount<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let (before, after) = line.split_once(" - ")?;
        let mut before = before.split(' ').skip(3);
        let (root, point) = (before.next()?, before.next()?);
        let mut after = after.split(' ');
        let (kind, _source, options) = (after.next()?, after.next()?, after.next()?);
        let (root, point) = (
            PathBuf::from(unescape(root)),
            PathBuf::from(unescape(point)),
        );
        Some(Self {
            root,
            point,
            kind,
            options,
        })
    }

    /// Path of `group` below the mount point; `None` if the mount does not show it.
    fn below(&self, group: &str) -> Option<PathBuf> {
        let below = Path::new(group).strip_prefix(&self.root).ok()?;
        let outside = below.components().any(|part| part == Component::ParentDir);
        (!outside).then(|| below.to_owned())
    }
}

/// Undoes mountinfo's octal escapes of blank, tab, newline and backslash.
fn unescape(text: &str) -> String {
    const ESCAPES: [(&str, &str); 4] = [
        ("\\040", " "),
        ("\\011", "\t"),
        ("\\012", "\n"),
        ("\\134", "\\"),
    ];
    ESCAPES
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HYBRID: &str = "\
32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct
34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:3 - cgroup2 cgroup2 rw";

    fn texts(mounts: &str, version: Version, controller: &str, group: &str) -> Vec<String> {
        let folders = folders(mounts, version, controller, group).unwrap();
        folders
            .iter()
            .map(|folder| folder.display().to_string())
            .collect()
    }

    #[test]
    fn a_process_has_one_group_per_v1_controller_and_one_of_v2() {
        let text = "4:memory:/m\n3:cpu,cpuacct:/a:b\n0::/u";
        assert_eq!(group(text, Version::V1, "cpu"), Some("/a:b"));
        assert_eq!(group(text, Version::V1, "cpuset"), None);
        assert_eq!(group(text, Version::V2, "cpu"), Some("/u"));
    }

    #[test]
    fn every_ancestor_up_to_the_mount_point_is_walked() {
        let found = texts(HYBRID, Version::V1, "cpu", "/a/b");
        assert_eq!(found.len(), 3);
        assert_eq!(found[0], "/sys/fs/cgroup/cpu/a/b");
        assert_eq!(found[2], "/sys/fs/cgroup/cpu");
        assert_eq!(
            texts(HYBRID, Version::V2, "cpu", "/u")[0],
            "/sys/fs/cgroup/unified/u"
        );
    }

    #[test]
    fn a_container_without_a_namespace_sees_its_group_at_the_mount_point() {
        let mounts = "1 0 0:1 /docker/ab /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu";
        let found = texts(mounts, Version::V1, "cpu", "/docker/ab/inner");
        assert_eq!(found[0], "/sys/fs/cgroup/cpu/inner");
        assert_eq!(found.len(), 2);
        assert_eq!(texts(mounts, Version::V1, "cpu", "/elsewhere").len(), 1);
        assert_eq!(texts(mounts, Version::V1, "cpu", "/../other").len(), 1);
    }

    #[test]
    fn of_two_mounts_the_one_that_shows_more_is_taken() {
        let mounts = "1 0 0:1 /a /inner rw - cgroup2 none rw\n2 0 0:1 / /all\\040groups rw - cgroup2 none rw";
        assert_eq!(
            texts(mounts, Version::V2, "cpu", "/a/b")[0],
            "/all groups/a/b"
        );
    }
}

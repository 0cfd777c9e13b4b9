//! Which mount shows a path?
//!
//! A later mount may cover an earlier one, or a part of it, so a path below a mount point need not
//! lead into that mount.
//
// --- Implementation ---
// Source: proc(5), /proc/pid/mountinfo; Linux, Documentation/filesystems/sharedsubtree.rst for the
// tree that the numbers of mounts and their parents make.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use bstr::ByteSlice;

use super::kernel_text::{lines, number, unescape};

/// One mount of a mount namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mount {
    id: u64,
    parent: u64,
    /// What of its file system it shows.
    pub(super) root: PathBuf,
    /// Where it shows it.
    pub(super) point: PathBuf,
    /// Type of the file system.
    pub(super) kind: Vec<u8>,
    options: Vec<u8>,
}

impl Mount {
    /// Reads one line of `/proc/pid/mountinfo`.
    fn read(line: &[u8]) -> Option<Self> {
        let (before, after) = line.split_once_str(" - ")?;
        let mut before = before.split_str(" ");
        let (id, parent) = (number(before.next()?)?, number(before.next()?)?);
        let (root, point) = (before.nth(1)?, before.next()?);
        let mut after = after.split_str(" ");
        let (kind, _source, options) = (after.next()?, after.next()?, after.next()?);
        Some(Self {
            id,
            parent,
            root: path(root),
            point: path(point),
            kind: kind.to_vec(),
            options: options.to_vec(),
        })
    }

    /// Whether the file system was mounted with the option `name`.
    pub(super) fn has(&self, name: &str) -> bool {
        let mut options = self.options.split_str(",");
        options.any(|option| option == name.as_bytes())
    }
}

fn path(escaped: &[u8]) -> PathBuf {
    OsString::from_vec(unescape(escaped)).into()
}

/// The mounts of one mount namespace, in the order of their numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mounts(Vec<Mount>);

impl Mounts {
    /// Reads `/proc/pid/mountinfo`; a line without its fields is left out.
    pub(super) fn read(mountinfo: &[u8]) -> Self {
        Self(lines(mountinfo).filter_map(Mount::read).collect())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Mount> {
        self.0.iter()
    }

    /// The mount that a look-up of `path` ends in.
    pub(super) fn showing(&self, path: &Path) -> Option<&Mount> {
        let mut now = None;
        // Each step goes one mount further in, so there are no more steps than mounts.
        for _ in 0..self.0.len() {
            let further = self.0.iter().filter(|mount| self.is_inside(mount, now));
            let on_the_way = further.filter(|mount| path.starts_with(&mount.point));
            match on_the_way.min_by_key(|mount| mount.point.components().count()) {
                Some(mount) => now = Some(mount),
                None => break,
            }
        }
        now
    }

    /// Whether `mount` is mounted on a path in `outer`; without one, on what is not listed, as the
    /// parent of the outermost is.
    fn is_inside(&self, mount: &Mount, outer: Option<&Mount>) -> bool {
        match outer {
            Some(outer) => mount.parent == outer.id && mount.id != outer.id,
            None => {
                let is_parent = |other: &Mount| other.id == mount.parent && other.id != mount.id;
                !self.0.iter().any(is_parent)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(mountinfo: &str, path: &str) -> Option<u64> {
        let mounts = Mounts::read(mountinfo.as_bytes());
        mounts.showing(Path::new(path)).map(|mount| mount.id)
    }

    #[test]
    fn a_line_has_its_fields_whatever_stands_between_them() {
        let line = b"36 35 98:0 /a\\040b /mnt/caf\xe9 rw,noatime shared:1 master:2 - cgroup none rw,cpu,name=x";
        let mounts = Mounts::read(line);
        let mount = mounts.iter().next().unwrap();
        assert_eq!(mount.root, Path::new("/a b"));
        assert_eq!(mount.point.as_os_str().as_encoded_bytes(), b"/mnt/caf\xe9");
        assert!(mount.has("cpu") && mount.has("name=x") && !mount.has("cp"));
    }

    #[test]
    fn a_line_that_is_none_hides_no_other() {
        let mounts = "nonsense\n1 0 0:1 / / rw - tmpfs none rw\n\n2 1 0:2 / /a rw - tmpfs none";
        assert_eq!(Mounts::read(mounts.as_bytes()).iter().count(), 1);
    }

    /// 3 lies on 2 at the same point, 4 on a folder of 1 that 2 covers: nobody gets there.
    #[test]
    fn the_last_mount_of_a_point_shows_it_and_what_it_covers_is_not_shown() {
        let mounts = "\
1 0 0:1 / / rw - ext4 a rw
2 1 0:2 / /sys/fs rw - tmpfs b rw
3 2 0:3 / /sys/fs rw - tmpfs c rw
4 1 0:4 / /sys/fs/cgroup rw - cgroup2 d rw";
        assert_eq!(shown(mounts, "/sys/fs"), Some(3));
        assert_eq!(shown(mounts, "/sys/fs/cgroup/a"), Some(3));
        assert_eq!(shown(mounts, "/sys"), Some(1));
    }

    /// In a changed root only mounts below it are listed, and not what they are mounted on.
    #[test]
    fn a_mount_whose_parent_is_not_listed_is_an_outermost_one() {
        let mounts = "7 99 0:1 / /proc rw - proc a rw\n8 99 0:2 / /sys rw - sysfs b rw";
        assert_eq!(shown(mounts, "/sys/fs"), Some(8));
        assert_eq!(shown(mounts, "/etc"), None);
        assert_eq!(shown("1 1 0:1 / / rw - rootfs a rw", "/etc"), Some(1));
    }
}

//! Which control groups is a process in, and which of them can be seen?
//!
//! A limit of any group on the way to the root of the hierarchy binds, so every question is asked of
//! all of them. Some may be out of sight: the hierarchy is not mounted here, the process is in
//! another namespace, a container shows only its own group. [`Groups`] keeps apart what was seen and
//! why there may be more; no other group ever stands in for one that is not seen.
//
// --- Implementation ---
// Source: cgroups(7); Linux, Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst.

mod sight;
mod unseen;

use std::io;
use std::path::{Path, PathBuf};

use bstr::ByteSlice;

use super::System;
use super::kernel_text::lines;
use sight::Sight;
pub(super) use unseen::Unseen;

/// A hierarchy of control groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hierarchy<'a> {
    /// That of version 1 with this controller.
    V1(&'a str),
    /// The one of version 2.
    V2,
}

/// A process's group and its ancestors in one hierarchy.
#[derive(Debug)]
pub(super) struct Groups<'a> {
    pub(super) hierarchy: Hierarchy<'a>,
    /// The folder of each group, innermost first, or why it is not seen.
    steps: Vec<Result<PathBuf, Unseen>>,
    /// Why the root of the hierarchy was not reached.
    above: Option<Unseen>,
}

/// What the groups of a process say of one resource: a limit, if there is an entry in `set`; none, if
/// `set` is empty and nothing is unseen; else it is unknown. A limit beside something unseen need not
/// be the tightest.
#[derive(Debug)]
pub(super) struct Told<T> {
    /// What each group sets that sets anything, innermost first.
    pub(super) set: Vec<(PathBuf, T)>,
    /// Why there may be more.
    pub(super) unseen: Option<Unseen>,
}

/// What one group says: `Ok(None)` if it sets nothing.
pub(super) type Says<T> = Result<Option<T>, Unseen>;

impl<'a> Groups<'a> {
    /// The groups of the process of `system` in the hierarchy that governs `controller`: the one of
    /// version 1 that has it, else that of version 2.
    pub(super) fn governing(system: &System, controller: &'a str) -> Self {
        Self::in_first_of(&[Hierarchy::V1(controller), Hierarchy::V2], system)
    }

    /// The groups in the hierarchy of version 2.
    pub(super) fn unified(system: &System) -> Self {
        Self::in_first_of(&[Hierarchy::V2], system)
    }

    fn in_first_of(hierarchies: &[Hierarchy<'a>], system: &System) -> Self {
        let nowhere = |above| Self {
            hierarchy: Hierarchy::V2,
            steps: Vec::new(),
            above,
        };
        let file = Path::new("/proc/self/cgroup");
        let text = match system.bytes(file) {
            Ok(text) => text,
            Err(error) => return nowhere(Some(Unseen::unreadable(&system.locate(file), &error))),
        };
        let member = |of: &Hierarchy<'a>| Some((*of, group(&text, *of)?));
        match hierarchies.iter().find_map(member) {
            Some((hierarchy, group)) => Sight::of(system, hierarchy).groups(group),
            // No hierarchy has the controller: the kernel was built or started without it.
            None => nowhere(None),
        }
    }

    /// The folders of the groups that are seen, innermost first.
    pub(super) fn folders(&self) -> impl Iterator<Item = &Path> {
        self.steps.iter().filter_map(|step| step.as_deref().ok())
    }

    /// The folder of the process's own group, if that is seen.
    pub(super) fn own(&self) -> Option<&Path> {
        self.steps.first()?.as_deref().ok()
    }

    /// The folder of the group around its own, if that is seen.
    pub(super) fn parent(&self) -> Option<&Path> {
        self.steps.get(1)?.as_deref().ok()
    }

    /// What every group says when asked by `say`.
    pub(super) fn ask<T>(&self, say: impl Fn(&Path) -> Says<T>) -> Told<T> {
        let (mut set, mut unseen) = (Vec::new(), None);
        for step in &self.steps {
            let said = step.clone().and_then(|folder| {
                let limit = say(&folder)?;
                Ok(limit.map(|limit| (folder, limit)))
            });
            match said {
                Ok(limit) => set.extend(limit),
                // The innermost explains most: the group itself, not what is around it.
                Err(why) => unseen = unseen.or(Some(why)),
            }
        }
        Told {
            set,
            unseen: unseen.or_else(|| self.above.clone()),
        }
    }
}

/// The contents of the file `name` of the group at `folder`. `Ok(None)` if the group has none: its
/// controller is off, or the kernel does not know this limit.
pub(super) fn read(system: &System, folder: &Path, name: &str) -> Says<Vec<u8>> {
    let file = folder.join(name);
    match system.bytes(&file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Unseen::unreadable(&file, &error)),
    }
}

/// The group of a process, of a line such as `4:cpu,cpuacct:/a/b` or `0::/a/b`.
fn group<'a>(memberships: &'a [u8], hierarchy: Hierarchy<'_>) -> Option<&'a [u8]> {
    lines(memberships).find_map(|line| {
        let mut fields = line.splitn_str(3, ":");
        let (id, controllers, group) = (fields.next()?, fields.next()?, fields.next()?);
        let ours = match hierarchy {
            Hierarchy::V1(name) => controllers.split_str(",").any(|c| c == name.as_bytes()),
            Hierarchy::V2 => id == b"0" && controllers.is_empty(),
        };
        ours.then_some(group)
    })
}

#[cfg(test)]
mod tests;

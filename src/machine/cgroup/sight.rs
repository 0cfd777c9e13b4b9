//! Where do the groups of a hierarchy lie among the mounts?
//!
//! A *place* is a group as the kernel names it: some steps up from the root of the reader's cgroup
//! namespace, then names down. A mount shows the group at its root and those below. So a group
//! is found by its names, in whichever mount shows it, or it is not found.
//
// --- Implementation ---
// Source: cgroup_namespaces(7); Linux, kernel/cgroup/cgroup.c: `proc_cgroup_show` and
// `cgroup_show_path` both count from the cgroup namespace of whoever reads, so that the groups and
// mounts of any process compare with ours.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path, PathBuf};
use std::{fmt, fs};

use super::{Groups, Hierarchy, Unseen};
use crate::machine::System;
use crate::machine::mounts::{Mount, Mounts};

/// The first cgroup namespace, whose root is the root of every hierarchy.
// Source: Linux, include/linux/proc_ns.h, PROC_CGROUP_INIT_INO (since 6.18 in uapi/linux/nsfs.h).
const FIRST_NAMESPACE: &str = "cgroup:[4026531835]";

/// What version 2 appends to the name of a group that has been removed.
const REMOVED: &[u8] = b" (deleted)";

/// One hierarchy as it can be looked at.
pub(super) struct Sight<'s, 'a> {
    system: &'s System,
    hierarchy: Hierarchy<'a>,
    /// The reader's own mounts, then those of the process in question.
    views: Vec<View>,
    first_namespace: bool,
}

/// The mounts of one mount namespace, and the folder below which its paths are found.
struct View {
    root: PathBuf,
    mounts: Mounts,
}

impl<'s, 'a> Sight<'s, 'a> {
    pub(super) fn of(system: &'s System, hierarchy: Hierarchy<'a>) -> Self {
        let reader = system.of_reader();
        // Where it cannot be read there is no mount to look through.
        let mounts = |system: &System| system.bytes("/proc/self/mountinfo").unwrap_or_default();
        let own = mounts(&reader);
        let mut views = vec![View {
            root: PathBuf::from("/"),
            mounts: Mounts::read(&own),
        }];
        let others = system.process().map(|pid| (pid, mounts(system)));
        if let Some((pid, others)) = others.filter(|(_, others)| *others != own) {
            views.push(View {
                root: PathBuf::from(format!("/proc/{pid}/root")),
                mounts: Mounts::read(&others),
            });
        }
        let namespace = fs::read_link(reader.locate("/proc/self/ns/cgroup"));
        Self {
            system,
            hierarchy,
            views,
            first_namespace: namespace.is_ok_and(|link| link == Path::new(FIRST_NAMESPACE)),
        }
    }

    /// `group`, as the kernel names it, and every group around it.
    pub(super) fn groups(&self, group: &[u8]) -> Groups<'a> {
        let mut place = Place::read(group);
        let mut steps = Vec::new();
        let removed = group.strip_suffix(REMOVED).map(Place::read);
        if let Some(gone) = removed.filter(|_| self.folder_of(&place).is_err()) {
            let group = gone.to_string();
            steps.push(Err(Unseen::Removed { group }));
            place = gone.outward();
        }
        let above = loop {
            let folder = self.folder_of(&place);
            let root = self.is_root(&place, folder.as_deref().ok());
            match folder {
                // The root sets no limits, so nothing is missed where it is not shown.
                Err(_) if root => {}
                Err(Unseen::Outside { .. }) if outermost(&steps).is_some() => {
                    steps.extend(outermost(&steps).map(Err));
                }
                folder => steps.push(folder),
            }
            if root {
                break None;
            }
            place = place.outward();
            if place.down.as_os_str().is_empty() && place.up > self.highest() {
                break outermost(&steps);
            }
        };
        Groups {
            hierarchy: self.hierarchy,
            steps,
            above,
        }
    }

    /// The mounts of this hierarchy in `view`.
    fn ours<'v>(&self, view: &'v View) -> impl Iterator<Item = &'v Mount> {
        view.mounts.iter().filter(|mount| match self.hierarchy {
            Hierarchy::V1(name) => mount.kind == b"cgroup" && mount.has(name),
            Hierarchy::V2 => mount.kind == b"cgroup2",
        })
    }

    /// Steps from the root of the namespace up to the outermost group that a mount shows.
    fn highest(&self) -> usize {
        let mounts = self.views.iter().flat_map(|view| self.ours(view));
        let steps = mounts.map(|mount| Place::of(&mount.root).up);
        steps.max().unwrap_or(0)
    }

    /// The folder of the group at `place`.
    fn folder_of(&self, place: &Place) -> Result<PathBuf, Unseen> {
        let mut why = None;
        for view in &self.views {
            for mount in self.ours(view) {
                match self.through(view, mount, place) {
                    Ok(folder) => return Ok(folder),
                    // A mount that should show it explains more than one that cannot.
                    Err(reason) => match why {
                        None | Some(Unseen::Outside { .. }) => why = Some(reason),
                        Some(_) => {}
                    },
                }
            }
        }
        Err(why.unwrap_or_else(|| Unseen::NotMounted {
            hierarchy: match self.hierarchy {
                Hierarchy::V1(_) => " with this controller",
                Hierarchy::V2 => " of version 2",
            },
            group: place.to_string(),
        }))
    }

    /// The folder of the group at `place` if `mount` shows it.
    fn through(&self, view: &View, mount: &Mount, place: &Place) -> Result<PathBuf, Unseen> {
        let located = |path: &Path| view.root.join(path.strip_prefix("/").unwrap_or(path));
        let point = located(&mount.point);
        let shown = Place::of(&mount.root);
        let Some(below) = place.below(&shown) else {
            return Err(match place.is_somewhere_below(&shown) {
                true => Unseen::Unnamed { point },
                false => Unseen::Outside {
                    group: place.to_string(),
                    point,
                },
            });
        };
        let path = joined(&mount.point, below);
        let folder = joined(&point, below);
        if view.mounts.showing(&path) != Some(mount) {
            return Err(Unseen::Covered(folder));
        }
        match fs::metadata(self.system.locate(&folder)) {
            Ok(_) => Ok(folder),
            Err(error) => Err(Unseen::unreadable(&folder, &error)),
        }
    }

    /// Whether the group at `place`, seen at `folder`, is the root of the hierarchy.
    ///
    /// Of version 1 only the root has a `release_agent`, of version 2 all but the root have
    /// `cgroup.events`.
    //
    // Source: Linux, kernel/cgroup/cgroup-v1.c and cgroup.c, CFTYPE_ONLY_ON_ROOT, CFTYPE_NOT_ON_ROOT.
    fn is_root(&self, place: &Place, folder: Option<&Path>) -> bool {
        let has = |file| folder.is_some_and(|f| self.system.locate(f.join(file)).exists());
        let by_its_files = match self.hierarchy {
            Hierarchy::V1(_) => has("release_agent"),
            Hierarchy::V2 => has("cgroup.procs") && !has("cgroup.events"),
        };
        by_its_files || (self.first_namespace && *place == Place::default())
    }
}

/// Why nothing is seen beyond `steps`: the last of them that is seen is the outermost shown.
fn outermost(steps: &[Result<PathBuf, Unseen>]) -> Option<Unseen> {
    let folder = steps.iter().rev().find_map(|step| step.as_ref().ok());
    folder.cloned().map(Unseen::Above)
}

/// `below` in `folder`, without a slash behind it where `below` is empty.
fn joined(folder: &Path, below: &Path) -> PathBuf {
    folder.components().chain(below.components()).collect()
}

/// Where a group lies, from the root of the reader's cgroup namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Place {
    /// So many groups up,
    up: usize,
    /// and down by these names.
    down: PathBuf,
}

impl Place {
    fn read(group: &[u8]) -> Self {
        Self::of(Path::new(&OsString::from_vec(group.to_vec())))
    }

    fn of(path: &Path) -> Self {
        let up = |part: &Component<'_>| *part == Component::ParentDir;
        let name = |part: &Component<'_>| matches!(part, Component::Normal(_));
        Self {
            up: path.components().filter(up).count(),
            down: path.components().filter(name).collect(),
        }
    }

    /// The group around this one.
    fn outward(mut self) -> Self {
        if !self.down.pop() {
            self.up += 1;
        }
        self
    }

    /// The names from `outer` to this group, where they are known.
    fn below(&self, outer: &Self) -> Option<&Path> {
        let below = self.down.strip_prefix(&outer.down).ok()?;
        (self.up == outer.up).then_some(below)
    }

    /// Whether this group is below `outer` by names that the namespace hides.
    fn is_somewhere_below(&self, outer: &Self) -> bool {
        self.up < outer.up && outer.down.as_os_str().is_empty()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&"/..".repeat(self.up))?;
        match self.up > 0 && self.down.as_os_str().is_empty() {
            true => Ok(()),
            false => write!(f, "/{}", self.down.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::iter;

    use proptest::prelude::*;

    use super::*;
    use crate::machine::system::tests::{machine, write};

    /// Every group of two names and three levels, wherever it is mounted.
    fn folders() -> Vec<String> {
        let deeper = |folders: &Vec<String>| {
            let named = |folder: &String| ["a", "b"].map(|name| format!("{folder}/{name}"));
            Some(folders.iter().flat_map(named).collect::<Vec<String>>())
        };
        let levels = iter::successors(Some(vec![String::new()]), deeper);
        levels.take(7).flatten().collect()
    }

    /// A folder is seen through a mount that shows the process's own group there, or one around it.
    #[test]
    fn only_the_group_itself_and_those_around_it_are_seen() {
        const GROUP: &str = r"(/\.\.){0,2}(/[ab]){0,3}";
        const MOUNTS: &str = r"([1-4] [0-3] 0:1 (/|(/\.\.){1,2}|(/\.\.){0,2}(/[ab]){1,3}) (/|(/[ab]){1,3}) rw - (cgroup2|tmpfs) x rw\n){0,4}";
        let (_folder, system) = machine(&[]);
        for folder in folders() {
            fs::create_dir_all(system.locate(format!("/{folder}"))).unwrap();
        }
        proptest!(|(group in GROUP, mountinfo in MOUNTS)| {
            write(&system, "/proc/self/mountinfo", mountinfo.as_bytes());
            let sight = Sight::of(&system, Hierarchy::V2);
            let own = Some(Place::read(group.as_bytes()));
            let outward = |place: &Place| Some(place.clone().outward());
            let around: Vec<Place> = iter::successors(own, outward).take(8).collect();
            let mounts = &sight.views[0].mounts;
            for folder in sight.groups(group.as_bytes()).folders() {
                let mount = mounts.showing(folder).unwrap();
                let below = folder.strip_prefix(&mount.point).unwrap();
                let shown = Place::of(&mount.root.join(below));
                prop_assert!(around.contains(&shown), "{} is {shown}", folder.display());
                prop_assert_eq!(&mount.kind[..], b"cgroup2");
            }
        });
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(Place::read(&text).up <= text.len());
            prop_assert!(Mounts::read(&text).iter().count() <= text.len());
        }
    }
}

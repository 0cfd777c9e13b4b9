//! How are the PUs of a machine grouped?
//!
//! An immutable tree of objects in hwloc's vocabulary, and the questions asked of it. Nothing here
//! knows who described the machine, or what this process may use of it (see [`super::CpuBudget`]).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{CpuSet, PuId};
use crate::serde_as_text;
use crate::text::ParseError;

/// What an object of the topology is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectKind {
    /// The whole machine.
    Machine,
    /// What goes into one socket.
    Package,
    /// A part of a package with cores of its own.
    Die,
    /// A grouping without a name of its own.
    Group,
    /// Memory and the PUs that are local to it.
    NumaNode,
    /// A data or unified cache of the given level (1 = closest to the core).
    Cache(u8),
    /// An execution core: one or several PUs.
    Core,
    /// One hardware thread.
    Pu,
}

/// One object: a set of PUs with a name, perhaps a size, and the objects inside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// What it is.
    pub kind: ObjectKind,
    /// The operating system's index, where it has one (always for a PU).
    pub os_index: Option<u32>,
    /// The PUs in it, or local to it.
    pub cpuset: CpuSet,
    /// Capacity of a cache or of a NUMA node's memory [bytes]; `None` where not known.
    pub bytes: Option<u64>,
    /// The objects directly inside. NUMA nodes are leaves beside the cores they are local to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Object>,
}

/// A grouping of PUs to which threads can be bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Each PU alone.
    Pu,
    /// The PUs of one core.
    Core,
    /// The PUs local to one NUMA node.
    NumaNode,
    /// The PUs of one package.
    Package,
}

impl Level {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Pu, "pu"),
        (Self::Core, "core"),
        (Self::NumaNode, "numa"),
        (Self::Package, "package"),
    ];
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (_, name) = Self::ALL
            .iter()
            .find(|(level, _)| level == self)
            .expect("ALL holds every level");
        f.write_str(name)
    }
}

impl FromStr for Level {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::ALL
            .iter()
            .find(|(_, name)| *name == text)
            .map(|(level, _)| *level)
            .ok_or_else(|| ParseError::new("level", text, "pu, core, numa or package"))
    }
}

serde_as_text!(Level);

/// The PUs of a machine and how they are grouped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topology {
    /// The machine object; everything else is inside it.
    pub root: Object,
    /// Kinds of core of a hybrid machine, least efficient (fastest) last; empty or one when all
    /// cores are alike or nobody tells.
    #[serde(default)]
    pub core_kinds: Vec<CpuSet>,
}

impl Topology {
    /// All objects of a kind, in topology order.
    pub fn objects(&self, kind: ObjectKind) -> Vec<&Object> {
        let mut found = Vec::new();
        collect(&self.root, kind, &mut found);
        found
    }

    /// Number of objects of a kind.
    pub fn count(&self, kind: ObjectKind) -> usize {
        self.objects(kind).len()
    }

    /// All PUs.
    pub fn pus(&self) -> &CpuSet {
        &self.root.cpuset
    }

    /// PU numbers in topology order: neighbours in the list share the most.
    pub fn pu_order(&self) -> Vec<PuId> {
        self.objects(ObjectKind::Pu)
            .iter()
            .filter_map(|pu| pu.os_index)
            .map(PuId)
            .collect()
    }

    /// Number of cores that have at least one PU of `allowed`.
    pub fn cores_of(&self, allowed: &CpuSet) -> usize {
        self.places(Level::Core, allowed).len()
    }

    /// The cpusets of the objects of `level`, cut to `allowed`, in topology order; objects without
    /// an allowed PU are left out. A machine that does not know the level is one place.
    pub fn places(&self, level: Level, allowed: &CpuSet) -> Vec<CpuSet> {
        let kind = match level {
            Level::Pu => ObjectKind::Pu,
            Level::Core => ObjectKind::Core,
            Level::NumaNode => ObjectKind::NumaNode,
            Level::Package => ObjectKind::Package,
        };
        let places: Vec<CpuSet> = self
            .objects(kind)
            .iter()
            .map(|object| object.cpuset.intersection(allowed))
            .filter(|place| !place.is_empty())
            .collect();
        if places.is_empty() {
            vec![self.pus().intersection(allowed)]
        } else {
            places
        }
    }
}

fn collect<'a>(object: &'a Object, kind: ObjectKind, found: &mut Vec<&'a Object>) {
    if object.kind == kind {
        found.push(object);
    }
    for child in &object.children {
        collect(child, kind, found);
    }
}

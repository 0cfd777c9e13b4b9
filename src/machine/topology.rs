//! How are the PUs of a machine grouped?
//!
//! An immutable tree of objects in hwloc's vocabulary, and the questions asked of it. It is the same
//! whoever described the machine: hwloc and the kernel this one ([`Topology::discover`]), a line of
//! text ([`Topology::synthetic`]) or a file written by lstopo ([`Topology::from_lstopo_xml`]) another.
//! What this process may use of it is [`super::CpuBudget`].

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{CoreKind, CpuSet, Object, ObjectKind, PuId, core_kind};

/// A grouping of PUs to which threads can be bound.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::VariantArray,
    strum::IntoStaticStr,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Level {
    /// Each PU alone.
    Pu,
    /// The PUs of one core.
    Core,
    /// The PUs local to one NUMA node.
    #[strum(serialize = "numa")]
    NumaNode,
    /// The PUs of one package.
    Package,
}

crate::named!(Level, "level");

/// The PUs of a machine and how they are grouped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topology {
    /// The machine object; everything else is inside it.
    pub root: Object,
    /// Kinds of core of a hybrid machine, fastest last where their order is known; empty or one when
    /// all cores are alike or nobody tells.
    #[serde(default, deserialize_with = "core_kind::recorded")]
    pub core_kinds: Vec<CoreKind>,
    /// PUs that the description says may not be used. What this process may use of this machine is
    /// [`super::CpuBudget`].
    #[serde(default, skip_serializing_if = "CpuSet::is_empty")]
    pub disallowed: CpuSet,
    /// Numbers of the NUMA nodes that the description says may not be used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disallowed_nodes: Vec<u32>,
    /// PUs that the machine has but the description leaves out: offline or not allowed when it was
    /// written.
    #[serde(default, skip_serializing_if = "CpuSet::is_empty")]
    pub not_described: CpuSet,
}

impl Topology {
    /// The machine `root`, of which all may be used and all cores are alike.
    pub(super) fn of(root: Object) -> Self {
        Self {
            root,
            core_kinds: Vec::new(),
            disallowed: CpuSet::default(),
            disallowed_nodes: Vec::new(),
            not_described: CpuSet::default(),
        }
    }

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

    /// The PUs that may be used as far as the description says.
    pub fn allowed(&self) -> CpuSet {
        match self.disallowed.is_empty() {
            true => self.pus().clone(),
            false => self.pus().difference(&self.disallowed),
        }
    }

    /// Whether there are several kinds of core.
    pub fn is_hybrid(&self) -> bool {
        self.core_kinds.len() > 1
    }

    /// Which of [`Self::core_kinds`] the PUs of `cpuset` are, where there are several and all of
    /// them are of one.
    pub fn kind_of(&self, cpuset: &CpuSet) -> Option<usize> {
        let holds = |kind: &CoreKind| cpuset.is_subset(&kind.cpuset);
        let found = self.core_kinds.iter().position(holds)?;
        (self.is_hybrid() && !cpuset.is_empty()).then_some(found)
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
    /// an allowed PU, or with the same PUs as one before, are left out. A machine that does not know
    /// the level is one place.
    pub fn places(&self, level: Level, allowed: &CpuSet) -> Vec<CpuSet> {
        let kind = match level {
            Level::Pu => ObjectKind::Pu,
            Level::Core => ObjectKind::Core,
            Level::NumaNode => ObjectKind::NumaNode,
            Level::Package => ObjectKind::Package,
        };
        let mut seen = BTreeSet::new();
        let places: Vec<CpuSet> = self
            .objects(kind)
            .iter()
            .map(|object| object.cpuset.intersection(allowed))
            .filter(|place| !place.is_empty() && seen.insert(place.clone()))
            .collect();
        if places.is_empty() {
            vec![allowed.clone()]
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

#[cfg(test)]
mod tests {
    use super::*;

    /// 2 packages x 2 cores x 2 PUs: PUs 0-1 share core 0, ..., PUs 0-3 share package 0.
    fn eight_pus() -> Topology {
        Topology::synthetic("pack:2 core:2 pu:2").unwrap()
    }

    #[test]
    fn places_are_cut_to_the_allowed_pus_and_empty_ones_left_out() {
        let allowed = "1-2,7".parse().unwrap();
        let texts = |level| {
            let places = eight_pus().places(level, &allowed);
            places.iter().map(CpuSet::to_string).collect::<Vec<_>>()
        };
        assert_eq!(texts(Level::Pu), ["1", "2", "7"]);
        assert_eq!(texts(Level::Core), ["1", "2", "7"]);
        assert_eq!(texts(Level::Package), ["1-2", "7"]);
        assert_eq!(texts(Level::NumaNode), ["1-2,7"]);
    }

    #[test]
    fn two_memories_of_the_same_pus_are_one_place() {
        let machine = Topology::synthetic("pack:2 [numa] [numa] pu:2").unwrap();
        assert_eq!(machine.count(ObjectKind::NumaNode), 4);
        assert_eq!(machine.places(Level::NumaNode, machine.pus()).len(), 2);
    }

    #[test]
    fn this_machine_has_every_pu_in_one_place_of_each_level() {
        let machine = Topology::discover().unwrap();
        for level in [Level::Pu, Level::Core, Level::Package] {
            let places = machine.places(level, machine.pus());
            let total: usize = places.iter().map(CpuSet::len).sum();
            assert_eq!(total, machine.pus().len(), "{level}");
        }
        assert!(machine.count(ObjectKind::NumaNode) > 0);
    }
}

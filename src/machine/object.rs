//! What is a machine made of?
//
// --- Implementation ---
// The vocabulary is hwloc's.

use serde::{Deserialize, Serialize};

use super::CpuSet;

/// PUs that a described machine may have at most; larger ones are taken for typing errors.
pub(super) const MOST_PUS: usize = 65_536;

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

impl Object {
    /// Puts a NUMA node where hwloc would: into the outermost object below the root that has just
    /// the node's PUs, into the root if only the root has, and else into a new group of its PUs.
    pub(super) fn attach(&mut self, node: Object) {
        let holder = self.children.iter_mut().find(|child| {
            let holds = !matches!(child.kind, ObjectKind::NumaNode | ObjectKind::Pu);
            holds && node.cpuset.is_subset(&child.cpuset)
        });
        if let Some(holder) = holder.filter(|_| !node.cpuset.is_empty()) {
            if holder.cpuset == node.cpuset {
                holder.adopt(node);
            } else {
                holder.attach(node);
            }
            return;
        }
        let local = |child: &mut Object| {
            child.kind != ObjectKind::NumaNode && child.cpuset.is_subset(&node.cpuset)
        };
        let locals: Vec<Object> = match self.cpuset == node.cpuset {
            true => Vec::new(),
            false => self.children.extract_if(.., local).collect(),
        };
        if locals.is_empty() {
            self.adopt(node);
            return;
        }
        let cpuset = node.cpuset.clone();
        let kind = ObjectKind::Group;
        let children = std::iter::once(node).chain(locals).collect();
        self.children.push(Object {
            kind,
            os_index: None,
            cpuset,
            bytes: None,
            children,
        });
    }

    /// NUMA nodes stand before the other children, in the order in which they came.
    fn adopt(&mut self, node: Object) {
        let is_node = |child: &&Object| child.kind == ObjectKind::NumaNode;
        let nodes = self.children.iter().take_while(is_node).count();
        self.children.insert(nodes, node);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Topology;

    #[test]
    fn a_numa_node_that_no_object_matches_gets_a_group() {
        // PUs 0-1 share core 0, 2-3 core 1; PUs 0-3 share package 0, 4-7 package 1.
        let mut root = Topology::synthetic("pack:2 core:2 pu:2").unwrap().root;
        let mut node = Object {
            kind: ObjectKind::NumaNode,
            os_index: Some(1),
            cpuset: "4-5".parse().unwrap(),
            bytes: None,
            children: Vec::new(),
        };
        root.attach(node.clone());
        assert_eq!(root.children[2].children[0].children[0], node);
        node.cpuset = "0,2".parse().unwrap();
        root.attach(node.clone());
        assert!(
            root.children[1].children.contains(&node)
                || root.children[1].children[0].kind == ObjectKind::Group
        );
        node.cpuset = CpuSet::default();
        root.attach(node.clone());
        assert!(root.children.contains(&node));
    }
}

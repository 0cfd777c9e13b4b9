//! What is said of a machine, whether it is this one or another?

use serde_json::{Value, json};

use super::report::{JSON_VERSION, page, pair};
use crate::machine::{CoreKind, CpuSet, ObjectKind, Topology};
use crate::view::topology::counts;
use crate::view::tree;

/// Everything that is said of a machine that is not here.
pub(super) struct OtherMachine<'a> {
    pub(super) machine: &'a str,
    pub(super) topology: &'a Topology,
}

impl OtherMachine<'_> {
    const NOT_HERE: &'static str =
        "Budget, runtimes, kernel and probes are facts of this machine and left out.";

    pub(super) fn text(&self) -> String {
        let topology = self.topology;
        let mut machine = vec![
            pair("described by", self.machine),
            pair("objects", &counts(topology).join(", ")),
            pair("SMT", &smt(topology, topology.pus())),
            pair("kinds of core", &kinds(topology)),
        ];
        machine.extend(self.limits());
        let tree = tree::draw(topology, &topology.allowed());
        format!(
            "{}{}\n",
            page(&[("Machine", machine), ("Topology", tree)]),
            Self::NOT_HERE
        )
    }

    /// What of it may not be used, and what it has beside what is described.
    fn limits(&self) -> Vec<String> {
        let topology = self.topology;
        let mut lines = Vec::new();
        if !topology.disallowed.is_empty() {
            let (allowed, pus) = (topology.allowed(), topology.pus().len());
            let said = format!(
                "{} of {pus}: {allowed}; oversub simulate uses these",
                allowed.len()
            );
            lines.push(pair("allowed PUs", &said));
        }
        if !topology.disallowed_nodes.is_empty() {
            let nodes: Vec<String> = topology
                .disallowed_nodes
                .iter()
                .map(u32::to_string)
                .collect();
            lines.push(pair("NUMA nodes not allowed", &nodes.join(",")));
        }
        if !topology.not_described.is_empty() {
            let pus = &topology.not_described;
            let said = format!("{pus} (offline or not allowed when the file was written)");
            lines.push(pair("PUs not described", &said));
        }
        lines
    }

    pub(super) fn json(&self) -> anyhow::Result<String> {
        let report = json!({
            "format_version": JSON_VERSION,
            "machine": self.machine,
            "note": Self::NOT_HERE,
            "counts": counts_json(self.topology),
            "allowed": self.topology.allowed(),
            "topology": self.topology,
        });
        Ok(serde_json::to_string_pretty(&report)?)
    }
}

pub(super) fn counts_json(topology: &Topology) -> Value {
    json!({
        "packages": topology.count(ObjectKind::Package),
        "numa_nodes": topology.count(ObjectKind::NumaNode),
        "cores": topology.count(ObjectKind::Core),
        "pus": topology.count(ObjectKind::Pu),
    })
}

pub(super) fn smt(topology: &Topology, pus: &CpuSet) -> String {
    let cores = topology.objects(ObjectKind::Core);
    match cores
        .iter()
        .map(|core| core.cpuset.intersection(pus).len())
        .max()
    {
        None => "unknown (no cores described)".to_owned(),
        Some(0 | 1) => "off, or not there: one PU per core".to_owned(),
        Some(most) => format!("on: up to {most} PUs per core"),
    }
}

/// The kinds of core in words: which PUs, what they are called, and which are faster.
pub(super) fn kinds(topology: &Topology) -> String {
    let name = |kind: &CoreKind| match &kind.name {
        Some(name) => format!(" ({name})"),
        None => String::new(),
    };
    let words = |kind: &CoreKind| format!("{}{}", kind.cpuset, name(kind));
    let kinds = &topology.core_kinds;
    let ranked = kinds.iter().all(|kind| kind.rank.is_some());
    let listed = || kinds.iter().map(words).collect::<Vec<_>>().join("; ");
    match (&kinds[..], ranked) {
        ([] | [_], _) => "all alike, as far as known".to_owned(),
        ([efficient, fast], true) => {
            let (efficient, fast) = (words(efficient), words(fast));
            format!("efficiency: PUs {efficient}; performance: PUs {fast}")
        }
        (_, true) => format!("PUs, slowest kind first: {}", listed()),
        (_, false) => format!("PUs, not known which kind is faster: {}", listed()),
    }
}

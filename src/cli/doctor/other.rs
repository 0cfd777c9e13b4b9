//! What is said of a machine that is not here?

use serde_json::json;

use super::machine::{counts_json, kinds, smt};
use super::page::{page, pair};
use super::report::JSON_VERSION;
use crate::machine::Topology;
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

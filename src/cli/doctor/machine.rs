//! What is said of a machine, whether it is this one or another?

use serde_json::{Value, json};

use crate::machine::{CoreKind, CpuSet, ObjectKind, Topology};

/// How many objects there are of the kinds that scripts ask for.
pub(super) fn counts_json(topology: &Topology) -> Value {
    json!({
        "packages": topology.count(ObjectKind::Package),
        "numa_nodes": topology.count(ObjectKind::NumaNode),
        "cores": topology.count(ObjectKind::Core),
        "pus": topology.count(ObjectKind::Pu),
    })
}

/// How many PUs a core has.
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

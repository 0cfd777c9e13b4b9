//! What goes into a run's header?
//!
//! The one place that gathers the circumstances of a run: command line, environment, versions.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::preflight::missing_columns;
use crate::clock;
use crate::experiment::Plan;
use crate::host::{Probe, ProbeState, probes};
use crate::machine::{CpuBudget, HostFacts, Topology};
use crate::record::{FORMAT_VERSION, Ruler, RunHeader};

/// Prefixes of environment variables that steer thread pools or allocators, or that change what
/// hwloc sees.
const STEERING: [&str; 20] = [
    "OMP_",
    "GOMP_",
    "KMP_",
    "OPENBLAS_",
    "GOTO_",
    "MKL_",
    "BLIS_",
    "VECLIB_",
    "NUMEXPR_",
    "NUMBA_",
    "RAYON_",
    "RUST_",
    "POLARS_",
    "TBB_",
    "TOKENIZERS_",
    "JULIA_",
    "R_DATATABLE_",
    "HWLOC_",
    "MALLOC_",
    "SLURM_",
];

/// The header of a run of `plan` that starts now, measured by `ruler`.
pub(super) fn gather(
    name: String,
    plan: Plan,
    (topology, budget): (Topology, CpuBudget),
    ruler: Ruler,
) -> RunHeader {
    let missing = missing_columns(&plan);
    let here = (topology, budget);
    let header = compose((name, plan), here, HostFacts::discover(), ruler);
    RunHeader {
        not_available: not_available(probes()).into_iter().chain(missing).collect(),
        ..header
    }
}

/// The header of a run of `plan`, called `name`, on a machine, here or elsewhere, with `facts`.
pub(super) fn compose(
    (name, plan): (String, Plan),
    (topology, budget): (Topology, CpuBudget),
    facts: HostFacts,
    ruler: Ruler,
) -> RunHeader {
    RunHeader {
        format_version: FORMAT_VERSION,
        name,
        argv: std::env::args_os().map(lossy).collect(),
        started: clock::timestamp(),
        plan,
        topology,
        budget,
        environment: steering(variables()),
        versions: versions(),
        git_revision: Some(env!("SOURCE_REVISION").to_owned()).filter(|commit| !commit.is_empty()),
        ruler,
        blas: BTreeMap::new(),
        not_available: BTreeMap::new(),
        files: BTreeMap::new(),
        changes: Vec::new(),
        host: facts.host,
        processor: facts.processor,
        kernel: facts.kernel,
    }
}

fn not_available(probes: Vec<Probe>) -> BTreeMap<String, String> {
    let missing = probes.into_iter().filter_map(|probe| match probe.state {
        ProbeState::Works(_) => None,
        ProbeState::Missing(why) => Some((probe.name.to_owned(), why)),
    });
    missing.collect()
}

/// The environment of this process; what is no UTF-8 in it is replaced.
pub fn variables() -> BTreeMap<String, String> {
    std::env::vars_os()
        .map(|(name, value)| (lossy(name), lossy(value)))
        .collect()
}

fn lossy(text: OsString) -> String {
    text.to_string_lossy().into_owned()
}

fn steering(mut variables: BTreeMap<String, String>) -> BTreeMap<String, String> {
    variables.retain(|name, _| STEERING.iter().any(|prefix| name.starts_with(prefix)));
    variables
}

fn versions() -> BTreeMap<String, String> {
    [
        ("oversub", env!("CARGO_PKG_VERSION")),
        ("rustc", env!("RUSTC_VERSION")),
    ]
    .map(|(name, version)| (name.to_owned(), version.to_owned()))
    .into()
}

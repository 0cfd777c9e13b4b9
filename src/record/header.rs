//! How did the samples of a run come about?
//!
//! `run.json`: everything a reader needs to judge or repeat the run. Facts that could not be read
//! are absent.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::experiment::{Dtype, Plan, Runtime};
use crate::machine::{BlasFacts, CpuBudget, KernelFacts, Topology};

/// Version of the meaning of `run.json` and `samples.csv`. A change of meaning of any column
/// raises it.
///
/// 2 has a checksum in every row of `samples.csv`.
pub const FORMAT_VERSION: u32 = 2;

/// The header of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunHeader {
    /// See [`FORMAT_VERSION`].
    pub format_version: u32,
    /// Name of the run.
    pub name: String,
    /// The command line that started it.
    pub argv: Vec<String>,
    /// When it was started, RFC 3339 in UTC.
    pub started: String,
    /// Host name, where readable.
    pub host: Option<String>,
    /// Processor model, where readable.
    pub processor: Option<String>,
    /// Every cell and the protocol.
    pub plan: Plan,
    /// The machine.
    pub topology: Topology,
    /// What of it could be used.
    pub budget: CpuBudget,
    /// The kernel.
    pub kernel: KernelFacts,
    /// Environment variables that steer threads, as they stood.
    pub environment: BTreeMap<String, String>,
    /// Versions: `oversub`, and of what it was built with.
    pub versions: BTreeMap<String, String>,
    /// Commit of the program's own source, `-dirty` behind it where files differed when it was built.
    pub git_revision: Option<String>,
    /// The ruler measured before the first sample.
    pub ruler: Ruler,
    /// What each BLAS library of the plan said of itself, by its text form.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub blas: BTreeMap<String, BlasFacts>,
    /// Probes that could not be read, each with the reason; their columns are empty.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub not_available: BTreeMap<String, String>,
}

impl RunHeader {
    /// What must not change within a run beside its plan: field and value.
    pub fn circumstances(&self) -> [(&'static str, String); 5] {
        let known = |fact: &Option<String>| fact.clone().unwrap_or_else(|| "unknown".to_owned());
        let version = self.versions.get("oversub").cloned();
        [
            ("host", known(&self.host)),
            ("kernel.release", known(&self.kernel.release)),
            ("budget.allowed", self.budget.allowed.to_string()),
            ("budget.cpus", self.budget.cpus.to_string()),
            ("versions.oversub", known(&version)),
        ]
    }
}

/// The instrument's own size, measured at the start of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ruler {
    /// Smallest step between two different readings of the clock [ns].
    pub clock_resolution_ns: u64,
    /// Median time of a region without work, for each runtime of the plan.
    pub empty_regions: Vec<EmptyRegion>,
    /// Bytes that P threads read together from memory beyond all caches [B/s].
    #[serde(default)]
    pub memory_bandwidth: Option<f64>,
    /// Rates of the fastest kernel here, a matrix product on P threads.
    #[serde(default)]
    pub peaks: Vec<Peak>,
}

/// What P threads compute together at best.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Peak {
    /// Number type.
    pub dtype: Dtype,
    /// Floating-point operations [1/s].
    pub flops: f64,
}

/// What a region costs that does nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EmptyRegion {
    /// The runtime.
    pub runtime: Runtime,
    /// Team width [threads].
    pub width: u32,
    /// Median time of fork and join, of that of several teams whose threads ran side by side [ns].
    pub median_ns: u64,
}

#[cfg(test)]
impl RunHeader {
    /// A header of `plan` on a machine of two PUs, with nothing else known.
    pub(crate) fn bare(name: &str, plan: Plan) -> Self {
        let topology = Topology::synthetic("core:2 pu:1").unwrap();
        let budget = CpuBudget::all_of(topology.pus().clone());
        Self {
            format_version: FORMAT_VERSION,
            name: name.to_owned(),
            argv: Vec::new(),
            started: "2026-01-01T00:00:00Z".to_owned(),
            host: None,
            processor: None,
            plan,
            topology,
            budget,
            kernel: KernelFacts::default(),
            environment: BTreeMap::new(),
            versions: BTreeMap::new(),
            git_revision: None,
            ruler: Ruler::default(),
            blas: BTreeMap::new(),
            not_available: BTreeMap::new(),
        }
    }
}

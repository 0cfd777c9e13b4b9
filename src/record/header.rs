//! How did the samples of a run come about?
//!
//! `run.json`: everything a reader needs to judge or repeat the run. Facts that could not be read
//! are absent.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Change;
use crate::experiment::{Difference, Dtype, Plan, Runtime};
use crate::machine::{BlasFacts, CpuBudget, KernelFacts, Topology};

/// Version of the meaning of `run.json` and `samples.csv`. A change of meaning of any column
/// raises it.
///
/// 2 has a checksum in every row of `samples.csv`; 3 the cells of the plan in place of a grid, and the text
/// form of a cell in words.
pub const FORMAT_VERSION: u32 = 3;

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
    /// Files that the samples depend on, the program's and the libraries', and what each held when the run
    /// began.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
    /// What changed while it was made, in the order in which it was seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
}

/// Beginnings of the names of variables that are kept in the header but do not matter between two sessions
/// of a run: those of a batch job are others each time, and those of Rust tell how to report.
const OF_THE_SESSION: [&str; 2] = ["SLURM_", "RUST_"];

/// What the names of these circumstances begin with.
const LIBRARY: &str = "library ";
const ENVIRONMENT: &str = "environment ";

/// What is said of a circumstance that has no value.
const UNSET: &str = "unset";

impl RunHeader {
    /// What must not change between two sessions of a run beside its plan: field and value.
    ///
    /// A library counts by what its file holds, the environment by the variables that steer threads.
    pub fn circumstances(&self) -> BTreeMap<String, String> {
        let known = |fact: &Option<String>| fact.clone().unwrap_or_else(|| "unknown".to_owned());
        let version = self.versions.get("oversub").cloned();
        let [allowed, cpus, _] = Self::of_budget(&self.budget);
        let fixed = [
            ("host", known(&self.host)),
            ("kernel.release", known(&self.kernel.release)),
            allowed,
            cpus,
            ("versions.oversub", known(&version)),
            ("git_revision", known(&self.git_revision)),
        ];
        let fixed = fixed.map(|(name, value)| (name.to_owned(), value));
        let library = |(name, _): &(&String, &String)| name.starts_with(LIBRARY);
        let libraries = self.files.iter().filter(library);
        let libraries = libraries.map(|(name, held)| (name.clone(), held.clone()));
        let lasting = |(name, _): &(&String, &String)| {
            !OF_THE_SESSION.iter().any(|begin| name.starts_with(begin))
        };
        let variables = self.environment.iter().filter(lasting);
        let variables = variables.map(|(name, set)| (format!("{ENVIRONMENT}{name}"), set.clone()));
        fixed
            .into_iter()
            .chain(libraries)
            .chain(variables)
            .collect()
    }

    /// The fields that tell of `budget`.
    pub fn of_budget(budget: &CpuBudget) -> [(&'static str, String); 3] {
        [
            ("budget.allowed", budget.allowed.to_string()),
            ("budget.cpus", budget.cpus.to_string()),
            ("budget.online", budget.online().to_string()),
        ]
    }

    /// The value of `field` when the run was last looked at, of those that are looked at between rounds.
    pub fn latest(&self, field: &str) -> Option<String> {
        let changed = self
            .changes
            .iter()
            .rev()
            .find(|change| change.field == field);
        let budget = Self::of_budget(&self.budget);
        let budget = || budget.into_iter().find(|(name, _)| *name == field);
        changed
            .map(|change| change.to.clone())
            .or_else(|| self.files.get(field).cloned())
            .or_else(|| budget().map(|(_, value)| value))
    }

    /// The circumstances of a session with the header `now` that are not those that the run was last under.
    pub fn other_circumstances(&self, now: &Self) -> Vec<Difference> {
        let (there, now) = (self.circumstances(), now.circumstances());
        let changed = self.changes.iter().map(|change| &change.field);
        let changed = changed.filter(|field| field.starts_with(ENVIRONMENT));
        let fields: BTreeSet<&String> = there.keys().chain(now.keys()).chain(changed).collect();
        let other = fields.into_iter().filter_map(|field| {
            let found = self.latest(field).or_else(|| there.get(field).cloned());
            // Runs of older versions do not say what their libraries held.
            let unknown = field.starts_with(LIBRARY) && found.is_none();
            let value = |value: Option<String>| value.unwrap_or_else(|| UNSET.to_owned());
            let (from, to) = (value(found), value(now.get(field).cloned()));
            (from != to && !unknown).then(|| Difference {
                field: field.clone(),
                from,
                to,
            })
        });
        other.collect()
    }

    /// Whether the run has been under what `difference` leads to.
    pub fn has_been_under(&self, difference: &Difference) -> bool {
        let Difference { field, to, .. } = difference;
        let there = self.circumstances();
        let first = there.get(field).map_or(UNSET, String::as_str);
        let mut changes = self.changes.iter();
        first == to || changes.any(|change| change.field == *field && change.to == *to)
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
            files: BTreeMap::new(),
            changes: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{CpuCounts, Request};

    fn header() -> RunHeader {
        let two = CpuCounts {
            budget: 2,
            physical: 2,
            logical: 2,
        };
        RunHeader::bare("test", Request::default().plan(two).unwrap())
    }

    /// What a run with `there` was never under, and a session with `now` is.
    fn other(there: &RunHeader, now: &RunHeader) -> Vec<Difference> {
        let mut other = there.other_circumstances(now);
        other.retain(|difference| !there.has_been_under(difference));
        other
    }

    fn told(field: &str, found: &str, wanted: &str) -> Vec<Difference> {
        vec![Difference {
            field: field.to_owned(),
            from: found.to_owned(),
            to: wanted.to_owned(),
        }]
    }

    #[test]
    fn another_library_environment_or_revision_is_another_circumstance() {
        let (mut there, mut now) = (header(), header());
        now.environment
            .insert("OPENBLAS_CORETYPE".into(), "Haswell".into());
        let field = "environment OPENBLAS_CORETYPE";
        assert_eq!(other(&there, &now), told(field, "unset", "Haswell"));
        assert_eq!(other(&now, &there), told(field, "Haswell", "unset"));
        now = header();
        now.environment.insert("SLURM_JOB_ID".into(), "7".into());
        now.files.insert("program ./a".into(), "changed".into());
        now.files.insert("library blas:mkl".into(), "one".into());
        assert_eq!(other(&there, &now), []);
        there.files.insert("library blas:mkl".into(), "two".into());
        assert_eq!(other(&there, &now), told("library blas:mkl", "two", "one"));
        now = header();
        now.git_revision = Some("abc".to_owned());
        assert_eq!(
            other(&header(), &now),
            told("git_revision", "unknown", "abc")
        );
    }

    #[test]
    fn a_run_goes_on_under_what_it_was_under_before() {
        let (mut there, mut now) = (header(), header());
        now.budget.cpus = 1.5;
        assert_eq!(other(&there, &now), told("budget.cpus", "2", "1.5"));
        there.changes.push(Change {
            round: 2,
            at: String::new(),
            field: "budget.cpus".into(),
            from: "2".into(),
            to: "1.5".into(),
        });
        assert_eq!(other(&there, &now), []);
        assert_eq!(other(&there, &header()), []);
        let back = there.other_circumstances(&header());
        assert_eq!(back, told("budget.cpus", "1.5", "2"));
        assert_eq!(there.latest("budget.cpus"), Some("1.5".to_owned()));
        assert_eq!(there.latest("budget.allowed"), Some("0-1".to_owned()));
        assert_eq!(there.latest("program ./a"), None);
    }

    /// A variable that was set on the way and is unset again.
    #[test]
    fn a_variable_that_only_a_later_session_had_is_a_circumstance_too() {
        let mut there = header();
        let field = "environment OMP_NUM_THREADS";
        there.changes.push(Change {
            round: 2,
            at: String::new(),
            field: field.to_owned(),
            from: "unset".to_owned(),
            to: "4".to_owned(),
        });
        let back = there.other_circumstances(&header());
        assert_eq!(back, told(field, "4", "unset"));
        assert!(there.has_been_under(&back[0]));
        let mut now = header();
        now.environment.insert("OMP_NUM_THREADS".into(), "4".into());
        assert_eq!(there.other_circumstances(&now), []);
    }
}

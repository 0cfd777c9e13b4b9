//! Which words say where a figure's numbers come from?

use crate::machine::ObjectKind;
use crate::record::RunHeader;
use crate::units::counted;

/// The machine's counts that figures mark on thread axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Landmarks {
    /// P [CPUs].
    pub budget: f64,
    /// How P relates to that: `=`, or `at most` where a limit could not be seen.
    pub relation: &'static str,
    /// Cores with an allowed PU.
    pub cores: usize,
    /// Allowed PUs.
    pub pus: usize,
}

impl Landmarks {
    /// The counts of the machine of a run.
    pub fn of(header: &RunHeader) -> Self {
        let allowed = &header.budget.allowed;
        Self {
            budget: header.budget.cpus,
            relation: header.budget.relation(),
            cores: header.topology.cores_of(allowed),
            pus: allowed.len(),
        }
    }
}

/// Where the numbers of runs on one machine come from: machine, kernel, then protocol and date of
/// each run; as phrases.
pub fn provenance(headers: &[&RunHeader]) -> Vec<String> {
    let machine = headers.first().map(|header| machine(header));
    let runs = headers.iter().flat_map(|header| run(header));
    machine.into_iter().flatten().chain(runs).collect()
}

fn machine(header: &RunHeader) -> Vec<String> {
    let Landmarks { cores, pus, .. } = Landmarks::of(header);
    let machine = header.processor.clone();
    let packages = header.topology.count(ObjectKind::Package).max(1);
    let release = header.kernel.release.as_ref();
    [
        machine,
        Some(format!(
            "{}, {} and {} allowed, {}",
            counted(packages as u64, "package"),
            counted(cores as u64, "core"),
            counted(pus as u64, "PU"),
            header.budget.phrase()
        )),
        release.map(|release| format!("kernel {release}")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn run(header: &RunHeader) -> Vec<String> {
    let protocol = &header.plan.protocol;
    let version = header.versions.get("oversub");
    [
        Some(format!("run {}", header.name)),
        Some(format!(
            "median over {} of {}",
            counted(protocol.rounds.get(), "round"),
            counted(protocol.reps.get(), "repetition")
        )),
        Some(format!("limit {} s", protocol.limit().as_secs_f64())),
        header.started.get(..10).map(str::to_owned),
        version.map(|version| format!("oversub {version}")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

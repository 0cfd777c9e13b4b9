//! What does everything cost on this machine?

use std::collections::BTreeMap;
use std::path::Path;

use super::{Error, Simulation, output};
use crate::experiment::WaitPolicy;
use crate::host::{self, Calibration, Finding};
use crate::machine::{CpuBudget, HostFacts, Topology};
use crate::sim::{Parameter, Parameters, Provenance};

/// Regions measured as a whole, and how their teams wait.
const REGIONS: [(&str, WaitPolicy); 3] = [
    ("region_active", WaitPolicy::Active),
    ("region_yield", WaitPolicy::Yield),
    ("region_passive", WaitPolicy::Passive),
];

/// What was measured, and how well its parts compose.
pub struct CalibrateOutcome {
    /// Every number, and what could not be measured.
    pub calibration: Calibration,
    /// Regions without work that were measured as a whole and put together from the other numbers.
    pub regions: Vec<EmptyRegion>,
}

/// A region without work.
#[derive(Clone, Debug, PartialEq)]
pub struct EmptyRegion {
    /// Name of the parameter.
    pub name: &'static str,
    /// Measured as a whole [ns].
    pub measured: f64,
    /// Simulated from the other numbers [ns].
    pub simulated: f64,
}

/// Measures every number `repetitions` times and writes them into the file `output`, for simulations.
///
/// # Errors
///
/// If nothing can be measured here, or the file cannot be written.
pub fn calibrate(output: &Path, repetitions: u32, force: bool) -> Result<CalibrateOutcome, Error> {
    output::claim(output, force)?;
    let topology = Topology::discover().map_err(Error::because)?;
    let allowed = CpuBudget::discover().allowed;
    let calibration = host::calibrate(&topology, &allowed, repetitions).map_err(Error::because)?;
    let mut parameters = parameters(&calibration);
    let regions = regions(&mut parameters, &topology)?;
    let text = toml::to_string_pretty(&parameters);
    let text = text.map_err(Error::in_doing("cannot write the numbers"))?;
    let unknown = unknown(&calibration, "# ");
    output::write(output, format!("{unknown}\n{text}").as_bytes())?;
    Ok(CalibrateOutcome {
        calibration,
        regions,
    })
}

fn parameters(calibration: &Calibration) -> Parameters {
    let facts = HostFacts::discover();
    let known = |fact: Option<String>| fact.unwrap_or_else(|| "unknown".to_owned());
    let release = known(facts.kernel.release);
    let date = jiff::Timestamp::now().to_string();
    let date = date.get(..10).unwrap_or_default().to_owned();
    let number = |finding: &Finding| {
        let parameter = Parameter {
            value: finding.value,
            interval: finding.interval,
            unit: finding.unit.to_owned(),
            provenance: Provenance::Measured,
            source: format!("{}; oversub calibrate, {date}", finding.how),
        };
        (finding.name.to_owned(), parameter)
    };
    let numbers: BTreeMap<String, Parameter> = calibration.findings.iter().map(number).collect();
    let machine = format!("{}, Linux {release}", known(facts.processor));
    Parameters::measured(known(facts.host), machine, numbers)
}

/// The empty regions of `measured` beside what its other numbers make of them, which becomes a part of their
/// source for whoever reads the file.
fn regions(measured: &mut Parameters, topology: &Topology) -> Result<Vec<EmptyRegion>, Error> {
    let here = Simulation::here(measured.clone(), topology)?;
    let mut regions = Vec::new();
    for (name, wait) in REGIONS {
        let Some(region) = measured.parameters.get_mut(name) else {
            continue;
        };
        // Without the sizes of caches nothing can be simulated, and calibrating need not know them.
        if let Some(simulated) = here.empty_region(wait).ok().flatten() {
            region.source += &format!("; simulated from the other numbers: {simulated:.0} ns");
            regions.push(EmptyRegion {
                name,
                measured: region.value,
                simulated,
            });
        }
    }
    Ok(regions)
}

/// What could not be measured, one line each.
pub fn unknown(calibration: &Calibration, indent: &str) -> String {
    let line = |unknown: &host::Unknown| format!("{indent}{}: {}\n", unknown.names, unknown.why);
    calibration.unknown.iter().map(line).collect()
}

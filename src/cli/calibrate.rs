//! `oversub calibrate`: what does everything cost on this machine?

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context;

use super::simulation::Simulation;
use super::{output, screen};
use crate::experiment::WaitPolicy;
use crate::host::{self, Calibration, Finding};
use crate::machine::{CpuBudget, HostFacts, Topology};
use crate::sim::{Parameter, Parameters, Provenance};
use crate::units::four_digits;

/// Measures what things cost here, for `oversub simulate` and `oversub validate`.
///
/// Some seconds of small benchmarks: quantum, switch, yields, waking, hand-off, threads, kernel rates,
/// cache refill. An empty region is measured as a whole beside its parts, and simulated from them, which
/// says how well they compose. The file holds each with its value, interval, unit and how it was measured; what this
/// machine cannot tell is said, and stays as in the preset, with its wide interval.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  oversub calibrate -o here.toml
  oversub simulate --calibration here.toml --wait active,passive
  oversub validate runs/matmul --calibration here.toml")]
pub(super) struct Args {
    /// File to write.
    #[arg(
        short,
        long,
        value_name = "FILE.toml",
        default_value = "calibration.toml"
    )]
    output: PathBuf,
    /// Measurements of each number; the value is their median and the interval spans them.
    #[arg(long, value_name = "N", default_value = "7", value_parser = clap::value_parser!(u32).range(2..=1_000))]
    repetitions: u32,
    /// Overwrite a file that exists.
    #[arg(long)]
    force: bool,
}

/// Regions measured as a whole, and how their teams wait.
const REGIONS: [(&str, WaitPolicy); 3] = [
    ("region_active", WaitPolicy::Active),
    ("region_yield", WaitPolicy::Yield),
    ("region_passive", WaitPolicy::Passive),
];

impl Args {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let there = self.output.display();
        output::claim(&self.output, self.force)?;
        let topology = Topology::discover()?;
        let allowed = CpuBudget::discover().allowed;
        let calibration = host::calibrate(&topology, &allowed, self.repetitions)?;
        let mut parameters = parameters(&calibration);
        let regions = regions(&mut parameters, &topology)?;
        let text = toml::to_string_pretty(&parameters).context("cannot write the numbers")?;
        let unknown = unknown(&calibration, "# ");
        output::write(&self.output, format!("{unknown}\n{text}").as_bytes())?;
        screen::say(table(&calibration))?;
        screen::say(regions)?;
        screen::say(unknown_words(&calibration))?;
        screen::say(format!("\n{there}"))
    }
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

/// The empty regions of `measured` beside what its other numbers make of them, in words and, for
/// whoever reads the file, as part of their source.
fn regions(measured: &mut Parameters, topology: &Topology) -> anyhow::Result<String> {
    let here = Simulation::here(measured.clone(), topology)?;
    let mut words = String::new();
    for (name, wait) in REGIONS {
        let Some(region) = measured.parameters.get_mut(name) else {
            continue;
        };
        // Without the sizes of caches nothing can be simulated, and calibrating need not know them.
        if let Some(ns) = here.empty_region(wait).ok().flatten() {
            let ratio = ns / region.value;
            region.source += &format!("; simulated from the other numbers: {ns:.0} ns");
            words += &format!(
                "\n{name:14} {:>8.0} ns, simulated {ns:>8.0} ns: {ratio:.2}",
                region.value
            );
        }
    }
    let title = "\nempty regions, measured and put together from the other numbers:";
    Ok(if words.is_empty() {
        words
    } else {
        title.to_owned() + &words
    })
}

fn table(calibration: &Calibration) -> String {
    let row = |finding: &Finding| {
        let [low, high] = finding.interval;
        let Finding {
            name,
            unit,
            value,
            how,
            ..
        } = finding;
        let [value, low, high] = [*value, low, high].map(four_digits);
        format!("{name:12} {value:>12} [{low}, {high}] {unit:9} {how}")
    };
    let rows: Vec<String> = calibration.findings.iter().map(row).collect();
    rows.join("\n")
}

fn unknown_words(calibration: &Calibration) -> String {
    format!(
        "\nnot known, kept as in the preset:\n{}",
        unknown(calibration, "  ")
    )
}

/// What could not be measured, one line each.
fn unknown(calibration: &Calibration, indent: &str) -> String {
    let line = |unknown: &host::Unknown| format!("{indent}{}: {}\n", unknown.names, unknown.why);
    calibration.unknown.iter().map(line).collect()
}

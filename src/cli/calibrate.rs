//! `oversub calibrate`: what does everything cost on this machine?

use std::path::PathBuf;

use super::screen;
use crate::app::{CalibrateOutcome, EmptyRegion, calibrate, unknown};
use crate::host::{Calibration, Finding};
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

impl Args {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let CalibrateOutcome {
            calibration,
            regions,
        } = calibrate(&self.output, self.repetitions, self.force)?;
        screen::say(table(&calibration))?;
        screen::say(composed(&regions))?;
        screen::say(unknown_words(&calibration))?;
        screen::say(format!("\n{}", self.output.display()))
    }
}

/// Empty regions as a whole, beside what the other numbers make of them.
fn composed(regions: &[EmptyRegion]) -> String {
    if regions.is_empty() {
        return String::new();
    }
    let title = "\nempty regions, measured and put together from the other numbers:";
    let line = |region: &EmptyRegion| {
        let EmptyRegion {
            name,
            measured,
            simulated,
        } = region;
        let ratio = simulated / measured;
        format!("\n{name:14} {measured:>8.0} ns, simulated {simulated:>8.0} ns: {ratio:.2}")
    };
    let lines: String = regions.iter().map(line).collect();
    title.to_owned() + &lines
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

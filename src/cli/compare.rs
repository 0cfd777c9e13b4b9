//! `oversub compare`: what changed from one run to another?

use std::io::stdout;
use std::path::PathBuf;
use std::str::FromStr;

use super::{ConditionHolds, Disturbed, UsageError, reading, screen};
use crate::analysis::{Change, Comparison};
use crate::app::{CompareOutcome, CompareRequest, compare};
use crate::experiment::{Condition, Difference};
use crate::text::ParseError;
use crate::view::canvas::FigureFormat;
use crate::view::cell_name::CellNames;
use crate::view::comparison::{self, InBoth, Outcome};
use crate::view::facet::{Facets, natural_axes};
use crate::view::{disturbed, terminal};

/// Compares two runs of the same cells: an upgrade, another machine, another day, a simulation.
///
/// Prints which cells became slower or faster by more than the variation between rounds, and what
/// disturbed either run. With --fail-if the exit code is 3 where the data show that some cell is over
/// the limit, and 4 where that cannot be judged because others took CPUs from one of the runs.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  oversub compare runs/before runs/after
  oversub compare runs/before runs/after --fail-if 'slowdown>1.05'   for CI: exit code 3
  oversub compare runs/here runs/simulated -o ratio.png")]
pub(super) struct Args {
    /// Folder of the first run, the reference.
    from: PathBuf,
    /// Folder of the second run.
    to: PathBuf,
    /// Exit with code 3 if some cell is slower than this by more than chance: slowdown>RATIO; with code
    /// 4 if others took CPUs from a run, so that this cannot be judged.
    #[arg(long, value_name = "CONDITION")]
    fail_if: Option<Slowdown>,
    /// Compare only these cells, for example `wait=passive,n=256`.
    #[arg(long = "where", value_name = "AXIS=VALUE", value_delimiter = ',')]
    conditions: Vec<Condition>,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
    /// Picture to write, .png or .svg; the points go beside it as .csv.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Overwrite files that exist.
    #[arg(long)]
    force: bool,
}

/// `slowdown>1.05`: some cell takes more than 1.05 times as long.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Slowdown(f64);

impl FromStr for Slowdown {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let compact: String = text.split_whitespace().collect();
        let number = compact
            .strip_prefix("slowdown>")
            .and_then(|n| n.parse().ok());
        let sound = number.filter(|n: &f64| n.is_finite() && *n >= 1.0);
        let form = "slowdown>RATIO with a ratio of at least 1, as in 'slowdown>1.05'";
        sound
            .map(Self)
            .ok_or_else(|| ParseError::new("condition", text, form))
    }
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<()> {
        if let Some(output) = &self.output {
            FigureFormat::of(output).map_err(UsageError::of)?;
        }
        let (from, to) = (reading::run(&self.from)?, reading::run(&self.to)?);
        let request = CompareRequest {
            conditions: self.conditions.clone(),
            limit: self.fail_if.map(|Slowdown(limit)| limit),
        };
        let compared = compare(&from, &to, &request)?;
        if self.json {
            let folders = [&self.from, &self.to].map(|path| path.display().to_string());
            let folders = (folders[0].as_str(), folders[1].as_str());
            let [from, to] = &compared.disturbances;
            screen::say(comparison::json(
                folders,
                &compared.comparison,
                &compared.differences,
                InBoth { from, to },
                compared.alarm.as_ref(),
            )?)?;
        } else {
            self.say(&compared)?;
        }
        if let Some(picture) = &self.output {
            let points = compared.draw(&from, &to, picture, self.force)?;
            let (picture, points) = (picture.display(), points.display());
            screen::note(format_args!("{picture} (points in {points})"));
        }
        let Some((limit, alarm)) = self.fail_if.zip(compared.alarm) else {
            return Ok(());
        };
        let compared = &compared.comparison;
        match alarm.outcome {
            Outcome::Holds => Err(ConditionHolds(said(&alarm, compared)).into()),
            Outcome::DoesNotHold => judged(limit, compared),
            Outcome::Disturbed => Err(Disturbed(open(&alarm, compared)).into()),
        }
    }

    fn say(&self, outcome: &CompareOutcome) -> anyhow::Result<()> {
        let CompareOutcome {
            comparison: compared,
            differences,
            disturbances: [first, second],
            ..
        } = outcome;
        let mut text = format!("{} -> {}\n", self.from.display(), self.to.display());
        for Difference { field, from, to } in differences {
            text.push_str(&format!("  differs    {field}: {from} -> {to}\n"));
        }
        for (cells, whose) in [
            (&compared.only_from, "first"),
            (&compared.only_to, "second"),
        ] {
            if !cells.is_empty() {
                let count = cells.len();
                text.push_str(&format!(
                    "  left out   {count} cells that only the {whose} run has\n"
                ));
            }
        }
        let cells = compared.compared_cells();
        let series = compared.series();
        let facets = Facets::of(&cells, &series.points, natural_axes(&cells));
        let ink = screen::ink(&stdout());
        let map = terminal::heatmap(&series.quantity, &facets, screen::columns(), ink);
        let words = comparison::words(compared);
        let disturbed = [
            disturbed::found(first, "  first run  "),
            disturbed::found(second, "  second run "),
        ];
        let disturbed = disturbed.concat();
        screen::say(format!("{text}\n{map}\n{words}\n{disturbed}").trim_end())
    }
}

/// Says which cells the condition could not be judged of; an error where that is all of them.
fn judged(Slowdown(limit): Slowdown, compared: &Comparison) -> anyhow::Result<()> {
    let open = compared.open_to(limit);
    let Some(first) = open.first() else {
        return Ok(());
    };
    let why = match &first.change {
        Change::Failed(why) => why.clone(),
        Change::Ratio(_) => "too few rounds; sweep with --rounds 7 or more".to_owned(),
        _ => "stopped at the time limit; raise --limit".to_owned(),
    };
    let all = compared.cells.len();
    anyhow::ensure!(open.len() < all, "no cell can be compared: {why}");
    screen::note(format_args!(
        "note: {} of {all} cells could not be compared: {why}",
        open.len()
    ));
    Ok(())
}

fn said(alarm: &comparison::Condition, compared: &Comparison) -> String {
    let names = CellNames::of(&compared.compared_cells());
    let listed: Vec<String> = alarm.cells.iter().map(|cell| names.name(cell)).collect();
    format!("{} in {}", alarm.condition, listed.join("; "))
}

/// Why the condition cannot be judged.
fn open(alarm: &comparison::Condition, compared: &Comparison) -> String {
    let seems = match alarm.holds {
        true => said(alarm, compared),
        false => format!("no cell shows {}", alarm.condition),
    };
    format!(
        "{seems}, but others took CPUs from a run (see the lines \"disturbed by\"); measure both again \
         when the machine is quiet"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_a_ratio_of_at_least_one() {
        assert_eq!("slowdown>1.05".parse(), Ok(Slowdown(1.05)));
        assert_eq!(" slowdown > 2".parse(), Ok(Slowdown(2.0)));
        for text in [
            "slowdown",
            "slowdown<1",
            "speed>2",
            "slowdown>0.9",
            "slowdown>x",
        ] {
            assert!(text.parse::<Slowdown>().is_err(), "{text}");
        }
    }
}

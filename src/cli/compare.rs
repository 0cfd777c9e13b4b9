//! `oversub compare`: what changed from one run to another?

use std::fs;
use std::io::stdout;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::run::Run;
use super::{ConditionHolds, Disturbed, UsageError, screen};
use crate::analysis::{self, Change, Comparison, Difference, Disturbances};
use crate::experiment::Cell;
use crate::experiment::Condition;
use crate::text::ParseError;
use crate::view::canvas::FigureFormat;
use crate::view::caption::{Caption, provenance};
use crate::view::cell_name::CellNames;
use crate::view::comparison::{self, InBoth, Outcome};
use crate::view::disturbed;
use crate::view::facet::{Facets, natural_axes};
use crate::view::size::Size;
use crate::view::{heatmap, points, terminal};

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
            FigureFormat::of(output).map_err(|error| UsageError(error.to_string()))?;
        }
        let (from, to) = (Run::read(&self.from)?, Run::read(&self.to)?);
        let compared = Comparison::of(&from.analysis, &to.analysis, &self.conditions);
        let compared = compared.map_err(|error| {
            UsageError(format!(
                "cannot compare {} with {}: {error}",
                self.from.display(),
                self.to.display()
            ))
        })?;
        let differences =
            analysis::differences((&from.header, &from.records), (&to.header, &to.records));
        let disturbances = [from.disturbances(), to.disturbances()];
        let others = (disturbances[0].may_decide(), disturbances[1].may_decide());
        let alarm = self.fail_if.map(|limit| alarm(limit, &compared, others));
        if self.json {
            let folders = [&self.from, &self.to].map(|path| path.display().to_string());
            let folders = (folders[0].as_str(), folders[1].as_str());
            let [from, to] = &disturbances;
            screen::say(comparison::json(
                folders,
                &compared,
                &differences,
                InBoth { from, to },
                alarm.as_ref(),
            )?)?;
        } else {
            self.say(&compared, &differences, &disturbances)?;
        }
        if let Some(output) = &self.output {
            self.draw((&from, &to), &compared, output)?;
        }
        let Some((limit, alarm)) = self.fail_if.zip(alarm) else {
            return Ok(());
        };
        match alarm.outcome {
            Outcome::Holds => Err(ConditionHolds(said(&alarm, &compared)).into()),
            Outcome::DoesNotHold => judged(limit, &compared),
            Outcome::Disturbed => Err(Disturbed(open(&alarm, &compared)).into()),
        }
    }

    fn say(
        &self,
        compared: &Comparison,
        differences: &[Difference],
        [first, second]: &[Disturbances; 2],
    ) -> anyhow::Result<()> {
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
        let cells = cells(compared);
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

    fn draw(
        &self,
        (from, to): (&Run, &Run),
        compared: &Comparison,
        output: &Path,
    ) -> anyhow::Result<()> {
        let csv = output.with_extension("csv");
        let there = [output, &csv]
            .into_iter()
            .find(|path| !self.force && path.exists());
        if let Some(there) = there {
            let there = there.display();
            return Err(UsageError(format!("{there} exists; give --force to replace it")).into());
        }
        if let Some(folder) = output
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            fs::create_dir_all(folder)?;
        }
        let cells = cells(compared);
        let series = compared.series();
        let facets = Facets::of(&cells, &series.points, natural_axes(&cells));
        let folder = |run: &Run| {
            let name = run.folder.file_name().unwrap_or(run.folder.as_os_str());
            name.display().to_string()
        };
        let mut sources = vec![format!("first: {}", folder(from))];
        sources.extend(provenance(&[&from.header]));
        sources.push(format!("second: {}", folder(to)));
        sources.extend(provenance(&[&to.header]));
        let caption = Caption {
            method: sources,
            second: Some(folder(to)),
            ..Caption::of(&[&to.header])
        };
        heatmap::heatmap(&series.quantity, &facets, &caption, Size::Readme).save(output)?;
        points::save(&series.quantity, &facets, &csv)?;
        screen::note(format_args!(
            "{} (points in {})",
            output.display(),
            csv.display()
        ));
        Ok(())
    }
}

fn cells(compared: &Comparison) -> Vec<Cell> {
    compared.cells.iter().map(|change| change.cell).collect()
}

fn alarm(
    Slowdown(limit): Slowdown,
    compared: &Comparison,
    others: (bool, bool),
) -> comparison::Condition {
    let slower = compared.slower_than(limit);
    let holds = !slower.is_empty();
    comparison::Condition {
        condition: format!("slowdown>{limit}"),
        holds,
        outcome: Outcome::of(holds, others),
        cells: slower.iter().map(|change| change.cell).collect(),
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
    let names = CellNames::of(&cells(compared));
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

//! What did a run find, as pictures?

mod timeline;

use std::io::stdout;
use std::path::PathBuf;

use super::{UsageError, reading, screen};
use crate::analysis::Metric;
use crate::app::Run;
use crate::app::plot::{Drawn, Figure, Heatmaps, PlotRequest, Terminal, draw, heatmaps, texts};
use crate::experiment::{Axis, Condition};
use crate::view::canvas::FigureFormat;
use crate::view::disturbed;
use crate::view::size::Size;

/// Draws the heatmaps of a run, or of several beside each other.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  oversub plot runs/matmul                            every usual figure, into the run's figures/
  oversub plot runs/matmul --terminal                 slowdown, here
  oversub plot runs/matmul --metric efficiency --where wait=passive -o efficiency.svg
  oversub plot runs/matmul --x composition --y runtime
  oversub plot runs/matmul --figure speedup -o speedup.svg
  oversub plot runs/matmul runs/sim-matmul --figure scatter
  oversub plot --timeline active.json --by pu         what `oversub trace` wrote down")]
pub(super) struct Args {
    /// Folder of the run; several stand beside each other on one scale, each held against its own
    /// best cell.
    #[arg(value_name = "RUN", required_unless_present = "files")]
    runs: Vec<PathBuf>,
    #[command(flatten)]
    timeline: timeline::Args,
    /// Another figure than heatmaps: speedup, efficiency, split (of CPU time), distribution (of samples), or
    /// scatter (of two runs).
    #[arg(long, value_name = "FIGURE", conflicts_with_all = ["files", "metric", "x", "y", "terminal"])]
    figure: Option<Figure>,
    #[arg(long, value_name = "METRIC", help = metric_help())]
    metric: Option<Metrics>,
    #[arg(long, value_name = "AXIS", help = axis_help())]
    x: Option<Axis>,
    /// Vertical axis.
    #[arg(long, value_name = "AXIS")]
    y: Option<Axis>,
    /// Show only these cells, for example `wait=passive,n=256`; conditions on one axis are
    /// alternatives (`wait=passive,wait=none`: none is what has no wait policy).
    #[arg(long = "where", value_name = "AXIS=VALUE", value_delimiter = ',')]
    conditions: Vec<Condition>,
    /// Picture to write, .png or .svg; the points go beside it as .csv.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// For whom: readme (at most 830 points wide), slide (within 1280 x 720, larger letters) or paper (at most
    /// 510 points, 180 mm, wide).
    #[arg(long, value_name = "SIZE", default_value = "readme")]
    size: Size,
    /// Overwrite files that exist.
    #[arg(long)]
    force: bool,
    /// Print the heatmap instead of writing files.
    #[arg(long, conflicts_with = "output")]
    terminal: bool,
}

fn metric_help() -> String {
    let names = Metric::names();
    format!(
        "What to show: {names}, a list of them, or all; metric is the number that a command prints"
    )
}

fn axis_help() -> String {
    format!("Horizontal axis: {}", Axis::ALL.map(Axis::key).join(", "))
}

/// Metrics by name.
#[derive(Clone, Debug, PartialEq)]
enum Metrics {
    All,
    These(Vec<Metric>),
}

impl std::str::FromStr for Metrics {
    type Err = crate::text::ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "all" {
            return Ok(Self::All);
        }
        let metrics: Result<Vec<Metric>, _> = text.split(',').map(|m| m.trim().parse()).collect();
        metrics.map(Self::These)
    }
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<()> {
        if let Some(output) = &self.output {
            FigureFormat::of(output).map_err(UsageError::of)?;
        }
        if self.runs.is_empty() {
            return self.timeline.draw(self.output, self.size, self.force);
        }
        let request = PlotRequest {
            metrics: self.metrics()?,
            x: self.x,
            y: self.y,
            conditions: self.conditions,
            output: self.output,
            size: self.size,
            force: self.force,
        };
        let runs = self.runs.iter().map(|run| reading::run(run));
        let runs: Vec<Run> = runs.collect::<anyhow::Result<_>>()?;
        if let Some(figure) = self.figure {
            return say_drawn(&draw(&runs, figure, &request)?);
        }
        if !self.terminal {
            return say_heatmaps(&heatmaps(&runs, &request)?);
        }
        let terminal = Terminal {
            columns: screen::columns(),
            ink: screen::ink(&stdout()),
        };
        let Heatmaps { drawn, left_out } = texts(&runs, &request, terminal)?;
        note_left_out(&left_out);
        drawn.iter().try_for_each(screen::say)?;
        let disturbed = runs.iter().map(Run::disturbances);
        let words: String = disturbed.map(|all| disturbed::words(&all)).collect();
        screen::write(words.as_bytes())
    }

    /// The metrics asked for; `None` for those that are drawn unasked.
    fn metrics(&self) -> Result<Option<Vec<Metric>>, UsageError> {
        let one = self.output.is_some() || self.terminal;
        let metrics = match &self.metric {
            None if one => Some(vec![Metric::Slowdown]),
            None => None,
            Some(Metrics::All) => Some(Metric::of_one_run().collect()),
            Some(Metrics::These(metrics)) => Some(metrics.clone()),
        };
        let several = metrics.as_ref().is_none_or(|metrics| metrics.len() > 1);
        if self.output.is_some() && several {
            return Err(UsageError(
                "-o names one picture; choose one --metric, or leave -o out to fill the run's figures/"
                    .to_owned(),
            ));
        }
        Ok(metrics)
    }
}

/// Names the files of `heatmaps`, and what there is none of.
pub(super) fn say_heatmaps(Heatmaps { drawn, left_out }: &Heatmaps<Drawn>) -> anyhow::Result<()> {
    note_left_out(left_out);
    drawn.iter().try_for_each(say_drawn)
}

fn note_left_out(metrics: &[Metric]) {
    for metric in metrics {
        screen::note(format_args!(
            "note: no cell has a number for {metric}; left out"
        ));
    }
}

fn say_drawn(Drawn { picture, points }: &Drawn) -> anyhow::Result<()> {
    let points = points.file_name().unwrap_or_default().display();
    screen::say(format!("{} (points in {points})", picture.display()))
}

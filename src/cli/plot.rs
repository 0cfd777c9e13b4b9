//! What did a run find, as pictures?
//!
//! Without `-o`, pictures go into the run's own `figures/`. They are made from the run alone, so
//! they are made again whenever asked; a file named with `-o` is somebody's and kept unless
//! `--force` is given.

mod figure;
mod timeline;

use std::collections::BTreeSet;
use std::fs;
use std::io::stdout;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::run::Run;
use super::{UsageError, screen};
use crate::analysis::{Judge, Metric, Quantity, Reading, Series};
use crate::experiment::{Axis, Cell, Condition};
use crate::record::RunHeader;
use crate::text::Named;
use crate::view::canvas::FigureFormat;
use crate::view::caption::Caption;
use crate::view::facet::{Facets, Part, natural_axes};
use crate::view::size::Size;
use crate::view::{disturbed, heatmap, points, terminal};

/// What `--metric all`, and no `--metric` at all, means; a command's own metric comes first.
const DEFAULT: [Metric; 5] = [
    Metric::Throughput,
    Metric::Slowdown,
    Metric::Efficiency,
    Metric::Switches,
    Metric::Wait,
];

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
    figure: Option<figure::Figure>,
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
    /// What draws the default figures of `run` into its folder.
    pub(super) fn figures_of(run: &Path) -> Self {
        Self {
            runs: vec![run.to_owned()],
            timeline: timeline::Args::none(),
            figure: None,
            metric: None,
            x: None,
            y: None,
            conditions: Vec::new(),
            output: None,
            size: Size::default(),
            force: false,
            terminal: false,
        }
    }

    pub(super) fn run(self) -> anyhow::Result<()> {
        if let Some(output) = &self.output {
            FigureFormat::of(output).map_err(|error| UsageError(error.to_string()))?;
        }
        if self.runs.is_empty() {
            let output = self.output.as_deref();
            return self.timeline.draw(output, self.size, self.force);
        }
        if let Some(figure) = self.figure {
            return self.other(figure);
        }
        let asked = self.metrics()?;
        let runs = self.read()?;
        let metrics = asked.unwrap_or_else(|| runs[0].metrics());
        let cells: Vec<Cell> = runs.iter().flat_map(|run| &run.cells).copied().collect();
        let axes = self.axes(&cells)?;
        let mut drawn = 0;
        for metric in metrics {
            let series: Vec<Series> = runs.iter().map(|run| run.series(metric)).collect();
            if !series.iter().any(shows_a_number) {
                screen::note(format_args!(
                    "note: no cell has a number for {metric}; left out"
                ));
                continue;
            }
            let quantity = common_quantity(&series)?;
            let facets = Facets::beside(&parts(&runs, &series), axes);
            drawn += 1;
            if self.terminal {
                screen::say(on_terminal(quantity, &facets))?;
            } else {
                let path = self.path(metric, axes);
                self.picture(&runs, quantity, &facets, &path)?;
            }
        }
        anyhow::ensure!(drawn > 0, "nothing to draw in {}", self.runs[0].display());
        if self.terminal {
            let disturbed = runs.iter().map(|one| one.run.disturbances());
            let words: String = disturbed.map(|all| disturbed::words(&all)).collect();
            screen::write(words.as_bytes())?;
        }
        Ok(())
    }

    /// The runs, of one machine.
    fn read(&self) -> anyhow::Result<Vec<Admitted>> {
        if self.runs.len() > 1 && self.output.is_none() && !self.terminal {
            return Err(UsageError(
                "several runs have no folder in common; name the picture with -o, or give --terminal"
                    .to_owned(),
            )
            .into());
        }
        let read = |path: &PathBuf| Admitted::read(path, &self.conditions);
        let runs: Vec<Admitted> = self.runs.iter().map(read).collect::<Result<_, _>>()?;
        let machine = |header: &RunHeader| (header.host.clone(), header.budget.clone());
        let headers: Vec<&RunHeader> = runs.iter().map(|one| &one.run.header).collect();
        if let Some(other) = headers.iter().find(|h| machine(h) != machine(headers[0])) {
            let (one, other) = (&headers[0].name, &other.name);
            return Err(UsageError(format!(
                "the runs {one} and {other} are of different machines or budgets; draw each by itself"
            ))
            .into());
        }
        Ok(runs)
    }

    /// Draws another figure than heatmaps.
    fn other(&self, figure: figure::Figure) -> anyhow::Result<()> {
        let read = |path: &PathBuf| Admitted::read(path, &self.conditions);
        let runs: Vec<Admitted> = self.runs.iter().map(read).collect::<Result<_, _>>()?;
        let own = self.runs[0]
            .join("figures")
            .join(figure.name())
            .with_extension("png");
        // What lies in the run's own folder is made from the run alone, and so made again.
        let force = self.force || self.output.is_none();
        figure::draw(
            figure,
            &runs,
            self.output.as_ref().unwrap_or(&own),
            (self.size, force),
        )
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

    fn axes(&self, cells: &[Cell]) -> Result<(Axis, Axis), UsageError> {
        let (x, y) = natural_axes(cells);
        let axes = match (self.x, self.y) {
            (Some(x), Some(y)) => (x, y),
            (Some(chosen), None) => (chosen, if chosen == y { x } else { y }),
            (None, Some(chosen)) => (if chosen == x { y } else { x }, chosen),
            (None, None) => (x, y),
        };
        if axes.0 == axes.1 {
            let axis = axes.0;
            return Err(UsageError(format!(
                "--x and --y are both '{axis}'; choose two axes"
            )));
        }
        Ok(axes)
    }

    /// Where the picture of `metric` goes.
    fn path(&self, metric: Metric, (x, y): (Axis, Axis)) -> PathBuf {
        if let Some(output) = &self.output {
            return output.clone();
        }
        let mut name = metric.to_string();
        if self.x.is_some() || self.y.is_some() {
            name.push_str(&format!("_{y}-by-{x}"));
        }
        for condition in &self.conditions {
            name.push_str(&format!("_{condition}"));
        }
        self.runs[0].join("figures").join(name + ".png")
    }

    fn picture(
        &self,
        runs: &[Admitted],
        quantity: &Quantity,
        facets: &Facets<'_>,
        path: &Path,
    ) -> anyhow::Result<()> {
        let csv = path.with_extension("csv");
        let kept = self.output.is_some() && !self.force;
        if let Some(there) = [path, &csv].into_iter().find(|path| kept && path.exists()) {
            let there = there.display();
            return Err(UsageError(format!("{there} exists; give --force to replace it")).into());
        }
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot create {}", folder.display()))?;
        }
        let headers: Vec<&RunHeader> = runs.iter().map(|one| &one.run.header).collect();
        let picture = heatmap::heatmap(quantity, facets, &Caption::of(&headers), self.size);
        picture.save(path)?;
        points::save(quantity, facets, &csv)?;
        let points = csv.file_name().unwrap_or_default().display();
        screen::say(format!("{} (points in {points})", path.display()))?;
        Ok(())
    }
}

/// A run and those of its cells that the conditions admit.
struct Admitted {
    run: Run,
    cells: Vec<Cell>,
}

impl Admitted {
    fn read(path: &Path, conditions: &[Condition]) -> anyhow::Result<Self> {
        let run = Run::read(path)?;
        let admits = |cell: &Cell| Condition::all_admit(conditions, cell);
        let cells: Vec<Cell> = run.cells().into_iter().filter(admits).collect();
        if cells.is_empty() {
            let conditions: Vec<String> = conditions.iter().map(Condition::to_string).collect();
            let conditions = conditions.join(",");
            return Err(UsageError(format!("no cell of the run has {conditions}")).into());
        }
        anyhow::ensure!(
            run.records.iter().any(|record| admits(&record.visit.cell)),
            "{} has no samples of these cells yet; run its command again to measure them",
            path.display()
        );
        Ok(Self { run, cells })
    }

    /// What is drawn where nothing was asked for.
    fn metrics(&self) -> Vec<Metric> {
        let own = match self.run.analysis.judge {
            Judge::Metric(_) => Some(Metric::Own),
            Judge::Wall => None,
        };
        own.into_iter().chain(DEFAULT).collect()
    }

    /// One metric of the admitted cells; held against the best cell of the whole run, as always.
    fn series(&self, metric: Metric) -> Series {
        let admitted: BTreeSet<&Cell> = self.cells.iter().collect();
        let mut series = self.run.analysis.series(metric);
        series.points.retain(|point| admitted.contains(&point.cell));
        series
    }
}

/// Each of `runs` with its `series`, by name where there are several.
fn parts<'a>(runs: &'a [Admitted], series: &'a [Series]) -> Vec<Part<'a>> {
    let part = |(one, series): (&'a Admitted, &'a Series)| Part {
        name: match runs {
            [_] => "",
            _ => &one.run.header.name,
        },
        cells: &one.cells,
        points: &series.points,
    };
    runs.iter().zip(series).map(part).collect()
}

/// What all of `series` show.
fn common_quantity(series: &[Series]) -> Result<&Quantity, UsageError> {
    let first = &series[0].quantity;
    match series.iter().find(|series| series.quantity != *first) {
        Some(other) => Err(UsageError(format!(
            "the runs say different metrics of themselves ({first}, {}); choose another --metric",
            other.quantity
        ))),
        None => Ok(first),
    }
}

fn shows_a_number(series: &Series) -> bool {
    let mut readings = series.points.iter().map(|point| &point.reading);
    readings.any(|reading| *reading != Reading::Missing)
}

fn on_terminal(quantity: &Quantity, facets: &Facets<'_>) -> String {
    terminal::heatmap(quantity, facets, screen::columns(), screen::ink(&stdout()))
}

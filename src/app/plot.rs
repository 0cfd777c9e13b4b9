//! What did a run find, as pictures?
//!
//! Without a name, pictures go into the run's own `figures/`. They are made from the run alone, so
//! they are made again whenever asked; a file that somebody named is theirs and kept unless it is to be
//! replaced.

mod figure;
mod timeline;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub use figure::{Figure, draw};
pub use timeline::{TimelineRequest, timeline};

use super::{Error, Run, UsageError, output};
use crate::analysis::{Metric, Objective, Quantity, Reading, Series};
use crate::experiment::{Axis, Cell, Condition};
use crate::record::RunHeader;
use crate::view::canvas::FigureFormat;
use crate::view::caption::Caption;
use crate::view::facet::{Facets, Part, natural_axes};
use crate::view::size::Size;
use crate::view::terminal::{self, Ink};
use crate::view::{heatmap, points};

/// What is drawn where nothing is said; a command's own metric comes first.
const DEFAULT: [Metric; 5] = [
    Metric::Throughput,
    Metric::Slowdown,
    Metric::Efficiency,
    Metric::Switches,
    Metric::Wait,
];

/// Which pictures of one run, or of several beside each other.
#[derive(Clone, Debug, Default)]
pub struct PlotRequest {
    /// What heatmaps show; the usual metrics where nothing is said.
    pub metrics: Option<Vec<Metric>>,
    /// Horizontal axis; the one that suits the cells where nothing is said.
    pub x: Option<Axis>,
    /// Vertical axis.
    pub y: Option<Axis>,
    /// Show only the cells that all of these admit.
    pub conditions: Vec<Condition>,
    /// Picture to write; the points go beside it.
    pub output: Option<PathBuf>,
    /// For whom it is drawn.
    pub size: Size,
    /// Whether files that exist are replaced.
    pub force: bool,
}

/// A terminal in which heatmaps are to be read.
#[derive(Clone, Copy, Debug)]
pub struct Terminal {
    /// Its width [columns].
    pub columns: usize,
    /// Whether it has colours.
    pub ink: Ink,
}

/// A picture that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// Its file.
    pub picture: PathBuf,
    /// Its points as numbers.
    pub points: PathBuf,
}

/// Heatmaps, and what there is none of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heatmaps<T> {
    /// What was drawn, a metric each.
    pub drawn: Vec<T>,
    /// Metrics of which no cell has a number.
    pub left_out: Vec<Metric>,
}

/// Writes the heatmaps that `request` asks for of `runs`.
///
/// # Errors
///
/// If the runs do not go together or have nothing to draw, or a file cannot be written.
pub fn heatmaps(runs: &[Run], request: &PlotRequest) -> Result<Heatmaps<Drawn>, Error> {
    if runs.len() > 1 && request.output.is_none() {
        let why =
            "several runs have no folder in common; name the picture with -o, or give --terminal";
        return Err(UsageError(why.to_owned()).into());
    }
    let runs = Admitted::all(runs, &request.conditions)?;
    each_metric(&runs, request, |metric, series, facets, axes| {
        let path = request.path(&runs[0].run.folder, metric, axes);
        picture(&runs, &series[0].quantity, facets, request, path)
    })
}

/// The same as text for `terminal`.
///
/// # Errors
///
/// If the runs do not go together or have nothing to draw.
pub fn texts(
    runs: &[Run],
    request: &PlotRequest,
    Terminal { columns, ink }: Terminal,
) -> Result<Heatmaps<String>, Error> {
    let runs = Admitted::all(runs, &request.conditions)?;
    each_metric(&runs, request, |_, series, facets, _| {
        let quantity = &series[0].quantity;
        Ok(terminal::heatmap(quantity, facets, columns, ink))
    })
}

/// What `draw` makes of each metric of `runs` that some cell has a number of.
fn each_metric<T>(
    runs: &[Admitted<'_>],
    request: &PlotRequest,
    draw: impl Fn(Metric, &[Series], &Facets<'_>, (Axis, Axis)) -> Result<T, Error>,
) -> Result<Heatmaps<T>, Error> {
    of_one_machine(runs)?;
    let metrics = request.metrics.clone();
    let metrics = metrics.unwrap_or_else(|| runs[0].metrics());
    let cells: Vec<Cell> = runs.iter().flat_map(|run| &run.cells).copied().collect();
    let axes = request.axes(&cells)?;
    let mut heatmaps = Heatmaps {
        drawn: Vec::new(),
        left_out: Vec::new(),
    };
    for metric in metrics {
        let series: Vec<Series> = runs.iter().map(|run| run.series(metric)).collect();
        if !series.iter().any(shows_a_number) {
            heatmaps.left_out.push(metric);
            continue;
        }
        of_one_quantity(&series)?;
        let facets = Facets::beside(&parts(runs, &series), axes);
        heatmaps.drawn.push(draw(metric, &series, &facets, axes)?);
    }
    match heatmaps.drawn.is_empty() {
        false => Ok(heatmaps),
        true => {
            let run = runs[0].run.folder.display();
            Err(Error::Failed(format!("nothing to draw in {run}")))
        }
    }
}

/// Refuses runs that do not go on one scale.
fn of_one_machine(runs: &[Admitted<'_>]) -> Result<(), UsageError> {
    let machine = |header: &RunHeader| (header.host.clone(), header.budget.clone());
    let headers: Vec<&RunHeader> = runs.iter().map(|one| &one.run.header).collect();
    match headers.iter().find(|h| machine(h) != machine(headers[0])) {
        None => Ok(()),
        Some(other) => {
            let (one, other) = (&headers[0].name, &other.name);
            Err(UsageError(format!(
                "the runs {one} and {other} are of different machines or budgets; draw each by itself"
            )))
        }
    }
}

/// Refuses series that do not show the same.
fn of_one_quantity(series: &[Series]) -> Result<(), UsageError> {
    let first = &series[0].quantity;
    match series.iter().find(|series| series.quantity != *first) {
        None => Ok(()),
        Some(other) => Err(UsageError(format!(
            "the runs say different metrics of themselves ({first}, {}); choose another --metric",
            other.quantity
        ))),
    }
}

impl PlotRequest {
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

    /// Where the picture of `metric` goes, of a run in `folder`.
    fn path(&self, folder: &Path, metric: Metric, (x, y): (Axis, Axis)) -> PathBuf {
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
        folder.join("figures").join(name + ".png")
    }

    /// Where a picture and its points go; files that somebody named are kept.
    fn claim(&self, picture: PathBuf) -> Result<Drawn, Error> {
        FigureFormat::of(&picture).map_err(UsageError::of)?;
        let points = picture.with_extension("csv");
        let replaced = self.force || self.output.is_none();
        output::keep([&*picture, &*points], replaced)?;
        Ok(Drawn { picture, points })
    }
}

fn picture(
    runs: &[Admitted<'_>],
    quantity: &Quantity,
    facets: &Facets<'_>,
    request: &PlotRequest,
    path: PathBuf,
) -> Result<Drawn, Error> {
    let drawn = request.claim(path)?;
    output::make_folder_of(&drawn.picture)?;
    let headers: Vec<&RunHeader> = runs.iter().map(|one| &one.run.header).collect();
    let picture = heatmap::heatmap(quantity, facets, &Caption::of(&headers), request.size);
    picture.save(&drawn.picture).map_err(Error::because)?;
    points::save(quantity, facets, &drawn.points).map_err(Error::because)?;
    Ok(drawn)
}

/// A run and those of its cells that the conditions admit.
struct Admitted<'r> {
    run: &'r Run,
    cells: Vec<Cell>,
}

impl<'r> Admitted<'r> {
    fn all(runs: &'r [Run], conditions: &[Condition]) -> Result<Vec<Self>, Error> {
        runs.iter().map(|run| Self::of(run, conditions)).collect()
    }

    fn of(run: &'r Run, conditions: &[Condition]) -> Result<Self, Error> {
        let admits = |cell: &Cell| Condition::all_admit(conditions, cell);
        let cells: Vec<Cell> = run.cells().into_iter().filter(admits).collect();
        if cells.is_empty() {
            return Err(UsageError::no_cell(conditions).into());
        }
        let mut records = run.records.iter();
        match records.any(|record| admits(&record.visit.cell)) {
            true => Ok(Self { run, cells }),
            false => Err(Error::Failed(format!(
                "{} has no samples of these cells yet; run its command again to measure them",
                run.folder.display()
            ))),
        }
    }

    /// What is drawn where nothing was asked for.
    fn metrics(&self) -> Vec<Metric> {
        let own = match self.run.analysis.objective {
            Objective::Metric(_) => Some(Metric::Own),
            Objective::Wall => None,
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
fn parts<'a>(runs: &'a [Admitted<'_>], series: &'a [Series]) -> Vec<Part<'a>> {
    let part = |(one, series): (&'a Admitted<'_>, &'a Series)| Part {
        name: match runs {
            [_] => "",
            _ => &one.run.header.name,
        },
        cells: &one.cells,
        points: &series.points,
    };
    runs.iter().zip(series).map(part).collect()
}

fn shows_a_number(series: &Series) -> bool {
    let mut readings = series.points.iter().map(|point| &point.reading);
    readings.any(|reading| *reading != Reading::Missing)
}

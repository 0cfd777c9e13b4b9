//! Figures beside the heatmap: curves, split of CPU time, distribution of samples, prediction.

mod curves;
mod scatter;

use std::fs;
use std::path::Path;

use serde::Serialize;

use super::{Admitted, UsageError, screen};
use crate::analysis::{Bound, split};
use crate::cli::output;
use crate::experiment::Axis;
use crate::record::{Status, breakdown};
use crate::text::Named;
use crate::view::canvas::{Color, FigureFormat, GREY};
use crate::view::caption::provenance;
use crate::view::cell_name::CellNames;
use crate::view::chart::{Chart, ChartAxis, Mark, Panel, Scale, Sign, color};
use crate::view::facet::Facets;
use crate::view::parts;

/// Most cells of a figure that names each.
const MOST_NAMED: usize = 32;

/// A kind of figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::VariantArray, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub(super) enum Figure {
    /// T1 / T over threads.
    Speedup,
    /// E over threads.
    Efficiency,
    /// Where the time of the PUs went.
    Split,
    /// Every sample of every cell.
    Distribution,
    /// Times of one run against those of another.
    Scatter,
}

crate::named!(Figure, "figure");

/// A point of a figure, as it is kept beside it.
#[derive(Serialize)]
struct Row {
    panel: String,
    series: String,
    x: f64,
    y: f64,
    low: Option<f64>,
    high: Option<f64>,
    /// How far `y` says what it seems to say.
    bound: &'static str,
}

/// What a circle in a chart is, if there is any.
fn circles(panels: &[Panel]) -> Option<(Sign, String)> {
    let mut marks = panels.iter().flat_map(|panel| &panel.marks);
    let any = marks.any(|mark| matches!(mark, Mark::Circle(..)));
    any.then(|| {
        let words = "stopped at the limit: only a bound";
        (Sign::Circle(GREY), words.to_owned())
    })
}

/// A dot, or a circle where only a bound is known.
fn spot(at: (f64, f64), bound: Bound, color: Color) -> Mark {
    match bound {
        Bound::Exact => Mark::Dot(at, color),
        Bound::AtLeast | Bound::AtMost | Bound::UntilStopped => Mark::Circle(at, color),
    }
}

/// Draws `figure` of `runs` into `path` and its points beside it; files that exist are kept unless
/// `force`.
pub(super) fn draw(
    figure: Figure,
    runs: &[Admitted],
    path: &Path,
    force: bool,
) -> anyhow::Result<()> {
    FigureFormat::of(path).map_err(|error| UsageError(error.to_string()))?;
    let csv = path.with_extension("csv");
    if let Some(there) = [path, &csv]
        .into_iter()
        .find(|file| !force && file.exists())
    {
        let there = there.display();
        return Err(UsageError(format!("{there} exists; give --force to replace it")).into());
    }
    let (chart, rows) = match (figure, runs) {
        (Figure::Scatter, [measured, predicted]) => scatter::scatter(measured, predicted)?,
        (Figure::Scatter, _) => {
            return Err(UsageError(
                "--figure scatter needs two runs: the measured one first".to_owned(),
            )
            .into());
        }
        (_, [_, _, ..]) => {
            let figure = figure.name();
            return Err(UsageError(format!("--figure {figure} shows one run; name one")).into());
        }
        (Figure::Speedup | Figure::Efficiency, _) => curves::curves(figure, &runs[0])?,
        (Figure::Split, _) => bars(&runs[0])?,
        (Figure::Distribution, _) => distribution(&runs[0])?,
    };
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        fs::create_dir_all(folder)?;
    }
    let headers: Vec<_> = runs.iter().map(|one| &one.run.header).collect();
    let chart = Chart {
        provenance: provenance(&headers),
        ..chart
    };
    chart.draw().save(path)?;
    output::write_csv(&csv, |file| {
        rows.iter().try_for_each(|row| file.serialize(row))
    })?;
    let points = csv.file_name().unwrap_or_default().display();
    screen::say(format!("{} (points in {points})", path.display()))
}

fn chart(
    title: &str,
    subject: Vec<String>,
    (x, y): (ChartAxis, ChartAxis),
    panels: Vec<Panel>,
) -> Chart {
    Chart {
        title: title.to_owned(),
        subject,
        x,
        y,
        panels,
        legend: Vec::new(),
        provenance: Vec::new(),
    }
}

fn axis(label: &str, scale: Scale) -> ChartAxis {
    ChartAxis {
        label: label.to_owned(),
        scale,
    }
}

fn nothing(what: &str) -> UsageError {
    UsageError(format!("there is nothing to draw: {what}"))
}

/// What the cells of a run have in common, as words.
fn common(one: &Admitted) -> Vec<String> {
    Facets::of(&one.cells, &[], (Axis::Inner, Axis::Outer)).common
}

/// Least share of a part that is worth a place in the legend [%]: a line in a bar.
const LEAST_SHARE: f64 = 0.1;

/// What the PUs of the budget did in each cell, as bars of 100 %.
fn bars(one: &Admitted) -> anyhow::Result<(Chart, Vec<Row>)> {
    let names = few(one)?;
    let simulated = breakdown(&one.run.folder);
    let (mut marks, mut rows, mut legend) = (Vec::new(), Vec::new(), Vec::new());
    for (i, cell) in one.cells.iter().enumerate() {
        let parts = match simulated.get(cell) {
            Some(parts) => parts.clone(),
            None => split(&one.run.records, cell, one.run.analysis.budget),
        };
        let total: f64 = parts.iter().map(|(_, time)| time).sum();
        let mut floor = 0.0;
        for (part, time) in parts.iter().filter(|_| total > 0.0) {
            let share = 100.0 * time / total;
            marks.push(Mark::Bar(i, (floor, floor + share), parts::color(part)));
            rows.push(Row {
                panel: names[i].clone(),
                series: part.clone(),
                x: share,
                y: i as f64,
                low: None,
                high: None,
                bound: Bound::Exact.name(),
            });
            let entry = (Sign::Square(parts::color(part)), part.clone());
            if share >= LEAST_SHARE && !legend.contains(&entry) {
                legend.push(entry);
            }
            floor += share;
        }
    }
    if rows.is_empty() {
        return Err(nothing("no sample has its CPU time").into());
    }
    let axes = (
        axis("share of P × wall time [%]", Scale::Linear(0.0, 100.0)),
        axis("", Scale::Names(names)),
    );
    let panels = vec![Panel {
        title: String::new(),
        marks,
    }];
    let mut chart = chart("Where the CPU time went", common(one), axes, panels);
    chart.legend = legend;
    Ok((chart, rows))
}

/// Every sample of each cell as a dot, a row for each cell, so that two clusters show as two.
fn distribution(one: &Admitted) -> anyhow::Result<(Chart, Vec<Row>)> {
    let names = few(one)?;
    let (mut marks, mut rows) = (Vec::new(), Vec::new());
    for (i, cell) in one.cells.iter().enumerate() {
        let of_cell = one
            .run
            .records
            .iter()
            .filter(|record| record.visit.cell == *cell);
        for record in of_cell {
            let Some(sample) = record.answer.sample() else {
                continue;
            };
            let millis = sample.wall.as_secs_f64() * 1e3;
            // Rounds stand below each other, so that a slow process shows as one.
            let rounds = f64::from(one.run.header.plan.protocol.rounds.get()).max(1.0);
            let height = i as f64 - 0.35 + 0.7 * f64::from(record.visit.round) / (rounds + 1.0);
            let bound = match record.answer.status() {
                Status::Censored => Bound::AtLeast,
                Status::Ok | Status::Wrong | Status::Interrupted | Status::Failed => Bound::Exact,
            };
            marks.push(spot((millis, height), bound, color(i)));
            rows.push(Row {
                panel: names[i].clone(),
                series: format!("round {}", record.visit.round),
                x: millis,
                y: i as f64,
                low: None,
                high: None,
                bound: bound.name(),
            });
        }
    }
    let (low, high) =
        ends(rows.iter().map(|row| row.x)).ok_or_else(|| nothing("no cell has a time"))?;
    let axes = (
        axis("wall time of one execution [ms]", Scale::Log(low, high)),
        axis("", Scale::Names(names)),
    );
    let mut subject = common(one);
    subject.push("a dot is one execution; within a row the rounds go downwards".to_owned());
    let panels = vec![Panel {
        title: String::new(),
        marks,
    }];
    let mut chart = chart("Every sample", subject, axes, panels);
    chart.legend.extend(circles(&chart.panels));
    Ok((chart, rows))
}

/// The ends of a logarithmic axis for `values`, with room.
fn ends(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let positive = values.filter(|value| *value > 0.0 && value.is_finite());
    let (low, high) = positive.fold((f64::INFINITY, 0.0_f64), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    (high > 0.0).then(|| (low / 1.15, (high * 1.15).max(low * 2.5)))
}

/// The names of the cells, where they are few enough to be named.
fn few(one: &Admitted) -> Result<Vec<String>, UsageError> {
    let cells = one.cells.len();
    if cells > MOST_NAMED {
        return Err(UsageError(format!(
            "{cells} cells are too many to be told apart here; choose up to {MOST_NAMED} by --where, as in --where \
             inner=2,wait=active"
        )));
    }
    let names = CellNames::of(&one.cells);
    Ok(one.cells.iter().map(|cell| names.name(cell)).collect())
}

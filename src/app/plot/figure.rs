//! Figures beside the heatmap: curves, split of CPU time, distribution of samples, prediction.

mod curves;
mod scatter;

use serde::Serialize;

use super::{Admitted, Drawn, PlotRequest};
use crate::analysis::{Bound, Metric, Reading, split};
use crate::app::{Error, Run, UsageError, output};
use crate::experiment::{Axis, Cell};
use crate::record::{Status, breakdown};
use crate::stats::median;
use crate::text::Named;
use crate::view::canvas::{BLACK, Color, GREY};
use crate::view::caption::provenance;
use crate::view::cell_name::CellNames;
use crate::view::chart::{Chart, ChartAxis, Mark, Panel, Scale, Sign, color};
use crate::view::facet::Facets;
use crate::view::number::short;
use crate::view::parts;

/// Most cells of a figure that names each.
const MOST_NAMED: usize = 32;

/// A kind of figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::VariantArray, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Figure {
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

/// Draws `figure` of `runs` as `request` says; its metrics and axes are the figure's own.
///
/// # Errors
///
/// If the figure shows another number of runs, there is nothing to draw, or a file cannot be written.
pub fn draw(runs: &[Run], figure: Figure, request: &PlotRequest) -> Result<Drawn, Error> {
    let runs = Admitted::all(runs, &request.conditions)?;
    let own = runs[0].run.folder.join("figures").join(figure.name());
    let path = request.output.clone();
    let drawn = request.claim(path.unwrap_or_else(|| own.with_extension("png")))?;
    let (chart, rows) = match (figure, &runs[..]) {
        (Figure::Scatter, [measured, predicted]) => scatter::scatter(measured, predicted)?,
        (Figure::Scatter, _) => {
            let why = "--figure scatter needs two runs: the measured one first";
            return Err(UsageError(why.to_owned()).into());
        }
        (_, [_, _, ..]) => {
            let figure = figure.name();
            return Err(UsageError(format!("--figure {figure} shows one run; name one")).into());
        }
        (Figure::Speedup | Figure::Efficiency, _) => curves::curves(figure, &runs[0])?,
        (Figure::Split, _) => bars(&runs[0])?,
        (Figure::Distribution, _) => distribution(&runs[0])?,
    };
    output::make_folder_of(&drawn.picture)?;
    let headers: Vec<_> = runs.iter().map(|one| &one.run.header).collect();
    let chart = Chart {
        provenance: provenance(&headers),
        ..chart
    };
    request
        .size
        .fit(chart.draw())
        .save(&drawn.picture)
        .map_err(Error::because)?;
    output::write_csv(&drawn.points, |file| {
        rows.iter().try_for_each(|row| file.serialize(row))
    })?;
    Ok(drawn)
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

fn nothing_to_draw(what: &str) -> UsageError {
    UsageError(format!("there is nothing to draw: {what}"))
}

/// What the cells of a run have in common, as words.
fn common_properties(one: &Admitted<'_>) -> Vec<String> {
    Facets::of(&one.cells, &[], (Axis::Inner, Axis::Outer)).common
}

/// Least share of a part that is worth a place in the legend [%]: a line in a bar.
const LEAST_SHARE: f64 = 0.1;

/// What a part is called; what is left over may also have been held by other programs.
fn part_words(part: &str) -> &str {
    match part {
        "idle" => "idle, or held by others",
        part => part,
    }
}

/// The cells of a run with what they are called, the fastest first; cells without a time come last.
fn fastest_first(one: &Admitted<'_>) -> Result<(Vec<Cell>, Vec<String>), Error> {
    let names = named_cells(one)?;
    let times = one.series(Metric::Time).points;
    let time = |cell: &Cell| {
        let point = times.iter().find(|point| point.cell == *cell);
        match point.map(|point| &point.reading) {
            Some(Reading::Number(estimate, _)) => estimate.value,
            _ => f64::INFINITY,
        }
    };
    let mut cells: Vec<(Cell, String)> = one.cells.iter().copied().zip(names).collect();
    cells.sort_by(|a, b| time(&a.0).total_cmp(&time(&b.0)));
    Ok(cells.into_iter().unzip())
}

/// What the PUs of the budget did in each cell, as bars of 100 %.
fn bars(one: &Admitted<'_>) -> Result<(Chart, Vec<Row>), Error> {
    let (cells, names) = fastest_first(one)?;
    let simulated = breakdown(&one.run.folder)?;
    let (mut marks, mut rows, mut legend) = (Vec::new(), Vec::new(), Vec::new());
    for (i, cell) in cells.iter().enumerate() {
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
            let entry = (
                Sign::Square(parts::color(part)),
                part_words(part).to_owned(),
            );
            if !legend.contains(&entry) {
                legend.push(entry);
            }
            floor += share;
        }
    }
    if rows.is_empty() {
        return Err(nothing_to_draw("no sample has its CPU time").into());
    }
    // In the order of the bars, without what nobody can see.
    let seen = |words: &str| {
        let of_part = rows.iter().filter(|row| part_words(&row.series) == words);
        of_part.into_iter().any(|row| row.x >= LEAST_SHARE)
    };
    legend.retain(|(_, words)| seen(words));
    let axes = (
        axis("share of P × wall time [%]", Scale::Linear(0.0, 100.0)),
        axis("", Scale::Names(names)),
    );
    let panels = vec![Panel {
        title: String::new(),
        marks,
    }];
    let mut subject = common_properties(one);
    subject.push("the fastest cell is at the top".to_owned());
    let mut chart = chart(&most_lost(&rows), subject, axes, panels);
    chart.legend = legend;
    Ok((chart, rows))
}

/// The largest part of any cell that is no work, as a title.
fn most_lost(rows: &[Row]) -> String {
    let work = |row: &&Row| !row.series.starts_with("user") && row.series != "compute";
    let most = rows.iter().filter(work).max_by(|a, b| a.x.total_cmp(&b.x));
    most.map_or_else(
        || "Where the CPU time went".to_owned(),
        |row| {
            let (share, part) = (row.x, part_words(&row.series));
            format!(
                "Where the CPU time went: up to {share:.0} % {part} ({})",
                row.panel
            )
        },
    )
}

/// Every sample of each cell as a dot, a row for each cell, so that two clusters show as two; and the
/// median.
fn distribution(one: &Admitted<'_>) -> Result<(Chart, Vec<Row>), Error> {
    let (cells, names) = fastest_first(one)?;
    let (mut marks, mut medians, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    let ink = color(0);
    for (i, cell) in cells.iter().enumerate() {
        let of_cell = one
            .run
            .records
            .iter()
            .filter(|record| record.visit.cell == *cell);
        let mut walls = Vec::new();
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
            marks.push(spot((millis, height), bound, ink));
            walls.push(millis);
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
        medians.extend(median(&walls).map(|wall| Mark::Median((wall, i as f64), BLACK)));
    }
    marks.extend(medians);
    let (low, high) = log_axis_range(rows.iter().map(|row| row.x))
        .ok_or_else(|| nothing_to_draw("no cell has a time"))?;
    let axes = (
        axis("wall time of one execution [ms]", Scale::Log(low, high)),
        axis("", Scale::Names(names)),
    );
    let times = |pick: fn(f64, f64) -> f64| rows.iter().map(|row| row.x).reduce(pick);
    let span = times(f64::min).zip(times(f64::max));
    let title = span.map_or_else(String::new, |(low, high)| {
        format!("Executions took from {} to {} ms", short(low), short(high))
    });
    let panels = vec![Panel {
        title: String::new(),
        marks,
    }];
    let mut chart = chart(&title, common_properties(one), axes, panels);
    chart.legend = vec![
        (
            Sign::Square(ink),
            "one execution; within a row the rounds go downwards".to_owned(),
        ),
        (Sign::Median(BLACK), "median".to_owned()),
    ];
    chart.legend.extend(circles(&chart.panels));
    Ok((chart, rows))
}

/// The ends of a logarithmic axis for `values`, with room.
fn log_axis_range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let positive = values.filter(|value| *value > 0.0 && value.is_finite());
    let (low, high) = positive.fold((f64::INFINITY, 0.0_f64), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    (high > 0.0).then(|| (low / 1.15, (high * 1.15).max(low * 2.5)))
}

/// The names of the cells, where they are few enough to be named.
fn named_cells(one: &Admitted<'_>) -> Result<Vec<String>, UsageError> {
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

//! Which data does the page of a report hold?
//!
//! Axes with the values of all runs, metrics with one colour scale for all, and for every cell its
//! places along the axes and its numbers.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Chapter;
use crate::analysis::{Mark, Metric, Point, Quantity, Reading, Series, Spread, State};
use crate::experiment::{Axis, Cell, Value};
use crate::view::canvas::{BLACK, Color};
use crate::view::caption::provenance;
use crate::view::facet::natural_axes;
use crate::view::parts;
use crate::view::scale::{Scale, text_on};

/// Colours of a scale, from its low end to its high one.
const COLORS: u32 = 48;

/// Everything the script draws from.
#[derive(Serialize)]
pub(super) struct Data {
    first: String,
    metrics: Vec<Measure>,
    x: AxisChoice,
    y: AxisChoice,
    pickers: Vec<AxisChoice>,
    runs: Vec<Run>,
}

#[derive(Serialize)]
struct Measure {
    name: String,
    title: String,
    definition: String,
    unit: String,
    raw_unit: String,
    factor: f64,
    low: f64,
    high: f64,
    words: &'static str,
    /// Each with the colour of text on it.
    colors: Vec<(String, &'static str)>,
}

#[derive(Serialize)]
struct AxisChoice {
    name: String,
    label: &'static str,
    /// Where its place stands in [`Place::at`].
    index: usize,
    values: Vec<String>,
    /// Whether the values are thread counts.
    counts: bool,
}

#[derive(Serialize)]
struct Run {
    name: String,
    caption: String,
    budget: f64,
    cells: Vec<Place>,
}

#[derive(Serialize)]
struct Place {
    cell: String,
    at: Vec<usize>,
    mark: &'static str,
    state: &'static str,
    reason: Option<String>,
    rounds: usize,
    samples: usize,
    failed_rounds: usize,
    values: BTreeMap<String, Number>,
    /// What to type to run it again, a line for each process.
    again: Vec<String>,
    cause: Option<String>,
    evidence: Vec<String>,
    /// Name, share and colour.
    split: Vec<(String, f64, String)>,
}

#[derive(Serialize)]
struct Number {
    value: f64,
    low: f64,
    high: f64,
    spread: Option<&'static str>,
    bound: &'static str,
}

impl Data {
    /// The data of `chapters`.
    pub(super) fn of(chapters: &[Chapter<'_>]) -> Self {
        let cells: Vec<Cell> = chapters
            .iter()
            .flat_map(|c| c.cells.iter().copied())
            .collect();
        let (x, y) = natural_axes(&cells);
        let values: Vec<(Axis, Vec<Value>)> = Axis::ALL
            .into_iter()
            .map(|axis| (axis, axis.values(&cells)))
            .collect();
        let series: Vec<Vec<Series>> = chapters.iter().map(every_series).collect();
        let axes = |wanted: &dyn Fn(Axis, usize) -> bool| -> Vec<AxisChoice> {
            let all = values.iter().enumerate();
            all.filter(|(_, (axis, values))| wanted(*axis, values.len()))
                .map(|(index, (axis, values))| choice(*axis, index, values))
                .collect()
        };
        let only = |axis| axes(&|other, _| other == axis).swap_remove(0);
        Self {
            first: series
                .iter()
                .flatten()
                .find(|series| series.quantity.metric() == Metric::Slowdown)
                .or(series.iter().flatten().next())
                .map_or_else(String::new, |series| series.quantity.to_string()),
            metrics: measures(&series),
            x: only(x),
            y: only(y),
            pickers: axes(&|axis, count| axis != x && axis != y && count > 1),
            runs: chapters
                .iter()
                .zip(&series)
                .map(|(chapter, series)| run(chapter, series, &values))
                .collect(),
        }
    }
}

fn choice(axis: Axis, index: usize, values: &[Value]) -> AxisChoice {
    AxisChoice {
        name: axis.to_string(),
        label: axis.label(),
        index,
        values: values.iter().map(Value::to_string).collect(),
        counts: axis.counts_threads(),
    }
}

/// The series of every metric of which some cell of the run has a number.
fn every_series(chapter: &Chapter<'_>) -> Vec<Series> {
    let all = Metric::of_one_run().map(|metric| chapter.analysis.series(metric));
    let number = |point: &Point| matches!(point.reading, Reading::Number(..));
    all.filter(|series| series.points.iter().any(number))
        .collect()
}

fn measures(series: &[Vec<Series>]) -> Vec<Measure> {
    let quantity = |metric: Metric| {
        let mut all = series.iter().flatten();
        all.find(|series| series.quantity.metric() == metric)
            .map(|series| series.quantity.clone())
    };
    Metric::of_one_run()
        .filter_map(quantity)
        .map(|quantity| measure(&quantity, series))
        .collect()
}

fn measure(quantity: &Quantity, series: &[Vec<Series>]) -> Measure {
    let same = series
        .iter()
        .flatten()
        .filter(|series| series.quantity.metric() == quantity.metric());
    let scale = Scale::of(quantity, same.flat_map(|series| series.points.iter()));
    let color = |i: u32| {
        let color = scale.color_at(f64::from(i) / f64::from(COLORS - 1));
        let text = if text_on(color) == BLACK {
            "#000"
        } else {
            "#fff"
        };
        (hex(color), text)
    };
    let (low, high) = scale.ends();
    Measure {
        name: quantity.to_string(),
        title: quantity.title().to_owned(),
        definition: quantity.metric().definition().to_owned(),
        unit: scale.unit.to_owned(),
        raw_unit: quantity.metric().unit().to_owned(),
        factor: scale.factor(),
        low,
        high,
        words: scale.words(),
        colors: (0..COLORS).map(color).collect(),
    }
}

/// What to type to run `cell` again; nothing where it was run by a model of a library.
fn again(chapter: &Chapter<'_>, cell: &Cell) -> Vec<String> {
    match &chapter.header.plan.command {
        Some(spec) => spec.shell_lines(cell),
        None if cell.runtime.modelled().is_some() => Vec::new(),
        None => vec![format!("oversub cell {cell}")],
    }
}

fn hex(Color(r, g, b): Color) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn run(chapter: &Chapter<'_>, series: &[Series], values: &[(Axis, Vec<Value>)]) -> Run {
    // The points of every series stand in the order of the cells.
    let numbers = |i: usize| -> BTreeMap<String, Number> {
        let of = |series: &Series| {
            let point = series.points.get(i)?;
            Some((series.quantity.to_string(), number(&point.reading)?))
        };
        series.iter().filter_map(of).collect()
    };
    let place = |(i, summary): (usize, &crate::analysis::CellSummary)| {
        let cell = summary.cell;
        let at = values.iter().map(|(axis, values)| {
            let found = values.binary_search(&axis.value(&cell));
            found.unwrap_or_default()
        });
        let (state, reason) = match &summary.state {
            State::Ok => ("ok", None),
            State::Censored => ("censored", None),
            State::Wrong(reason) => ("wrong", Some(reason.clone())),
            State::Interrupted(reason) => ("interrupted", Some(reason.clone())),
            State::Failed(reason) => ("failed", Some(reason.clone())),
        };
        let explained = (chapter.explain)(&cell);
        let mark = series.first().and_then(|series| series.points.get(i));
        Place {
            cell: cell.to_string(),
            at: at.collect(),
            mark: match mark.map(|point| point.mark) {
                Some(Mark::Best) => "best",
                Some(Mark::Tied(_)) => "tied",
                Some(Mark::Unresolved(_)) => "unresolved",
                Some(Mark::None | Mark::Same) | None => "",
            },
            state,
            reason,
            rounds: summary.rounds.len(),
            samples: summary.samples,
            failed_rounds: summary.failed_rounds,
            values: numbers(i),
            again: again(chapter, &cell),
            cause: explained.cause,
            evidence: explained.evidence,
            split: explained
                .split
                .into_iter()
                .map(|(name, share)| {
                    let color = hex(parts::color(&name));
                    (name, share, color)
                })
                .collect(),
        }
    };
    Run {
        name: chapter.name.clone(),
        caption: provenance(&[chapter.header]).join(" · "),
        budget: chapter.analysis.budget,
        cells: chapter
            .analysis
            .cells
            .iter()
            .enumerate()
            .map(place)
            .collect(),
    }
}

fn number(reading: &Reading) -> Option<Number> {
    let Reading::Number(estimate, bound) = reading else {
        return None;
    };
    let ends = estimate.spread.map(Spread::ends);
    Some(Number {
        value: significant(estimate.value),
        low: significant(ends.map_or(estimate.value, |ends| ends.low)),
        high: significant(ends.map_or(estimate.value, |ends| ends.high)),
        spread: estimate.spread.map(|spread| match spread {
            Spread::Interval(_) => "interval",
            Spread::Range(_) => "range",
        }),
        bound: bound.name(),
    })
}

/// `value`, not bounded if infinite (null in JSON), with six digits, which is more than any measurement here has, so that pages stay small.
fn significant(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

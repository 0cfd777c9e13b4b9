//! How are the numbers behind a figure kept beside it?
//!
//! One row a cell, in the order in which the cells are drawn; empty is missing. `panel` is what
//! heads the panel that it stands in. `bound` says what
//! `value` is: `exact`, or for a cell that was stopped at the time limit `at-least`, `at-most` or
//! `until-stopped`. `low` and `high` are the ends of what `spread` names: the 95 % `interval` of the
//! median over rounds, or with fewer than six rounds their `range`.

use std::io;
use std::num::NonZeroU32;
use std::path::Path;

use serde::Serialize;

use super::canvas::FigureError;
use super::facet::Facets;
use crate::analysis::{Estimate, Mark, Point, Quantity, Reading, Spread};
use crate::experiment::Cell;
use crate::file;

#[derive(Serialize)]
struct Row<'a> {
    panel: &'a str,
    cell: Cell,
    workload: String,
    dtype: Option<String>,
    n: Option<u32>,
    outer: u32,
    inner: u32,
    runtime: String,
    wait: Option<String>,
    composition: String,
    placement: String,
    dispatch: String,
    tasks: u32,
    metric: String,
    unit: &'static str,
    bound: Option<&'static str>,
    value: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    spread: Option<&'static str>,
    mark: &'static str,
    cause: Option<String>,
    rounds: usize,
    samples: usize,
    failed_rounds: usize,
    reason: Option<&'a str>,
}

fn row<'a>(quantity: &Quantity, panel: &'a str, point: &'a Point) -> Row<'a> {
    let cell = point.cell;
    let (estimate, bound, reason): (Option<Estimate>, _, _) = match &point.reading {
        Reading::Number(estimate, bound) => (Some(*estimate), Some(bound.name()), None),
        Reading::Cause(_) | Reading::Missing => (None, None, None),
        Reading::Stopped => (
            None,
            None,
            Some("stopped at the limit before it had a number"),
        ),
        Reading::Wrong(reason) | Reading::Interrupted(reason) | Reading::Failed(reason) => {
            (None, None, Some(reason.as_str()))
        }
    };
    let spread = estimate.and_then(|estimate| estimate.spread);
    Row {
        panel,
        workload: cell.workload.name(),
        dtype: cell.workload.dtype().map(|dtype| dtype.to_string()),
        n: cell.workload.n().map(NonZeroU32::get),
        outer: cell.outer.get(),
        inner: cell.inner.get(),
        runtime: cell.runtime.name().to_string(),
        wait: cell.runtime.wait().map(|wait| wait.to_string()),
        composition: cell.composition.to_string(),
        placement: cell.placement.to_string(),
        dispatch: cell.dispatch.to_string(),
        tasks: cell.tasks.get(),
        metric: quantity.to_string(),
        unit: quantity.metric().unit(),
        bound,
        value: estimate.map(|estimate| estimate.value),
        low: spread.map(|spread| spread.ends().low),
        high: spread.map(|spread| spread.ends().high),
        spread: spread.map(|spread| match spread {
            Spread::Interval(_) => "interval",
            Spread::Range(_) => "range",
        }),
        mark: match point.mark {
            Mark::Best => "best",
            Mark::Tied(_) => "tied",
            Mark::Same => "same",
            Mark::None => "",
        },
        cause: match point.reading {
            Reading::Cause(cause) => Some(cause.to_string()),
            _ => None,
        },
        rounds: point.rounds,
        samples: point.samples,
        failed_rounds: point.failed_rounds,
        reason,
        cell,
    }
}

/// Writes the points of `quantity` that `facets` show as CSV to `path`.
///
/// # Errors
///
/// If the file cannot be written.
pub fn save(quantity: &Quantity, facets: &Facets<'_>, path: &Path) -> Result<(), FigureError> {
    let failed = |error: csv::Error| FigureError::write(path, io::Error::from(error));
    let mut rows = csv::Writer::from_writer(Vec::new());
    for panel in &facets.panels {
        for point in panel.points() {
            let row = row(quantity, &panel.title, point);
            rows.serialize(row).map_err(failed)?;
        }
    }
    let text = rows
        .into_inner()
        .map_err(|error| FigureError::write(path, error))?;
    file::write(path, &text).map_err(|error| FigureError::write(path, error))
}

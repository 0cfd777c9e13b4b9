//! How are the numbers behind a figure kept beside it?
//!
//! One row a cell, in the order in which the cells are drawn; empty is missing. `panel` is what
//! heads the panel that it stands in. `bound` says what
//! `value` is: `exact`, or for a cell that was stopped at the time limit `at-least`, `at-most` or
//! `until-stopped`. `low` and `high` are the ends of what `spread` names: the 95 % `interval` of the
//! median over rounds, or with fewer than six rounds their `range`.

use std::path::Path;

use super::canvas::FigureError;
use super::facet::Facets;
use super::table::{self, Table, axis_columns, axis_fields};
use crate::analysis::{Estimate, Mark, Point, Quantity, Reading, Spread};
use crate::file;
use crate::record::{Field, FieldKind};

/// What is said of a cell beside its axes.
const OF_A_POINT: [(&str, FieldKind); 13] = [
    ("metric", FieldKind::Word),
    ("unit", FieldKind::Word),
    ("bound", FieldKind::Word),
    ("value", FieldKind::Number),
    ("low", FieldKind::Number),
    ("high", FieldKind::Number),
    ("spread", FieldKind::Word),
    ("mark", FieldKind::Word),
    ("cause", FieldKind::Word),
    ("rounds", FieldKind::Integer),
    ("samples", FieldKind::Integer),
    ("failed_rounds", FieldKind::Integer),
    ("reason", FieldKind::Word),
];

fn row(quantity: &Quantity, panel: &str, point: &Point) -> Vec<Field> {
    let word = |text: &str| Field::Word(text.to_owned());
    let first = [word(panel), Field::Word(point.cell.to_string())];
    let axes = axis_fields(&point.cell);
    let said = of_a_point(quantity, point);
    first.into_iter().chain(axes).chain(said).collect()
}

/// The fields of [`OF_A_POINT`].
fn of_a_point(quantity: &Quantity, point: &Point) -> [Field; 13] {
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
    [
        Field::Word(quantity.to_string()),
        Field::Word(quantity.metric().unit().to_owned()),
        Field::word(bound),
        Field::number(estimate.map(|estimate| estimate.value)),
        Field::number(spread.map(|spread| spread.ends().low)),
        Field::number(spread.map(|spread| spread.ends().high)),
        Field::word(spread.map(|spread| match spread {
            Spread::Interval(_) => "interval",
            Spread::Range(_) => "range",
        })),
        Field::Word(
            match point.mark {
                Mark::Best => "best",
                Mark::Tied(_) => "tied",
                Mark::Unresolved(_) => "unresolved",
                Mark::Same => "same",
                Mark::None => "",
            }
            .to_owned(),
        ),
        Field::word(match point.reading {
            Reading::Cause(cause) => Some(cause),
            _ => None,
        }),
        Field::Integer(point.rounds as u64),
        Field::Integer(point.samples as u64),
        Field::Integer(point.failed_rounds as u64),
        Field::word(reason),
    ]
}

/// Writes the points of `quantity` that `facets` show as CSV to `path`.
///
/// # Errors
///
/// If the file cannot be written.
pub fn save(quantity: &Quantity, facets: &Facets<'_>, path: &Path) -> Result<(), FigureError> {
    let points = facets.panels.iter().flat_map(|panel| {
        let row = |point| row(quantity, &panel.title, point);
        panel.points().map(row).collect::<Vec<_>>()
    });
    let first = [("panel", FieldKind::Word), ("cell", FieldKind::Word)].into_iter();
    let table = Table {
        rows: points.collect(),
        columns: first.chain(axis_columns()).chain(OF_A_POINT).collect(),
    };
    let text = table::csv(&table).map_err(|error| FigureError::write(path, error))?;
    file::write(path, text.as_bytes()).map_err(|error| FigureError::write(path, error))
}

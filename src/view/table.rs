//! How do the cells of a run, or its samples, go into other programs?
//!
//! One row a cell or a sample, as CSV, JSON, a table of Markdown or a Parquet file, all with the same
//! columns.

mod parquet;

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::analysis::{Analysis, Bound, Cause, Estimate, Mark, Metric, Point, Reading, Spread};
use crate::experiment::{Axis, Cell};
use crate::record::columns::{axis_field, axis_kind, columns};
use crate::record::{Field, FieldKind, Record};
use crate::text::ParseError;

/// A form of table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableFormat {
    /// Comma-separated values.
    Csv,
    /// A list of objects.
    Json,
    /// A table of Markdown.
    Markdown,
    /// A Parquet file.
    Parquet,
}

impl FromStr for TableFormat {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text {
            "csv" => Ok(Self::Csv),
            "json" => Ok(Self::Json),
            "markdown" => Ok(Self::Markdown),
            "parquet" => Ok(Self::Parquet),
            _ => Err(ParseError::new(
                "format",
                text,
                "csv, json, markdown or parquet",
            )),
        }
    }
}

/// A table that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write a row: {0}")]
pub struct TableError(String);

impl TableError {
    fn of(error: impl fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// Rows below named columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Name and kind of each column.
    pub columns: Vec<(&'static str, FieldKind)>,
    /// The fields of each row.
    pub rows: Vec<Vec<Field>>,
}

/// A row as an object.
struct Object<'a>(&'a [(&'static str, FieldKind)], &'a [Field]);

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let names = self.0.iter().map(|(name, _)| name);
        out.collect_map(names.zip(self.1))
    }
}

/// Every record as a row, with the columns of `samples.csv`.
pub fn samples(records: &[Record]) -> Table {
    let row = |record: &Record| {
        columns()
            .iter()
            .map(|column| column.field(record))
            .collect()
    };
    Table {
        columns: columns().iter().map(|c| (c.name, c.kind())).collect(),
        rows: records.iter().map(row).collect(),
    }
}

/// A column for each axis.
pub(super) fn axis_columns() -> impl Iterator<Item = (&'static str, FieldKind)> {
    Axis::ALL
        .into_iter()
        .map(|axis| (axis.key(), axis_kind(axis)))
}

/// Where `cell` stands on each axis.
pub(super) fn axis_fields(cell: &Cell) -> impl Iterator<Item = Field> {
    Axis::ALL.into_iter().map(|axis| axis_field(axis, cell))
}

/// What is said of a cell beside its axes.
const OF_A_CELL: [(&str, FieldKind); 12] = [
    ("rounds", FieldKind::Integer),
    ("samples", FieldKind::Integer),
    ("failed_rounds", FieldKind::Integer),
    ("time_s", FieldKind::Number),
    ("time_low_s", FieldKind::Number),
    ("time_high_s", FieldKind::Number),
    ("spread", FieldKind::Word),
    ("bound", FieldKind::Word),
    ("slowdown", FieldKind::Number),
    ("mark", FieldKind::Word),
    ("cause", FieldKind::Word),
    ("reason", FieldKind::Word),
];

/// Every cell of a run as a row.
pub fn cells(analysis: &Analysis) -> Table {
    let times = analysis.series(Metric::Time).points;
    let slowdowns = analysis.series(Metric::Slowdown).points;
    let row = |(time, slowdown): (&Point, &Point)| {
        let cell = [Field::Word(time.cell.to_string())];
        let cause = analysis.diagnoses.get(&time.cell);
        let said = of_a_cell(time, slowdown, cause.map(|diagnosis| diagnosis.cause));
        let axes = axis_fields(&time.cell);
        cell.into_iter().chain(axes).chain(said).collect()
    };
    let columns = [("cell", FieldKind::Word)].into_iter();
    Table {
        columns: columns.chain(axis_columns()).chain(OF_A_CELL).collect(),
        rows: times.iter().zip(&slowdowns).map(row).collect(),
    }
}

/// The fields of [`OF_A_CELL`].
fn of_a_cell(time: &Point, slowdown: &Point, cause: Option<Cause>) -> [Field; 12] {
    let number = |point: &Point| -> Option<(Estimate, Bound)> {
        match &point.reading {
            Reading::Number(estimate, bound) => Some((*estimate, *bound)),
            _ => None,
        }
    };
    let spread = number(time).and_then(|(estimate, _)| estimate.spread);
    let value = |point: &Point| Field::number(number(point).map(|(estimate, _)| estimate.value));
    [
        Field::Integer(time.rounds as u64),
        Field::Integer(time.samples as u64),
        Field::Integer(time.failed_rounds as u64),
        value(time),
        Field::number(spread.map(|spread| spread.ends().low)),
        Field::number(spread.map(|spread| spread.ends().high)),
        Field::word(spread.map(|spread| match spread {
            Spread::Interval(_) => "interval",
            Spread::Range(_) => "range",
        })),
        Field::word(number(time).map(|(_, bound)| match bound {
            Bound::Exact => "exact",
            _ => "at-least",
        })),
        value(slowdown),
        Field::Word(match time.mark {
            Mark::Best => "best".to_owned(),
            Mark::Tied(_) => "tied".to_owned(),
            Mark::Unresolved(_) => "unresolved".to_owned(),
            Mark::Same | Mark::None => String::new(),
        }),
        Field::word(cause),
        Field::word(match &time.reading {
            Reading::Wrong(reason) | Reading::Interrupted(reason) | Reading::Failed(reason) => {
                Some(reason)
            }
            Reading::Number(..) | Reading::Missing | Reading::Stopped | Reading::Cause(_) => None,
        }),
    ]
}

/// `table` as bytes.
///
/// # Errors
///
/// If a row cannot be written in this form.
pub fn write(format: TableFormat, table: &Table) -> Result<Vec<u8>, TableError> {
    let text = match format {
        TableFormat::Csv => csv(table)?,
        TableFormat::Json => json(table)?,
        TableFormat::Markdown => markdown(table),
        TableFormat::Parquet => return parquet::parquet(table).map_err(TableError::of),
    };
    Ok(text.into_bytes())
}

fn json(Table { columns, rows }: &Table) -> Result<String, TableError> {
    let rows: Vec<Object<'_>> = rows.iter().map(|row| Object(columns, row)).collect();
    Ok(serde_json::to_string_pretty(&rows).map_err(TableError::of)? + "\n")
}

/// `table` as comma-separated values.
pub(super) fn csv(Table { columns, rows }: &Table) -> Result<String, TableError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let names = columns.iter().map(|(name, _)| name);
    writer.write_record(names).map_err(TableError::of)?;
    for row in rows {
        let fields = row.iter().map(Field::to_string);
        writer.write_record(fields).map_err(TableError::of)?;
    }
    let bytes = writer.into_inner().map_err(TableError::of)?;
    String::from_utf8(bytes).map_err(TableError::of)
}

fn markdown(Table { columns, rows }: &Table) -> String {
    let line = |fields: Vec<String>| format!("| {} |\n", fields.join(" | "));
    let plain = |field: &Field| field.to_string().replace('|', "\\|").replace('\n', " ");
    let names = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
    let rule = format!("|{}\n", "---|".repeat(columns.len()));
    let rows = rows.iter().map(|row| line(row.iter().map(plain).collect()));
    [line(names), rule].into_iter().chain(rows).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_has_the_same_columns_and_missing_is_empty() {
        let rows = [("a|b", Field::Number(1.5)), ("c", Field::Missing)];
        let row = |(name, value): (&str, Field)| vec![Field::Word(name.to_owned()), value];
        let rows = Table {
            columns: vec![("name", FieldKind::Word), ("value", FieldKind::Number)],
            rows: rows.map(row).to_vec(),
        };
        let text = |form| String::from_utf8(write(form, &rows).unwrap()).unwrap();
        assert_eq!(text(TableFormat::Csv), "name,value\na|b,1.5\nc,\n");
        let markdown = "| name | value |\n|---|---|\n| a\\|b | 1.5 |\n| c |  |\n";
        assert_eq!(text(TableFormat::Markdown), markdown);
        assert!(text(TableFormat::Json).contains("\"value\": null"));
        assert!("xls".parse::<TableFormat>().is_err());
    }
}

//! How do the cells of a run, or its samples, go into other programs?
//!
//! One row a cell or a sample, as CSV, JSON, a table of Markdown or a Parquet file, all with the same
//! columns.

mod parquet;

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::analysis::{Analysis, Bound, Estimate, Mark, Metric, Point, Reading, Spread};
use crate::experiment::Cell;
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

/// One cell in a table; METHODOLOGY.md has the columns.
#[derive(Debug, Serialize)]
pub struct CellRow {
    cell: Cell,
    workload: String,
    outer: u32,
    inner: u32,
    runtime: String,
    composition: String,
    placement: String,
    dispatch: String,
    rounds: usize,
    samples: usize,
    failed_rounds: usize,
    time_s: Option<f64>,
    time_low_s: Option<f64>,
    time_high_s: Option<f64>,
    spread: Option<&'static str>,
    bound: Option<&'static str>,
    slowdown: Option<f64>,
    mark: &'static str,
    cause: Option<String>,
    reason: Option<String>,
}

/// The rows of all cells of a run.
pub fn cells(analysis: &Analysis) -> Vec<CellRow> {
    let times = analysis.series(Metric::Time).points;
    let slowdowns = analysis.series(Metric::Slowdown).points;
    let row = |(time, slowdown): (&Point, &Point)| {
        let cause = analysis.diagnoses.get(&time.cell);
        row(
            time,
            slowdown,
            cause.map(|diagnosis| diagnosis.cause.to_string()),
        )
    };
    times.iter().zip(&slowdowns).map(row).collect()
}

fn row(time: &Point, slowdown: &Point, cause: Option<String>) -> CellRow {
    let cell = time.cell;
    let number = |point: &Point| -> Option<(Estimate, Bound)> {
        match &point.reading {
            Reading::Number(estimate, bound) => Some((*estimate, *bound)),
            _ => None,
        }
    };
    let spread = number(time).and_then(|(estimate, _)| estimate.spread);
    CellRow {
        workload: cell.workload.to_string(),
        outer: cell.outer.get(),
        inner: cell.inner.get(),
        runtime: cell.runtime.to_string(),
        composition: cell.composition.to_string(),
        placement: cell.placement.to_string(),
        dispatch: cell.dispatch.to_string(),
        rounds: time.rounds,
        samples: time.samples,
        failed_rounds: time.failed_rounds,
        time_s: number(time).map(|(estimate, _)| estimate.value),
        time_low_s: spread.map(|spread| spread.ends().low),
        time_high_s: spread.map(|spread| spread.ends().high),
        spread: spread.map(|spread| match spread {
            Spread::Interval(_) => "interval",
            Spread::Range(_) => "range",
        }),
        bound: number(time).map(|(_, bound)| match bound {
            Bound::Exact => "exact",
            _ => "at-least",
        }),
        slowdown: number(slowdown).map(|(estimate, _)| estimate.value),
        mark: match time.mark {
            Mark::Best => "best",
            Mark::Tied(_) => "tied",
            Mark::Same | Mark::None => "",
        },
        cause,
        reason: match &time.reading {
            Reading::Wrong(reason) | Reading::Interrupted(reason) | Reading::Failed(reason) => {
                Some(reason.clone())
            }
            Reading::Number(..) | Reading::Missing | Reading::Stopped | Reading::Cause(_) => None,
        },
        cell,
    }
}

/// `rows` as the bytes of a table.
///
/// # Errors
///
/// If a row cannot be written in this form.
pub fn write<T: Serialize>(format: TableFormat, rows: &[T]) -> Result<Vec<u8>, TableError> {
    let text = match format {
        TableFormat::Csv => csv(rows)?,
        TableFormat::Json => serde_json::to_string_pretty(rows).map_err(TableError::of)? + "\n",
        TableFormat::Markdown => markdown(&csv(rows)?)?,
        TableFormat::Parquet => return parquet::parquet(rows),
    };
    Ok(text.into_bytes())
}

fn csv<T: Serialize>(rows: &[T]) -> Result<String, TableError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(row).map_err(TableError::of)?;
    }
    let bytes = writer.into_inner().map_err(TableError::of)?;
    String::from_utf8(bytes).map_err(TableError::of)
}

fn markdown(csv: &str) -> Result<String, TableError> {
    let mut text = String::new();
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(csv.as_bytes());
    for (i, record) in reader.records().enumerate() {
        let record = record.map_err(TableError::of)?;
        let fields: Vec<String> = record
            .iter()
            .map(|f| f.replace('|', "\\|").replace('\n', " "))
            .collect();
        text.push_str(&format!("| {} |\n", fields.join(" | ")));
        if i == 0 {
            text.push_str(&format!("|{}\n", "---|".repeat(fields.len())));
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Pair {
        name: &'static str,
        value: Option<f64>,
    }

    #[test]
    fn every_form_has_the_same_columns_and_missing_is_empty() {
        let rows = [
            Pair {
                name: "a|b",
                value: Some(1.5),
            },
            Pair {
                name: "c",
                value: None,
            },
        ];
        let text = |form| String::from_utf8(write(form, &rows).unwrap()).unwrap();
        assert_eq!(text(TableFormat::Csv), "name,value\na|b,1.5\nc,\n");
        let markdown = "| name | value |\n|---|---|\n| a\\|b | 1.5 |\n| c |  |\n";
        assert_eq!(text(TableFormat::Markdown), markdown);
        assert!(text(TableFormat::Json).contains("\"value\": null"));
        assert!("xls".parse::<TableFormat>().is_err());
    }
}

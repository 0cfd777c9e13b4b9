//! `oversub export`: a run as a table for other programs.

use std::path::PathBuf;

use super::run::Run;
use super::screen;
use crate::analysis::Condition;
use crate::record::Row;
use crate::view::table::{self, TableFormat};

/// Prints the cells of a run, or its samples, as CSV, JSON or Markdown.
///
/// A row a cell: median time with its interval, slowdown, whether it ties with the best, and the
/// cause where it is known. For Parquet see docs/reading-a-run.md.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  oversub export runs/matmul --as markdown
  oversub export runs/matmul --as json --samples > samples.json")]
pub(super) struct Args {
    /// Folder of the run.
    run: PathBuf,
    /// Form of the table: csv, json, markdown.
    #[arg(long = "as", value_name = "FORM")]
    form: TableFormat,
    /// A row a sample, with the columns of samples.csv, in place of a row a cell.
    #[arg(long)]
    samples: bool,
    /// Only these cells, for example `wait=passive,n=256`.
    #[arg(long = "where", value_name = "AXIS=VALUE", value_delimiter = ',')]
    conditions: Vec<Condition>,
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let run = Run::read_where(&self.run, &self.conditions)?;
        let text = if self.samples {
            let rows: Vec<Row> = run.records.iter().map(Row::from).collect();
            table::write(self.form, &rows)?
        } else {
            table::write(self.form, &table::cells(&run.analysis))?
        };
        screen::say(text.trim_end())
    }
}

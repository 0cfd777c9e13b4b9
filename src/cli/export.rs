//! `oversub export`: a run as a table for other programs.

use std::io::{IsTerminal, stdout};
use std::path::PathBuf;

use super::{UsageError, reading, screen};
use crate::app;
use crate::experiment::Condition;
use crate::record::{FolderError, Record, RunFolder};
use crate::view::table::{self, TableFormat};

/// Prints the cells of a run, or its samples, as CSV, JSON, Markdown or Parquet.
///
/// A row a cell: median time with its interval, slowdown, whether it ties with the best, and the
/// cause where it is known.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  oversub export runs/matmul --as markdown
  oversub export runs/matmul --as json --samples > samples.json
  oversub export runs/matmul --as parquet --samples > samples.parquet")]
pub(super) struct Args {
    /// Folder of the run.
    run: PathBuf,
    /// Form of the table: csv, json, markdown, parquet.
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
        if self.form == TableFormat::Parquet && stdout().is_terminal() {
            let message = "a Parquet file is no text; add `> FILE.parquet`";
            return Err(UsageError(message.to_owned()).into());
        }
        let table = if self.samples {
            table::write(self.form, &table::samples(&self.records()?))?
        } else {
            let run = reading::run_where(&self.run, &self.conditions)?;
            reading::note_changes(&run);
            table::write(self.form, &table::cells(&run.analysis))?
        };
        screen::write(&table)
    }

    /// The records of the run, or where its run.json is gone or damaged, of its samples.csv alone.
    fn records(&self) -> anyhow::Result<Vec<Record>> {
        let why = match app::Run::open(&self.run, &self.conditions) {
            Ok(run) => {
                reading::note_incomplete(&run);
                reading::note_changes(&run);
                return Ok(run.records);
            }
            Err(app::Error::Folder(
                why @ (FolderError::NoHeader(_) | FolderError::Header { .. }),
            )) => why,
            Err(error) => return Err(error.into()),
        };
        let mut records = RunFolder::read_samples(&self.run)?;
        records.retain(|record| Condition::all_admit(&self.conditions, &record.visit.cell));
        screen::note(format_args!(
            "note: {why}; here are its samples, which nothing shows to be all of the run"
        ));
        Ok(records)
    }
}

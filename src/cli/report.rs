//! `oversub report`: runs as one page that one can explore.

use std::path::{Path, PathBuf};

use super::{UsageError, reading, screen};
use crate::app::{Run, output, report};

/// Writes one page about one run or several beside each other, which works without a network.
///
/// Heatmaps with a picker for every further axis and metric, the numbers of every cell, what to
/// set, machine and method, and all data.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  oversub report runs/matmul -o report.html
  oversub report runs/matmul runs/sim-matmul -o both.html     measured beside simulated
  oversub report runs/before runs/after -o change.html        one colour scale for both")]
pub(super) struct Args {
    /// Folders of the runs.
    #[arg(required = true)]
    runs: Vec<PathBuf>,
    /// Page to write.
    #[arg(short, long, value_name = "FILE.html")]
    output: PathBuf,
    /// Overwrite the file if it exists.
    #[arg(long)]
    force: bool,
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<()> {
        may_be_html(&self.output)?;
        output::claim(&self.output, self.force)?;
        let runs: Vec<Run> = self
            .runs
            .iter()
            .map(|folder| reading::run(folder))
            .collect::<anyhow::Result<_>>()?;
        let page = report(&runs)?;
        output::write(&self.output, page.as_bytes())?;
        let name = self.output.display();
        screen::say(format!("{name} ({} kB)", page.len() / 1000))
    }
}

/// Refuses a file whose ending promises something else than a page.
pub(super) fn may_be_html(file: &Path) -> Result<(), UsageError> {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("html" | "htm") => Ok(()),
        _ => {
            let (file, page) = (file.display(), file.with_extension("html"));
            Err(UsageError(format!(
                "{file} is no name of a page; it is written as HTML, so call it {}",
                page.display()
            )))
        }
    }
}

//! `oversub repair`: a run of which another program changed the samples.

use std::path::PathBuf;

use super::{UsageError, screen};
use crate::record::{FolderError, Problem, Repair, RunFolder};
use crate::units::counted;

/// Mends the samples.csv of a run that an editor, a copy or a failing disk changed.
///
/// Every row has a checksum. Rows that do not match it, rows that are not in the plan, and rows that are
/// there twice are set aside, and line ends are converted. The file as it was is kept beside. Run the
/// sweep again to measure what is missing then.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  oversub repair runs/matmul")]
pub(super) struct Args {
    /// Folder of the run.
    run: PathBuf,
}

/// Most lines that are listed.
const LISTED: usize = 20;

impl Args {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let folder = self.run.display();
        let repair = RunFolder::repair(&self.run).map_err(|error| match error {
            FolderError::NoRun(_) => anyhow::Error::new(UsageError(error.to_string())),
            other => other.into(),
        })?;
        let Some(repair) = repair else {
            return screen::say(format!("{folder} needs no repair"));
        };
        screen::say(words(&repair).trim_end())?;
        screen::say(format!(
            "the file as it was: {}\nto measure what is missing, run the sweep's command again",
            repair.copy.display()
        ))
    }
}

fn words(repair: &Repair) -> String {
    let mut text = format!(
        "{} kept, {} set aside\n",
        counted(repair.kept as u64, "row"),
        counted(repair.set_aside.len() as u64, "line")
    );
    if repair.converted {
        text.push_str("  line ends or a byte-order mark of another system converted\n");
    }
    for Problem { line, what } in repair.set_aside.iter().take(LISTED) {
        text.push_str(&format!("  line {line}: {what}\n"));
    }
    let more = repair.set_aside.len().saturating_sub(LISTED);
    if more > 0 {
        text.push_str(&format!("  and {more} more\n"));
    }
    text
}

//! `oversub manual`: a man page for the program and one for every verb. Hidden; `make install` asks.

use std::path::PathBuf;

use anyhow::Context;
use clap::CommandFactory;

use super::Cli;

/// Writes the man pages.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Folder to write them into; it must exist.
    folder: PathBuf,
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<()> {
        clap_mangen::generate_to(Cli::command(), &self.folder)
            .with_context(|| format!("cannot write man pages into {}", self.folder.display()))
    }
}

//! `oversub blas`: load one BLAS library and say what it is. Hidden; what asks it does so in a child
//! process, because a library may crash when it is loaded.

use std::io::Write;
use std::path::PathBuf;

use nix::sys::signal::Signal;

use super::screen;
use crate::host::blas::BlasLibrary;
use crate::process::end_with_parent;

/// Loads a BLAS library and prints what it says of itself, as JSON.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The library.
    library: PathBuf,
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<()> {
        end_with_parent(Signal::SIGKILL, None)?;
        let mut out = screen::claim_stdout()?;
        let facts = BlasLibrary::load(&self.library)?.facts();
        Ok(writeln!(out, "{}", serde_json::to_string(&facts)?)?)
    }
}

//! `oversub spin`: other load. Hidden; a cell starts it beside itself.

use std::num::NonZeroU32;

use anyhow::Context;

use super::screen;
use crate::process;

/// Spins until its parent ends.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Threads that spin.
    threads: NonZeroU32,
    /// Process id of the parent, with which this process ends.
    #[arg(long, value_name = "PID")]
    parent: u32,
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let mut out = screen::claim_stdout()?;
        process::spin(self.threads, self.parent, &mut out).context("cannot start the other load")
    }
}

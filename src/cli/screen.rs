//! What can the screen show?

use std::fmt::Display;
use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Write, stderr, stdout};
use std::os::fd::AsFd;

use anyhow::Context;

use crate::view::terminal::Ink;

/// Columns of an output that does not say how wide it is.
const DEFAULT_COLUMNS: usize = 100;

/// Writes a line to standard output. A reader that has seen enough, as `head` has, ends the program
/// well.
pub(super) fn say(line: impl Display) -> anyhow::Result<()> {
    write(format!("{line}\n").as_bytes())
}

/// Writes `bytes` to standard output, in the same way.
pub(super) fn write(bytes: &[u8]) -> anyhow::Result<()> {
    let mut out = stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        written => written.context("cannot write to standard output"),
    }
}

/// Takes standard output for what is written to the returned file alone: whatever else this process
/// prints, as libraries do, goes to standard error from now on.
pub(super) fn claim_stdout() -> io::Result<File> {
    let own = File::from(stdout().as_fd().try_clone_to_owned()?);
    rustix::stdio::dup2_stdout(stderr())?;
    Ok(own)
}

/// Writes a line beside the output, to standard error. Nobody has to read it: where that is closed,
/// the program goes on.
pub(super) fn note(line: impl Display) {
    let _ = writeln!(stderr(), "{line}");
}

/// Coloured text where `stream` is a terminal and `NO_COLOR` (no-color.org) is not set.
pub(super) fn ink(stream: &impl IsTerminal) -> Ink {
    let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if wanted && stream.is_terminal() {
        Ink::Color
    } else {
        Ink::Plain
    }
}

/// Width of the terminal [columns].
pub(super) fn columns() -> usize {
    terminal_size::terminal_size().map_or(DEFAULT_COLUMNS, |(width, _)| usize::from(width.0))
}

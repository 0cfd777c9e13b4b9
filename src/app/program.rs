//! Which file is this program?

use std::path::{Path, PathBuf};

use super::Error;

/// This very program, whatever becomes of its file while it runs; without /proc, what it was started
/// as.
///
/// # Errors
///
/// If nothing tells.
pub fn itself() -> Result<PathBuf, Error> {
    let running = Path::new("/proc/self/exe");
    if running.exists() {
        return Ok(running.to_owned());
    }
    let started_as = || std::env::args_os().next().map(PathBuf::from);
    file().or_else(|error| started_as().ok_or(error))
}

/// The file that this program was started from.
///
/// # Errors
///
/// If nothing tells.
pub(super) fn file() -> Result<PathBuf, Error> {
    std::env::current_exe().map_err(Error::in_doing("cannot find this program's own file"))
}

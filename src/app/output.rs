//! Where may a result of a verb go?

use std::fs;
use std::path::Path;

use super::{Error, UsageError};
use crate::file;

/// Refuses `path` as the place of a result, before the work for it begins: a file that is there, unless
/// it is to be replaced, or a place where nothing can be written.
///
/// # Errors
///
/// Why it is refused.
pub fn claim(path: &Path, force: bool) -> Result<(), Error> {
    keep([path], force)?;
    file::may_write(path).map_err(Error::in_doing(cannot(path)))
}

/// Refuses to replace one of `files` that is there, unless it is to be replaced.
///
/// # Errors
///
/// If one is there.
pub fn keep<'a>(files: impl IntoIterator<Item = &'a Path>, force: bool) -> Result<(), UsageError> {
    let mut files = files.into_iter();
    match files.find(|file| !force && file.is_file()) {
        None => Ok(()),
        Some(there) => {
            let there = there.display();
            Err(UsageError(format!(
                "{there} exists; give --force to replace it"
            )))
        }
    }
}

/// Makes the folder in which the file at `path` is to be.
///
/// # Errors
///
/// If it cannot be made.
pub fn make_folder_of(path: &Path) -> Result<(), Error> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => fs::create_dir_all(folder).map_err(
            Error::in_doing(format!("cannot create {}", folder.display())),
        ),
        _ => Ok(()),
    }
}

/// Writes `bytes` to `path`, whole or not at all.
///
/// # Errors
///
/// If it cannot be written.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    file::write(path, bytes).map_err(Error::in_doing(cannot(path)))
}

/// The rows that `fill` writes, as CSV to `path`, whole or not at all.
///
/// # Errors
///
/// If it cannot be written.
pub fn write_csv(
    path: &Path,
    fill: impl FnOnce(&mut csv::Writer<Vec<u8>>) -> csv::Result<()>,
) -> Result<(), Error> {
    let mut rows = csv::Writer::from_writer(Vec::new());
    fill(&mut rows).map_err(Error::in_doing(cannot(path)))?;
    let bytes = rows.into_inner().map_err(Error::in_doing(cannot(path)))?;
    write(path, &bytes)
}

fn cannot(path: &Path) -> String {
    format!("cannot write {}", path.display())
}

//! What can be wrong with a run folder?

use std::io;
use std::path::{Path, PathBuf};

use crate::record::FORMAT_VERSION;

/// Something about a run folder that stops the work.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// An input or output error, with the path.
    #[error("cannot {action} {}{}", path.display(), remedy(source))]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder holds another run.
    #[error(
        "{} holds another run: {field} is {found} there and {wanted} here; give --out another \
         folder, or the same plan on the same machine to resume",
        folder.display()
    )]
    OtherRun {
        /// The folder.
        folder: PathBuf,
        /// First field in which they differ.
        field: String,
        /// Its value there.
        found: String,
        /// Its value here.
        wanted: String,
    },
    /// Samples that nothing tells of.
    #[error("{} has samples but no run.json beside it; give --out another folder", .0.display())]
    NoHeader(PathBuf),
    /// The folder has no `run.json`.
    #[error("{} is not a run folder: it has no run.json", .0.display())]
    NoRun(PathBuf),
    /// A file that cannot be understood.
    #[error("{} line {line}: {message}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Line from 1.
        line: u64,
        /// What is wrong.
        message: String,
    },
    /// Written by another version.
    #[error("{} has format version {found}, this program reads {FORMAT_VERSION}", path.display())]
    OtherVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
    },
    /// Samples of a version that had other columns.
    #[error("{} has other columns than this version writes, so it can be read but not taken up; give --out another folder", .0.display())]
    OtherColumns(PathBuf),
    /// Another sweep is writing.
    #[error("{} is being written by another sweep; wait for it or give --out another folder", .0.display())]
    Busy(PathBuf),
}

pub(super) fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FolderError {
    let path = path.to_owned();
    move |source| FolderError::Io {
        action,
        path,
        source,
    }
}

/// What helps against an error of the system, as far as it can be told.
fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull => " (free some space; the same command goes on from there)",
        io::ErrorKind::PermissionDenied
        | io::ErrorKind::ReadOnlyFilesystem
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::AlreadyExists => " (give --out a folder that can be written)",
        _ => "",
    }
}

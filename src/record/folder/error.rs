//! What can be wrong with a run folder?

use std::io;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use super::Problem;
use crate::experiment::Difference;
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
    /// The run was made under other circumstances than those of now.
    #[error(
        "{} holds a run that was made under other circumstances: {}; undo that to resume, add --as-is to resume \
         all the same, or give --out another folder",
        folder.display(), each(differences)
    )]
    OtherCircumstances {
        /// The folder.
        folder: PathBuf,
        /// What differs: there, and here.
        differences: Vec<Difference>,
    },
    /// The folder holds another run.
    #[error(
        "{} holds another run: {}; give --out another folder, or undo that difference to resume",
        folder.display(), each(std::slice::from_ref(difference))
    )]
    OtherRun {
        /// The folder.
        folder: PathBuf,
        /// The first difference between the plans: there, and here.
        difference: Difference,
    },
    /// Samples without a header.
    #[error(
        "{folder} has a samples.csv but no run.json, so plan and machine are unknown; its samples can still be \
         read: oversub export {folder} --as csv --samples; give --out another folder to measure",
        folder = .0.display()
    )]
    NoHeader(PathBuf),
    /// A header that cannot be understood.
    #[error(
        "{0}/run.json is damaged: {message}; the samples can still be read: oversub export {0} --as csv \
         --samples",
        folder.display()
    )]
    Header {
        /// The folder.
        folder: PathBuf,
        /// What is wrong, with line and column.
        message: String,
    },
    /// The folder has no `run.json`.
    #[error(
        "{} is not a run folder: it has no run.json; give the folder that oversub sweep wrote into, such as runs/matmul",
        .0.display()
    )]
    NoRun(PathBuf),
    /// Lines of `samples.csv` that are no records of the run.
    #[error(
        "{run}/samples.csv line {}: {}{}; oversub repair {run} sets such lines aside and keeps a copy of the file",
        first.line, first.what, and_others(*others), run = folder.display()
    )]
    Malformed {
        /// The folder.
        folder: PathBuf,
        /// The first of them.
        first: Problem,
        /// How many there are beside.
        others: usize,
    },
    /// The same where no plan says what they should be.
    #[error(
        "{run}/samples.csv line {}: {}{}; without its run.json it cannot be repaired: take run.json from a copy",
        first.line, first.what, and_others(*others), run = folder.display()
    )]
    Unplanned {
        /// The folder.
        folder: PathBuf,
        /// The first of them.
        first: Problem,
        /// How many there are beside.
        others: usize,
    },
    /// A `samples.csv` that does not begin with the names of its columns.
    #[error(
        "{} line 1: {why}; as nothing else says what its columns are, it cannot be repaired: take the file from \
         a copy, or give --out another folder to measure again",
        path.display()
    )]
    NoColumns {
        /// The file.
        path: PathBuf,
        /// What is wrong with its first line.
        why: String,
    },
    /// A `samples.csv` of which no row is a record of the run.
    #[error(
        "{} line {}: {}; none of its {rows} rows fits the run.json beside it, so run.json or the file as a whole \
         was changed, and it is not repaired: take that from a copy, or give --out another folder to measure again",
        path.display(), first.line, first.what
    )]
    OtherPlan {
        /// The file.
        path: PathBuf,
        /// Its rows.
        rows: usize,
        /// The first of them.
        first: Problem,
    },
    /// A line of `breakdown.csv` that is no row of a breakdown.
    #[error(
        "{} line {line}: {what}; take the file from a copy, or simulate again into another folder (--out)",
        path.display()
    )]
    Breakdown {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u64,
        /// What is wrong with it.
        what: String,
    },
    /// Written by another version.
    #[error(
        "{} has format version {found}, this program reads 1 to {FORMAT_VERSION}; use the version of oversub \
         that wrote it",
        path.display()
    )]
    OtherVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
    },
    /// Samples of a version that had fewer columns, among them not those that tell the cells apart.
    #[error("{} is of an earlier version, without the columns of some axes of this sweep; give --out another folder", .0.display())]
    OtherColumns(PathBuf),
    /// Another sweep is writing.
    #[error("{} is being written by another sweep; wait for it or give --out another folder", .0.display())]
    Busy(PathBuf),
    /// Somebody else changed a file of the run while it was being written.
    #[error("{} {what} while this sweep was writing to it", file.display())]
    Foreign {
        /// The file.
        file: PathBuf,
        /// What was done to it.
        what: &'static str,
    },
    /// The same, and all records are in another folder.
    #[error(
        "{why}; the sweep stopped, and all {samples} samples are kept in {0}: run the same command with \
         --out {0} to resume",
        kept.display()
    )]
    Rescued {
        /// What was done to which file.
        why: Box<FolderError>,
        /// Records of the run.
        samples: usize,
        /// A run folder with all of them.
        kept: PathBuf,
    },
    /// The same, and the records could not be kept anywhere.
    #[error(
        "{why}; the sweep stopped, and its {samples} samples could not be kept elsewhere: {cause}"
    )]
    Lost {
        /// What was done to which file.
        why: Box<FolderError>,
        /// Records of the run.
        samples: usize,
        /// What stood against it.
        cause: Box<FolderError>,
    },
}

impl FolderError {
    /// Whether somebody else changed the run.
    pub fn is_foreign(&self) -> bool {
        matches!(self, Self::Foreign { .. })
    }
}

pub(super) fn io_error(
    action: &'static str,
    path: &Path,
) -> impl FnOnce(io::Error) -> FolderError + use<> {
    let path = path.to_owned();
    move |source| FolderError::Io {
        action,
        path,
        source,
    }
}

fn each(differences: &[Difference]) -> String {
    let one = |Difference { field, from, to }: &Difference| {
        format!("{field} is {from} there and {to} here")
    };
    let all: Vec<String> = differences.iter().map(one).collect();
    all.join(", ")
}

fn and_others(others: usize) -> String {
    match others {
        0 => String::new(),
        1 => " (and 1 more line)".to_owned(),
        _ => format!(" (and {others} more lines)"),
    }
}

/// What helps against an error of the system, as far as it can be told.
fn remedy(error: &io::Error) -> &'static str {
    if error.raw_os_error() == Some(Errno::EMFILE as i32) {
        return " (raise the limit on open files: ulimit -n)";
    }
    match error.kind() {
        io::ErrorKind::StorageFull => {
            " (free some space, then run the same command again to resume)"
        }
        io::ErrorKind::PermissionDenied
        | io::ErrorKind::ReadOnlyFilesystem
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::AlreadyExists => " (give --out a folder that can be written)",
        _ => "",
    }
}

//! Why could a verb not do what it was asked for?

use std::fmt::Display;
use std::path::PathBuf;

use crate::experiment::Condition;
use crate::record::FolderError;
use crate::runner::SweepError;

/// What was asked for cannot be meant; found before anything runs.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);

impl UsageError {
    /// No cell of a run is admitted by all of `conditions`.
    pub(super) fn no_cell(conditions: &[Condition]) -> Self {
        let conditions: Vec<String> = conditions.iter().map(Condition::to_string).collect();
        Self(format!("no cell of the run has {}", conditions.join(",")))
    }

    /// The same as `error`.
    pub fn of(error: impl Display) -> Self {
        Self(error.to_string())
    }
}

/// Why a verb ended without its outcome.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was asked for cannot be meant.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// A run folder cannot be read or written.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A sweep cannot go on.
    #[error(transparent)]
    Sweep(#[from] SweepError),
    /// Somebody stopped a sweep before it was done.
    #[error(
        "interrupted; what was recorded is kept in {}; run the same command again to resume",
        .0.display()
    )]
    Interrupted(PathBuf),
    /// Something else stands against it.
    #[error("{0}")]
    Failed(String),
}

impl Error {
    /// Something else than arguments, a run folder or a sweep stands against the work: `why`, and why that is.
    pub fn because(why: impl std::error::Error) -> Self {
        let mut words = why.to_string();
        let mut cause = why.source();
        while let Some(why) = cause {
            words += &format!(": {why}");
            cause = why.source();
        }
        Self::Failed(words)
    }

    /// The same, in doing `what`.
    pub fn in_doing<E: Display>(what: impl Display) -> impl FnOnce(E) -> Self {
        move |why| Self::Failed(format!("{what}: {why}"))
    }
}

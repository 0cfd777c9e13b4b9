//! Why did an execution or a hook give no answer?

use std::io;

use crate::process::shortage::{Shortage, remedy};
use crate::record::Answer;

/// What came in the way.
#[derive(Debug)]
pub(super) enum Trouble {
    /// This process is to end.
    Stopped,
    /// Something is missing that others may give back.
    Shortage(Shortage),
    /// An execution before the first timed one stood still: the answer of that one.
    Interrupted(Box<Answer>),
    /// Anything else; the reason as one line.
    Failed(String),
}

impl Trouble {
    /// `what` could not be done because of `error`.
    pub(super) fn of(what: &str, error: &io::Error) -> Self {
        let reason = format!("{what}: {error}");
        match remedy(error) {
            Some(remedy) => Self::Shortage(Shortage(format!("{reason} ({remedy})"))),
            None => Self::Failed(reason),
        }
    }
}

impl From<String> for Trouble {
    fn from(reason: String) -> Self {
        Self::Failed(reason)
    }
}

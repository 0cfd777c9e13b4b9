//! How do tasks reach the outer workers?

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use crate::serde_as_text;
use crate::text::ParseError;

/// How tasks are handed to outer workers. Text forms: `queue.1`, `static`, `stealing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dispatch {
    /// A shared queue from which a worker takes this many tasks at a time.
    Queue(NonZeroU32),
    /// One block a worker, fixed in advance; sizes differ by at most one task.
    Static,
    /// The same blocks, but a worker without tasks steals single ones from the others.
    Stealing,
}

impl Dispatch {
    /// Name without the chunk size, as in the record column `dispatch`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Queue(_) => "queue",
            Self::Static => "static",
            Self::Stealing => "stealing",
        }
    }

    /// Tasks handed out together, where the rule has such a number [tasks].
    pub fn chunk(&self) -> Option<NonZeroU32> {
        match self {
            Self::Queue(chunk) => Some(*chunk),
            Self::Static | Self::Stealing => None,
        }
    }
}

impl fmt::Display for Dispatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        self.chunk().map_or(Ok(()), |chunk| write!(f, ".{chunk}"))
    }
}

impl FromStr for Dispatch {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let bad = || {
            ParseError::new(
                "dispatch",
                text,
                "queue.CHUNK (CHUNK >= 1), static or stealing",
            )
        };
        match text.split_once('.') {
            None if text == "static" => Ok(Self::Static),
            None if text == "stealing" => Ok(Self::Stealing),
            Some(("queue", chunk)) => chunk.parse().map(Self::Queue).map_err(|_| bad()),
            _ => Err(bad()),
        }
    }
}

serde_as_text!(Dispatch);

//! Which machinery runs the inner level?

use std::fmt;
use std::str::FromStr;

use super::WaitPolicy;
use crate::serde_as_text;
use crate::text::ParseError;

/// The machinery that runs a region. Text forms: `fork-join.active` (any wait policy), `rayon`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Runtime {
    /// Our fork-join team; the calling worker is its first member.
    ForkJoin(WaitPolicy),
    /// Rayon. Its idle workers yield, then sleep; there is no policy to choose.
    Rayon,
}

impl Runtime {
    /// Name without the wait policy, as in the record column `runtime`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ForkJoin(_) => "fork-join",
            Self::Rayon => "rayon",
        }
    }

    /// The wait policy, where the runtime has one to choose.
    pub fn wait(&self) -> Option<WaitPolicy> {
        match self {
            Self::ForkJoin(wait) => Some(*wait),
            Self::Rayon => None,
        }
    }
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        self.wait().map_or(Ok(()), |wait| write!(f, ".{wait}"))
    }
}

impl FromStr for Runtime {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text.split_once('.') {
            None if text == "rayon" => Ok(Self::Rayon),
            Some(("fork-join", wait)) => wait.parse().map(Self::ForkJoin),
            _ => Err(ParseError::new(
                "runtime",
                text,
                "fork-join.POLICY or rayon",
            )),
        }
    }
}

serde_as_text!(Runtime);

//! How does a thread of a team wait when it has no work?

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use crate::serde_as_text;
use crate::text::ParseError;

/// How a thread without work waits for more, between regions and at barriers inside them.
///
/// Text forms: `active`, `spin-then-park.1000`, `yield`, `passive`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WaitPolicy {
    /// Spins until work arrives; never gives its PU away.
    Active,
    /// Looks this many times with a pause in between, then blocks.
    SpinThenPark(NonZeroU32),
    /// Calls `sched_yield(2)` between looks.
    Yield,
    /// Blocks at once.
    Passive,
}

impl WaitPolicy {
    /// Orders policies from the one that never gives its PU away to the one that does at once.
    pub(super) fn eagerness(self) -> u64 {
        let longest_spin = u64::from(u32::MAX);
        match self {
            Self::Active => 0,
            Self::SpinThenPark(spins) => 1 + longest_spin - u64::from(spins.get()),
            Self::Yield => 1 + longest_spin,
            Self::Passive => 2 + longest_spin,
        }
    }
}

impl fmt::Display for WaitPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Active => f.write_str("active"),
            Self::SpinThenPark(spins) => write!(f, "spin-then-park.{spins}"),
            Self::Yield => f.write_str("yield"),
            Self::Passive => f.write_str("passive"),
        }
    }
}

impl FromStr for WaitPolicy {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let bad = || {
            ParseError::new(
                "wait policy",
                text,
                "active, spin-then-park.N (N from 1 to 4294967295), yield or passive",
            )
        };
        match text.split_once('.') {
            None if text == "active" => Ok(Self::Active),
            None if text == "yield" => Ok(Self::Yield),
            None if text == "passive" => Ok(Self::Passive),
            Some(("spin-then-park", spins)) => {
                spins.parse().map(Self::SpinThenPark).map_err(|_| bad())
            }
            _ => Err(bad()),
        }
    }
}

serde_as_text!(WaitPolicy);

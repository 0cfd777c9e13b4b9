//! Where does each thread of a nest go?
//!
//! A *place* is the cpuset of one topology object; a *placement* is the rule that maps the threads
//! of all outer workers to places. This module only computes the map; `host` applies it and reads
//! it back.

use std::fmt;
use std::str::FromStr;

use super::Level;
use crate::serde_as_text;
use crate::text::ParseError;

/// Rule from thread number to cpuset. Text forms: `unbound`, `close.core`, `spread.pu`,
/// `partitioned.numa`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Placement {
    /// Every thread may run on every allowed PU.
    Unbound,
    /// Consecutive threads on neighbouring places.
    Close(Level),
    /// Consecutive threads as far apart as the places allow.
    Spread(Level),
    /// Each outer worker owns a disjoint run of places; its whole team may use all of them.
    Partitioned(Level),
}

const FORMS: &str =
    "unbound, close, spread or partitioned, the last three with .pu, .core, .numa or .package";

impl fmt::Display for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unbound => f.write_str("unbound"),
            Self::Close(level) => write!(f, "close.{level}"),
            Self::Spread(level) => write!(f, "spread.{level}"),
            Self::Partitioned(level) => write!(f, "partitioned.{level}"),
        }
    }
}

impl FromStr for Placement {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let bad = || ParseError::new("placement", text, FORMS);
        let (rule, level) = text.split_once('.').unwrap_or((text, "pu"));
        let level: Level = level.parse().map_err(|_| bad())?;
        match rule {
            "unbound" if text == "unbound" => Ok(Self::Unbound),
            "close" => Ok(Self::Close(level)),
            "spread" => Ok(Self::Spread(level)),
            "partitioned" => Ok(Self::Partitioned(level)),
            _ => Err(bad()),
        }
    }
}

serde_as_text!(Placement);

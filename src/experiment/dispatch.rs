//! How do tasks reach the outer workers?

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use crate::serde_as_text;
use crate::text::ParseError;

/// How many tasks a worker takes from a queue at a time. Text forms: `4`, `pool`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Chunk {
    /// This many.
    Tasks(NonZeroU32),
    /// As many as Python's pool takes where nobody says: tasks / (4 workers), rounded up.
    //
    // Source: CPython, Lib/multiprocessing/pool.py, `Pool._map_async`: divmod(len(iterable),
    // len(self._pool) * 4), plus one if there is a remainder.
    Pool,
}

impl Chunk {
    /// The number of tasks where there are `tasks` in all for `outer` workers; at least 1.
    pub fn size(self, tasks: u32, outer: u32) -> u32 {
        match self {
            Self::Tasks(size) => size.get(),
            Self::Pool => tasks.div_ceil(outer.saturating_mul(4)).max(1),
        }
    }
}

impl fmt::Display for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tasks(size) => size.fmt(f),
            Self::Pool => f.write_str("pool"),
        }
    }
}

impl FromStr for Chunk {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if text == "pool" {
            return Ok(Self::Pool);
        }
        let bad = |_| ParseError::new("chunk", text, "a whole number of at least 1, or pool");
        text.parse().map(Self::Tasks).map_err(bad)
    }
}

serde_as_text!(Chunk);

/// How tasks are handed to outer workers. Text forms: `queue.1`, `queue.pool`, `static`, `stealing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dispatch {
    /// A shared queue from which a worker takes this many tasks at a time.
    Queue(Chunk),
    /// One block a worker, fixed in advance; sizes differ by at most one task.
    Static,
    /// The same blocks, but a worker without tasks steals single ones from the others.
    Stealing,
}

impl Dispatch {
    /// The names of all rules.
    pub(super) const NAMES: [&'static str; 3] = ["queue", "static", "stealing"];

    /// The rule called `name`; a queue from which single tasks are taken.
    pub(super) fn named(name: &str) -> Result<Self, ParseError> {
        match name {
            "queue" => Ok(Self::Queue(Chunk::Tasks(NonZeroU32::MIN))),
            "static" => Ok(Self::Static),
            "stealing" => Ok(Self::Stealing),
            _ => Err(ParseError::new("dispatch", name, Self::NAMES.join(", "))),
        }
    }

    /// Name without the chunk size, as in the record column `dispatch`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Queue(_) => "queue",
            Self::Static => "static",
            Self::Stealing => "stealing",
        }
    }

    /// Tasks handed out together, where the rule has such a number [tasks].
    pub fn chunk(&self) -> Option<Chunk> {
        match self {
            Self::Queue(chunk) => Some(*chunk),
            Self::Static | Self::Stealing => None,
        }
    }

    /// Workers that get work where `outer` workers are there for `tasks` tasks: the first ones, one
    /// for each portion that is handed out, so that nobody's threads are kept for nothing.
    pub fn busy_workers(&self, tasks: u32, outer: u32) -> u32 {
        let portions = match self {
            Self::Queue(chunk) => tasks.div_ceil(chunk.size(tasks, outer)),
            Self::Static | Self::Stealing => tasks,
        };
        portions.min(outer)
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
                "queue.CHUNK (CHUNK >= 1, or pool), static or stealing",
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What `divmod(tasks, 4 * workers)`, plus one for a remainder, gives.
    #[test]
    fn the_rule_of_the_pool_rounds_up() {
        let size = |tasks, outer| Chunk::Pool.size(tasks, outer);
        assert_eq!([size(100, 8), size(96, 8), size(97, 8)], [4, 3, 4]);
        assert_eq!([size(1, 8), size(100_000, 4)], [1, 6250]);
    }

    #[test]
    fn no_more_workers_are_busy_than_portions_are_handed_out() {
        let busy = |text: &str, tasks, outer| {
            let dispatch: Dispatch = text.parse().unwrap();
            dispatch.busy_workers(tasks, outer)
        };
        assert_eq!(busy("queue.1", 2, 10), 2);
        assert_eq!(busy("queue.2", 4, 4), 2);
        assert_eq!(busy("queue.pool", 100, 8), 8);
        assert_eq!(busy("static", 3, 8), 3);
    }
}

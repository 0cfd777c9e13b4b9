//! In what order, how often and for how long are the cells asked?

use std::num::NonZeroU32;
use std::time::Duration;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};

use super::{Cell, CommandSpec, Grid, Margin};
use crate::units::range::{self, OutOfRange};

/// How often and for how long each cell is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// Process runs of each cell; all cells are visited once before any is visited again.
    pub rounds: NonZeroU32,
    /// Timed executions in one process run.
    pub reps: NonZeroU32,
    /// Untimed executions before them.
    pub warmups: u32,
    /// Longest a single execution may take, and the time after which a process run starts no
    /// further one [ns].
    pub limit_ns: u64,
    /// Seed of the visiting order.
    pub seed: u64,
    /// After those rounds, goes on with the best cells and their rivals until the tie set is
    /// resolved to this margin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Margin>,
}

impl Protocol {
    /// The time limit.
    pub fn limit(&self) -> Duration {
        Duration::from_nanos(self.limit_ns)
    }

    /// This protocol, if its numbers are in their ranges.
    ///
    /// # Errors
    ///
    /// The first that is not.
    pub fn checked(self) -> Result<Self, OutOfRange> {
        range::LIMIT.check(self.limit().as_secs_f64())?;
        range::REPS.check(self.reps.get().into())?;
        range::WARMUPS.check(self.warmups.into())?;
        Ok(self)
    }
}

/// Every cell and the protocol by which they are asked. Two runs with equal plans are one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The cells.
    pub grid: Grid,
    /// How they are asked.
    pub protocol: Protocol,
    /// The program that the cells run, where they are not work of our own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<CommandSpec>,
}

/// One process run of one cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Visit {
    /// Which round, from 1.
    pub round: u32,
    /// Which cell.
    pub cell: Cell,
}

/// Most rounds of a sweep that goes on until something is resolved.
const MOST_ROUNDS: u32 = 1000;

impl Plan {
    /// The last round that there may be: of a sweep `--until` there may be more than were planned.
    pub fn last_round(&self) -> u32 {
        let planned = self.protocol.rounds.get();
        match self.protocol.until {
            Some(_) => planned.max(MOST_ROUNDS),
            None => planned,
        }
    }

    /// Every visit in order: round by round, each round in a random order of its own.
    ///
    /// Interleaving spreads slow drifts of the machine over all cells alike.
    pub fn visits(&self) -> impl Iterator<Item = Visit> {
        let (cells, _) = self.grid.cells();
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(self.protocol.seed);
        (1..=self.protocol.rounds.get()).flat_map(move |round| {
            let mut order = cells.clone();
            order.shuffle(&mut rng);
            order.into_iter().map(move |cell| Visit { round, cell })
        })
    }

    /// A further round, beyond the planned ones, over some of the cells, in a random order of its
    /// own.
    pub fn further(&self, round: u32, cells: impl IntoIterator<Item = Cell>) -> Vec<Visit> {
        let seed = self.protocol.seed.wrapping_add(u64::from(round));
        let mut order: Vec<Cell> = cells.into_iter().collect();
        order.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(seed));
        let visit = |cell| Visit { round, cell };
        order.into_iter().map(visit).collect()
    }

    /// The first field in which `other` differs, with both values as JSON text: path, ours, theirs.
    pub fn difference(&self, other: &Self) -> Option<(String, String, String)> {
        let json = |plan: &Self| serde_json::to_value(plan).unwrap_or_default();
        difference("", &json(self), &json(other))
    }
}

fn difference(
    path: &str,
    ours: &serde_json::Value,
    theirs: &serde_json::Value,
) -> Option<(String, String, String)> {
    match (ours.as_object(), theirs.as_object()) {
        (Some(a), Some(b)) => a.iter().find_map(|(key, value)| {
            let path = if path.is_empty() {
                key.clone()
            } else {
                format!("{path}.{key}")
            };
            difference(&path, value, b.get(key).unwrap_or(&serde_json::Value::Null))
        }),
        _ if ours == theirs => None,
        _ => Some((path.to_owned(), ours.to_string(), theirs.to_string())),
    }
}

//! In what order, how often and for how long are the cells asked?

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::time::Duration;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};

use super::old_grid::OldGrid;
use super::{Axis, Cell, CommandSpec, Margin, Runtime, Value, Workload};
use crate::units::ns;
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
    /// One process run of `reps` timed executions after `warmups`, each of at most `limit`.
    pub fn of_one_visit(reps: NonZeroU32, warmups: u32, limit: Duration) -> Self {
        Self {
            rounds: NonZeroU32::MIN,
            reps,
            warmups,
            limit_ns: ns(limit),
            seed: 0,
            until: None,
        }
    }

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
#[serde(try_from = "StoredPlan")]
pub struct Plan {
    /// The cells, each once.
    pub cells: Vec<Cell>,
    /// Why combinations of what was asked for are not among them; not part of a run.
    #[serde(skip)]
    pub left_out: BTreeSet<String>,
    /// P in whole CPUs, by which some compositions set team widths.
    pub budget: u32,
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

/// Something that is one thing here and another there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Its name.
    pub field: String,
    /// Its value in the first place.
    pub from: String,
    /// Its value in the second.
    pub to: String,
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
        let cells = &self.cells;
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

    /// What a run of it is called where nobody named it: its workloads.
    pub fn default_name(&self) -> String {
        let names = self.values(Axis::Workload);
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        names.join("-")
    }

    /// The values of `axis` that the cells have, ascending.
    pub fn values(&self, axis: Axis) -> Vec<Value> {
        axis.values(&self.cells)
    }

    /// The runtimes of the cells, ascending.
    pub fn runtimes(&self) -> BTreeSet<Runtime> {
        self.cells.iter().map(|cell| cell.runtime).collect()
    }

    /// The workloads of the cells, ascending.
    pub fn workloads(&self) -> BTreeSet<Workload> {
        self.cells.iter().map(|cell| cell.workload).collect()
    }

    /// Whether this plan is `begun` with more cells, more rounds or another margin, so that what was
    /// measured for that counts for this.
    pub fn continues(&self, begun: &Self) -> bool {
        let as_begun = Self {
            cells: begun.cells.clone(),
            protocol: Protocol {
                rounds: begun.protocol.rounds,
                until: begun.protocol.until,
                ..self.protocol.clone()
            },
            ..self.clone()
        };
        let own: BTreeSet<&Cell> = self.cells.iter().collect();
        as_begun.difference(begun).is_none()
            && self.protocol.rounds >= begun.protocol.rounds
            && begun.cells.iter().all(|cell| own.contains(cell))
    }

    /// The first thing in which `other` differs from this plan.
    pub fn difference(&self, other: &Self) -> Option<Difference> {
        let (ours, theirs) = (self.facts(), other.facts());
        let value = |facts: &[(String, String)], name: &str| {
            let found = facts.iter().find(|(known, _)| known == name);
            found.map_or_else(|| "none".to_owned(), |(_, value)| value.clone())
        };
        let names = ours.iter().chain(&theirs).map(|(name, _)| name);
        names
            .map(|name| Difference {
                field: name.clone(),
                from: value(&ours, name),
                to: value(&theirs, name),
            })
            .find(|difference| difference.from != difference.to)
            .or_else(|| self.other_cell(other))
    }

    /// A cell that one of two plans has and the other has not. Their order is no difference.
    fn other_cell(&self, other: &Self) -> Option<Difference> {
        let set = |plan: &Self| -> BTreeSet<Cell> { plan.cells.iter().copied().collect() };
        let (ours, theirs) = (set(self), set(other));
        let of = |cell: &Cell, from: &str, to: &str| Difference {
            field: format!("cell '{cell}'"),
            from: from.to_owned(),
            to: to.to_owned(),
        };
        let more = ours.difference(&theirs).next();
        let fewer = || theirs.difference(&ours).next();
        more.map(|cell| of(cell, "planned", "not planned"))
            .or_else(|| fewer().map(|cell| of(cell, "not planned", "planned")))
    }

    /// What tells one plan from another, as text: the axes, the protocol and the command.
    fn facts(&self) -> Vec<(String, String)> {
        let axes = Axis::ALL.map(|axis| {
            let values: Vec<String> = self.values(axis).iter().map(Value::to_string).collect();
            (axis.to_string(), values.join(","))
        });
        let Protocol {
            rounds,
            reps,
            warmups,
            limit_ns,
            seed,
            until,
        } = &self.protocol;
        let until = until.map_or_else(|| "none".to_owned(), |margin| margin.to_string());
        let rest = [
            ("budget", self.budget.to_string()),
            ("rounds", rounds.to_string()),
            ("reps", reps.to_string()),
            ("warmups", warmups.to_string()),
            ("limit_ns", limit_ns.to_string()),
            ("seed", seed.to_string()),
            ("until", until),
        ];
        let rest = rest.map(|(name, value)| (name.to_owned(), value));
        let axes = axes.into_iter().chain(rest);
        axes.chain(self.facts_of_command()).collect()
    }

    fn facts_of_command(&self) -> Vec<(String, String)> {
        let Ok(serde_json::Value::Object(fields)) = serde_json::to_value(&self.command) else {
            return Vec::new();
        };
        let fact = |(key, value): (String, serde_json::Value)| {
            (format!("command.{key}"), value.to_string())
        };
        fields.into_iter().map(fact).collect()
    }
}

/// A plan as it stands in `run.json`. Up to format version 2 it had the axes of its grid in place of the
/// cells.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredPlan {
    cells: Option<Vec<Cell>>,
    budget: Option<u32>,
    grid: Option<OldGrid>,
    protocol: Protocol,
    command: Option<CommandSpec>,
}

impl TryFrom<StoredPlan> for Plan {
    type Error = &'static str;

    fn try_from(stored: StoredPlan) -> Result<Self, Self::Error> {
        let StoredPlan {
            cells,
            budget,
            grid,
            protocol,
            command,
        } = stored;
        let (cells, budget) = match (cells, budget, grid) {
            (Some(cells), Some(budget), None) => (cells, budget),
            (None, None, Some(grid)) => (grid.cells()?, grid.budget),
            _ => return Err("the plan has not its cells and its budget"),
        };
        Ok(Self {
            cells,
            left_out: BTreeSet::new(),
            budget,
            protocol,
            command,
        })
    }
}

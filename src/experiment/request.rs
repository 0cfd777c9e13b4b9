//! What did the user ask for, and what does it mean on this machine?
//!
//! Flags and experiment files both become a [`Request`], in which everything is optional; flags
//! are laid over the file, defaults fill the rest, and the machine resolves `auto`.

mod coherent;
mod command;
mod error;
mod flags;
mod workloads;

use std::num::NonZeroU32;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

pub use command::CommandRequest;
pub use error::RequestError;

use super::{
    Axis, Chunk, Chunks, Composition, Count, Counts, Dispatch, Dtype, Grid, Landmarks, Margin,
    Plan, Protocol, Runtime, RuntimeName, Span, WaitPolicy, WorkloadName,
};
use crate::machine::Placement;
use crate::text::ParseError;
use crate::units::range;

const NANOS_PER_SECOND: f64 = 1e9;

/// A sweep as asked for; `None` is "not said".
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Request {
    /// Name of the run, used for its folder.
    pub name: Option<String>,
    /// Workload names.
    pub workload: Option<Axis<WorkloadName>>,
    /// Problem sizes.
    pub n: Option<Counts>,
    /// Number types.
    pub dtype: Option<Axis<Dtype>>,
    /// Outer worker counts.
    pub outer: Option<Counts>,
    /// Inner team widths.
    pub inner: Option<Counts>,
    /// Runtime names.
    pub runtime: Option<Axis<RuntimeName>>,
    /// Wait policies of the runtimes that have one.
    pub wait: Option<Axis<WaitPolicy>>,
    /// Compositions.
    pub composition: Option<Axis<Composition>>,
    /// Placements.
    pub placement: Option<Axis<Placement>>,
    /// Dispatch rules, without chunk sizes.
    pub dispatch: Option<Axis<DispatchName>>,
    /// Chunk sizes of the dispatch rules that have one.
    pub chunk: Option<Chunks>,
    /// Tasks of every cell.
    pub tasks: Option<Count>,
    /// Process runs of each cell.
    pub rounds: Option<Count>,
    /// Timed executions in a process run.
    pub reps: Option<Count>,
    /// Untimed executions before them.
    pub warmups: Option<u32>,
    /// Time limit [s].
    pub limit: Option<f64>,
    /// Seed of the visiting order.
    pub seed: Option<u64>,
    /// Margin to which the tie set is to be resolved.
    pub until: Option<Margin>,
    /// Longest time to wait until others leave the CPUs alone.
    #[serde(rename = "wait-for-quiet", alias = "wait_for_quiet")]
    pub wait_for_quiet: Option<Span>,
    /// A program of the user's in place of a workload.
    pub command: Option<CommandRequest>,
    /// Whether the file sets up a simulated machine as well, which only simulations read.
    #[serde(skip_serializing)]
    pub simulate: Option<IgnoredAny>,
}

/// A name from a fixed list, checked when read.
macro_rules! name_from_list {
    ($(#[$doc:meta])* $type:ident, $what:literal, $names:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $type(&'static str);

        impl std::str::FromStr for $type {
            type Err = ParseError;

            fn from_str(text: &str) -> Result<Self, ParseError> {
                let names = $names;
                names
                    .into_iter()
                    .find(|name| *name == text)
                    .map(Self)
                    .ok_or_else(|| ParseError::new($what, text, names.join(", ")))
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.0)
            }
        }
    };
}

name_from_list!(
    /// Name of a dispatch rule, without chunk size.
    DispatchName,
    "dispatch",
    ["queue", "static", "stealing"]
);

/// Most cells a plan may have; more are taken for a typing error.
const MAX_CELLS: usize = 100_000;

impl Plan {
    /// Whether there is a cell, and there are not more cells and visits than are of use.
    ///
    /// # Errors
    ///
    /// If there is none, or there are more.
    pub fn check_size(&self) -> Result<(), RequestError> {
        let size = self.grid.size();
        if size > MAX_CELLS {
            return Err(RequestError::TooManyCells(size));
        }
        let (cells, skipped) = self.grid.cells();
        if cells.is_empty() {
            let reasons: Vec<String> = skipped.into_iter().collect();
            return Err(RequestError::NoCell(reasons.join("; ")));
        }
        range::VISITS.check(cells.len() as f64 * f64::from(self.protocol.rounds.get()))?;
        Ok(())
    }
}

impl Request {
    /// This request with everything that `over` says laid over it.
    #[must_use]
    pub fn overlaid(self, over: Self) -> Self {
        Self {
            name: over.name.or(self.name),
            workload: over.workload.or(self.workload),
            n: over.n.or(self.n),
            dtype: over.dtype.or(self.dtype),
            outer: over.outer.or(self.outer),
            inner: over.inner.or(self.inner),
            runtime: over.runtime.or(self.runtime),
            wait: over.wait.or(self.wait),
            composition: over.composition.or(self.composition),
            placement: over.placement.or(self.placement),
            dispatch: over.dispatch.or(self.dispatch),
            chunk: over.chunk.or(self.chunk),
            tasks: over.tasks.or(self.tasks),
            rounds: over.rounds.or(self.rounds),
            reps: over.reps.or(self.reps),
            warmups: over.warmups.or(self.warmups),
            limit: over.limit.or(self.limit),
            seed: over.seed.or(self.seed),
            until: over.until.or(self.until),
            wait_for_quiet: over.wait_for_quiet.or(self.wait_for_quiet),
            simulate: over.simulate.or(self.simulate),
            command: match (self.command, over.command) {
                (Some(file), Some(flags)) => Some(file.overlaid(flags)),
                (file, flags) => flags.or(file),
            },
        }
    }

    /// The plan this request means on a machine with `landmarks`.
    ///
    /// # Errors
    ///
    /// If a number is out of its range or no legal cell is left.
    pub fn plan(&self, landmarks: Landmarks) -> Result<Plan, RequestError> {
        let plan = Plan {
            grid: self.grid(landmarks)?,
            protocol: self.protocol()?,
            command: self
                .command
                .as_ref()
                .map(CommandRequest::spec)
                .transpose()?,
        };
        plan.check_size()?;
        Ok(plan)
    }

    fn grid(&self, landmarks: Landmarks) -> Result<Grid, RequestError> {
        let resolve = |counts: &Option<Counts>, default: Counts| {
            counts.as_ref().unwrap_or(&default).resolve(landmarks)
        };
        Ok(Grid {
            workload: self.workloads(landmarks)?,
            outer: resolve(&self.outer, Counts::Auto),
            inner: resolve(&self.inner, Counts::Auto),
            runtime: self.runtimes(),
            composition: self.compositions(),
            placement: values(&self.placement, Placement::Unbound),
            dispatch: self.dispatches(landmarks),
            tasks: match (&self.command, self.tasks) {
                (Some(_), _) => NonZeroU32::MIN,
                (None, Some(tasks)) => tasks.0,
                (None, None) => default_tasks(landmarks),
            },
            budget: landmarks.budget,
        })
    }

    fn compositions(&self) -> Vec<Composition> {
        // A file's key may be left idle by flags that bring a command.
        let said = self.composition.clone().filter(|_| self.command.is_none());
        values(&said, Composition::Independent)
    }

    fn runtimes(&self) -> Vec<Runtime> {
        if self.command.is_some() {
            return vec![Runtime::Program];
        }
        let waits = values(&self.wait, WaitPolicy::Passive);
        values(&self.runtime, RuntimeName::ForkJoin)
            .into_iter()
            .flat_map(|name| name.with(&waits))
            .collect()
    }

    fn dispatches(&self, landmarks: Landmarks) -> Vec<Dispatch> {
        if self.command.is_some() {
            return vec![Dispatch::Static];
        }
        let one = || vec![Chunk::Tasks(NonZeroU32::MIN)];
        let chunks = || {
            let asked = self.chunk.as_ref();
            asked.map_or_else(one, |chunks| chunks.resolve(landmarks))
        };
        values(&self.dispatch, DispatchName("queue"))
            .into_iter()
            .flat_map(|name| match name.0 {
                "static" => vec![Dispatch::Static],
                "stealing" => vec![Dispatch::Stealing],
                _ => chunks().into_iter().map(Dispatch::Queue).collect(),
            })
            .collect()
    }

    /// How often and for how long each cell is asked.
    ///
    /// # Errors
    ///
    /// If the limit is no time.
    pub fn protocol(&self) -> Result<Protocol, RequestError> {
        // Every execution of a command is a process of its own, and programs of users take longer.
        let (reps, warmups, limit) = match self.command {
            Some(_) => (1, 0, 60.0),
            None => (3, 1, 10.0),
        };
        let limit = self.limit.unwrap_or(limit);
        let limit = range::LIMIT.check(limit)?;
        let protocol = Protocol {
            rounds: self.rounds.map_or(count(7), |rounds| rounds.0),
            reps: self.reps.map_or(count(reps), |reps| reps.0),
            warmups: self.warmups.unwrap_or(warmups),
            limit_ns: (limit * NANOS_PER_SECOND) as u64,
            seed: self.seed.unwrap_or(1),
            until: self.until,
        };
        Ok(protocol.checked()?)
    }
}

/// Tasks of a cell where none are asked for: enough that the widest default outer pool gets several
/// each, and that P and 2 P divide them: 16 P, at least 32.
pub fn default_tasks(landmarks: Landmarks) -> NonZeroU32 {
    count((16 * landmarks.budget).max(32))
}

fn values<T: Clone>(axis: &Option<Axis<T>>, default: T) -> Vec<T> {
    axis.as_ref()
        .map_or_else(|| vec![default], |axis| axis.0.clone())
}

fn count(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).expect("defaults are not zero")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: Landmarks = Landmarks {
        budget: 2,
        physical: 2,
        logical: 2,
    };

    fn request(toml: &str) -> Request {
        toml::from_str(toml).unwrap()
    }

    #[test]
    fn what_is_said_later_wins_and_the_rest_stays() {
        let file = request("n = 64\nwait = [\"active\", \"passive\"]\nrounds = 3");
        let flags = request("n = [128, 256]\nseed = 9");
        let both = file.overlaid(flags);
        assert_eq!(
            both,
            request("n = \"128,256\"\nwait = \"active,passive\"\nrounds = 3\nseed = 9")
        );
    }

    /// 2 sizes x (fork-join with 2 policies + rayon) x (1x1, 1x2) = 12 cells.
    #[test]
    fn a_policy_multiplies_only_the_runtimes_that_have_one() {
        let request = request(
            "n = [8, 9]\nruntime = [\"fork-join\", \"rayon\"]\nwait = [\"active\", \"yield\"]\nouter = 1\ninner = [1, 2]",
        );
        assert_eq!(request.plan(TWO).unwrap().grid.cells().0.len(), 12);
    }

    #[test]
    fn a_composition_that_sets_the_width_does_not_repeat_cells() {
        let request = request(
            "composition = [\"independent\", \"serial-inner\"]\nouter = [1, 2]\ninner = [1, 2, 3]",
        );
        let (cells, _) = request.plan(TWO).unwrap().grid.cells();
        let serial = cells
            .iter()
            .filter(|c| c.composition == Composition::SerialInner);
        assert_eq!(serial.count(), 2);
        assert_eq!(cells.len(), 6 + 2);
    }

    #[test]
    fn a_source_that_contradicts_itself_is_refused() {
        let error = request("runtime = \"rayon\"\nwait = \"active\"")
            .coherent()
            .unwrap_err();
        assert!(
            error.to_string().contains("'wait = active' says nothing"),
            "{error}"
        );
        let error = request("dispatch = \"static\"\nchunk = 4")
            .coherent()
            .unwrap_err();
        assert!(
            error.to_string().contains("'chunk = 4' says nothing"),
            "{error}"
        );
        assert_eq!(
            request("runtime = \"fork-join,rayon\"\nwait = \"active\"").coherent(),
            Ok(())
        );
    }

    #[test]
    fn a_product_beyond_use_is_refused_before_it_is_made() {
        let request = request("outer = \"1..=1000\"\ninner = \"1..=1000\"\nn = \"1..=1000\"");
        assert_eq!(
            request.plan(TWO),
            Err(RequestError::TooManyCells(1_000_000_000))
        );
    }
}

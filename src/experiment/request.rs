//! What did the user ask for, and what does it mean on this machine?
//!
//! Flags and experiment files both become a [`Request`], in which everything is optional; flags
//! are laid over the file, defaults fill the rest, and the machine resolves `auto`.

mod coherent;
mod command;
mod error;
mod file;
mod flags;
mod grid;

use std::num::NonZeroU32;

use serde::de::IgnoredAny;

pub use command::CommandRequest;
pub use error::RequestError;

use super::cell::MAX_CELLS;
use super::{Axes, Axis, AxisValues, Count, CpuCounts, Margin, Plan, Protocol, Span};
use crate::units::range;

const NANOS_PER_SECOND: f64 = 1e9;

/// A sweep as asked for; `None` is "not said".
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// Name of the run, used for its folder.
    pub name: Option<String>,
    /// The axes of the grid.
    pub axes: Axes,
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
    pub wait_for_quiet: Option<Span>,
    /// A program of the user's in place of a workload.
    pub command: Option<CommandRequest>,
    /// Whether the file sets up a simulated machine as well, which only simulations read.
    pub simulate: Option<IgnoredAny>,
}

impl Plan {
    /// Whether there is a cell, and there are not more cells and visits than are of use.
    ///
    /// # Errors
    ///
    /// If there is none, or there are more.
    pub fn check_size(&self) -> Result<(), RequestError> {
        let size = self.cells.len();
        if size > MAX_CELLS {
            return Err(RequestError::TooManyCells(size));
        }
        if size == 0 {
            let reasons: Vec<String> = self.left_out.iter().cloned().collect();
            return Err(RequestError::NoCell(reasons.join("; ")));
        }
        range::VISITS.check(size as f64 * f64::from(self.protocol.rounds.get()))?;
        Ok(())
    }
}

impl Request {
    /// This request with everything that `over` says laid over it.
    #[must_use]
    pub fn overlaid(self, over: Self) -> Self {
        Self {
            name: over.name.or(self.name),
            axes: self.axes.overlaid(over.axes),
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

    /// This request with `values` of `axis` in place of what it asks of it, each once.
    ///
    /// What is none of the axis is left out.
    #[must_use]
    pub fn asking<T: ToString>(mut self, axis: Axis, values: impl IntoIterator<Item = T>) -> Self {
        let values: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
        if let Ok(values) = AxisValues::read(axis, &values.join(",")) {
            self.axes.set(axis, values);
        }
        self
    }

    /// The plan this request means on a machine with `landmarks`.
    ///
    /// # Errors
    ///
    /// If a number is out of its range or no legal cell is left.
    pub fn plan(&self, landmarks: CpuCounts) -> Result<Plan, RequestError> {
        let grid = self.grid(landmarks)?;
        let plan = Plan {
            cells: grid.cells,
            left_out: grid.left_out,
            budget: landmarks.budget,
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
pub fn default_tasks(landmarks: CpuCounts) -> NonZeroU32 {
    count((16 * landmarks.budget).max(32))
}

fn count(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).expect("defaults are not zero")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: CpuCounts = CpuCounts {
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
        assert_eq!(request.plan(TWO).unwrap().cells.len(), 12);
    }

    #[test]
    fn a_composition_that_sets_the_width_does_not_repeat_cells() {
        let request = request(
            "composition = [\"independent\", \"serial-inner\"]\nouter = [1, 2]\ninner = [1, 2, 3]",
        );
        let cells = request.plan(TWO).unwrap().cells;
        let serial = cells
            .iter()
            .filter(|c| c.composition == crate::experiment::Composition::SerialInner);
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

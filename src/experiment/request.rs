//! What did the user ask for, and what does it mean on this machine?
//!
//! Flags and experiment files both become a [`Request`], in which everything is optional; flags
//! are laid over the file, defaults fill the rest, and the machine resolves `auto`.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::{
    Axis, Composition, Counts, Dispatch, Dtype, Grid, Landmarks, Plan, Protocol, Runtime,
    WaitPolicy, Workload,
};
use crate::machine::Placement;
use crate::text::ParseError;

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
    pub chunk: Option<Counts>,
    /// Tasks of every cell.
    pub tasks: Option<NonZeroU32>,
    /// Process runs of each cell.
    pub rounds: Option<NonZeroU32>,
    /// Timed executions in a process run.
    pub reps: Option<NonZeroU32>,
    /// Untimed executions before them.
    pub warmups: Option<u32>,
    /// Time limit [s].
    pub limit: Option<f64>,
    /// Seed of the visiting order.
    pub seed: Option<u64>,
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
    /// Name of a workload, without size and number type.
    WorkloadName,
    "workload",
    Workload::NAMES
);
name_from_list!(
    /// Name of a runtime, without wait policy.
    RuntimeName,
    "runtime",
    ["fork-join", "rayon"]
);
name_from_list!(
    /// Name of a dispatch rule, without chunk size.
    DispatchName,
    "dispatch",
    ["queue", "static", "stealing"]
);

/// A request that is no plan.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RequestError {
    /// A limit that is no time.
    #[error("limit {0} s is not a time; give seconds above 0 and at most 86400")]
    Limit(f64),
    /// Every combination of the axes was illegal.
    #[error("no cell is left to measure: {0}")]
    NoCell(String),
    /// The product of the axes is beyond use.
    #[error("{0} cells are more than 100000; shorten an axis")]
    TooManyCells(usize),
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
        }
    }

    /// The plan this request means on a machine with `landmarks`.
    ///
    /// # Errors
    ///
    /// If a number is out of its range or no legal cell is left.
    pub fn plan(&self, landmarks: Landmarks) -> Result<Plan, RequestError> {
        let plan = Plan {
            grid: self.grid(landmarks),
            protocol: self.protocol()?,
        };
        let (cells, skipped) = plan.grid.cells();
        match cells.len() {
            0 => Err(RequestError::NoCell(
                skipped.into_iter().collect::<Vec<_>>().join("; "),
            )),
            count if count > 100_000 => Err(RequestError::TooManyCells(count)),
            _ => Ok(plan),
        }
    }

    fn grid(&self, landmarks: Landmarks) -> Grid {
        let resolve = |counts: &Option<Counts>, default: Counts| {
            counts.as_ref().unwrap_or(&default).resolve(landmarks)
        };
        Grid {
            workload: self.workloads(&resolve(&self.n, one(256))),
            outer: resolve(&self.outer, Counts::Auto),
            inner: resolve(&self.inner, Counts::Auto),
            runtime: self.runtimes(),
            composition: values(&self.composition, Composition::Independent),
            placement: values(&self.placement, Placement::Unbound),
            dispatch: self.dispatches(&resolve(&self.chunk, one(1))),
            tasks: self.tasks.unwrap_or_else(|| default_tasks(landmarks)),
            budget: landmarks.budget,
        }
    }

    fn workloads(&self, sizes: &[NonZeroU32]) -> Vec<Workload> {
        let names = values(&self.workload, WorkloadName("matmul"));
        let dtypes = values(&self.dtype, Dtype::F64);
        let named = |name: WorkloadName| {
            let dtypes = dtypes.iter();
            dtypes.flat_map(move |d| {
                sizes
                    .iter()
                    .filter_map(move |n| Workload::named(name.0, *n, *d))
            })
        };
        names.into_iter().flat_map(named).collect()
    }

    fn runtimes(&self) -> Vec<Runtime> {
        let waits = values(&self.wait, WaitPolicy::Passive);
        values(&self.runtime, RuntimeName("fork-join"))
            .into_iter()
            .flat_map(|name| match name.0 {
                "rayon" => vec![Runtime::Rayon],
                _ => waits.iter().copied().map(Runtime::ForkJoin).collect(),
            })
            .collect()
    }

    fn dispatches(&self, chunks: &[NonZeroU32]) -> Vec<Dispatch> {
        values(&self.dispatch, DispatchName("queue"))
            .into_iter()
            .flat_map(|name| match name.0 {
                "static" => vec![Dispatch::Static],
                "stealing" => vec![Dispatch::Stealing],
                _ => chunks.iter().copied().map(Dispatch::Queue).collect(),
            })
            .collect()
    }

    fn protocol(&self) -> Result<Protocol, RequestError> {
        let limit = self.limit.unwrap_or(10.0);
        if !(limit > 0.0 && limit <= 86_400.0) {
            return Err(RequestError::Limit(limit));
        }
        Ok(Protocol {
            rounds: self.rounds.unwrap_or(count(5)),
            reps: self.reps.unwrap_or(count(5)),
            warmups: self.warmups.unwrap_or(1),
            limit_ns: (limit * NANOS_PER_SECOND) as u64,
            seed: self.seed.unwrap_or(1),
        })
    }
}

/// Enough tasks that the widest default outer pool gets several each, and that P and 2 P divide
/// them: 16 P, at least 32.
fn default_tasks(landmarks: Landmarks) -> NonZeroU32 {
    count((16 * landmarks.budget).max(32))
}

fn values<T: Clone>(axis: &Option<Axis<T>>, default: T) -> Vec<T> {
    axis.as_ref()
        .map_or_else(|| vec![default], |axis| axis.0.clone())
}

fn one(n: u32) -> Counts {
    Counts::These(vec![count(n)])
}

fn count(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).expect("defaults are not zero")
}

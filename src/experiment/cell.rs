//! What is one point of the grid?

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use super::escape::{escaped, unescaped};
use super::{Composition, Dispatch, Family, Runtime, Workload};
use crate::machine::Placement;
use crate::serde_as_text;
use crate::text::ParseError;

/// Most threads a cell may ask for; a larger demand is taken for a typing error.
pub const MAX_THREADS: u32 = 65_536;

/// One point of the grid: what is computed, by how many threads, run how.
///
/// Built by [`Cell::checked`] or read from its text form, so that an illegal combination cannot be
/// held. The text form is safe as a file name:
/// `matmul.f64.256_2x4_fork-join.active_independent_unbound_queue.1_t16`; the path of a BLAS library
/// is percent-encoded in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Cell {
    /// What each task computes.
    pub workload: Workload,
    /// Workers of the outer pool [threads].
    pub outer: NonZeroU32,
    /// Widest team of a worker [threads].
    pub inner: NonZeroU32,
    /// What runs the inner level.
    pub runtime: Runtime,
    /// How the levels share the PUs.
    pub composition: Composition,
    /// Where the threads go.
    pub placement: Placement,
    /// How tasks reach the workers.
    pub dispatch: Dispatch,
    /// Tasks in all, the same for every cell of a run.
    pub tasks: NonZeroU32,
}

/// A combination that no cell can hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IllegalCell {
    /// Only rayon's pool can serve several callers at once.
    #[error("composition 'shared' needs runtime 'rayon', not '{0}'")]
    SharedNeedsRayon(Runtime),
    /// A library has a call for matrix products and for nothing else of ours.
    #[error("runtime '{0}' multiplies matrices; workload '{1}' is not for it")]
    BlasMultiplies(Runtime, Workload),
    /// A library's threads are its own.
    #[error("runtime '{0}' starts its own threads, which only it could bind; placement is unbound")]
    BlasIsUnbound(Runtime),
    /// What is inside a program is its own; a cell only tells it two counts.
    #[error(
        "a command goes with program_independent_PLACEMENT_static_t1, and only a command does; not with '{0}'"
    )]
    CommandAlone(String),
    /// The composition says the team is one thread wide.
    #[error("composition 'serial-inner' has inner = 1, not {0}")]
    SerialInnerIsOne(NonZeroU32),
    /// More threads than anyone means.
    #[error("{outer} x {inner} threads are more than {MAX_THREADS}; ask for fewer")]
    TooManyThreads {
        /// Outer workers asked for.
        outer: NonZeroU32,
        /// Inner threads asked for.
        inner: NonZeroU32,
    },
}

impl Cell {
    /// This cell if its parts go together.
    ///
    /// # Errors
    ///
    /// The first rule that it breaks.
    pub fn checked(self) -> Result<Self, IllegalCell> {
        let Self {
            outer,
            inner,
            runtime,
            ..
        } = self;
        if !self.keeps_programs_apart() {
            return Err(IllegalCell::CommandAlone(self.to_string()));
        }
        if self.composition == Composition::Shared && runtime != Runtime::Rayon {
            return Err(IllegalCell::SharedNeedsRayon(runtime));
        }
        if runtime.is_blas() && self.workload.family() != Some(Family::Matmul) {
            return Err(IllegalCell::BlasMultiplies(runtime, self.workload));
        }
        if runtime.is_blas() && self.placement != Placement::Unbound {
            return Err(IllegalCell::BlasIsUnbound(runtime));
        }
        if self.composition == Composition::SerialInner && inner.get() != 1 {
            return Err(IllegalCell::SerialInnerIsOne(inner));
        }
        if u64::from(outer.get()) * u64::from(inner.get()) > u64::from(MAX_THREADS) {
            return Err(IllegalCell::TooManyThreads { outer, inner });
        }
        Ok(self)
    }

    /// The team width of each worker under a budget of `budget` whole CPUs [threads].
    ///
    /// A library has one thread count for the whole process, so where the shares of a budget
    /// differ, all its workers get the smallest: together they stay within the budget.
    pub fn widths(&self, budget: u32) -> Vec<NonZeroU32> {
        let workers = (self.outer, self.busy_workers());
        let mut widths = self.composition.widths(workers, self.inner, budget);
        if self.runtime.is_blas() {
            let narrowest = widths.iter().copied().min().unwrap_or(self.inner);
            widths.fill(narrowest);
        }
        widths
    }

    /// Workers that have work, the first ones.
    pub fn busy_workers(&self) -> u32 {
        self.dispatch
            .busy_workers(self.tasks.get(), self.outer.get())
    }

    /// This cell with the widest team that any worker gets for its `inner`, so that requests with
    /// the same effect are one cell.
    #[must_use]
    pub fn granted(self, budget: u32) -> Self {
        if self.outer.get() > MAX_THREADS {
            // No cell at all: `checked` says so, and a width for each worker need not be made.
            return self;
        }
        let widest = self.widths(budget).into_iter().max();
        Self {
            inner: widest.unwrap_or(self.inner),
            ..self
        }
    }

    /// Whether a command has nothing that only our own work has, and the other way round.
    fn keeps_programs_apart(&self) -> bool {
        match (self.workload, self.runtime) {
            (Workload::Command, Runtime::Program) => {
                self.composition == Composition::Independent
                    && self.dispatch == Dispatch::Static
                    && self.tasks == NonZeroU32::MIN
            }
            (Workload::Command, _) | (_, Runtime::Program) => false,
            _ => true,
        }
    }

    /// D: threads the cell asks to run at once [threads]: outer x inner, or the one pool's width
    /// where all workers share one.
    pub fn demand(&self) -> u32 {
        match self.composition {
            Composition::Shared => self.inner.get(),
            _ => self.outer.get() * self.inner.get(),
        }
    }

    /// Most threads the process needs for the nest [threads]. A fork-join team includes its worker;
    /// a rayon pool comes on top of the workers that wait for it. A library has at most a team a
    /// worker, and perhaps keeps threads beside those that it runs; of a program the same is assumed.
    pub fn threads(&self) -> u32 {
        match self.runtime {
            Runtime::ForkJoin(_) => self.demand(),
            Runtime::Rayon | Runtime::Blas(_) | Runtime::Modelled(_) | Runtime::Program => {
                self.demand() + self.outer.get()
            }
        }
    }

    /// Data that the workers keep [bytes].
    pub fn footprint(&self) -> u64 {
        u64::from(self.outer.get()).saturating_mul(self.workload.footprint())
    }

    /// phi: threads asked for per CPU of a budget [1]. Above 1 the cell is oversubscribed. This is
    /// the demand, not what was seen running.
    pub fn oversubscription(&self, budget: f64) -> f64 {
        f64::from(self.demand()) / budget
    }

    /// Floating-point operations of all tasks, where they are known.
    pub fn flops(&self) -> Option<u64> {
        Some(u64::from(self.tasks.get()).saturating_mul(self.workload.flops()?))
    }

    /// Bytes that all tasks read and write, where they are known [bytes].
    pub fn bytes(&self) -> Option<u64> {
        Some(u64::from(self.tasks.get()).saturating_mul(self.workload.bytes()?))
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            workload,
            outer,
            inner,
            runtime,
            composition,
            placement,
            dispatch,
            tasks,
        } = self;
        let runtime = escaped(&runtime.to_string());
        write!(
            f,
            "{workload}_{outer}x{inner}_{runtime}_{composition}_{placement}_{dispatch}_t{tasks}"
        )
    }
}

impl FromStr for Cell {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        const FORM: &str = "WORKLOAD_OxI_RUNTIME_COMPOSITION_PLACEMENT_DISPATCH_tTASKS";
        let bad = |why: &dyn fmt::Display| ParseError::new("cell", text, format!("{FORM} ({why})"));
        let fields: Vec<&str> = text.split('_').collect();
        let [
            workload,
            threads,
            runtime,
            composition,
            placement,
            dispatch,
            tasks,
        ] = fields[..]
        else {
            return Err(bad(&format!("7 fields, not {}", fields.len())));
        };
        let (outer, inner) = threads.split_once('x').ok_or_else(|| bad(&"OUTERxINNER"))?;
        let tasks = tasks.strip_prefix('t').ok_or_else(|| bad(&"tTASKS"))?;
        let count = |text: &str| text.parse::<NonZeroU32>().map_err(|e| bad(&e));
        Self {
            workload: workload.parse().map_err(|e| bad(&e))?,
            outer: count(outer)?,
            inner: count(inner)?,
            runtime: unescaped(runtime)
                .ok_or_else(|| bad(&"a percent-encoded runtime"))?
                .parse()
                .map_err(|e| bad(&e))?,
            composition: composition.parse().map_err(|e| bad(&e))?,
            placement: placement.parse().map_err(|e| bad(&e))?,
            dispatch: dispatch.parse().map_err(|e| bad(&e))?,
            tasks: count(tasks)?,
        }
        .checked()
        .map_err(|e| bad(&e))
    }
}

serde_as_text!(Cell);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_reads_what_it_writes() {
        for text in [
            "matmul.f64.256_2x4_fork-join.active_independent_unbound_queue.1_t16",
            "matmul.f32.1000_3x1_fork-join.spin-then-park.500_serial-inner_close.core_static_t7",
            "matmul.f64.64_4x2_rayon_shared_spread.numa_stealing_t8",
            "matmul.f64.64_4x2_blas:openblas_independent_unbound_queue.1_t8",
            "matmul.f64.64_4x2_blas:%2Fusr%2Flib%2Fx86%5F64%2Flibblis.so.4_exclusive_unbound_static_t8",
            "matmul.f64.64_4x2_openblas-0.3.26_independent_unbound_queue.1_t8",
            "weak-30.f64.64_4x2_libomp.0_counting_close.pu_queue.1_t8",
            "command_4x2_program_independent_close.core_static_t1",
            "minkowski-3.f32.10000_8x1_rayon_partitioned-floor_unbound_queue.pool_t100",
        ] {
            assert_eq!(text.parse::<Cell>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn illegal_combinations_cannot_be_read() {
        for (text, why) in [
            (
                "matmul.f64.8_2x4_fork-join.yield_shared_unbound_static_t1",
                "needs runtime 'rayon'",
            ),
            (
                "matmul.f64.8_2x4_rayon_serial-inner_unbound_static_t1",
                "inner = 1, not 4",
            ),
            (
                "matmul.f64.8_2x4_blas:blis_shared_unbound_static_t1",
                "needs runtime 'rayon'",
            ),
            (
                "matmul.f64.8_2x4_blas:blis_independent_close.pu_static_t1",
                "placement is unbound",
            ),
            (
                "dot.f64.8_2x4_blas:blis_independent_unbound_static_t1",
                "workload 'dot.f64.8' is not for it",
            ),
            (
                "command_2x1_rayon_independent_unbound_static_t1",
                "a command goes with",
            ),
            (
                "command_2x1_program_exclusive_unbound_static_t1",
                "a command goes with",
            ),
            (
                "command_2x1_program_independent_unbound_static_t2",
                "a command goes with",
            ),
            (
                "matmul.f64.8_2x1_program_independent_unbound_static_t1",
                "only a command does",
            ),
            ("matmul.f64.8_2x0_rayon_shared_unbound_static_t1", "zero"),
            (
                "matmul.f64.8_999x999_rayon_shared_unbound_static_t1",
                "more than 65536",
            ),
        ] {
            let error = text.parse::<Cell>().unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }

    /// Eight CPUs for three: shares of 3, 3 and 2 for teams of our own, 2 each for one library.
    #[test]
    fn a_library_has_the_same_width_for_all_workers() {
        let width = |runtime| {
            let text = format!("matmul.f64.8_3x9_{runtime}_partitioned_unbound_static_t3");
            let cell: Cell = text.parse().unwrap();
            (cell.granted(8).inner.get(), cell.widths(8).len())
        };
        assert_eq!(width("rayon"), (3, 3));
        assert_eq!(width("blas:mkl"), (2, 3));
    }
}

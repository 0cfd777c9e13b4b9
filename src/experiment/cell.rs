//! What is one point of the grid?

use std::num::NonZeroU32;

use super::{
    Chunk, Composition, Computation, Dispatch, Family, Runtime, WaitPolicy, Workload, WorkloadName,
};
use crate::machine::Placement;

/// Most threads a cell may ask for; a larger demand is taken for a typing error.
pub const MAX_THREADS: u32 = 65_536;

/// Most cells a plan may have; more are taken for a typing error.
pub(super) const MAX_CELLS: usize = 100_000;

/// One point of the grid: what is computed, by how many threads, run how.
///
/// Built by [`Cell::checked`] or read from its text form, so that an illegal combination cannot be
/// held. Text form: `matmul n=256 outer=2 inner=4 wait=active`, where what is not said is as in
/// [`Cell::default`].
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
    /// Threads of other load that spin beside the cell, in a process of their own [threads].
    pub background: u32,
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
        "a command is run as it is, by runtime 'program', and only a command does; not workload '{0}' with runtime '{1}'"
    )]
    CommandAlone(Workload, Runtime),
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

/// Tasks of a cell that does not say how many.
const TASKS: NonZeroU32 = NonZeroU32::new(32).unwrap();

impl Default for Cell {
    /// One worker and one thread at products of 256 x 256 matrices: what a cell is where nothing is said
    /// of it.
    fn default() -> Self {
        Self {
            workload: Workload::Computation(Computation::usual(WorkloadName::DEFAULT)),
            outer: NonZeroU32::MIN,
            inner: NonZeroU32::MIN,
            runtime: Runtime::ForkJoin(WaitPolicy::Passive),
            composition: Composition::Independent,
            placement: Placement::Unbound,
            dispatch: Dispatch::Queue(Chunk::Tasks(NonZeroU32::MIN)),
            tasks: TASKS,
            background: 0,
        }
    }
}

impl Cell {
    /// Makes this the cell of a program of the user's, which has no choice of anything inside it.
    pub(super) fn be_a_command(&mut self) {
        *self = Self {
            workload: Workload::Command,
            runtime: Runtime::Program,
            composition: Composition::Independent,
            dispatch: Dispatch::Static,
            tasks: NonZeroU32::MIN,
            ..*self
        };
    }

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
            return Err(IllegalCell::CommandAlone(self.workload, runtime));
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
            Composition::Independent
            | Composition::SerialInner
            | Composition::Partitioned(_)
            | Composition::Exclusive
            | Composition::Counting => self.outer.get() * self.inner.get(),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Eight CPUs for three: shares of 3, 3 and 2 for teams of our own, 2 each for one library.
    #[test]
    fn a_library_has_the_same_width_for_all_workers() {
        let width = |runtime| {
            let text = format!("3x9 n=8 {runtime} partitioned static tasks=3");
            let cell: Cell = text.parse().unwrap();
            (cell.granted(8).inner.get(), cell.widths(8).len())
        };
        assert_eq!(width("rayon"), (3, 3));
        assert_eq!(width("blas:mkl"), (2, 3));
    }
}

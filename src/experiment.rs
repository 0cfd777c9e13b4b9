//! What is asked?
//!
//! A [`Workload`] describes work (flops, bytes, phases, sync points) without doing it; a [`Cell`]
//! is one point of the grid; a [`Plan`] is every cell and the protocol by which they are asked.
//! Host and simulator follow the same descriptions, so that there is no second account of the work.

#[cfg(test)]
mod any_text;
mod asked;
mod axes;
mod blas;
mod cell;
mod cell_text;
mod command;
mod composition;
mod condition;
mod counts;
mod dispatch;
mod escape;
mod loose;
mod margin;
mod modelled;
mod old_grid;
mod plan;
mod request;
mod runtime;
mod seats;

mod time;
mod wait;
mod workload;

pub use crate::share::Share;
pub use asked::{Axes, AxisValues};
pub use axes::{Axis, Syntax, Value};
pub use blas::{Blas, LibraryPath};
pub use cell::{Cell, IllegalCell, MAX_THREADS};
pub use command::{CommandCopy, CommandSpec, Goal, OuterKind, OutputMetric};
pub use composition::{Composition, Rounding};
pub use dispatch::{Chunk, Dispatch};

pub use cell_text::PartialCell;
pub use condition::Condition;
pub use counts::{Count, Counts, CpuCounts};
pub use margin::Margin;
pub use modelled::{BlasVersion, OmpWait, RuntimeModel};
pub use plan::{Difference, Plan, Protocol, Visit};
pub use request::{CommandRequest, Request, RequestError, default_tasks};
pub use runtime::{Runtime, RuntimeName};
pub use seats::Seats;
pub use time::Span;
pub use wait::WaitPolicy;
pub use workload::{
    Account, Computation, Dtype, Family, NoSuchType, PANEL, RING, SUMS, TILE, Workload,
    WorkloadName, pairs, serial_steps, task_steps,
};

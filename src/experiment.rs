//! What is asked?
//!
//! A [`Workload`] describes work (flops, bytes, phases, sync points) without doing it; a [`Cell`]
//! is one point of the grid; a [`Plan`] is every cell and the protocol by which they are asked.
//! Host and simulator follow the same descriptions, so that there is no second account of the work.

#[cfg(test)]
mod any_text;
mod axis;
mod blas;
mod cell;
mod command;
mod composition;
mod dispatch;
mod escape;
mod grid;
mod loose;
mod margin;
mod modelled;
mod plan;
mod request;
mod runtime;
mod seats;
mod short;
mod time;
mod wait;
mod workload;

pub use crate::share::Share;
pub use axis::{Axis, Chunks, Count, Counts, Landmarks};
pub use blas::{Blas, LibraryPath};
pub use cell::{Cell, IllegalCell, MAX_THREADS};
pub use command::{CommandCopy, CommandSpec, OuterKind, OutputMetric, Wish};
pub use composition::{Composition, Rounding};
pub use dispatch::{Chunk, Dispatch};
pub use grid::Grid;
pub use margin::Margin;
pub use modelled::{BlasVersion, Modelled, OmpWait};
pub use plan::{Plan, Protocol, Visit};
pub use request::{CommandRequest, DispatchName, Request, RequestError, default_tasks};
pub use runtime::{Runtime, RuntimeName};
pub use seats::Seats;
pub use short::ShortCell;
pub use time::Span;
pub use wait::WaitPolicy;
pub use workload::{
    Account, Computation, Dtype, Family, NoSuchType, PANEL, RING, SUMS, TILE, Workload,
    WorkloadName, pairs, serial_steps, task_steps,
};

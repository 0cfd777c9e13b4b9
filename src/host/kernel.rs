//! What code does a workload's work?
//!
//! A *kernel* holds the data of one outer worker's tasks and does, phase by phase, what
//! [`Workload`] describes. It is built for a team of a given width and knows which part of every
//! phase is whose; the team ([`crate::host::team`]) decides on which threads and when.

mod arithmetic;
mod distance;
mod divided;
mod dot;
mod fill;
mod matmul;
mod memory;
mod number;
mod reduction;
mod ring;
mod shared_task_state;
mod squared_difference;
mod steps;
mod stream;
mod sum;
mod sums;
#[cfg(test)]
mod tests;
mod vectorized;

use std::io;
use std::num::NonZeroU32;
use std::sync::Arc;

use crate::experiment::{Computation, Dtype, Family, Workload};
use crate::host::blas::BlasLibrary;
use distance::{Cosine, Euclidean, Minkowski};
use dot::Dot;
pub(super) use dot::read;
use fill::Pages;
use number::Number;
use reduction::reduction;
pub use shared_task_state::SharedTaskState;
use squared_difference::{Fused, Temporaries};
use sum::Agreement;

/// The data and code of one worker's tasks.
///
/// A task is done when every member has done its part of every phase, and nobody began a phase
/// before all had finished the one before.
pub trait Kernel: Send + Sync {
    /// Members the work is divided among.
    fn width(&self) -> NonZeroU32;

    /// Phases of one task; the team meets between them.
    fn phases(&self) -> u32;

    /// Called by the worker before a region: it is that of `task`, from 0, of all workers' tasks.
    fn begin(&self, task: u32) {
        let _ = task;
    }

    /// Does the part of `member` in `phase`, both from 0.
    fn work(&self, phase: u32, member: u32);

    /// Called by the worker after a region: puts together what the members left.
    fn end(&self) {}

    /// Spoils the result, so that a stale one cannot pass for a fresh one. Not timed.
    fn spoil(&self);

    /// Compares all of the result with what is known of it. Not timed.
    ///
    /// # Errors
    ///
    /// The first element that differs.
    fn verify(&self) -> Result<(), WrongResult>;
}

/// A result that is not the known one.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{at} is {got}, expected {expected}")]
pub struct WrongResult {
    /// What is wrong, in the workload's own words.
    pub at: String,
    /// Its value.
    pub got: f64,
    /// The known value.
    pub expected: f64,
}

/// Why there is no kernel.
#[derive(Debug, thiserror::Error)]
pub enum KernelError {
    /// The work is a program's.
    #[error("a cell of a command is run with its command line (--command)")]
    Command,
    /// A library has no call for the work.
    #[error("a BLAS library multiplies matrices; {0} is not for it")]
    NotForLibrary(Workload),
    /// The system gave no memory.
    #[error("no memory for the data of {workload} ({source}); lower --n or --outer")]
    Memory {
        /// The work.
        workload: Workload,
        /// The system's answer.
        source: io::Error,
    },
}

/// The kernel of `workload` for a team of `width`, its memory touched first by the calling thread.
///
/// # Errors
///
/// If the work is a program's, or there is no memory for it.
pub fn kernel(
    workload: &Workload,
    width: NonZeroU32,
    task_state: &Arc<SharedTaskState>,
) -> Result<Arc<dyn Kernel>, KernelError> {
    let computation = workload.computation().ok_or(KernelError::Command)?;
    let racy_or_not = |agreement| sum::kernel(computation, width, (agreement, task_state));
    let kernel = match (computation.name().family(), computation.dtype()) {
        (Family::Matmul, _) => Ok(matmul::kernel(computation, width)),
        (Family::SumRacy, _) => racy_or_not(Agreement::Racy),
        (Family::SumReduced, _) => racy_or_not(Agreement::Reduced),
        (_, Dtype::F32) => of::<f32>(computation, width, task_state),
        (_, Dtype::F64) => of::<f64>(computation, width, task_state),
        (_, Dtype::I32) => of::<i32>(computation, width, task_state),
        (_, Dtype::I64) => of::<i64>(computation, width, task_state),
    };
    kernel.map_err(|source| KernelError::Memory {
        workload: *workload,
        source,
    })
}

/// The kernel of a family that is written for every number type.
fn of<T: Number>(
    computation: &Computation,
    width: NonZeroU32,
    task_state: &Arc<SharedTaskState>,
) -> io::Result<Arc<dyn Kernel>> {
    let exponent = computation.name().parameter().unwrap_or(1);
    match computation.name().family() {
        Family::Dot => reduction::<T, _>(computation, width, Dot),
        Family::FillAgain => fill::kernel::<T>(computation, width, Pages::Again),
        Family::FillFresh => fill::kernel::<T>(computation, width, Pages::Fresh),
        Family::Euclidean => reduction::<T, _>(computation, width, Euclidean),
        Family::Minkowski => reduction::<T, _>(computation, width, Minkowski { exponent }),
        Family::Cosine => reduction::<T, _>(computation, width, Cosine),
        Family::SquaredDifferenceFused => reduction::<T, _>(computation, width, Fused),
        Family::SquaredDifferenceTemporaries => {
            let task_state = Arc::clone(task_state);
            reduction::<T, _>(computation, width, Temporaries { task_state })
        }
        Family::Weak => Ok(arithmetic::weak::<T>(computation, width)),
        Family::Uneven => Ok(arithmetic::uneven::<T>(
            computation,
            width,
            task_state.tasks(),
        )),
        Family::Matmul | Family::SumRacy | Family::SumReduced => {
            unreachable!("written for types of their own, in `kernel`")
        }
    }
}

/// The kernel of `workload` by calls to `library`, which is to use `width` threads.
///
/// # Errors
///
/// If the library has no call for it.
pub fn kernel_by_library(
    workload: &Workload,
    width: NonZeroU32,
    library: Arc<BlasLibrary>,
) -> Result<Arc<dyn Kernel>, KernelError> {
    let computation = workload.computation().ok_or(KernelError::Command)?;
    match computation.name().family() {
        Family::Matmul => Ok(matmul::kernel_by_library(computation, width, library)),
        _ => Err(KernelError::NotForLibrary(*workload)),
    }
}

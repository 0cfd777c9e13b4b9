//! What code does a workload's work?
//!
//! A *kernel* holds the data of one outer worker's tasks and does, phase by phase, what
//! [`Workload`] describes. It is built for a team of a given width and knows which part of every
//! phase is whose; the team ([`crate::host::team`]) decides on which threads and when.

mod matmul;

use std::num::NonZeroU32;
use std::sync::Arc;

use crate::experiment::Workload;
use crate::host::blas::BlasLibrary;

/// The data and code of one worker's tasks.
///
/// A task is done when every member has done its part of every phase, and nobody began a phase
/// before all had finished the one before.
pub trait Kernel: Send + Sync {
    /// Members the work is divided among.
    fn width(&self) -> NonZeroU32;

    /// Phases of one task; the team meets between them.
    fn phases(&self) -> u32;

    /// Does the part of `member` in `phase`, both from 0.
    fn work(&self, phase: u32, member: u32);

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
#[error("element {at} is {got}, expected {expected}")]
pub struct WrongResult {
    /// Which element, in the workload's own words.
    pub at: String,
    /// Its value.
    pub got: f64,
    /// The known value.
    pub expected: f64,
}

/// The kernel of `workload` for a team of `width`, its memory touched first by the calling thread;
/// `None` where the work is a program's.
pub fn kernel(workload: &Workload, width: NonZeroU32) -> Option<Arc<dyn Kernel>> {
    match workload {
        Workload::Matmul(matmul) => Some(matmul::kernel(matmul, width)),
        Workload::Command => None,
    }
}

/// The kernel of `workload` by calls to `library`, which is to use `width` threads.
pub fn kernel_by_library(
    workload: &Workload,
    width: NonZeroU32,
    library: Arc<BlasLibrary>,
) -> Option<Arc<dyn Kernel>> {
    match workload {
        Workload::Matmul(matmul) => Some(matmul::kernel_by_library(matmul, width, library)),
        Workload::Command => None,
    }
}

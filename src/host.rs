//! How is a cell answered by measuring it?
//!
//! This is the side of the child process that [`crate::process::Host`] starts for each visit. [`measure`]
//! builds the nest of a cell (an outer `pool` whose workers each own a kernel and a [`team`]), runs it
//! under the clock, and reads `probe`s before and after. [`trace`](fn@trace) runs it once with every
//! thread writing down what it does, apart from any timing.

pub mod blas;
mod calibrate;
mod gate;
pub mod kernel;
mod measure;
mod nest;
mod pool;
mod probe;
mod ruler;
mod tasks;
pub mod team;
mod trace;
mod worker_idle;

pub use calibrate::{Calibration, CalibrationError, Finding, Unknown, calibrate};
pub use measure::{measure, trace};
pub use probe::{Probe, ProbeState, probes};
pub use ruler::ruler;

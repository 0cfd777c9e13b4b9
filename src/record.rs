//! What was answered, and where is it kept?
//!
//! A [`Sample`] is the numbers of one timed execution; a [`Record`] is a sample, a censored sample or
//! a failure with the cell that it answers; a [`RunFolder`] holds all records of a run and the
//! [`RunHeader`] that says how they came about. A [`trace`] is one execution as spans of time. Missing is `None` in memory and empty on disk,
//! never 0.

mod breakdown;
mod change;
pub mod columns;
mod counters;
mod field;
mod folder;
mod header;
mod ledger;
mod sample;
pub mod trace;

pub use breakdown::{Breakdown, Category, Parts};
pub use change::{Change, OWN_FILE};
pub use counters::{Hardware, Interference, Waiting, delta};
pub use field::{Field, FieldKind};
pub use folder::{
    FolderError, LockedFolder, Opened, Problem, Repair, Resume, RunFolder, breakdown,
};
pub use header::{EmptyRegion, FORMAT_VERSION, Peak, Ruler, RunHeader};
pub use ledger::{Ledger, Recorded, last_attempts};
pub use sample::{Answer, Record, Sample, Status};

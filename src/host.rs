//! How is a cell answered by measuring it?
//!
//! [`Host`] is the parent's side: it starts one child process per visit, collects its answers and
//! ends it when it overstays. [`measure`] is the child's side: it builds the nest of a cell (an
//! outer `pool` whose workers each own a kernel and a [`team`]), runs it under the clock, and
//! reads `probe`s before and after. [`trace`](fn@trace) runs it once with every thread writing down what it
//! does, apart from any timing.
//!
//! One child per visit, because a livelocked region cannot be stopped from inside its process;
//! because pools, affinity and allocator state must not leak into the next cell; because repeating
//! processes samples the bimodality that one process hides; and because any row can then be
//! repeated by hand with one command.

mod affinity;
mod background;
pub mod blas;
mod calibrate;
mod child;
pub mod clock;
mod command;
mod ending;
mod foreground;
mod gate;
pub mod kernel;
mod load;
mod measure;
mod nest;
pub mod open_files;
mod pace;
mod pool;
mod probe;
mod question;
mod reaper;
mod ruler;
mod shortage;
mod standstill;
mod start_error;
mod tasks;
pub mod team;
mod trace;
mod tree;
mod versions;
mod watch;

pub use background::{Background, spin};
pub use calibrate::{Calibration, CalibrationError, Finding, Unknown, calibrate};
pub use child::{Host, Message};
pub use command::{Starter, become_program, end_leftovers, guard, supervise};
pub use ending::end_with_parent;
pub use foreground::Foreground;
pub use load::{Load, LoadReading};
pub use measure::{measure, trace};
pub use probe::{Probe, ProbeState, probes};
pub use ruler::ruler;
pub use shortage::{Shortage, TRY_AGAIN};
pub use standstill::keep_continues;
pub use versions::versions;
pub use watch::{
    Activity, Library, LibraryPool, Pool, ProcessMonitor, Program, WatchError, Watched,
};

//! Where do nested thread pools fight for the same CPUs, why, and what should be set instead?
//!
//! An outer pool of tasks calls inner multithreaded code; together they ask for more threads
//! than the machine may run. This crate measures, shows and explains what that costs.
//!
//! One chain of nouns, one verb; modules stand in the order in which data flows, and each
//! imports only from those above it (`tests/layering.rs` holds this table to the code):
//!
//! ```text
//! Machine -> Placement -> Cell (in a Grid) -> Sample -> Record -> Series -> figure
//! trait Runner: answers a cell (Host by measuring it, Sim by predicting it, Scripted from a script)
//! ```

pub mod share;
pub mod stats;
pub mod text;
pub mod units;

pub mod clock;
pub mod file;

pub mod machine;

pub mod experiment;

pub mod record;

pub mod runner;

mod counter;

pub mod process;

pub mod host;
pub mod monitor;
pub mod sim;

pub mod analysis;

pub mod view;

pub mod cli;

//! Where do nested thread pools fight for the same CPUs, why, and what should be set instead?
//!
//! An outer pool of tasks calls inner multithreaded code; together they ask for more threads
//! than the machine may run. This crate measures, shows and explains what that costs.
//!
//! # What others may use
//!
//! [`app`] has what the command line does, as functions from a request to a value: open a [`app::Run`] and
//! read what it means, make a [`app::PlannedSweep`] on this machine, [`app::simulate`] another.
//! [`experiment`], [`record`], [`machine`], [`sim`] and [`analysis`] have the types of those values. All else is
//! for the program itself, and may change with any version.
//!
//! ```no_run
//! use oversub::app::{PlannedSweep, Run, Setup, SimulateRequest, Stop, SweepRequest, simulate};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // A run that was made before: which split is the fastest?
//! let run = Run::open("runs/matmul".as_ref(), &[])?;
//! for verdict in &run.analysis.verdicts {
//!     println!("{}: {}", verdict.work, verdict.recommended);
//! }
//!
//! // The same grid on this machine, and on one that is not here.
//! let request: oversub::experiment::Request = toml::from_str("outer = [1, 2]\ninner = [1, 2]")?;
//! let sweep = PlannedSweep::new(SweepRequest {
//!     request: request.clone(),
//!     out: Some("runs/here".into()),
//!     program: Some("/usr/local/bin/oversub".into()),
//!     ..SweepRequest::default()
//! })?;
//! let measured = sweep.run(&Stop::default(), &mut ())?.run;
//! let setup = Setup {
//!     machine: Some("l3:2 core:8 pu:2".to_owned()),
//!     preset: Some("epyc-9004".to_owned()),
//!     ..Setup::default()
//! };
//! let elsewhere = SimulateRequest {
//!     request,
//!     setup,
//!     ..SimulateRequest::default()
//! };
//! let simulated = simulate(elsewhere, &Stop::default(), &mut ())?.run;
//! # Ok(())
//! # }
//! ```
//!
//! A sweep starts the program `oversub` for each visit of a cell. Another program that sweeps says where that is:
//! [`app::SweepRequest::program`].
//!
//! # Layers
//!
//! One chain of nouns, one verb; modules stand in the order in which data flows, and each
//! imports only from those above it (`tests/layering.rs` holds this table to the code):
//!
//! ```text
//! Machine -> Placement -> Cell (in a Grid) -> Sample -> Record -> Series -> figure
//! trait Runner: answers a cell (Host by measuring it, Sim by predicting it, Scripted from a script)
//! ```

#[doc(hidden)]
pub mod share;
#[doc(hidden)]
pub mod stats;
#[doc(hidden)]
pub mod text;
#[doc(hidden)]
pub mod units;

#[doc(hidden)]
pub mod clock;
#[doc(hidden)]
pub mod file;

pub mod machine;

pub mod experiment;

pub mod record;

#[doc(hidden)]
pub mod runner;

mod counter;

#[doc(hidden)]
pub mod process;

#[doc(hidden)]
pub mod host;
#[doc(hidden)]
pub mod monitor;
pub mod sim;

pub mod analysis;

#[doc(hidden)]
pub mod view;

pub mod app;

#[doc(hidden)]
pub mod cli;

//! What does each verb do, without a terminal?
//!
//! A verb that needs more than one layer is a function here, from a request to a value. It knows no flags and
//! prints nothing: [`crate::cli`] reads arguments and shows what came of them. What there is to tell while a
//! verb works goes to an [`Observer`].
//!
//! A [`Run`] is a run folder that was read and understood. A [`Session`] is one that is being written: locked
//! before anything is measured, begun or resumed, and a [`Run`] in memory at its end.

mod between;
mod calibrate;
mod compare;
mod error;
mod explain;
mod ground;
mod header;
mod libraries;
mod machine;
mod observer;
pub mod output;
pub mod plot;
mod preflight;
mod program;
mod quiet;
mod recommend;
mod report;
mod run;
mod session;
mod simulate;
mod simulation;
mod sweep;
mod trace;
pub mod validate;

pub use crate::process::Stop;
pub use calibrate::{CalibrateOutcome, EmptyRegion, calibrate, unknown};
pub use compare::{CompareOutcome, CompareRequest, compare};
pub use error::{Error, UsageError};
pub use explain::{ExplainRequest, explain};
pub use header::variables;
pub use libraries::{folders, locate};
pub use machine::read_machine;
pub use observer::Observer;
pub use preflight::check_program;
pub use program::itself;
pub use recommend::{RecommendOutcome, recommend};
pub use report::report;
pub use run::Run;
pub use session::Session;
pub use simulate::{Outlook, SimulateOutcome, SimulateRequest, simulate};
pub use simulation::{ParameterOverride, Setup, Simulation};
pub use sweep::{PlannedSweep, SweepOutcome, SweepRequest};
pub use trace::{TraceOutcome, TraceRequest, read_trace, trace};

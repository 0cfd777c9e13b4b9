//! What do the records mean?
//!
//! From records to ready values, in three steps: [`CellSummary`] (what was seen of one cell),
//! [`Verdict`] (which cell of the same work was best, and which cannot be told from it) and
//! [`Series`] (one [`Metric`] of every cell, for a figure). Within a run, cells of the same [`Work`]
//! are compared with each other; a [`Comparison`] holds the same cells of two runs against each
//! other.

mod activity;
mod cause;
mod changed;
mod choice;
mod circumstances;
mod compare;

mod disturbance;
mod metric;
mod objective;
mod paired;
mod recommend;
mod series;
mod split;
mod summary;
mod ticks;
mod trust;
mod until;
pub mod validation;
mod verdict;
mod wrong;

pub use activity::{Advice, Crowding, Tally, WatchSummary, WatchedProgram};
pub use cause::{Cause, Check, Diagnosis, Evidence, Facts, Finding, Origin, RunContext, diagnose};
pub use changed::{Changed, changes};
pub use circumstances::differences;
pub use compare::{CellChange, Change, Comparison, Incomparable, Ratio};

pub use disturbance::{Disturbance, Disturbances, Disturbed, FOREIGN};
pub use metric::{Better, Metric, Quantity};
pub use objective::Objective;
pub use paired::Paired;
pub use recommend::{BreakEven, Loss, Outcome, Recommendation, Usual};
pub use series::{Analysis, Bound, Mark, Point, Reading, Series};
pub use split::split;
pub use summary::{CellSummary, Estimate, Round, Rounds, Spread, State, summarize};
pub use trust::{Reliability, Trial, Trust, share_of_others};
pub use until::rivals;
pub use verdict::{ERROR, Factor, MARGIN, Rule, Standing, Verdict, Work, Worst, verdicts};
pub use wrong::Wrong;

#[cfg(test)]
mod tests;

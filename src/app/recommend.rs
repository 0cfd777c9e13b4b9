//! What should be set after a run, and how far can that be relied on?

use std::collections::BTreeMap;

use super::{Error, Run, UsageError};
use crate::analysis::{BreakEven, Disturbances, Recommendation, Trust};
use crate::experiment::{Axis, Cell, Runtime};
use crate::machine::{Surroundings, thread_choice};
use crate::view::paste::{self, Place, Target};

/// What a run recommends.
pub struct RecommendOutcome {
    /// The cell to set, of each work.
    pub recommendations: Vec<Recommendation>,
    /// From which sizes on a team pays.
    pub break_evens: Vec<BreakEven>,
    /// What disturbed the run.
    pub disturbances: Disturbances,
    /// How far it can be relied on.
    pub trust: Trust,
    place: Place,
}

/// What `run` recommends.
///
/// # Errors
///
/// If no cell was timed to its end.
pub fn recommend(run: &Run) -> Result<RecommendOutcome, Error> {
    let budget = run.header.plan.budget;
    let recommendations = run.analysis.recommendations(budget, default_inner(run));
    if recommendations.is_empty() {
        let why = "no cell was timed to its end with the right result; raise --limit, or see the column \
                   `reason`";
        return Err(Error::Failed(why.to_owned()));
    }
    Ok(RecommendOutcome {
        recommendations,
        break_evens: run.analysis.break_evens(),
        disturbances: run.disturbances(),
        trust: run.trust(),
        place: Place::of(&run.header),
    })
}

impl RecommendOutcome {
    /// Lines to paste that set it in `target`.
    ///
    /// # Errors
    ///
    /// If others decided what was fastest, or the run has several works.
    pub fn lines(&self, target: Target) -> Result<String, Error> {
        if self.trust.others_decide {
            let why = self.trust.headline();
            return Err(Error::Failed(format!("{why}; no lines are printed")));
        }
        let cell = only(&self.recommendations)?;
        Ok(paste::lines(target, cell, self.place))
    }
}

/// What the inner level of this run starts where nothing is set [threads].
fn default_inner(run: &Run) -> u32 {
    let runtime = match run.cells().first().map(|cell| cell.runtime) {
        Some(Runtime::Rayon) => "rayon",
        Some(runtime) if runtime.is_blas() => "OpenBLAS",
        _ => "OpenMP (libgomp)",
    };
    let environment = BTreeMap::new();
    let choice = thread_choice(runtime, &Surroundings::of(&run.header.budget, &environment));
    let threads = choice.and_then(|choice| u32::try_from(choice.threads?).ok());
    threads.unwrap_or(run.header.plan.budget)
}

/// Axes in which works differ.
const OF_THE_WORK: [Axis; 5] = [
    Axis::Workload,
    Axis::Dtype,
    Axis::N,
    Axis::Tasks,
    Axis::Background,
];

/// The cell of the only work there is.
fn only(recommendations: &[Recommendation]) -> Result<&Cell, UsageError> {
    match recommendations {
        [one] => Ok(&one.cell),
        several => {
            let works: Vec<String> = several.iter().map(|r| r.work.to_string()).collect();
            let cells: Vec<Cell> = several.iter().map(|r| r.cell).collect();
            let differs = |axis: &Axis| OF_THE_WORK.contains(axis) && axis.values(&cells).len() > 1;
            let example = Axis::ALL.into_iter().find(differs);
            let example =
                example.and_then(|axis| Some(format!("{axis}={}", axis.value(cells.first()?))));
            Err(UsageError(format!(
                "the run has {} works ({}); choose one by --where, for example --where {}",
                several.len(),
                works.join("; "),
                example.unwrap_or_default()
            )))
        }
    }
}

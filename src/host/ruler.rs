//! How large is the instrument itself?
//!
//! Measured before a run's first sample: the clock's step, and what a region costs that does
//! nothing, for each runtime of the plan on a team as wide as the budget. A library has no region
//! without work to time.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use super::clock;
use super::kernel::{Kernel, WrongResult};
use super::nest::Teams;
use super::team::{RegionPanic, TeamError};
use crate::experiment::{Plan, Runtime};
use crate::record::{EmptyRegion, Ruler};
use crate::stats::median;
use crate::units::ns;

/// Regions timed for each runtime, unless [`TIME`] is up first.
const REGIONS: usize = 2000;

/// Longest time spent on one runtime: an active team may meet foreign load.
const TIME: Duration = Duration::from_millis(100);

/// A ruler that could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum RulerError {
    /// No team for an empty region.
    #[error(transparent)]
    Team(#[from] TeamError),
    /// The empty region failed.
    #[error(transparent)]
    Region(#[from] RegionPanic),
}

/// Measures the ruler for `plan`.
///
/// # Errors
///
/// If a team cannot be started.
pub fn ruler(plan: &Plan) -> Result<Ruler, RulerError> {
    let width = NonZeroU32::new(plan.grid.budget).unwrap_or(NonZeroU32::MIN);
    // What a region costs inside a program of the user's cannot be measured from here.
    let ours = |runtime: &Runtime| *runtime != Runtime::Program;
    let runtimes: BTreeSet<Runtime> = plan.grid.runtime.iter().copied().filter(ours).collect();
    let empty_regions = runtimes
        .into_iter()
        .filter_map(|runtime| Some((runtime, Teams::own(runtime)?)))
        .map(|(runtime, teams)| {
            let median_ns = empty_region(&teams, width)?;
            Ok(EmptyRegion {
                runtime,
                width: width.get(),
                median_ns,
            })
        })
        .collect::<Result<_, RulerError>>()?;
    Ok(Ruler {
        clock_resolution_ns: ns(clock::resolution()),
        empty_regions,
    })
}

/// Median time of an empty region [ns].
fn empty_region(teams: &Teams, width: NonZeroU32) -> Result<u64, RulerError> {
    let mut team = teams.team(0, Arc::new(Nothing { width }), Arc::new(|_| Ok(())))?;
    let began = clock::now();
    let mut times = Vec::with_capacity(REGIONS);
    while times.len() < REGIONS && clock::now() - began < TIME {
        let start = clock::now();

        team.run()?;

        times.push(ns(clock::now() - start) as f64);
    }
    Ok(median(&times).unwrap_or(0.0) as u64)
}

/// A kernel without work.
struct Nothing {
    width: NonZeroU32,
}

impl Kernel for Nothing {
    fn width(&self) -> NonZeroU32 {
        self.width
    }

    fn phases(&self) -> u32 {
        1
    }

    fn work(&self, _phase: u32, _member: u32) {}

    fn spoil(&self) {}

    fn verify(&self) -> Result<(), WrongResult> {
        Ok(())
    }
}

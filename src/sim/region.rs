//! How long does a region take in which there is nothing to do?
//!
//! What `calibrate` measures as a whole, put together from the parts that it measures too: both
//! beside each other say how well the parts compose.

use std::num::NonZeroU32;
use std::time::Duration;

use super::{Machine, Model, NoCacheSizes, Predictor};
use crate::experiment::{Cell, Protocol, Visit, WaitPolicy};
use crate::runner::VisitRequest;
use crate::stats::median;

/// Regions of two executions that are alike otherwise: their difference holds no start and no end.
const REGIONS: [u32; 2] = [500, 1000];

/// Executions of each.
const EXECUTIONS: NonZeroU32 = NonZeroU32::new(7).unwrap();

/// Longest simulated time of an execution.
const LIMIT: Duration = Duration::from_secs(10);

impl Machine {
    /// Time of an empty region of a team of two threads that wait by `wait`, each on a PU of its own
    /// [ns]; `None` where chance alone decides it.
    ///
    /// # Errors
    ///
    /// If the machine cannot be simulated.
    pub fn empty_region(&self, wait: WaitPolicy) -> Result<Option<f64>, NoCacheSizes> {
        let predictor = Predictor::new(self.clone(), Model::Slices)?;
        let wall = |regions| {
            let reports = predictor.reports(&request(wait, regions)?);
            let walls = reports.iter().map(|(_, report)| report.wall as f64);
            median(&walls.collect::<Vec<_>>())
        };
        let [few, many] = REGIONS.map(wall);
        let more = few.zip(many).map(|(few, many)| many - few);
        Ok(more
            .map(|more| more / f64::from(REGIONS[1] - REGIONS[0]))
            .filter(|ns| *ns > 0.0))
    }
}

/// One worker that takes all its tasks at once, each a region of next to nothing in one phase.
fn request(wait: WaitPolicy, regions: u32) -> Option<VisitRequest> {
    let cell = format!(
        "fill-again.f64.1_1x2_fork-join.{wait}_independent_close.pu_queue.{regions}_t{regions}"
    );
    let cell: Cell = cell.parse().ok()?;
    let protocol = Protocol::of_one_visit(EXECUTIONS, 1, LIMIT);
    Some(VisitRequest::new(Visit { round: 1, cell }, &protocol, 2))
}

//! How many times as long as another cell of the same run does a cell take?
//!
//! Round by round, because the rounds of a run see the same drifts: for each common round r the log
//! ratio ln(t_cell,r / t_other,r) is taken, and the estimate is the median over rounds with its 95 %
//! interval.

use super::{CellSummary, Estimate, Spread};
use crate::stats::chance_of_mean_above_zero;

/// The log ratios of two cells over their common rounds.
#[derive(Clone, Debug, PartialEq)]
pub struct Paired(Vec<f64>);

impl Paired {
    /// `cell` over `other`.
    pub fn of(cell: &CellSummary, other: &CellSummary) -> Self {
        let ratios = cell.rounds.iter().filter_map(|(number, round)| {
            Some((round.cost? / other.rounds.get(number)?.cost?).ln())
        });
        Self(ratios.collect())
    }

    /// Median ratio [1] with what the rounds leave open; `None` without a common round.
    pub fn ratio(&self) -> Option<Estimate> {
        Some(Estimate::of(&self.0)?.map(f64::exp))
    }

    /// Whether the data tell `cell` to be slower, with a chance of at most `error` to say so of one
    /// that is not. `None` of fewer than six rounds, which allow no such claim.
    ///
    /// Two things must be so. The 95 % interval of the median ratio lies above 1: that asks nothing of
    /// the distribution, but of few rounds no smaller error can be had. And Student's test of the mean log
    /// ratio says so at `error`.
    pub fn is_slower(&self, error: f64) -> Option<bool> {
        let Some(Spread::Interval(ends)) = Estimate::of(&self.0)?.spread else {
            return None;
        };
        let by_mean = chance_of_mean_above_zero(&self.0)? <= error;
        Some(ends.low > 0.0 && by_mean)
    }
}

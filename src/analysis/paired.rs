//! How many times as long as another cell of the same run does a cell take?
//!
//! Round by round, because the rounds of a run see the same drifts: for each common round r the log
//! ratio ln(t_cell,r / t_other,r) is taken, and the estimate is the median over rounds with its 95 %
//! interval.
//!
//! A round in which one of both was stopped at the limit ranks as its worst: its ratio is infinite,
//! or 0. One in which both were says nothing and is left out.

use super::{CellSummary, Estimate, Round, Spread};
use crate::stats::{chance_of_mean_above_zero, count_to_tell_above_zero};

/// The log ratios of two cells over their common rounds.
#[derive(Clone, Debug, PartialEq)]
pub struct Paired(Vec<LogRatio>);

#[derive(Clone, Copy, Debug, PartialEq)]
struct LogRatio {
    /// Of the costs, a bound where one of both was stopped.
    of_costs: f64,
    /// Where it ranks among the others.
    rank: f64,
}

impl LogRatio {
    fn of(cell: &Round, other: &Round) -> Option<Self> {
        let of_costs = (cell.cost? / other.cost?).ln();
        let rank = match (cell.censored, other.censored) {
            (false, false) => of_costs,
            (true, false) => f64::INFINITY,
            (false, true) => f64::NEG_INFINITY,
            (true, true) => return None,
        };
        Some(Self { of_costs, rank })
    }
}

impl Paired {
    /// `cell` over `other`.
    pub fn of(cell: &CellSummary, other: &CellSummary) -> Self {
        let ratios = cell
            .rounds
            .iter()
            .filter_map(|(number, round)| LogRatio::of(round, other.rounds.get(number)?));
        Self(ratios.collect())
    }

    fn estimate(&self) -> Option<Estimate> {
        Estimate::of(&self.0.iter().map(|ratio| ratio.rank).collect::<Vec<_>>())
    }

    /// Median ratio [1] with what the rounds leave open; `None` without a common round.
    pub fn ratio(&self) -> Option<Estimate> {
        Some(self.estimate()?.map(f64::exp))
    }

    /// Whether the data tell `cell` to be slower, with a chance of at most `error` to say so of one
    /// that is not. `None` of fewer than six rounds, which allow no such claim.
    ///
    /// Two things must be so. The 95 % interval of the median ratio lies above 1: that asks nothing of
    /// the distribution, but of few rounds no smaller error can be had. And Student's test of the mean log
    /// ratio, a bound where one of both was stopped, says so at `error`.
    pub fn is_slower(&self, error: f64) -> Option<bool> {
        let Some(Spread::Interval(ends)) = self.estimate()?.spread else {
            return None;
        };
        let costs: Vec<f64> = self.0.iter().map(|ratio| ratio.of_costs).collect();
        let by_mean = chance_of_mean_above_zero(&costs)? <= error;
        Some(ends.low > 0.0 && by_mean)
    }

    /// How many further rounds tell `cell` to be slower, in the sense of [`Self::is_slower`], if they are
    /// like the rounds so far. `None` where not even 1000 rounds do, or one round cannot say.
    pub fn further_rounds(&self, error: f64) -> Option<u32> {
        let costs: Vec<f64> = self.0.iter().map(|ratio| ratio.of_costs).collect();
        let not_above = self.0.iter().filter(|ratio| ratio.rank <= 0.0).count();
        let all = count_to_tell_above_zero(&costs, not_above, error)?;
        u32::try_from(all - costs.len()).ok()
    }
}

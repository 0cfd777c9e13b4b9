//! What does a handful of timings say, and how surely?
//!
//! Plain functions on slices: medians, quantiles, and the interval of a median that holds whatever
//! the numbers' distribution. Nothing here knows what the numbers mean.

mod rank_sum;

use std::f64::consts::LN_2;

pub use rank_sum::{Shift, TwoGroups};

/// A closed interval, `low <= high`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// Whether `value` lies in the interval, ends included.
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}

/// The middle value; the mean of the middle two for an even count. `None` of nothing.
pub fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// The `p` quantile, 0 <= p <= 1, linear between order statistics. `None` of nothing.
// Source: Hyndman & Fan 1996, doi 10.2307/2684934, definition 7.
pub fn quantile(values: &[f64], p: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    quantile_of_sorted(&sorted, p)
}

fn quantile_of_sorted(sorted: &[f64], p: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let position = p * last as f64;
    let below = position.floor() as usize;
    let above = position.ceil() as usize;
    let fraction = position - below as f64;
    Some(sorted[below] + fraction * (sorted[above] - sorted[below]))
}

/// Chance that the interval of a median lies wholly below it, and as much that it lies above [1].
const ERROR_PER_SIDE: f64 = 0.025;

/// Exact 95 % interval of the median of what `values` were drawn from: two of the values.
///
/// `None` of fewer than six values, because no such interval exists: five values lie all on the
/// same side of their median once in 16 times. Of six to eight values it is their range.
//
// --- Implementation ---
// A value lies below the median with chance 1/2 whatever the distribution, so the number of
// values below it is binomial. Without the k smallest and the k largest of n values, the interval
// misses the median when at most k values lie on one side of it: with chance 2 P(Bin(n, 1/2) <= k).
pub fn median_interval(values: &[f64]) -> Option<Interval> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let cut = cut_off(sorted.len())?;
    Some(Interval {
        low: sorted[cut],
        high: sorted[sorted.len() - 1 - cut],
    })
}

/// The largest k with P(Bin(`n`, 1/2) <= k) of at most [`ERROR_PER_SIDE`], if there is one.
fn cut_off(n: usize) -> Option<usize> {
    // As a logarithm, since 2^-n itself is 0 from n = 1075 on.
    let mut ln_term = -(n as f64) * LN_2;
    let mut chance = ln_term.exp();
    let mut below = 0;
    while chance <= ERROR_PER_SIDE {
        ln_term += ((n - below) as f64 / (below + 1) as f64).ln();
        chance += ln_term.exp();
        below += 1;
    }
    below.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_count_is_the_mean_of_the_middle_two() {
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }

    /// Of 1, 2, 3, 4, 5 the first quartile is the second value: position 0.25 x 4 = 1.
    #[test]
    fn quantiles_follow_definition_seven() {
        assert_eq!(quantile(&[5.0, 3.0, 1.0, 2.0, 4.0], 0.25), Some(2.0));
        assert_eq!(quantile(&[1.0, 2.0], 0.75), Some(1.75));
    }

    /// P(Bin(6, 1/2) = 0) = 1/64 = 1.6 %, but 1/32 = 3.1 % of five. Of nine, 10/512 = 2.0 % lie at
    /// most one on a side; of eight it is 9/256 = 3.5 %.
    #[test]
    fn a_median_has_an_interval_from_six_values_on() {
        let first = |n: u32| -> Vec<f64> { (1..=n).rev().map(f64::from).collect() };
        let ends = |n: u32| median_interval(&first(n)).map(|i| (i.low, i.high));
        assert_eq!((ends(0), ends(1), ends(5)), (None, None, None));
        assert_eq!(ends(6), Some((1.0, 6.0)));
        assert_eq!(ends(8), Some((1.0, 8.0)));
        assert_eq!(ends(9), Some((2.0, 8.0)));
        // For many values the normal distribution: 1000 +- 0.98 x sqrt(2000) = 956 to 1044.
        let (low, high) = ends(2000).unwrap();
        assert!((low - 956.0).abs() <= 2.0 && (high - 1045.0).abs() <= 2.0);
    }
}

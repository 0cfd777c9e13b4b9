//! What does a handful of timings say, and how surely?
//!
//! Plain functions on slices: medians, quantiles, and bootstrap intervals from a given seed.
//! Nothing here knows what the numbers mean.

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

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

/// 95 % percentile-bootstrap interval of the median of `values`, from `resamples` draws.
///
/// `None` for fewer than two values: one value says nothing of its own spread.
pub fn median_interval(values: &[f64], resamples: usize, seed: u64) -> Option<Interval> {
    if values.len() < 2 {
        return None;
    }
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut draw = vec![0.0; values.len()];
    let mut medians: Vec<f64> = (0..resamples)
        .filter_map(|_| {
            draw.fill_with(|| values[rng.random_range(0..values.len())]);
            draw.sort_unstable_by(f64::total_cmp);
            quantile_of_sorted(&draw, 0.5)
        })
        .collect();
    medians.sort_unstable_by(f64::total_cmp);
    Some(Interval {
        low: quantile_of_sorted(&medians, 0.025)?,
        high: quantile_of_sorted(&medians, 0.975)?,
    })
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

    #[test]
    fn a_bootstrap_interval_repeats_from_its_seed_and_holds_the_median() {
        let values = [1.0, 1.1, 0.9, 1.3, 1.05, 0.95, 1.2];
        let first = median_interval(&values, 500, 7).unwrap();
        assert_eq!(Some(first), median_interval(&values, 500, 7));
        assert!(first.contains(1.05) && first.low < first.high);
        assert_eq!(median_interval(&[1.0], 500, 7), None);
    }
}

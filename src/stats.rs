//! What does a handful of timings say, and how surely?
//!
//! Plain functions on slices: medians, quantiles, and the interval of a median that holds whatever
//! the numbers' distribution. Nothing here knows what the numbers mean.

mod rank_sum;
mod trend;

use std::f64::consts::LN_2;

use statrs::distribution::{ContinuousCDF, StudentsT};

pub use rank_sum::{Shift, TwoGroups};
pub use trend::{chance_of_trend, slope};

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

/// The same of ascending values.
pub fn quantile_of_sorted(sorted: &[f64], p: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let position = p * last as f64;
    let below = position.floor() as usize;
    let above = position.ceil() as usize;
    let fraction = position - below as f64;
    Some(between(sorted[below], sorted[above], fraction))
}

/// The value `share` of the way from `a` to `b`; an infinite end draws every such value to itself.
fn between(a: f64, b: f64, share: f64) -> f64 {
    match (a.is_infinite(), share) {
        (_, 0.0) | (true, _) => a,
        (false, _) => a + share * (b - a),
    }
}

/// Level of the interval of a median [1].
const LEVEL: f64 = 0.95;

/// 95 % interval of the median of what `values` were drawn from, whatever their distribution. Values of
/// which only a bound is known may stand at infinity.
///
/// `None` of fewer than six values, because no such interval exists: five values lie all on the
/// same side of their median once in 16 times.
//
// --- Implementation ---
// A value lies below the median with chance 1/2 whatever the distribution, so the number of
// values below it is binomial, and the interval from the d-th smallest to the d-th largest value
// holds the median with chance 1 - 2 P(Bin(n, 1/2) < d). No d gives 95 %, so the two intervals
// around that level are interpolated.
// Source: Hettmansperger & Sheather 1986, doi 10.1016/0167-7152(86)90021-0, equation (2).
pub fn median_interval(values: &[f64]) -> Option<Interval> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let n = sorted.len();
    // How many values lie outside the wider interval on either side, and both levels.
    let (outside, wide, narrow) = levels(n)?;
    let share = (wide - LEVEL) / (wide - narrow);
    let (inside, depth) = ((n - outside - 1) as f64, (outside + 1) as f64);
    let inwards = inside * share / (depth + (inside - depth) * share);
    Some(Interval {
        low: between(sorted[outside], sorted[outside + 1], inwards),
        high: between(sorted[n - 1 - outside], sorted[n - 2 - outside], inwards),
    })
}

/// The largest k for which leaving out the k smallest and the k largest of `n` values has a level of
/// at least [`LEVEL`], with that level and the one of k + 1.
fn levels(n: usize) -> Option<(usize, f64, f64)> {
    // As a logarithm, since 2^-n itself is 0 from n = 1075 on.
    let mut ln_term = -(n as f64) * LN_2;
    let mut wide = 1.0 - 2.0 * ln_term.exp();
    if wide < LEVEL {
        return None;
    }
    for outside in 0.. {
        ln_term += ((n - outside) as f64 / (outside + 1) as f64).ln();
        let narrow = wide - 2.0 * ln_term.exp();
        if narrow < LEVEL {
            return Some((outside, wide, narrow));
        }
        wide = narrow;
    }
    None
}

/// How far from the mean of `values`, as a part of it [1], the mean of what they are drawn from may lie
/// with this `confidence` (0.95: in one of twenty cases it lies farther), by Student's distribution.
/// `None` of fewer than two values.
pub fn half_width_of_mean(values: &[f64], confidence: f64) -> Option<f64> {
    let (student, mean, error) = of_mean(values)?;
    Some(student.inverse_cdf(f64::midpoint(1.0, confidence)) * error / mean)
}

/// Student's distribution for the mean of `values`, that mean, and its standard error.
fn of_mean(values: &[f64]) -> Option<(StudentsT, f64, f64)> {
    let n = values.len() as f64;
    let student = StudentsT::new(0.0, 1.0, n - 1.0).ok()?;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    Some((student, mean, (variance / n).sqrt()))
}

/// Chance of a mean of `values` as far above 0 as theirs, or farther, if the mean of what they were
/// drawn from is 0 [1]: Student's test, one-sided. `None` of fewer than two values.
pub fn chance_of_mean_above_zero(values: &[f64]) -> Option<f64> {
    let (student, mean, error) = of_mean(values)?;
    if error == 0.0 {
        return Some(if mean > 0.0 { 0.0 } else { 1.0 });
    }
    Some(student.sf(mean / error))
}

/// Most values that [`count_to_tell_above_zero`] considers.
pub const MOST_VALUES: usize = 1000;

/// How many values tell both their median (95 %) and their mean (at `error`) to be above 0, if further
/// values have the mean, the deviation and the share not above 0 that `values` have; `not_above` of
/// them rank at 0 or below. `None` where [`MOST_VALUES`] do not suffice, or of fewer than two values.
//
// --- Implementation ---
// Both tests become easier with every value, so that the least count is found by bisection.
pub fn count_to_tell_above_zero(values: &[f64], not_above: usize, error: f64) -> Option<usize> {
    let (_, mean, standard_error) = of_mean(values)?;
    let n = values.len() as f64;
    let tells = |count: usize| {
        let t = mean / standard_error * (count as f64 / n).sqrt();
        let student = StudentsT::new(0.0, 1.0, count as f64 - 1.0);
        let by_mean = mean > 0.0
            && (standard_error == 0.0 || student.is_ok_and(|student| student.sf(t) <= error));
        let not_above = (not_above * count).div_ceil(values.len());
        by_mean && levels(count).is_some_and(|(outside, ..)| not_above <= outside)
    };
    if !tells(MOST_VALUES) {
        return None;
    }
    let (mut too_few, mut enough) = (values.len(), MOST_VALUES);
    while enough - too_few > 1 {
        let middle = usize::midpoint(too_few, enough);
        match tells(middle) {
            true => enough = middle,
            false => too_few = middle,
        }
    }
    Some(enough)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean 1, deviation 2 (of 3, 3, -1, -1: sqrt(16 / 3) = 2.309), half of them not above 0: no count
    /// brings the median above 0. With none below, 0.05 asks for t >= 1.645 at the least, so count is at
    /// least (1.645 x 2.309)^2 = 14.4; Student's 95 % quantile for 16 degrees of freedom is 1.746: (1.746
    /// x 2.309)^2 = 16.3 gives 17; for 15, 1.753: 16.4 is above 16. And of equal values six suffice.
    #[test]
    fn the_count_that_tells_is_the_least_that_passes_both_tests() {
        let values = [3.0, 3.0, -1.0, -1.0];
        assert_eq!(count_to_tell_above_zero(&values, 2, 0.05), None);
        assert_eq!(count_to_tell_above_zero(&values, 0, 0.05), Some(17));
        assert_eq!(count_to_tell_above_zero(&[1.0, 1.0], 0, 0.05), Some(6));
        assert_eq!(count_to_tell_above_zero(&[-1.0, -1.1], 2, 0.05), None);
        assert_eq!(count_to_tell_above_zero(&[1.0], 0, 0.05), None);
        // One of eight not above 0: of 9 values 2, and 1 may lie outside; of 16 also 2, and 3 may.
        let count = count_to_tell_above_zero(&[1.0; 8], 1, 0.05).unwrap();
        assert!(levels(count).unwrap().0 >= count.div_ceil(8));
    }

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

    /// Of six values the level is 1 - 2/64 = 96.9 % for their range and 1 - 14/64 = 78.1 % without the
    /// ends: share 0.1, inwards 5 x 0.1 / (1 + 4 x 0.1) = 0.357 of the way.
    #[test]
    fn a_median_has_an_interval_from_six_values_on() {
        let first = |n: u32| -> Vec<f64> { (1..=n).rev().map(f64::from).collect() };
        let ends = |n: u32| median_interval(&first(n)).map(|i| (i.low, i.high));
        assert_eq!((ends(0), ends(1), ends(5)), (None, None, None));
        let (low, high) = ends(6).unwrap();
        assert!((low - 1.357).abs() < 1e-3 && (high - 5.643).abs() < 1e-3);
        // Of nine between the second, 1 - 20/512 = 96.1 %, and the third, 1 - 92/512 = 82.0 %.
        let (low, high) = ends(9).unwrap();
        assert!((2.0..2.5).contains(&low) && (low + high - 10.0).abs() < 1e-12);
        // For many values the normal distribution: 1000 +- 0.98 x sqrt(2000) = 956 to 1044.
        let (low, high) = ends(2000).unwrap();
        assert!((low - 956.5).abs() <= 1.0 && (high - 1044.5).abs() <= 1.0);
    }

    /// Of six values the upper end lies between the fifth and the sixth.
    #[test]
    fn a_value_beyond_all_bounds_moves_ends_but_not_the_median() {
        let infinite = [1.0, 2.0, 3.0, 4.0, 5.0, f64::INFINITY];
        assert_eq!(median(&infinite), Some(3.5));
        let ends = median_interval(&infinite).unwrap();
        assert!((ends.low - 1.357).abs() < 1e-3 && ends.high == f64::INFINITY);
        assert_eq!(
            median(&[1.0, f64::INFINITY, f64::INFINITY]),
            Some(f64::INFINITY)
        );
        assert_eq!(median(&[f64::INFINITY; 4]), Some(f64::INFINITY));
    }

    /// Mean 2, deviation 1, n = 4: t = 4 with three degrees of freedom has a tail of 1.4 %.
    #[test]
    fn a_mean_far_above_zero_is_no_chance() {
        let deviation = 1.5_f64.sqrt() / 2.0_f64.sqrt();
        let values = [
            2.0 - deviation,
            2.0 - deviation,
            2.0 + deviation,
            2.0 + deviation,
        ];
        let chance = chance_of_mean_above_zero(&values).unwrap();
        assert!((chance - 0.0140).abs() < 5e-4, "{chance}");
        assert_eq!(chance_of_mean_above_zero(&[1.0; 3]), Some(0.0));
        assert_eq!(chance_of_mean_above_zero(&[0.0; 3]), Some(1.0));
        assert_eq!(chance_of_mean_above_zero(&[1.0]), None);
    }

    /// 9, 10 and 11: standard deviation 1, of the mean 1/sqrt(3); with 2 degrees of freedom Student's
    /// 97.5 % quantile is 4.303: 0.2484 of 10.
    #[test]
    fn the_mean_of_few_values_is_known_badly() {
        let width = half_width_of_mean(&[9.0, 10.0, 11.0], 0.95).unwrap();
        assert!((width - 0.2484).abs() < 1e-4, "{width}");
        assert_eq!(half_width_of_mean(&[10.0; 4], 0.95), Some(0.0));
        assert_eq!(half_width_of_mean(&[10.0], 0.95), None);
    }
}

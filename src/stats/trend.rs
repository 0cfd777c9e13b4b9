//! Does a sequence rise or fall, and by how much?
//
// --- Implementation ---
// Sources: Mann 1945, doi 10.2307/1907187 (the test; the number of orders with k inversions is exact
// for any distribution); Theil 1950 and Sen 1968, doi 10.1080/01621459.1968.10480934 (the slope).

use statrs::distribution::{ContinuousCDF, Normal};

use super::median;

/// Chance that values in random order rise or fall at least as clearly as `values` do, in either
/// direction [1]. `None` of fewer than two.
pub fn chance_of_trend(values: &[f64]) -> Option<f64> {
    let n = values.len();
    if n < 2 {
        return None;
    }
    let all = n * (n - 1) / 2;
    let falls = pairs(values).filter(|(a, b)| b < a).count();
    let rises = pairs(values).filter(|(a, b)| b > a).count();
    // Equal values speak for neither direction.
    let clear = falls.max(rises);
    let tail: f64 = match n {
        ..=MOST_COUNTED => inversions(n)[clear..=all].iter().sum(),
        _ => normal_tail(n, clear),
    };
    Some((2.0 * tail).min(1.0))
}

/// Most values for which the orders are counted out; beyond, their inversions are as good as normal.
const MOST_COUNTED: usize = 60;

/// Chance of `clear` inversions or more in a random order of `n` things [1].
// Source: Mann 1945, doi 10.2307/1907187: mean n (n - 1) / 4, variance n (n - 1) (2 n + 5) / 72.
fn normal_tail(n: usize, clear: usize) -> f64 {
    let n = n as f64;
    let (mean, variance) = (n * (n - 1.0) / 4.0, n * (n - 1.0) * (2.0 * n + 5.0) / 72.0);
    Normal::standard().sf((clear as f64 - 0.5 - mean) / variance.sqrt())
}

/// Median slope between any two of `values`, per step. `None` of fewer than two.
pub fn slope(values: &[f64]) -> Option<f64> {
    let slopes = (0..values.len()).flat_map(|i| {
        let later = values.iter().enumerate().skip(i + 1);
        later.map(move |(j, b)| (b - values[i]) / (j - i) as f64)
    });
    median(&slopes.collect::<Vec<_>>())
}

fn pairs(values: &[f64]) -> impl Iterator<Item = (f64, f64)> + '_ {
    let later = move |i: usize| values[i + 1..].iter().map(move |b| (values[i], *b));
    (0..values.len()).flat_map(later)
}

/// Chance of each number of inversions in a random order of `n` things [1].
fn inversions(n: usize) -> Vec<f64> {
    let mut chances = vec![1.0];
    for things in 2..=n {
        let mut next = vec![0.0; chances.len() + things - 1];
        for (i, chance) in chances.iter().enumerate() {
            for slot in &mut next[i..i + things] {
                *slot += chance / things as f64;
            }
        }
        chances = next;
    }
    chances
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of 60 things, where both can be had.
    #[test]
    fn many_orders_are_as_good_as_normal() {
        let counted = inversions(60);
        for clear in [900, 1000, 1040] {
            let exact: f64 = counted[clear..].iter().sum();
            assert!((normal_tail(60, clear) - exact).abs() < 1e-3, "{clear}");
        }
    }

    /// Of 4! = 24 orders one rises throughout, one falls; three have one inversion: 2 x (1 + 3) / 24.
    #[test]
    fn the_chance_of_a_trend_is_counted_out() {
        let close = |a: Option<f64>, b: f64| (a.unwrap() - b).abs() < 1e-12;
        assert!(close(chance_of_trend(&[1.0, 2.0, 3.0, 4.0]), 2.0 / 24.0));
        assert!(close(chance_of_trend(&[4.0, 3.0, 1.0, 2.0]), 8.0 / 24.0));
        assert!(close(chance_of_trend(&[1.0, 1.0, 1.0]), 1.0));
        assert_eq!(chance_of_trend(&[1.0]), None);
    }

    #[test]
    fn one_stray_value_does_not_turn_the_slope() {
        assert_eq!(slope(&[0.0, 2.0, 4.0, 99.0, 8.0]), Some(2.0));
    }
}

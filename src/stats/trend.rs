//! Does a sequence rise or fall, and by how much?
//
// --- Implementation ---
// Sources: Mann 1945, doi 10.2307/1907187 (the test; the number of orders with k inversions is exact
// for any distribution); Theil 1950, Proc. Kon. Ned. Akad. v. Wetensch. A 53, and Sen 1968, doi
// 10.1080/01621459.1968.10480934 (the slope).

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
    let falls = falls(values.iter().copied());
    let rises = self::falls(values.iter().rev().copied());
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

/// Pairs of values of which the later is the smaller, counted while they are sorted by merging.
fn falls(values: impl Iterator<Item = f64>) -> usize {
    let mut sorted: Vec<f64> = values.collect();
    let mut merged = Vec::with_capacity(sorted.len());
    let (mut falls, mut width) = (0, 1);
    while width < sorted.len() {
        merged.clear();
        for both in sorted.chunks(2 * width) {
            let (mut early, mut late) = both.split_at(width.min(both.len()));
            while let ([a, after_a @ ..], [b, after_b @ ..]) = (early, late) {
                if b < a {
                    falls += early.len();
                    merged.push(*b);
                    late = after_b;
                } else {
                    merged.push(*a);
                    early = after_a;
                }
            }
            merged.extend(early.iter().chain(late));
        }
        std::mem::swap(&mut sorted, &mut merged);
        width *= 2;
    }
    falls
}

/// Most values of which every pair gives a slope; of more they would not fit into memory.
const MOST_PAIRED: usize = 1000;

/// Median slope between any two of `values`, per step. `None` of fewer than two.
///
/// Of more than 1000 values, between each and the one half the sequence later only: Theil's "incomplete
/// method". Those slopes are the surest, because their ends lie far apart.
pub fn slope(values: &[f64]) -> Option<f64> {
    let n = values.len();
    let slope = |i: usize, j: usize| (values[j] - values[i]) / (j - i) as f64;
    let slopes: Vec<f64> = match n {
        ..=MOST_PAIRED => (0..n)
            .flat_map(|i| (i + 1..n).map(move |j| slope(i, j)))
            .collect(),
        _ => (0..n / 2).map(|i| slope(i, i + n.div_ceil(2))).collect(),
    };
    median(&slopes)
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

    /// The same orders as by looking at every pair.
    #[test]
    fn falls_are_counted_as_pairs() {
        let mut state = 1_u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            f64::from((state >> 60) as u32)
        };
        for n in 0..40 {
            let values: Vec<f64> = (0..n).map(|_| next()).collect();
            let later = |i: usize| values[i + 1..].iter().filter(|b| **b < values[i]).count();
            let pairs = (0..n).map(later).sum::<usize>();
            assert_eq!(falls(values.iter().copied()), pairs);
        }
    }

    /// 0, 1, 2, ... with every tenth value far off: as steep as those of fewer values.
    #[test]
    fn the_slope_of_very_many_values_is_the_same() {
        let line = |n: u32| -> Vec<f64> {
            let off = |i: u32| if i % 10 == 3 { 1e6 } else { 0.0 };
            (0..n).map(|i| f64::from(i) + off(i)).collect()
        };
        assert_eq!(slope(&line(500)), Some(1.0));
        assert_eq!(slope(&line(200_001)), Some(1.0));
        assert!(chance_of_trend(&line(200_001)).unwrap() < 1e-9);
    }

    #[test]
    fn one_stray_value_does_not_turn_the_slope() {
        assert_eq!(slope(&[0.0, 2.0, 4.0, 99.0, 8.0]), Some(2.0));
    }
}

//! By what factor or distance do two independent handfuls of values differ?
//!
//! Whether values of one group tend to be larger than those of another is seen from U, the number
//! of pairs in which they are. Where both groups come from one distribution, whatever it is, every
//! order of the values is equally likely, so that the distribution of U is exact for any number of
//! values. Moving one group until U says nothing any more gives the distance of the two, with an
//! interval.
//
// --- Implementation ---
// Neither the pairs nor their differences are made: of two sorted groups both are counted in one walk, and
// the k-th smallest difference is found by halving, so that groups of 100 000 values take no long time.
// Sources: Mann & Whitney 1947, doi 10.1214/aoms/1177730491 (U and its recurrence); Hodges & Lehmann
// 1963, doi 10.1214/aoms/1177704172 (the median of all pairwise differences and its interval).

use statrs::distribution::{ContinuousCDF, Normal};

use super::{Interval, median};

/// Most pairs for which the distribution of U is counted out; beyond, it is as good as normal.
const MOST_PAIRS: usize = 600;

/// How far the values of one group lie above those of another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shift {
    /// Median of all differences between a value of the one and a value of the other.
    pub value: f64,
    /// Its interval at the level asked for; `None` of too few values for that level.
    pub interval: Option<Interval>,
}

/// Two groups of values, `from` and `to`, held against each other.
#[derive(Clone, Debug, PartialEq)]
pub struct TwoGroups {
    /// Ascending.
    from: Vec<f64>,
    to: Vec<f64>,
    null: Null,
}

impl TwoGroups {
    /// Both groups; `None` where one is empty.
    pub fn new(from: &[f64], to: &[f64]) -> Option<Self> {
        let some = !from.is_empty() && !to.is_empty();
        some.then(|| Self {
            from: sorted(from),
            to: sorted(to),
            null: Null::of(from.len(), to.len()),
        })
    }

    /// How far `to` lies above `from`, with an interval that misses the true distance with a chance
    /// of at most `error`, where the groups differ by a distance only.
    pub fn shift(&self, error: f64) -> Shift {
        let last = self.pairs() - 1;
        let interval = self.null.cut_off(error / 2.0).map(|cut| Interval {
            low: self.difference(cut),
            high: self.difference(last - cut),
        });
        let middle = [last / 2, last.div_ceil(2)].map(|at| self.difference(at));
        Shift {
            value: median(&middle).unwrap_or(0.0),
            interval,
        }
    }

    /// Chance to see `to` as far above `from` as here, or farther, if it lies no more than `by`
    /// above [1].
    pub fn chance_above(&self, by: f64) -> f64 {
        self.null.at_least(self.wins(by))
    }

    /// Chance to see the two as far apart as here, or farther, if they come from one distribution
    /// [1].
    pub fn chance_apart(&self) -> f64 {
        let wins = self.wins(0.0);
        let pairs = self.pairs() as f64;
        (2.0 * self.null.at_least(wins.max(pairs - wins))).min(1.0)
    }

    fn pairs(&self) -> usize {
        self.from.len() * self.to.len()
    }

    /// U: pairs in which the value of `to`, less `by`, is the larger; a tie is half a pair.
    fn wins(&self, by: f64) -> f64 {
        let below = |a: &f64, b: f64| a.total_cmp(&(b - by)).is_lt();
        let up_to = |a: &f64, b: f64| a.total_cmp(&(b - by)).is_le();
        (self.count(below) + self.count(up_to)) as f64 / 2.0
    }

    /// The `k`-th smallest difference between a value of the one and a value of the other, from 0.
    fn difference(&self, k: usize) -> f64 {
        let at_most = |limit: f64| {
            // The more of `from`, the smaller the difference.
            self.pairs() - self.count(|a, b| distance(*a, b).total_cmp(&limit).is_gt())
        };
        let (mut low, mut high) = (i64::MIN, i64::MAX);
        while low < high {
            let middle = low.midpoint(high).min(high - 1);
            match at_most(of_order(middle)) > k {
                true => high = middle,
                false => low = middle + 1,
            }
        }
        of_order(low)
    }

    /// Pairs of which `holds`: if for a pair, then also for every smaller value of `from` and every
    /// larger one of `to`.
    fn count(&self, holds: impl Fn(&f64, f64) -> bool) -> usize {
        let mut reached = 0;
        let of = |b: &f64| {
            let more = self.from[reached..].iter().take_while(|a| holds(a, *b));
            reached += more.count();
            reached
        };
        self.to.iter().map(of).sum()
    }
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

/// The number at a place in the total order of all numbers, which their bits spell.
fn of_order(place: i64) -> f64 {
    let bits = place ^ (((place >> 63) as u64) >> 1) as i64;
    f64::from_bits(bits as u64)
}

/// From `a` to `b`; two values of which only a bound is known, both infinite, are no distance apart.
fn distance(a: f64, b: f64) -> f64 {
    if a == b { 0.0 } else { b - a }
}

/// The distribution of U where all orders are equally likely.
#[derive(Clone, Debug, PartialEq)]
enum Null {
    /// Chance of U being at most 0, 1, 2, ...
    Exact(Vec<f64>),
    /// Mean and standard deviation.
    Normal { pairs: usize, deviation: f64 },
}

impl Null {
    fn of(n: usize, m: usize) -> Self {
        let pairs = n * m;
        if pairs > MOST_PAIRS {
            let variance = pairs as f64 * (n + m + 1) as f64 / 12.0;
            let deviation = variance.sqrt();
            return Self::Normal { pairs, deviation };
        }
        let mut sum = 0.0;
        let cumulate = |chance: f64| {
            sum += chance;
            sum
        };
        Self::Exact(chances(n, m).into_iter().map(cumulate).collect())
    }

    /// Chance that U is at least `wins`, half pairs counted upwards.
    fn at_least(&self, wins: f64) -> f64 {
        match self {
            // As likely as at most pairs - wins, since both groups may change places.
            Self::Exact(chances) => {
                let losses = (chances.len() - 1) as f64 - wins;
                let at_most = chances.get(losses.ceil() as usize);
                at_most.copied().unwrap_or(1.0).min(1.0)
            }
            Self::Normal { pairs, deviation } => {
                let above = (wins - *pairs as f64 / 2.0 - 0.5) / deviation;
                Normal::standard().sf(above)
            }
        }
    }

    /// The largest k with a chance of U <= k of at most `error`, if there is one.
    fn cut_off(&self, error: f64) -> Option<usize> {
        match self {
            Self::Exact(chances) => chances.iter().take_while(|c| **c <= error).count(),
            Self::Normal { pairs, deviation } => {
                let middle = *pairs as f64 / 2.0;
                let below = Normal::standard().inverse_cdf(error) * deviation;
                (middle + below + 0.5).max(0.0) as usize
            }
        }
        .checked_sub(1)
    }
}

/// Chance of each U from 0 to n m.
//
// The largest of all values is one of the n with chance n / (n + m), and then wins m pairs:
// p(n, m, u) = n / (n + m) p(n - 1, m, u - m) + m / (n + m) p(n, m - 1, u).
fn chances(n: usize, m: usize) -> Vec<f64> {
    let mut row: Vec<Vec<f64>> = vec![vec![1.0]; m + 1];
    for i in 1..=n {
        let mut next: Vec<Vec<f64>> = vec![vec![1.0]];
        for j in 1..=m {
            let (wins, losses) = (&row[j], &next[j - 1]);
            let of_larger = i as f64 / (i + j) as f64;
            let chance = |u: usize| {
                let won = u.checked_sub(j).and_then(|u| wins.get(u));
                let lost = losses.get(u).copied().unwrap_or(0.0);
                of_larger * won.copied().unwrap_or(0.0) + (1.0 - of_larger) * lost
            };
            next.push((0..=i * j).map(chance).collect());
        }
        row = next;
    }
    row.swap_remove(m)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of 2 and 2 values 6 orders are possible: U is 0, 1, 3 and 4 in one of them, 2 in two.
    #[test]
    fn chances_count_orders() {
        let sixths: Vec<f64> = chances(2, 2).iter().map(|c| (c * 6.0).round()).collect();
        assert_eq!(sixths, [1.0, 1.0, 2.0, 1.0, 1.0]);
        assert!((chances(7, 9).iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }

    /// Three against three, all larger: 1 of 20 orders, on either side 1 of 10.
    #[test]
    fn three_against_three_cannot_be_told_apart_at_five_per_cent() {
        let groups = TwoGroups::new(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]).unwrap();
        assert!((groups.chance_above(0.0) - 0.05).abs() < 1e-12);
        assert!((groups.chance_apart() - 0.1).abs() < 1e-12);
        let shift = groups.shift(0.05);
        assert_eq!((shift.value, shift.interval), (3.0, None));
        assert!(TwoGroups::new(&[], &[1.0]).is_none());
    }

    /// Four against four: 1 of 70 orders. The interval spans all 16 differences, -6 to 9; by 4 the
    /// upper group is moved below the lower one's middle.
    #[test]
    fn the_interval_holds_the_distances_that_the_order_allows() {
        let (low, high) = ([0.0, 1.0, 2.0, 3.0], [10.0, 11.0, 12.0, 13.0]);
        let groups = TwoGroups::new(&low, &high).unwrap();
        let shift = groups.shift(0.05);
        assert_eq!(shift.value, 10.0);
        let ends = Interval {
            low: 7.0,
            high: 13.0,
        };
        assert_eq!(shift.interval, Some(ends));
        assert!((groups.chance_above(0.0) - 1.0 / 70.0).abs() < 1e-12);
        assert!(groups.chance_above(10.0) > 0.4 && groups.chance_above(20.0) > 0.99);
    }

    /// As by making all pairs, with ties and values of which only a bound is known.
    #[test]
    fn pairs_are_counted_without_being_made() {
        let from = [3.0, 1.0, f64::INFINITY, 2.5, 1.0, -4.0];
        let to = [1.0, 2.5, 7.0, f64::INFINITY, -0.5];
        let groups = TwoGroups::new(&from, &to).unwrap();
        let pairs = from.iter().flat_map(|a| to.iter().map(move |b| (*a, *b)));
        let differences = sorted(
            &pairs
                .clone()
                .map(|(a, b)| distance(a, b))
                .collect::<Vec<_>>(),
        );
        for (k, difference) in differences.iter().enumerate() {
            assert_eq!(groups.difference(k), *difference);
        }
        for by in [0.0, 1.5, -2.0] {
            let won = pairs.clone().map(|(a, b)| match (b - by).total_cmp(&a) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Less => 0.0,
            });
            assert_eq!(groups.wins(by), won.sum::<f64>());
        }
    }

    /// 200 000 against as many, 3 apart.
    #[test]
    fn very_many_values_are_held_against_each_other_in_no_time() {
        let from: Vec<f64> = (0..200_000).map(f64::from).collect();
        let to: Vec<f64> = from.iter().map(|value| value + 3.0).collect();
        let groups = TwoGroups::new(&from, &to).unwrap();
        let shift = groups.shift(0.05);
        assert_eq!(shift.value, 3.0);
        assert!(shift.interval.unwrap().contains(0.0));
        assert!(groups.chance_apart() > 0.5);
    }

    #[test]
    fn equal_values_are_no_difference() {
        let groups = TwoGroups::new(&[5.0; 7], &[5.0; 7]).unwrap();
        assert_eq!(groups.chance_apart(), 1.0);
        assert!(groups.shift(0.05).interval.unwrap().contains(0.0));
    }

    /// For 25 against 25 counted out and as a normal distribution, 1.96 deviations from the middle.
    #[test]
    fn many_values_are_as_good_as_normal() {
        let exact = Null::Exact({
            let mut sum = 0.0;
            let add = |c: f64| {
                sum += c;
                sum
            };
            chances(25, 25).into_iter().map(add).collect()
        });
        let normal = Null::of(25, 25);
        let (a, b) = (exact.at_least(413.0), normal.at_least(413.0));
        assert!(
            (a - 0.025).abs() < 0.002 && (a - b).abs() < 0.001,
            "{a} {b}"
        );
        assert!(
            exact
                .cut_off(0.025)
                .unwrap()
                .abs_diff(normal.cut_off(0.025).unwrap())
                <= 1
        );
    }
}

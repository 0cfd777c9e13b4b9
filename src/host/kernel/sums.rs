//! How are sums over two vectors computed fast?
//!
//! In versions for every vector unit of which one that is there is taken at run time
//! ([`vectorized`]). Whole numbers may be added in any order, which the compiler makes use of by
//! itself; floats are added by a fixed number of lanes, which it turns into vectors. Lanes are added
//! up in the type of the data for a block, and blocks in f64, so that the sums of the known data are
//! exact however long the vectors are.

use super::number::Number;
use super::stream::ahead;
use super::vectorized::vectorized;

/// Elements that are added up in the type of the data.
const BLOCK: usize = 1 << 14;

/// Lanes of floats that a step adds to. Of so few the compiler makes vectors whether or not it
/// optimises across crates; of 32 at once it made single numbers where it does not.
const LANES: usize = 8;

/// Steps, each with lanes of its own, that follow each other: enough to hide the latency of an
/// addition.
const STEPS: usize = 4;

/// The sums over `x` and `y` of the `K` numbers that `terms` makes of a pair of elements.
pub(super) fn sums<T: Number, const K: usize>(
    x: &[T],
    y: &[T],
    terms: impl Fn(T, T) -> [T; K],
) -> [f64; K] {
    vectorized::<T, _>(
        #[inline(always)]
        || {
            let mut totals = [0.0; K];
            for (x, y) in x.chunks(BLOCK).zip(y.chunks(BLOCK)) {
                let block = if T::IN_ANY_ORDER {
                    one_by_one(x, y, &terms).map(T::total)
                } else {
                    by_lanes(x, y, &terms)
                };
                for (total, sum) in totals.iter_mut().zip(block) {
                    *total += sum;
                }
            }
            totals
        },
    )
}

#[inline(always)]
fn one_by_one<T: Number, const K: usize>(
    x: &[T],
    y: &[T],
    terms: &impl Fn(T, T) -> [T; K],
) -> [T::Sum; K] {
    let mut sums = [T::NONE; K];
    for (x, y) in x.iter().zip(y) {
        let terms = terms(*x, *y);
        for k in 0..K {
            sums[k] = terms[k].plus(sums[k]);
        }
    }
    sums
}

#[inline(always)]
fn by_lanes<T: Number, const K: usize>(
    x: &[T],
    y: &[T],
    terms: &impl Fn(T, T) -> [T; K],
) -> [f64; K] {
    let mut lanes = [[[T::NONE; LANES]; K]; STEPS];
    let (xs, x) = x.as_chunks::<{ LANES * STEPS }>();
    let (ys, y) = y.as_chunks::<{ LANES * STEPS }>();
    for (x, y) in xs.iter().zip(ys) {
        ahead(x);
        ahead(y);
        let (x, y) = (x.as_chunks().0, y.as_chunks().0);
        for step in 0..STEPS {
            add(&mut lanes[step], &x[step], &y[step], terms);
        }
    }
    let mut sums = one_by_one(x, y, terms).map(T::total);
    for step in lanes {
        for k in 0..K {
            sums[k] += step[k].into_iter().map(T::total).sum::<f64>();
        }
    }
    sums
}

#[inline(always)]
fn add<T: Number, const K: usize>(
    lanes: &mut [[T::Sum; LANES]; K],
    x: &[T; LANES],
    y: &[T; LANES],
    terms: &impl Fn(T, T) -> [T; K],
) {
    for lane in 0..LANES {
        let terms = terms(x[lane], y[lane]);
        for k in 0..K {
            lanes[k][lane] = terms[k].plus(lanes[k][lane]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_exact_at_every_length() {
        for n in [
            0,
            1,
            15,
            31,
            32,
            33,
            1000,
            BLOCK - 1,
            BLOCK + 1,
            3 * BLOCK + 17,
        ] {
            let x: Vec<f32> = (0..n).map(|i| (i % 5) as f32).collect();
            let y = vec![3.0; n];
            let by_hand: usize = (0..n).map(|i| i % 5).sum();
            assert_eq!(sums(&x, &y, |x, y| [x * y]), [3.0 * by_hand as f64]);
            let both = sums(&x, &y, |x, y| [x, y]);
            assert_eq!(both, [by_hand as f64, 3.0 * n as f64]);
        }
    }

    /// Sixteen million times 2 is beyond the whole numbers of f32.
    #[test]
    fn long_sums_of_short_floats_stay_exact() {
        let x = vec![2.0_f32; (1 << 24) + 1];
        assert_eq!(sums(&x, &x, |x, _| [x]), [2.0 * ((1 << 24) + 1) as f64]);
    }

    #[test]
    fn whole_numbers_of_32_bits_are_added_up_in_64() {
        let x = vec![i32::MAX; 100];
        assert_eq!(sums(&x, &x, |x, _| [x]), [100.0 * f64::from(i32::MAX)]);
    }
}

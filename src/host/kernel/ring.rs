//! What are the vectors of a worker's tasks?
//!
//! A row of pairs, of which task after task takes the next. Elements are small whole numbers that
//! repeat with a short period, so that whatever is summed over a pair is exact, and known without
//! summing:
//!
//! ```text
//! x(i) = 1 + i mod 7        y(i) = x(i) ± d(i)
//! ```
//!
//! with minus in every other pair; d(i) is 2 where 3 divides i, else 1, or 1 everywhere.

use std::io;

use super::memory::Memory;
use super::number::Number;
use crate::experiment::{Computation, pairs};

/// Numbers after which x and d repeat.
const PERIOD: usize = 3 * 7;

/// How far apart the two vectors of a pair are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    /// 2 in every third element, else 1.
    OneOrTwo,
    /// 1 in every element.
    One,
}

/// Element `i` of both vectors of pair number `pair`.
fn element(gap: Gap, pair: usize, i: usize) -> (i8, i8) {
    let x = 1 + (i % 7) as i8;
    let d = if gap == Gap::OneOrTwo && i.is_multiple_of(3) {
        2
    } else {
        1
    };
    (x, if pair.is_multiple_of(2) { x + d } else { x - d })
}

/// The pairs of one worker.
pub(super) struct Ring<T> {
    memory: Memory<T>,
    /// Elements of a vector.
    n: usize,
    /// From the start of a vector to that of the next [elements]: whole cache lines.
    stride: usize,
    pairs: usize,
    gap: Gap,
}

impl<T: Number> Ring<T> {
    /// The ring of `computation`, its memory touched first by the calling thread.
    pub(super) fn new(computation: &Computation, gap: Gap) -> io::Result<Self> {
        const LINE: usize = 64;
        let n = computation.n().get() as usize;
        let stride = n.next_multiple_of(LINE / size_of::<T>());
        let pairs = pairs(computation) as usize;
        let mut memory = Memory::<T>::map(2 * pairs * stride)?;
        let unlike = memory.chunks_exact_mut(2 * stride).take(2).enumerate();
        for (number, vectors) in unlike {
            let (x, y) = vectors.split_at_mut(stride);
            for i in 0..n.min(PERIOD) {
                let (a, b) = element(gap, number, i);
                (x[i], y[i]) = (T::of(a), T::of(b));
            }
            repeat(&mut x[..n], PERIOD);
            repeat(&mut y[..n], PERIOD);
        }
        repeat(&mut memory, 4 * stride);
        Ok(Self {
            memory,
            n,
            stride,
            pairs,
            gap,
        })
    }

    /// Elements of a vector.
    pub(super) fn n(&self) -> usize {
        self.n
    }

    /// The two vectors of `task`.
    pub(super) fn pair(&self, task: u32) -> (&[T], &[T]) {
        let first = 2 * self.stride * self.number(task);
        let (x, y) = self.memory[first..][..2 * self.stride].split_at(self.stride);
        (&x[..self.n], &y[..self.n])
    }

    /// The sum of `term(x, y)` over the pair of `task`, by its known elements and not by the data.
    pub(super) fn known(&self, task: u32, term: impl Fn(f64, f64) -> f64) -> f64 {
        let sum = |elements: usize| -> f64 {
            (0..elements)
                .map(|i| element(self.gap, self.number(task), i))
                .map(|(x, y)| term(x.into(), y.into()))
                .sum()
        };
        (self.n / PERIOD) as f64 * sum(PERIOD) + sum(self.n % PERIOD)
    }

    fn number(&self, task: u32) -> usize {
        task as usize % self.pairs
    }
}

/// Copies the first `period` elements all over `vector`.
fn repeat<T: Copy>(vector: &mut [T], period: usize) {
    let mut done = period;
    while done < vector.len() {
        let next = done.min(vector.len() - done);
        vector.copy_within(..next, done);
        done += next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Workload;

    #[test]
    fn what_is_known_of_a_pair_is_what_is_in_it() {
        let workload: Workload = "dot.f64.1000".parse().unwrap();
        for gap in [Gap::OneOrTwo, Gap::One] {
            let ring = Ring::<f64>::new(workload.computation().unwrap(), gap).unwrap();
            for task in [0, 1, 2, 3000] {
                let (x, y) = ring.pair(task);
                let summed: f64 = x.iter().zip(y).map(|(x, y)| 3.0 * x * y - y).sum();
                assert_eq!(ring.known(task, |x, y| 3.0 * x * y - y), summed);
            }
            assert_ne!(ring.pair(0).1, ring.pair(1).1);
        }
    }

    #[test]
    fn tasks_walk_over_more_than_a_cache_before_they_come_back() {
        let workload: Workload = "dot.f64.1000".parse().unwrap();
        let ring = Ring::<f64>::new(workload.computation().unwrap(), Gap::One).unwrap();
        let starts: std::collections::BTreeSet<_> =
            (0..5000).map(|task| ring.pair(task).0.as_ptr()).collect();
        assert_eq!(
            starts.len() * 16_000,
            (32_usize << 20).next_multiple_of(16_000)
        );
    }
}

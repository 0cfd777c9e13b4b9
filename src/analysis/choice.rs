//! Which of several cells that are as fast should be chosen?
//!
//! One whose waiting threads block before one whose threads spin; then the one that asks for the
//! fewest threads, which cost memory and disturb others; then the one with the gentlest neighbours,
//! since counts are easily set one step off; then the fastest.

use std::cmp::Ordering;

use crate::experiment::{Cell, OmpWait, Runtime, RuntimeModel, WaitPolicy};

/// A cell with its cost, or a lower bound of it.
pub(super) type Cost = (Cell, f64);

/// The cell to choose of `equals`, the fastest first, in a run with the cells `timed`.
pub(super) fn choose(equals: &[Cost], timed: &[Cost]) -> Option<Cell> {
    let key = |cost: &Cost| {
        let (cell, _) = cost;
        (holding(cell), cell.demand(), worst_neighbour(cost, timed))
    };
    let order = |a: &&Cost, b: &&Cost| {
        let (a, b) = (key(a), key(b));
        (a.0, a.1)
            .cmp(&(b.0, b.1))
            .then(a.2.total_cmp(&b.2))
            .then(Ordering::Equal)
    };
    equals.iter().min_by(order).map(|(cell, _)| *cell)
}

/// How firmly threads that wait hold their CPU: not at all, for a while, until they are told.
fn holding(cell: &Cell) -> u8 {
    if cell.inner.get() == 1 {
        return 0;
    }
    match cell.runtime {
        Runtime::ForkJoin(WaitPolicy::Active)
        | Runtime::Modelled(RuntimeModel::Libgomp(OmpWait::Active)) => 2,
        Runtime::ForkJoin(WaitPolicy::SpinThenPark(_) | WaitPolicy::Yield) => 1,
        // What a library or a program does is its own; there is nothing to choose.
        Runtime::ForkJoin(WaitPolicy::Passive)
        | Runtime::Rayon
        | Runtime::Blas(_)
        | Runtime::Modelled(_)
        | Runtime::Program => 0,
    }
}

/// The cells of `timed` that differ from `cell` in one thread count, by one step of those there are.
pub(super) fn neighbours<'a>(cell: &Cell, timed: &'a [Cost]) -> Vec<&'a Cost> {
    type Count = fn(&Cell) -> u32;
    let (outer, inner): (Count, Count) = (|c| c.outer.get(), |c| c.inner.get());
    let beside = |along: Count, across: Count| {
        let like = |other: &Cell| {
            let moved = Cell {
                outer: cell.outer,
                inner: cell.inner,
                ..*other
            };
            moved == *cell && across(other) == across(cell)
        };
        let others = timed.iter().filter(move |(other, _)| like(other));
        let above = others.clone().filter(|(o, _)| along(o) > along(cell));
        let below = others.filter(|(o, _)| along(o) < along(cell));
        let nearest = [
            above.min_by_key(|(o, _)| along(o)),
            below.max_by_key(|(o, _)| along(o)),
        ];
        nearest.into_iter().flatten().collect::<Vec<&Cost>>()
    };
    [beside(outer, inner), beside(inner, outer)].concat()
}

/// Times that the slowest neighbour takes as long [1]; 1 without any.
fn worst_neighbour((cell, cost): &Cost, timed: &[Cost]) -> f64 {
    let ratios = neighbours(cell, timed).into_iter().map(|(_, c)| c / cost);
    ratios.fold(1.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(outer: u32, inner: u32, wait: &str) -> Cell {
        let text =
            format!("matmul.f64.8_{outer}x{inner}_fork-join.{wait}_independent_unbound_static_t1");
        text.parse().unwrap()
    }

    #[test]
    fn among_equals_the_blocking_cell_comes_before_the_one_with_fewer_threads() {
        let (spins, blocks) = (cell(1, 2, "active"), cell(2, 2, "passive"));
        let yields = cell(1, 2, "yield");
        let equals = [(spins, 1.0), (yields, 1.01), (blocks, 1.02)];
        assert_eq!(choose(&equals, &equals), Some(blocks));
        assert_eq!(choose(&equals[..2], &equals), Some(yields));
        // A team of one thread waits for nobody.
        let alone = (cell(2, 1, "active"), 1.03);
        assert_eq!(choose(&[equals[2], alone], &equals), Some(alone.0));
    }

    /// 1 x 2 and 2 x 1 ask for two threads each. One step from 1 x 2 a cell takes 80 times as long,
    /// one step from 2 x 1 three times at most; 1 x 4 is two steps from 1 x 1.
    #[test]
    fn among_those_with_as_many_threads_the_gentler_neighbourhood_wins() {
        let at = |outer, inner, cost| (cell(outer, inner, "passive"), cost);
        let equals = [at(1, 2, 1.0), at(2, 1, 1.02)];
        let others = [at(1, 1, 2.0), at(1, 4, 80.0), at(4, 1, 3.0)];
        let timed = [&equals[..], &others[..]].concat();
        assert_eq!(choose(&equals, &timed), Some(equals[1].0));
        let near: Vec<f64> = neighbours(&others[0].0, &timed)
            .iter()
            .map(|c| c.1)
            .collect();
        assert_eq!(near, [1.02, 1.0]);
    }
}

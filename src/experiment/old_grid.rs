//! Which cells does a grid of an earlier version hold?
//!
//! Up to format version 2 a plan had the axes of its cells in place of the cells.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use serde::Deserialize;

use super::cell::MAX_CELLS;
use super::{Cell, Composition, Dispatch, Runtime, Workload};
use crate::machine::Placement;

/// The cross product of all axes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OldGrid {
    workload: Vec<Workload>,
    outer: Vec<NonZeroU32>,
    inner: Vec<NonZeroU32>,
    runtime: Vec<Runtime>,
    composition: Vec<Composition>,
    placement: Vec<Placement>,
    dispatch: Vec<Dispatch>,
    tasks: NonZeroU32,
    /// P in whole CPUs.
    pub(super) budget: u32,
}

impl OldGrid {
    /// The legal cells, each once, in the order in which they were visited before they were shuffled.
    pub(super) fn cells(&self) -> Result<Vec<Cell>, &'static str> {
        if self.size() > MAX_CELLS {
            return Err("the grid has more than 100000 cells");
        }
        let mut seen = BTreeSet::new();
        let legal = self
            .candidates()
            .into_iter()
            .filter_map(|cell| cell.checked().ok());
        Ok(legal.filter(|cell| seen.insert(*cell)).collect())
    }

    /// Combinations of the axes, an upper bound on the cells.
    fn size(&self) -> usize {
        [
            self.workload.len(),
            self.outer.len(),
            self.inner.len(),
            self.runtime.len(),
            self.composition.len(),
            self.placement.len(),
            self.dispatch.len(),
        ]
        .into_iter()
        .fold(1, usize::saturating_mul)
    }

    /// Every combination, the innermost axis first.
    fn candidates(&self) -> Vec<Cell> {
        let mut cells = Vec::new();
        for (workload, runtime) in pairs(&self.workload, &self.runtime) {
            for (composition, placement) in pairs(&self.composition, &self.placement) {
                for dispatch in self.dispatch.iter().copied() {
                    cells.extend(pairs(&self.outer, &self.inner).map(|(outer, inner)| {
                        let asked = Cell {
                            workload,
                            outer,
                            inner,
                            runtime,
                            composition,
                            placement,
                            dispatch,
                            tasks: self.tasks,
                            background: 0,
                        };
                        asked.granted(self.budget)
                    }));
                }
            }
        }
        cells
    }
}

fn pairs<A: Copy, B: Copy>(first: &[A], second: &[B]) -> impl Iterator<Item = (A, B)> {
    first
        .iter()
        .flat_map(move |a| second.iter().map(move |b| (*a, *b)))
}

//! Which cells does a sweep visit?

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::{Cell, Composition, Dispatch, Runtime, Workload};
use crate::machine::Placement;

/// The cross product of all axes, every one resolved to values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grid {
    /// Workloads, each with its size and number type.
    pub workload: Vec<Workload>,
    /// Outer worker counts [threads].
    pub outer: Vec<NonZeroU32>,
    /// Inner team widths [threads].
    pub inner: Vec<NonZeroU32>,
    /// Runtimes, each with its wait policy.
    pub runtime: Vec<Runtime>,
    /// Compositions.
    pub composition: Vec<Composition>,
    /// Placements.
    pub placement: Vec<Placement>,
    /// Dispatch rules.
    pub dispatch: Vec<Dispatch>,
    /// Tasks of every cell.
    pub tasks: NonZeroU32,
    /// P in whole CPUs, by which some compositions set team widths.
    pub budget: u32,
}

impl Grid {
    /// The legal cells in axis order, each once, and the reasons for which others were left out.
    ///
    /// Where a composition sets the team width, the inner axis does not multiply its cells.
    pub fn cells(&self) -> (Vec<Cell>, BTreeSet<String>) {
        let mut seen = BTreeSet::new();
        let mut cells = Vec::new();
        let mut skipped = BTreeSet::new();
        for candidate in self.candidates() {
            match candidate.checked() {
                Ok(cell) if seen.insert(cell) => cells.push(cell),
                Ok(_) => {}
                Err(why) => {
                    skipped.insert(why.to_string());
                }
            }
        }
        (cells, skipped)
    }

    /// Combinations of the axes, an upper bound on the cells.
    pub fn size(&self) -> usize {
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

//! Which cells need further rounds before the tie set of a run is resolved to a margin?
//!
//! A sweep `--until` a margin goes on, round by round, with the best cell and its *rivals*: the
//! cells that may be best, or slower than the best by more than the margin, because the 95 % interval
//! of their ratio reaches beyond it. It is resolved when there is none.

use std::collections::BTreeSet;

use super::{Analysis, CellSummary, Paired, Spread};
use crate::experiment::{Cell, Margin, Plan};
use crate::record::Record;

/// The cells that the next round should visit: of each work that is not resolved to the margin of
/// `plan` the best cell and its rivals. None without a margin.
pub fn rivals(plan: &Plan, records: &[Record]) -> BTreeSet<Cell> {
    let Some(margin) = plan.protocol.until else {
        return BTreeSet::new();
    };
    let analysis = Analysis::of_run(plan, f64::from(plan.budget), records);
    let summary = |cell: &Cell| analysis.cells.iter().find(|summary| summary.cell == *cell);
    let mut all = BTreeSet::new();
    for verdict in &analysis.verdicts {
        let Some(best) = summary(&verdict.best) else {
            continue;
        };
        let others = verdict.tied.keys().chain(verdict.unresolved.keys());
        let open = others
            .filter_map(summary)
            .filter(|cell| may_be_slower(cell, best, margin));
        let open: Vec<Cell> = open.map(|summary| summary.cell).collect();
        if !open.is_empty() {
            all.extend(open);
            all.insert(verdict.best);
        }
    }
    all
}

/// Whether the data leave open that `cell` is slower than `best` by more than `margin`.
fn may_be_slower(cell: &CellSummary, best: &CellSummary, margin: Margin) -> bool {
    match Paired::of(cell, best)
        .ratio()
        .and_then(|ratio| ratio.spread)
    {
        Some(Spread::Interval(ends)) => ends.high > 1.0 + margin.share(),
        Some(Spread::Range(_)) | None => true,
    }
}

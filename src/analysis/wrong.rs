//! Which cells were fast but wrong?
//!
//! Speed without a right answer is not speed: such a cell is never best, never tied, and has no
//! standing. How fast it would have been is said beside what it got wrong, because that is how a race
//! tempts.

use super::{Analysis, CellSummary, State, Work};
use crate::experiment::Cell;

/// A cell that gave a wrong result at least once.
#[derive(Clone, Debug, PartialEq)]
pub struct Wrong {
    /// The cell.
    pub cell: Cell,
    /// What was wrong, the commonest way.
    pub reason: String,
    /// Updates that its shared sum lost in an execution, median over rounds; `None` where it has none.
    pub lost_updates: Option<f64>,
    /// Its cost over that of the best right cell of its work [1]; `None` where none was right.
    pub slowdown: Option<f64>,
}

impl Analysis {
    /// The cells that were wrong, in the order of the cells.
    pub fn wrong(&self) -> Vec<Wrong> {
        self.cells
            .iter()
            .filter_map(|summary| self.wrong_one(summary))
            .collect()
    }

    fn wrong_one(&self, summary: &CellSummary) -> Option<Wrong> {
        let State::Wrong(reason) = &summary.state else {
            return None;
        };
        let work = Work::of(&summary.cell);
        let verdict = self.verdicts.iter().find(|verdict| verdict.work == work);
        let cost = summary.cost.median();
        Some(Wrong {
            cell: summary.cell,
            reason: reason.clone(),
            lost_updates: summary.lost_updates.median(),
            slowdown: verdict.and_then(|verdict| Some(cost? / verdict.best_cost)),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::experiment::Visit;
    use crate::record::{Answer, Record, Sample};

    fn cell(inner: u32) -> Cell {
        let text =
            format!("sum-racy.i64.100_1x{inner}_fork-join.active_independent_unbound_queue.1_t4");
        text.parse().unwrap()
    }

    /// Six rounds in which a team of one takes 10 ms, and wider ones half of that with `lost`
    /// updates in every round but the first.
    fn race(lost: u64) -> Analysis {
        let records = (1..=6).flat_map(|round| [1, 2].map(|inner| record(round, inner, lost)));
        Analysis::of(&records.collect::<Vec<_>>(), 2.0)
    }

    fn record(round: u32, inner: u32, lost: u64) -> Record {
        let lost = if inner == 1 || round == 1 { 0 } else { lost };
        let sample = Sample {
            wall: Duration::from_millis(10 / u64::from(inner)),
            lost_updates: Some(lost),
            ..Sample::default()
        };
        let cell = cell(inner);
        Record {
            runner: "scripted".into(),
            visit: Visit { round, cell },
            rep: 1,
            unix_ms: 0,
            answer: match lost {
                0 => Answer::Ok(sample),
                _ => Answer::Wrong(sample, "the sum".into()),
            },
        }
    }

    #[test]
    fn a_cell_that_is_fast_but_wrong_is_never_best_or_tied_and_has_no_standing() {
        let analysis = race(30);
        let verdict = &analysis.verdicts[0];
        assert_eq!(verdict.best, cell(1));
        assert_eq!(verdict.recommended, cell(1));
        assert!(!verdict.in_tie_set(&cell(2)));
        let standing: Vec<Cell> = verdict.standings.iter().map(|s| s.cell).collect();
        assert_eq!(standing, [cell(1)]);
    }

    #[test]
    fn it_is_named_with_what_it_lost_and_how_fast_it_seemed() {
        assert_eq!(
            race(30).wrong(),
            [Wrong {
                cell: cell(2),
                reason: "the sum".to_owned(),
                lost_updates: Some(30.0),
                slowdown: Some(0.5),
            }]
        );
    }

    #[test]
    fn right_cells_are_not_among_them() {
        assert_eq!(race(0).wrong(), []);
        assert_eq!(race(0).verdicts[0].best, cell(2));
    }
}

//! What should be set, in a few lines of text?

use std::collections::BTreeSet;

use crate::analysis::{Dimension, Factor, Standing, Verdict};
use crate::experiment::Cell;
use crate::units::{human_span, three_digits};

/// Tied cells that are named; of more, only the number is told.
const NAMED: usize = 4;

/// The best cell, what cannot be told from it, what to choose, the worst, and what the two usual
/// settings cost: both levels as wide as the budget of `budget` CPUs, and the outer level alone.
/// One line each, without a line end after the last.
pub fn text(verdict: &Verdict, budget: u32) -> String {
    let Verdict { work, best, .. } = verdict;
    let cells = Described::of(verdict);
    let wall = human_span(std::time::Duration::from_secs_f64(verdict.best_wall));
    let mut lines = vec![
        format!("{}, {} tasks", work.workload, work.tasks),
        format!("  best split    {} ({wall})", cells.words(best)),
    ];
    if !verdict.tied.is_empty() {
        lines.push(format!("  as good       {}", tied(verdict, &cells)));
        lines.push(format!(
            "  choose        {} (fewest threads of these)",
            cells.words(&verdict.recommended)
        ));
    }
    if let Some(worst) = verdict.worst() {
        lines.push(format!("  worst         {}", cells.standing(worst)));
    }
    let usual = [
        ("both levels P", verdict.at(budget, budget)),
        ("outer level P", verdict.at(budget, 1)),
    ];
    for (name, standings) in usual {
        if let (Some(first), Some(last)) = (standings.first(), standings.last()) {
            let mut line = format!("  {name} {}", cells.standing(first));
            if last.cell != first.cell {
                line.push_str(&format!("; at worst {}", cells.standing(last)));
            }
            lines.push(line);
        }
    }
    lines.join("\n")
}

fn tied(verdict: &Verdict, cells: &Described) -> String {
    if verdict.tied.len() > NAMED {
        return format!("{} more cells cannot be told from it", verdict.tied.len());
    }
    let names: Vec<String> = verdict.tied.iter().map(|cell| cells.words(cell)).collect();
    names.join("; ")
}

/// Cells told apart by what they differ in and no more.
struct Described {
    differing: Vec<Dimension>,
}

impl Described {
    fn of(verdict: &Verdict) -> Self {
        let values = |d: &Dimension| -> BTreeSet<_> {
            verdict.standings.iter().map(|s| d.value(&s.cell)).collect()
        };
        let threads = |d: &Dimension| d.counts_threads();
        let basic = Dimension::BASIC.into_iter().filter(|d| !threads(d));
        Self {
            differing: basic.filter(|d| values(d).len() > 1).collect(),
        }
    }

    fn words(&self, cell: &Cell) -> String {
        let threads = format!("{} x {}", cell.outer, cell.inner);
        let rest = self.differing.iter().map(|d| d.value(cell).to_string());
        std::iter::once(threads)
            .chain(rest)
            .collect::<Vec<_>>()
            .join(", ")
    }

    fn standing(&self, standing: &Standing) -> String {
        let factor = match standing.slowdown {
            Factor::Exactly(factor) => three_digits(factor),
            Factor::AtLeast(factor) => format!("more than {}", three_digits(factor)),
        };
        format!(
            "{}: {factor} times the best time",
            self.words(&standing.cell)
        )
    }
}

//! What does a run say, in a few lines?
//!
//! For each work: the split to set, the best cell and its tie set, what the defaults of nested pools
//! lose, and the worst cell.

use std::fmt::Write;
use std::time::Duration;

use crate::analysis::{Analysis, Dimension, Factor, Judge, Standing, Verdict};
use crate::experiment::Cell;
use crate::units::{human_span, three_digits};

/// The findings of `analysis`, whose cells are `cells`, under P = `budget` whole CPUs.
pub(super) fn findings(analysis: &Analysis, cells: &[Cell], budget: u32) -> String {
    let names = Names::of(cells, &analysis.judge);
    let mut text = String::new();
    for verdict in &analysis.verdicts {
        // Writing to a String cannot fail.
        let _ = one_work(&mut text, (verdict, &analysis.judge), &names, budget);
    }
    if analysis.verdicts.is_empty() {
        text.push_str("no cell was timed to its end; raise --limit, or see the column `reason`\n");
    }
    text
}

fn one_work(
    text: &mut String,
    (verdict, judge): (&Verdict, &Judge),
    names: &Names,
    budget: u32,
) -> std::fmt::Result {
    let seconds = Duration::from_secs_f64(verdict.best_wall);
    let rate = verdict.best.flops().map_or_else(String::new, |flops| {
        let rate = flops as f64 / verdict.best_wall / 1e9;
        format!(", {} GFLOP/s", three_digits(rate))
    });
    let said = judge.metric(verdict.best_cost);
    let metric = said.map_or_else(String::new, |(name, number)| {
        format!(", {name} {}", three_digits(number))
    });
    writeln!(
        text,
        "{}, {} tasks:",
        verdict.work.workload, verdict.work.tasks
    )?;
    writeln!(
        text,
        "  best       {}: {}{rate}{metric}",
        names.of_cell(&verdict.best),
        human_span(seconds)
    )?;
    match verdict.tied.len() {
        0 => writeln!(
            text,
            "  tied       none: every other cell is told from it (95 %)"
        )?,
        count => writeln!(text, "  tied       {count} more cannot be told from it")?,
    }
    let ask = |outer, inner, label: &str, text: &mut String| {
        verdict.at(outer, inner).iter().try_for_each(|standing| {
            writeln!(text, "  {label:<10} {}", names.of_standing(standing))
        })
    };
    if budget > 1 {
        ask(budget, budget, "P x P", text)?;
        ask(budget, 1, "P x 1", text)?;
    }
    if let Some(worst) = verdict.worst() {
        writeln!(text, "  worst      {}", names.of_standing(worst))?;
    }
    writeln!(
        text,
        "  best split {} (fewest threads of those that tie)",
        names.of_cell(&verdict.recommended)
    )
}

/// How cells are called: outer x inner, and what else differs within the run.
struct Names {
    told: Vec<Dimension>,
    /// What a factor is a factor of.
    factor_of: String,
}

impl Names {
    fn of(cells: &[Cell], judge: &Judge) -> Self {
        let said = [Dimension::Outer, Dimension::Inner, Dimension::Workload];
        let work = [Dimension::N, Dimension::Dtype];
        let differs = |dimension: &Dimension| {
            let mut values = cells.iter().map(|cell| dimension.value(cell));
            let first = values.next();
            values.any(|value| Some(value) != first)
        };
        let told = |d: &Dimension| !said.contains(d) && !work.contains(d) && differs(d);
        let factor_of = match judge {
            Judge::Wall => "the best cell's time".to_owned(),
            Judge::Metric(metric) => format!("worse than the best cell by {}", metric.name),
        };
        Self {
            told: Dimension::BASIC.into_iter().filter(told).collect(),
            factor_of,
        }
    }

    fn of_cell(&self, cell: &Cell) -> String {
        let mut name = format!("{} x {}", cell.outer, cell.inner);
        for dimension in &self.told {
            name.push_str(&format!(", {}", dimension.value(cell)));
        }
        name
    }

    fn of_standing(&self, standing: &Standing) -> String {
        let slower = match standing.slowdown {
            Factor::Exactly(factor) => format!("{} times", three_digits(factor)),
            Factor::AtLeast(factor) => format!("at least {} times", three_digits(factor)),
        };
        format!(
            "{}: {slower} {}",
            self.of_cell(&standing.cell),
            self.factor_of
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Visit;
    use crate::record::{Answer, Record, Sample};

    fn record(cell: &str, round: u32, millis: u64) -> Record {
        let wall = Duration::from_millis(millis);
        let sample = Sample {
            wall,
            tasks_done: Some(4),
            ..Sample::default()
        };
        let visit = Visit {
            round,
            cell: cell.parse().unwrap(),
        };
        Record {
            runner: "host".into(),
            visit,
            rep: 1,
            unix_ms: 0,
            answer: Answer::Ok(sample),
        }
    }

    /// 2x1 takes 10 ms, 2x2 active 50 ms: five times. 4 tasks x 2 x 100^3 flops in 10 ms are 0.8
    /// GFLOP/s.
    #[test]
    fn the_findings_name_best_loss_of_the_defaults_and_split() {
        let alone = "matmul.f64.100_2x1_rayon_independent_unbound_static_t4";
        let nested = "matmul.f64.100_2x2_fork-join.active_independent_unbound_static_t4";
        let records: Vec<Record> = (1..=5)
            .flat_map(|round| [record(alone, round, 10), record(nested, round, 50)])
            .collect();
        let cells = [alone, nested].map(|cell| cell.parse().unwrap());
        let text = findings(&Analysis::of(&records, 2.0), &cells, 2);
        assert!(
            text.contains("best       2 x 1, rayon: 10.0 ms, 0.80 GFLOP/s"),
            "{text}"
        );
        assert!(
            text.contains("P x P      2 x 2, fork-join.active: 5.00 times"),
            "{text}"
        );
        assert!(text.contains("best split 2 x 1, rayon"), "{text}");
    }
}

//! What does a run say, in a few lines?
//!
//! For each work: the split to set, the best cell and its tie set, what the defaults of nested pools
//! lose, the worst cell, and the cells without rank.

use std::fmt::Write;
use std::time::Duration;

use super::advice::CHOICE;
use super::cell_name::CellNames;
use super::standing::{rule_words, unresolved};
use super::unranked;
use crate::analysis::{Analysis, Factor, Objective, Standing, Verdict, Work, Worst};
use crate::experiment::Cell;
use crate::units::{human_span, three_digits};

/// The findings of `analysis`, whose cells are `cells`, under P = `budget` whole CPUs.
pub fn findings(analysis: &Analysis, cells: &[Cell], budget: u32) -> String {
    let names = Names::of(cells, &analysis.objective);
    let mut text = coverage(analysis, cells);
    let told = text.len();
    for verdict in &analysis.verdicts {
        // Writing to a String cannot fail.
        let _ = one_work(&mut text, (verdict, &analysis.objective), &names, budget);
        text.push_str(&unranked::of_work(analysis, &verdict.work, &names.cells));
    }
    let judged: Vec<Work> = analysis.verdicts.iter().map(|v| v.work).collect();
    text.push_str(&unranked::of_other_works(analysis, &judged, &names.cells));
    if text.len() == told {
        text.push_str("no cell was timed to its end; raise --limit, or see the column `reason`\n");
    }
    text
}

/// How many of `cells` have been measured, where that is not all.
pub fn coverage(analysis: &Analysis, cells: &[Cell]) -> String {
    let (measured, planned) = (analysis.cells.len(), cells.len());
    match measured < planned {
        true => format!("{measured} of {planned} cells measured\n"),
        false => String::new(),
    }
}

fn one_work(
    text: &mut String,
    (verdict, objective): (&Verdict, &Objective),
    names: &Names,
    budget: u32,
) -> std::fmt::Result {
    let seconds = Duration::from_secs_f64(verdict.best_wall);
    let rate = verdict.best.flops().map_or_else(String::new, |flops| {
        let rate = flops as f64 / verdict.best_wall / 1e9;
        format!(", {} GFLOP/s", three_digits(rate))
    });
    let said = objective.metric(verdict.best_cost);
    let metric = said.map_or_else(String::new, |(name, number)| {
        format!(", {name} {}", three_digits(number))
    });
    writeln!(text, "{}:", verdict.work)?;
    writeln!(
        text,
        "  best       {}: {}{rate}{metric}",
        names.of_cell(&verdict.best),
        human_span(seconds)
    )?;
    if verdict.standings.len() > 1 {
        ties(text, verdict)?;
    }
    stopped_without_metric(text, verdict, names)?;
    let ask = |outer, inner, label: &str, text: &mut String| {
        verdict.at(outer, inner).iter().try_for_each(|standing| {
            writeln!(text, "  {label:<10} {}", names.of_standing(standing))
        })
    };
    if budget > 1 {
        ask(budget, budget, "P x P", text)?;
        ask(budget, 1, "P x 1", text)?;
    }
    let Some(worst) = verdict.worst() else {
        return Ok(());
    };
    writeln!(text, "  worst      {}", names.of_worst(&worst))?;
    writeln!(
        text,
        "  best split {} ({CHOICE})",
        names.of_cell(&verdict.recommended)
    )
}

/// Which cells are tied with the best, and which the rounds do not resolve.
fn ties(text: &mut String, verdict: &Verdict) -> std::fmt::Result {
    let rules: Vec<&str> = verdict.rules.iter().copied().map(rule_words).collect();
    let rules = match rules.join("; ") {
        rules if rules.is_empty() => rules,
        rules => format!(" ({rules})"),
    };
    match verdict.tied.len() {
        0 => writeln!(text, "  tied       none{rules}")?,
        count => writeln!(
            text,
            "  tied       {count} more statistically tied with it{rules}"
        )?,
    }
    let further: Vec<Option<u32>> = verdict.unresolved.values().copied().collect();
    if let Some(open) = unresolved(&further) {
        writeln!(text, "  unresolved {open}")?;
    }
    Ok(())
}

/// Which cells never said the metric that is judged.
fn stopped_without_metric(text: &mut String, verdict: &Verdict, names: &Names) -> std::fmt::Result {
    let cells: Vec<String> = verdict
        .stopped_without_metric
        .iter()
        .map(|c| names.of_cell(c))
        .collect();
    if cells.is_empty() {
        return Ok(());
    }
    writeln!(
        text,
        "  stopped    at the limit before saying the metric, so without rank or bound (raise \
         --limit): {}",
        cells.join("; ")
    )
}

/// How cells are called, and what a factor is a factor of.
struct Names {
    cells: CellNames,
    factor_of: String,
}

impl Names {
    fn of(cells: &[Cell], objective: &Objective) -> Self {
        let factor_of = match objective {
            Objective::Wall => "the best cell's time".to_owned(),
            Objective::Metric(metric) => format!("worse than the best cell by {}", metric.name),
        };
        Self {
            cells: CellNames::of_one_work(cells),
            factor_of,
        }
    }

    fn of_cell(&self, cell: &Cell) -> String {
        self.cells.name(cell)
    }

    fn of_worst(&self, worst: &Worst) -> String {
        let Worst { cell, stopped, .. } = *worst;
        if stopped == 0 {
            let slowdown = worst.slowdown;
            return self.of_standing(&Standing { cell, slowdown });
        }
        let factor = three_digits(worst.slowdown.value());
        let cells = if stopped == 1 {
            "cell was"
        } else {
            "cells were"
        };
        format!(
            "at least {factor} times {} ({}; {stopped} {cells} stopped at the limit)",
            self.factor_of,
            self.of_cell(&cell)
        )
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
            text.contains("P x P      2 x 2, fork-join, active: 5.00 times"),
            "{text}"
        );
        assert!(text.contains("best split 2 x 1, rayon"), "{text}");
    }

    fn said(cells: &[(&str, &[u64])]) -> String {
        let records = cells.iter().flat_map(|(cell, rounds)| {
            let round = |(i, millis): (usize, &u64)| record(cell, i as u32 + 1, *millis);
            rounds.iter().enumerate().map(round).collect::<Vec<_>>()
        });
        let records: Vec<Record> = records.collect();
        let cells: Vec<Cell> = cells
            .iter()
            .map(|(cell, _)| cell.parse().unwrap())
            .collect();
        findings(&Analysis::of(&records, 2.0), &cells, 2)
    }

    const ALONE: &str = "matmul.f64.100_1x1_rayon_independent_unbound_static_t4";
    const OUTER: &str = "matmul.f64.100_2x1_rayon_independent_unbound_static_t4";

    #[test]
    fn a_level_is_stated_only_where_there_are_rounds_for_it() {
        let five = said(&[(OUTER, &[10; 5]), (ALONE, &[20; 5])]);
        let none = "tied       none";
        assert!(
            five.contains(&format!("{none} (ranges overlap; fewer than 6 rounds)")),
            "{five}"
        );
        assert!(!five.contains("95"), "{five}");
        let six = said(&[(OUTER, &[10; 6]), (ALONE, &[20; 6])]);
        assert!(
            six.contains(&format!(
                "{none} (95 %, corrected for multiple comparisons)"
            )),
            "{six}"
        );
    }

    /// One bad round of the best makes both overlap, but 1 x 1 takes twice the time.
    #[test]
    fn what_only_more_rounds_would_tell_is_said_and_not_recommended() {
        let text = said(&[(OUTER, &[10, 10, 10, 10, 90]), (ALONE, &[20; 5])]);
        assert!(text.contains("tied       none"), "{text}");
        assert!(
            text.contains("unresolved 1 cell (may be more than 5 % slower): about "),
            "{text}"
        );
        assert!(text.contains("best split 2 x 1 (fewest"), "{text}");
    }

    #[test]
    fn of_a_single_cell_nothing_is_compared() {
        let text = said(&[(OUTER, &[10; 6])]);
        assert!(text.contains("best       2 x 1"), "{text}");
        for word in ["tied", "tie", "worst", "split"] {
            assert!(!text.contains(word), "{text}");
        }
    }
}

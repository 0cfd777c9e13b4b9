//! How far can a run be relied on?
//!
//! Asked before anything is recommended: is the run complete, were there enough rounds, did others
//! take the CPUs, and do the rounds agree? Each answer is *reliable*, *weak* or *unreliable*; the worst
//! counts. Where others held so much that they decide which split is fastest, nothing is recommended.

use std::collections::BTreeMap;

use serde::Serialize;

use super::ticks::hidden_by_ticks;
use super::{Analysis, CellSummary, Changed};
use crate::record::{Record, Sample};
use crate::runner::Completeness;
use crate::stats::median;
use crate::units::counted;

/// How far a run can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reliability {
    /// Nothing speaks against it.
    Reliable,
    /// What it says may change with more or quieter rounds.
    Weak,
    /// What it says may be wrong.
    Unreliable,
}

/// The judgement of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trust {
    /// How far it can be relied on.
    pub level: Reliability,
    /// Why, a phrase each; of a reliable run what speaks for it.
    pub reasons: Vec<String>,
    /// Whether others held so much of the CPUs that no setting should be taken from the run.
    pub others_decide: bool,
}

/// What a run is judged by.
#[derive(Clone, Copy)]
pub struct Trial<'a> {
    /// What was seen of its cells.
    pub analysis: &'a Analysis,
    /// How much of it is there.
    pub completeness: Completeness,
    /// Share of P that others had, as by [`share_of_others`] [1].
    pub others: Option<f64>,
    /// What changed around it between its samples.
    pub changes: &'a [Changed],
    /// Whether it was simulated.
    pub simulated: bool,
}

/// Rounds from which on a median has a 95 % interval.
const ROUNDS: usize = 6;
/// Share of P in others' hands from which a run is weak [1], as for the disturbance "foreign load".
const SHARED: f64 = 0.1;
/// Share of P in others' hands from which they decide which split is fastest [1]: splits with more
/// threads then get more of the machine than those with fewer.
const DECISIVE: f64 = 0.25;

impl Trust {
    /// The judgement of a run.
    pub fn of(trial: &Trial<'_>) -> Self {
        let found = [
            incomplete(trial),
            few_rounds(trial),
            shared(trial),
            changed(trial),
            scattered(trial),
            simulated(trial),
        ];
        let found: Vec<(Reliability, String)> = found.into_iter().flatten().collect();
        let level = found.iter().map(|(level, _)| *level).max();
        let level = level.unwrap_or(Reliability::Reliable);
        let mut reasons: Vec<String> = found
            .into_iter()
            .filter(|(own, _)| *own == level || level == Reliability::Weak)
            .map(|(_, why)| why)
            .collect();
        if reasons.is_empty() {
            let rounds = fewest_rounds(trial.analysis) as u64;
            reasons.push(format!(
                "complete, {}, no sign that others took CPUs",
                counted(rounds, "round")
            ));
        }
        Self {
            level,
            reasons,
            others_decide: trial.others.is_some_and(|share| share >= DECISIVE),
        }
    }

    /// `weak: 5 rounds, and a 95 % interval needs 6`.
    pub fn headline(&self) -> String {
        let level = match self.level {
            Reliability::Reliable => "reliable",
            Reliability::Weak => "weak",
            Reliability::Unreliable => "unreliable",
        };
        format!("{level}: {}", self.reasons.join("; "))
    }
}

fn incomplete(trial: &Trial<'_>) -> Option<(Reliability, String)> {
    let Completeness { samples, missing } = trial.completeness;
    let why = || {
        let planned = samples + missing;
        format!("the run is not complete, {samples} of {planned} samples")
    };
    (missing > 0).then(|| (Reliability::Weak, why()))
}

/// The fewest rounds that the best cell of a work has.
fn fewest_rounds(analysis: &Analysis) -> usize {
    let best = analysis.verdicts.iter().map(|verdict| &verdict.best);
    let rounds = best.filter_map(|cell| Some(summary(analysis, cell)?.rounds.len()));
    rounds.min().unwrap_or(0)
}

fn summary<'a>(analysis: &'a Analysis, cell: &crate::experiment::Cell) -> Option<&'a CellSummary> {
    analysis.cells.iter().find(|summary| summary.cell == *cell)
}

fn few_rounds(trial: &Trial<'_>) -> Option<(Reliability, String)> {
    match fewest_rounds(trial.analysis) {
        0 | 1 => Some((
            Reliability::Unreliable,
            "a single round, so nothing shows how much rounds differ".to_owned(),
        )),
        few if few < ROUNDS => Some((
            Reliability::Weak,
            format!("{few} rounds, and a 95 % interval needs {ROUNDS}"),
        )),
        _ => None,
    }
}

fn shared(trial: &Trial<'_>) -> Option<(Reliability, String)> {
    let share = trial.others?;
    let held = format!("others held {:.0} % of P during the run", 100.0 * share);
    match share {
        share if share >= DECISIVE => Some((
            Reliability::Unreliable,
            format!(
                "{held}, which decides what is fastest; measure again when the machine is quiet"
            ),
        )),
        share if share >= SHARED => Some((Reliability::Weak, held)),
        _ => None,
    }
}

/// Medians over rounds mix both sides of a change.
fn changed(trial: &Trial<'_>) -> Option<(Reliability, String)> {
    let change = &trial.changes.first()?.change;
    let (field, from, to) = (&change.field, &change.from, &change.to);
    let why = format!(
        "{field} changed from {from} to {to} before round {}",
        change.round
    );
    Some((Reliability::Unreliable, why))
}

/// The rounds of a recommended cell differ by more than 1.5 times.
fn scattered(trial: &Trial<'_>) -> Option<(Reliability, String)> {
    let chosen = trial.analysis.verdicts.iter().map(|v| &v.recommended);
    let wide = chosen
        .filter_map(|cell| summary(trial.analysis, cell))
        .filter(|summary| summary.cost.estimate().is_some_and(|e| e.is_wide()));
    let wide = wide.count() as u64;
    (wide > 0).then(|| {
        let cells = counted(wide, "recommended cell");
        let why = format!("the rounds of {cells} leave more than 1.5 times open");
        (Reliability::Weak, why)
    })
}

fn simulated(trial: &Trial<'_>) -> Option<(Reliability, String)> {
    let why = "simulated, not measured".to_owned();
    trial.simulated.then_some((Reliability::Weak, why))
}

/// The share of `budget` CPUs that others had and the run could have used, where `online` CPUs are
/// there: in the middle round, all cells together; `None` where nobody counted [1].
///
/// What ticks may feign is taken off.
pub fn share_of_others(records: &[Record], budget: f64, online: f64) -> Option<f64> {
    let mut rounds: BTreeMap<u32, Vec<(u32, &Sample)>> = BTreeMap::new();
    for record in records {
        if let Some(sample) = record.answer.sample() {
            let beside = record.visit.cell.background;
            rounds
                .entry(record.visit.round)
                .or_default()
                .push((beside, sample));
        }
    }
    let of_a_round = |samples: &Vec<(u32, &Sample)>| {
        let taken = samples.iter().filter_map(|(beside, sample)| {
            let busy = sample.others(*beside)?.as_secs_f64();
            let stolen = sample.interference.steal.unwrap_or_default().as_secs_f64();
            Some((busy + stolen, sample.wall.as_secs_f64()))
        });
        let (taken, wall, count) = taken.fold((0.0, 0.0, 0), |(a, b, n), (taken, wall)| {
            (a + taken, b + wall, n + 1)
        });
        let cpus = (taken - hidden_by_ticks(count)) / wall;
        (count > 0).then(|| ((cpus + budget - online) / budget).clamp(0.0, 1.0))
    };
    let shares: Vec<f64> = rounds.values().filter_map(of_a_round).collect();
    median(&shares)
}

#[cfg(test)]
mod tests;

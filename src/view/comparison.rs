//! What changed between two runs, in words and as JSON?

use std::fmt::Write;

use serde::Serialize;

use super::cell_name::CellNames;
use super::number::short;
use crate::analysis::{CellChange, Change, Comparison, Disturbances, ERROR, Ratio};
use crate::experiment::Cell;
use crate::experiment::Difference;

/// Most cells that are listed by name.
const LISTED: usize = 12;

/// What changed, in a few lines: how many cells, and the ones that did, largest change first.
pub fn words(comparison: &Comparison) -> String {
    let cells: Vec<Cell> = comparison.cells.iter().map(|change| change.cell).collect();
    let names = CellNames::of(&cells);
    let count = |word: &str| {
        comparison
            .cells
            .iter()
            .filter(|c| verdict(&c.change) == word)
            .count()
    };
    let mut text = format!(
        "{} cells in both: {} slower, {} faster, {} not told apart",
        cells.len(),
        count("slower"),
        count("faster"),
        count("same")
    );
    for word in ["failed", "unknown"] {
        match count(word) {
            0 => {}
            cells => text.push_str(&format!(", {cells} {word}")),
        }
    }
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        " (at most {} % of those named by chance)",
        ERROR * 100.0
    );
    if let Some(overall) = comparison.overall() {
        let _ = write!(
            text,
            "\n  median     {} times over all cells",
            short(overall)
        );
    }
    let mut changed: Vec<(&Cell, &Ratio)> = comparison
        .ratios()
        .filter(|(_, ratio)| ratio.changed)
        .collect();
    changed.sort_by(|a, b| b.1.value.ln().abs().total_cmp(&a.1.value.ln().abs()));
    for (cell, ratio) in changed.iter().take(LISTED) {
        let word = if ratio.value > 1.0 {
            "slower"
        } else {
            "faster"
        };
        let _ = write!(
            text,
            "\n  {word:<10} {}: {}",
            names.name(cell),
            ratio_words(ratio)
        );
    }
    if changed.len() > LISTED {
        let _ = write!(text, "\n  and {} more", changed.len() - LISTED);
    }
    if let Some(needed) = rounds_needed(comparison) {
        let _ = write!(text, "\n  note       {needed}");
    }
    text
}

/// `1.35 times [1.21, 1.50]`.
pub fn ratio_words(ratio: &Ratio) -> String {
    let interval = ratio.interval.map_or_else(String::new, |ends| {
        format!(" [{}, {}]", short(ends.low), short(ends.high))
    });
    format!("{} times{interval}", short(ratio.value))
}

/// Whether no difference, however large, could be told with the rounds of these runs.
fn rounds_needed(comparison: &Comparison) -> Option<String> {
    let rounds = comparison
        .ratios()
        .map(|(_, ratio)| ratio.rounds.0.min(ratio.rounds.1));
    let most = rounds.max()?;
    (most < 4).then(|| {
        format!("with {most} rounds no difference can be told from chance; sweep with --rounds 7 or more")
    })
}

/// The condition of a comparison and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Condition {
    /// As it was asked for.
    pub condition: String,
    /// Whether the data show that it holds for some cell.
    pub holds: bool,
    /// What that means, disturbances considered.
    pub outcome: Outcome,
    /// Those cells.
    pub cells: Vec<Cell>,
}

/// What came of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It holds.
    Holds,
    /// Nothing shows that it holds.
    DoesNotHold,
    /// Others took CPUs from a run, so that nothing follows.
    Disturbed,
}

impl Outcome {
    /// What follows if the data show that it `holds` or not, where others took CPUs in the first or in
    /// the second run.
    ///
    /// What seems slower may be so because of others, in either run. What does not seem slower may be
    /// so because others slowed the reference; if they slowed the second run only, it would show.
    pub fn of(holds: bool, (first, second): (bool, bool)) -> Self {
        match holds {
            true if first || second => Self::Disturbed,
            true => Self::Holds,
            false if first => Self::Disturbed,
            false => Self::DoesNotHold,
        }
    }
}

#[derive(Serialize)]
struct Json<'a> {
    from: &'a str,
    to: &'a str,
    judged_by: String,
    differences: &'a [Difference],
    overall_ratio: Option<f64>,
    cells: Vec<Row>,
    only_from: &'a [Cell],
    only_to: &'a [Cell],
    disturbances: InBoth<'a>,
    fail_if: Option<&'a Condition>,
}

/// What disturbed both runs.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct InBoth<'a> {
    /// The first.
    pub from: &'a Disturbances,
    /// The second.
    pub to: &'a Disturbances,
}

#[derive(Serialize)]
struct Row {
    cell: Cell,
    outer: u32,
    inner: u32,
    verdict: &'static str,
    ratio: Option<f64>,
    bound: Option<&'static str>,
    low: Option<f64>,
    high: Option<f64>,
    chance: Option<f64>,
    rounds_from: Option<usize>,
    rounds_to: Option<usize>,
    reason: Option<String>,
}

/// The comparison of the runs in the folders `from` and `to` as JSON; docs/scripting.md has the fields.
///
/// # Errors
///
/// If a number cannot be written as JSON.
pub fn json(
    (from, to): (&str, &str),
    comparison: &Comparison,
    differences: &[Difference],
    disturbances: InBoth<'_>,
    fail_if: Option<&Condition>,
) -> serde_json::Result<String> {
    serde_json::to_string_pretty(&Json {
        from,
        to,
        judged_by: comparison.objective.to_string(),
        differences,
        overall_ratio: comparison.overall(),
        cells: comparison.cells.iter().map(row).collect(),
        only_from: &comparison.only_from,
        only_to: &comparison.only_to,
        disturbances,
        fail_if,
    })
}

fn row(change: &CellChange) -> Row {
    let cell = change.cell;
    let (ratio, bound) = match change.change {
        Change::Ratio(ratio) => (Some(ratio.value), Some("exact")),
        Change::AtLeast(value) => (Some(value), Some("at-least")),
        Change::AtMost(value) => (Some(value), Some("at-most")),
        Change::Failed(_) | Change::Unknown => (None, None),
    };
    let timed = match change.change {
        Change::Ratio(ratio) => Some(ratio),
        _ => None,
    };
    let interval = timed.and_then(|ratio| ratio.interval);
    Row {
        outer: cell.outer.get(),
        inner: cell.inner.get(),
        verdict: verdict(&change.change),
        ratio,
        bound,
        low: interval.map(|ends| ends.low),
        high: interval.map(|ends| ends.high),
        chance: timed.map(|ratio| ratio.chance),
        rounds_from: timed.map(|ratio| ratio.rounds.0),
        rounds_to: timed.map(|ratio| ratio.rounds.1),
        reason: match &change.change {
            Change::Failed(why) => Some(why.clone()),
            _ => None,
        },
        cell,
    }
}

/// What became of a cell, in a word.
fn verdict(change: &Change) -> &'static str {
    match change {
        Change::Ratio(ratio) if ratio.changed && ratio.value > 1.0 => "slower",
        Change::Ratio(ratio) if ratio.changed => "faster",
        Change::Ratio(ratio) if ratio.interval.is_none() => "unknown",
        Change::Ratio(_) => "same",
        Change::AtLeast(bound) if *bound > 1.0 => "slower",
        Change::AtMost(bound) if *bound < 1.0 => "faster",
        Change::AtLeast(_) | Change::AtMost(_) | Change::Unknown => "unknown",
        Change::Failed(_) => "failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disturbed_reference_may_hide_a_loss_and_any_disturbance_may_feign_one() {
        use Outcome::{Disturbed, DoesNotHold, Holds};
        let quiet = (false, false);
        assert_eq!(
            [true, false].map(|h| Outcome::of(h, quiet)),
            [Holds, DoesNotHold]
        );
        let second = (false, true);
        assert_eq!(
            [true, false].map(|h| Outcome::of(h, second)),
            [Disturbed, DoesNotHold]
        );
        for first in [(true, false), (true, true)] {
            assert_eq!([true, false].map(|h| Outcome::of(h, first)), [Disturbed; 2]);
        }
    }
}

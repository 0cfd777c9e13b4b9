//! What should be set, in words and for scripts?

use std::fmt::Write;

use serde_json::{Value, json};

use super::cell_name::CellNames;
use super::number::short;
use super::standing::unresolved;
use super::unranked;
use crate::analysis::{
    Analysis, BreakEven, Disturbances, Factor, Loss, Outcome, Recommendation, Spread, Trust, Work,
};
use crate::experiment::Cell;

/// How the split was chosen.
pub const CHOICE: &str = "fewest threads, blocking first, of the splits tied with the fastest";

/// Most cells of a tie set that are listed by name.
const LISTED: usize = 6;

/// How far the run of `analysis` can be relied on, then what to set for each work, with what the usual
/// settings lose, which cells have no rank, and from which size on teams pay.
pub fn words(
    all: &[Recommendation],
    break_evens: &[BreakEven],
    analysis: &Analysis,
    trust: &Trust,
) -> String {
    let cells: Vec<Cell> = analysis.cells.iter().map(|s| s.cell).collect();
    let names = CellNames::of_one_work(&cells);
    let mut text = format!("{}\n", trust.headline());
    for recommendation in all {
        // Writing to a String cannot fail.
        let _ = one(&mut text, recommendation, &names, trust);
        text.push_str(&unranked::of_work(analysis, &recommendation.work, &names));
    }
    let judged: Vec<Work> = all.iter().map(|one| one.work).collect();
    text.push_str(&unranked::of_other_works(analysis, &judged, &names));
    for even in break_evens {
        let _ = writeln!(text, "{}", break_even(even, &names));
    }
    text
}

/// Version of the JSON form. A change of meaning of any field raises it.
const JSON_VERSION: u32 = 1;

/// The same for scripts, with what disturbed the run; docs/scripting.md has the fields.
pub fn json(
    all: &[Recommendation],
    break_evens: &[BreakEven],
    disturbances: &Disturbances,
    trust: &Trust,
) -> Value {
    json!({
        "format_version": JSON_VERSION,
        "verdict": trust,
        "works": all.iter().map(|one| work(one, trust)).collect::<Vec<_>>(),
        "break_evens": break_evens.iter().map(|even| json!({
            "cell": even.cell,
            "from": even.from,
            "sizes": even.sizes,
        })).collect::<Vec<_>>(),
        "disturbances": disturbances,
    })
}

fn work(one: &Recommendation, trust: &Trust) -> Value {
    let set = json!({
        "cell": one.cell,
        "outer": one.cell.outer,
        "inner": one.cell.inner,
        "runtime": one.cell.runtime,
    });
    json!({
        "workload": one.work.workload,
        "tasks": one.work.tasks,
        "background": one.work.background,
        "set": (!trust.others_decide).then_some(set),
        "harsh_neighbours": one.harsh_neighbours.iter().map(|standing| json!({
            "cell": standing.cell,
            "times_as_long": standing.slowdown.value(),
            "bound": bound(standing.slowdown),
        })).collect::<Vec<_>>(),
        "tie_set": one.tie_set,
        "unresolved": one.unresolved.keys().collect::<Vec<_>>(),
        "losses": one.losses.iter().map(loss).collect::<Vec<_>>(),
    })
}

fn loss(loss: &Loss) -> Value {
    let ends = loss.ratio.and_then(|ratio| ratio.spread).map(Spread::ends);
    json!({
        "usual": loss.usual,
        "cell": loss.cell,
        "times_as_long": loss.factor.value(),
        "bound": bound(loss.factor),
        "low": ends.map(|ends| ends.low),
        "high": ends.map(|ends| ends.high),
        "told": loss.outcome == Outcome::Loses,
        "outcome": loss.outcome,
    })
}

fn bound(factor: Factor) -> &'static str {
    match factor {
        Factor::Exactly(_) => "exact",
        Factor::AtLeast(_) => "at-least",
    }
}

fn one(
    text: &mut String,
    one: &Recommendation,
    names: &CellNames,
    trust: &Trust,
) -> std::fmt::Result {
    writeln!(text, "{}:", one.work)?;
    match trust.others_decide {
        true => writeln!(
            text,
            "  set        nothing: others decided what was fastest"
        )?,
        false => writeln!(text, "  set        {} ({CHOICE})", names.name(&one.cell))?,
    }
    let listed: Vec<String> = one
        .tie_set
        .iter()
        .take(LISTED)
        .map(|c| names.name(c))
        .collect();
    let more = match one.tie_set.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    writeln!(
        text,
        "  tie set    {}: {}{more}",
        one.tie_set.len(),
        listed.join("; ")
    )?;
    let further: Vec<Option<u32>> = one.unresolved.values().copied().collect();
    if let Some(open) = unresolved(&further) {
        writeln!(text, "  unresolved {open}")?;
    }
    for loss in &one.losses {
        let (word, said) = loss_words(loss, names);
        writeln!(text, "  {word:<10} {said}")?;
    }
    let harsh = one.harsh_neighbours.iter();
    let harsh: Vec<String> = harsh
        .map(|near| {
            format!(
                "{} takes {}",
                names.name(&near.cell),
                times_as_long(near.slowdown)
            )
        })
        .collect();
    if !harsh.is_empty() {
        writeln!(text, "  one off    {}", harsh.join("; "))?;
    }
    Ok(())
}

/// `6.1 times as long`.
fn times_as_long(factor: Factor) -> String {
    match factor {
        Factor::Exactly(factor) => format!("{} times as long", short(factor)),
        Factor::AtLeast(factor) => format!("at least {} times as long", short(factor)),
    }
}

/// `loses` with `2 x 2 (defaults, P x P): 1.23 times as long [1.10, 1.40]`.
fn loss_words(loss: &Loss, names: &CellNames) -> (&'static str, String) {
    let faster = loss.factor.value() < 1.0;
    let factor = match loss.factor {
        Factor::Exactly(factor) if faster => format!("{} times faster", short(1.0 / factor)),
        factor => times_as_long(factor),
    };
    let ends = loss
        .ratio
        .and_then(|ratio| ratio.spread)
        .map(|spread| spread.ends());
    let ends = ends.map_or_else(String::new, |ends| match faster {
        true => format!(" [{}, {}]", short(1.0 / ends.high), short(1.0 / ends.low)),
        false => format!(" [{}, {}]", short(ends.low), short(ends.high)),
    });
    let (word, more) = match loss.outcome {
        Outcome::Loses => ("loses", ""),
        Outcome::Gains => ("gains", ""),
        Outcome::Ties => ("ties", ""),
        Outcome::Undecided => ("undecided", "; add rounds to decide"),
    };
    let name = names.name(&loss.cell);
    let usual = loss.usual.join("; ");
    (word, format!("{name} ({usual}): {factor}{ends}{more}"))
}

fn break_even(even: &BreakEven, names: &CellNames) -> String {
    let name = names.name(&even.cell);
    let sizes: Vec<String> = even.sizes.iter().map(u32::to_string).collect();
    let sizes = sizes.join(", ");
    match even.from {
        Some(n) => format!("break-even {name}: pays from n = {n} (of {sizes})"),
        None => format!("break-even {name}: does not pay up to the largest n (of {sizes})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Estimate;
    use crate::stats::Interval;

    fn loss(outcome: Outcome, value: f64, low: f64, high: f64) -> (&'static str, String) {
        let cell = "matmul.f64.8_2x2_rayon_independent_unbound_static_t1";
        let cell: Cell = cell.parse().unwrap();
        let spread = Some(Spread::Interval(Interval { low, high }));
        let loss = Loss {
            usual: vec!["P x P"],
            cell,
            factor: Factor::Exactly(value),
            ratio: Some(Estimate { value, spread }),
            outcome,
        };
        loss_words(&loss, &CellNames::of(&[cell]))
    }

    /// 0.39 times as long is 1 / 0.39 = 2.56 times faster; its interval turns round: 1 / 0.5 = 2 and
    /// 1 / 0.25 = 4.
    #[test]
    fn what_is_faster_gains_and_what_is_open_is_said_to_be() {
        let said = |(word, text): (&str, String)| format!("{word}: {text}");
        assert_eq!(
            said(loss(Outcome::Gains, 0.39, 0.25, 0.5)),
            "gains: 2 x 2 (P x P): 2.56 times faster [2.00, 4.00]"
        );
        assert_eq!(
            said(loss(Outcome::Undecided, 1.44, 1.28, 4.7)),
            "undecided: 2 x 2 (P x P): 1.44 times as long [1.28, 4.70]; add rounds to decide"
        );
        assert_eq!(
            said(loss(Outcome::Loses, 6.1, 5.0, 7.0)),
            "loses: 2 x 2 (P x P): 6.10 times as long [5.00, 7.00]"
        );
    }
}

//! What should be set, in words and for scripts?

use std::fmt::Write;

use serde_json::{Value, json};

use super::cell_name::CellNames;
use super::number::short;
use super::unranked;
use crate::analysis::{
    Analysis, BreakEven, Disturbances, Factor, Loss, MARGIN, Recommendation, Spread, Work,
};
use crate::experiment::Cell;
use crate::units::counted;

/// Most cells of a tie set that are listed by name.
const LISTED: usize = 6;

/// What to set for each work, with what the usual settings lose, which cells have no rank, and from
/// which size on teams pay, of the run of `analysis`.
pub fn words(all: &[Recommendation], break_evens: &[BreakEven], analysis: &Analysis) -> String {
    let cells: Vec<Cell> = analysis.cells.iter().map(|s| s.cell).collect();
    let names = CellNames::of_one_work(&cells);
    let mut text = String::new();
    for recommendation in all {
        // Writing to a String cannot fail.
        let _ = one(&mut text, recommendation, &names);
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

/// The same for scripts, with what disturbed the run; METHODOLOGY.md has the fields.
pub fn json(
    all: &[Recommendation],
    break_evens: &[BreakEven],
    disturbances: &Disturbances,
) -> Value {
    json!({
        "format_version": JSON_VERSION,
        "works": all.iter().map(work).collect::<Vec<_>>(),
        "break_evens": break_evens.iter().map(|even| json!({
            "cell": even.cell,
            "from": even.from,
            "sizes": even.sizes,
        })).collect::<Vec<_>>(),
        "disturbances": disturbances,
    })
}

fn work(one: &Recommendation) -> Value {
    json!({
        "workload": one.work.workload,
        "tasks": one.work.tasks,
        "set": {
            "cell": one.cell,
            "outer": one.cell.outer,
            "inner": one.cell.inner,
            "runtime": one.cell.runtime,
        },
        "tie_set": one.tie_set,
        "losses": one.losses.iter().map(loss).collect::<Vec<_>>(),
    })
}

fn loss(loss: &Loss) -> Value {
    let ends = loss.ratio.and_then(|ratio| ratio.spread).map(Spread::ends);
    json!({
        "usual": loss.usual,
        "cell": loss.cell,
        "times_as_long": loss.factor.value(),
        "bound": match loss.factor {
            Factor::Exactly(_) => "exact",
            Factor::AtLeast(_) => "at-least",
        },
        "low": ends.map(|ends| ends.low),
        "high": ends.map(|ends| ends.high),
        "told": loss.told,
    })
}

fn one(text: &mut String, one: &Recommendation, names: &CellNames) -> std::fmt::Result {
    writeln!(
        text,
        "{}, {}:",
        one.work.workload,
        counted(one.work.tasks.get(), "task")
    )?;
    writeln!(
        text,
        "  set        {} (fewest threads of those that tie and are within {} % by median)",
        names.name(&one.cell),
        MARGIN * 100.0
    )?;
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
    for loss in &one.losses {
        writeln!(text, "  loses      {}", loss_words(loss, names))?;
    }
    Ok(())
}

/// `2 x 2 (defaults, P x P): 1.23 times as long [1.10, 1.40]`.
fn loss_words(loss: &Loss, names: &CellNames) -> String {
    let factor = match loss.factor {
        Factor::Exactly(factor) => short(factor),
        Factor::AtLeast(factor) => format!("at least {}", short(factor)),
    };
    let ends = loss
        .ratio
        .and_then(|ratio| ratio.spread)
        .map(|spread| spread.ends());
    let ends = ends.map_or_else(String::new, |ends| {
        format!(" [{}, {}]", short(ends.low), short(ends.high))
    });
    let told = if loss.told { "" } else { ", not told apart" };
    let name = names.name(&loss.cell);
    let usual = loss.usual.join("; ");
    format!("{name} ({usual}): {factor} times as long{ends}{told}")
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

//! How is a number said that speaks for a cause?

use std::time::Duration;

use crate::analysis::Evidence;
use crate::units::{human_span, three_digits};

/// A number that speaks for a cause, with that of the best cell.
pub fn of_evidence(evidence: &Evidence) -> String {
    let Evidence {
        quantity,
        unit,
        here,
        reference,
    } = evidence;
    let against = reference.map_or_else(String::new, |number| {
        let of = match quantity.contains("against") {
            true => "",
            false => "best cell ",
        };
        format!(" ({of}{})", with_unit(number, unit))
    });
    format!("  {:>14}  {quantity}{against}", with_unit(*here, unit))
}

fn with_unit(number: f64, unit: &str) -> String {
    match unit {
        "s" => human_span(Duration::from_secs_f64(number.max(0.0))),
        "1" => three_digits(number),
        "of 1" => percent(number),
        _ => format!("{} {unit}", three_digits(number)),
    }
}

/// A share as `12 %`.
pub fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

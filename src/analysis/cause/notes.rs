//! What must a reader know before the cause of a cell?

use std::time::Duration;

use super::rules::{Case, OTHERS};
use crate::units::{human_span, three_digits};

/// A sentence for each such thing, others on the machine first.
pub(super) fn notes(case: &Case<'_>) -> Vec<String> {
    let notes = [others(case), threads(case), came_back(case)];
    notes.into_iter().flatten().collect()
}

fn others(case: &Case<'_>) -> Option<String> {
    let budget = case.setting.budget;
    let lost = case.lost_to_others(case.here);
    (lost >= OTHERS * budget).then(|| {
        format!(
            "others held {} of {} CPUs while this cell was measured; measure it again when the machine \
             is quiet",
            three_digits(lost),
            budget
        )
    })
}

/// `asked for 2 threads, got 1 (OMP_THREAD_LIMIT=1 in the environment)`.
fn threads(case: &Case<'_>) -> Option<String> {
    let got = case.here.realised?;
    let limits = case.setting.origin.limiting();
    let limits: Vec<String> = limits
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let because = match &limits[..] {
        [] => String::new(),
        some => format!(" ({} in the environment)", some.join(", ")),
    };
    let asked = case.here.cell.demand();
    let threads = if asked == 1 { "thread" } else { "threads" };
    let got = match got.fract() == 0.0 {
        true => got.to_string(),
        false => three_digits(got),
    };
    Some(format!("asked for {asked} {threads}, got {got}{because}"))
}

fn came_back(case: &Case<'_>) -> Option<String> {
    let waited = human_span(Duration::from_secs_f64(case.here.hung?));
    Some(format!("no execution came back within {waited}"))
}

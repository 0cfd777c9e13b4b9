//! What disturbed a run, in words?

use std::fmt::Write;

use crate::analysis::{Changed, Disturbance, Disturbances, Disturbed};
use crate::record::Change;
use crate::units::{counted, three_digits};

/// One line for each kind that was found and for each change, each begun with `whose`.
pub fn found(all: &Disturbances, whose: &str) -> String {
    let found = all
        .found
        .iter()
        .map(|one| format!("disturbed by {}", line(one)));
    let lines = found.chain(all.changes.iter().map(change));
    lines.map(|line| format!("{whose}{line}\n")).collect()
}

/// One line for each kind that was found, and one with those that the records cannot tell; empty
/// where there is nothing to say.
pub fn words(all: &Disturbances) -> String {
    let mut text = found(all, "");
    if !all.unknown.is_empty() {
        let unknown: Vec<&str> = all.unknown.iter().copied().map(name).collect();
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "cannot be told from these records: {}",
            unknown.join(", ")
        );
    }
    text
}

/// `measured under two kinds of budget.cpus: 2 before round 4 (12 samples), 1 from it on (9); ...`.
pub fn change(one: &Changed) -> String {
    let Change {
        field,
        round,
        from,
        to,
        ..
    } = &one.change;
    format!(
        "measured under two kinds of {field}: {from} before round {round} ({}), {to} from it on ({}); \
         medians over all rounds mix both, so measure again with --out another folder",
        counted(one.before as u64, "sample"),
        counted(one.after as u64, "sample")
    )
}

/// `steal: up to 0.40 CPUs (from 5 % of P on a round) in 4 cells, rounds 3, 5; choose ...`.
fn line(one: &Disturbed) -> String {
    let (cells, rounds) = (one.cells().len(), one.rounds());
    let rounds: Vec<String> = rounds.iter().map(u32::to_string).collect();
    let rounds = match &rounds[..] {
        [] => String::new(),
        [round] => format!(", round {round}"),
        some if some.len() <= 5 => format!(", rounds {}", some.join(", ")),
        many => format!(", {} rounds", many.len()),
    };
    format!(
        "{}: {} in {}{rounds}; {}",
        name(one.by),
        evidence(one),
        counted(cells as u64, "cell"),
        remedy(one.by)
    )
}

fn name(by: Disturbance) -> &'static str {
    match by {
        Disturbance::Interruption => "interruption",
        Disturbance::Outliers => "outliers",
        Disturbance::Drift => "drift",
        Disturbance::TwoModes => "two modes",
        Disturbance::Steal => "steal",
        Disturbance::Throttling => "throttling",
        Disturbance::ForeignLoad => "foreign load",
        Disturbance::Frequency => "frequency change",
        Disturbance::Stacking => "stacking",
    }
}

/// What was seen, beside the threshold.
fn evidence(one: &Disturbed) -> String {
    let (worst, samples) = (three_digits(one.worst), one.samples);
    match one.by {
        Disturbance::Interruption => format!(
            "a process stood still in {}, so without a time",
            counted(samples as u64, "sample")
        ),
        Disturbance::Outliers => format!(
            "{samples} samples up to {worst} times off (from 3 interquartile ranges and 1.2 times on)"
        ),
        Disturbance::Drift => {
            format!("{worst} times over the run (from 1.05 on, with a trend at 1 %)")
        }
        Disturbance::TwoModes => {
            format!("slow rounds take {worst} times as long (from 1.1 on, across a gap)")
        }
        Disturbance::Steal => format!("up to {worst} CPUs (from 5 % of P on)"),
        Disturbance::Throttling => format!("up to {worst} periods a visit (from 1 on)"),
        Disturbance::ForeignLoad => format!("up to {worst} CPUs (from 10 % of P on)"),
        Disturbance::Frequency => format!("up to {worst} times (from 1.05 on)"),
        Disturbance::Stacking => format!(
            "up to {worst} times fewer PUs than the threads could use (from 2 on, in every sample of a cell)"
        ),
    }
}

/// What one can do about it.
fn remedy(by: Disturbance) -> &'static str {
    match by {
        Disturbance::Interruption => "run the same command again to measure them",
        Disturbance::Outliers => "all are kept, medians bear them",
        Disturbance::Drift => "ratios are taken within rounds; compare no times across them",
        Disturbance::TwoModes => "raise --rounds, or fix --placement",
        Disturbance::Steal => "repeat when the host is quieter, or elsewhere",
        Disturbance::Throttling => "ask for fewer threads, or raise the quota",
        Disturbance::ForeignLoad => "end other programs, or repeat with more --rounds",
        Disturbance::Frequency => "fix the governor, or read ratios only",
        Disturbance::Stacking => {
            "choose another --placement; `oversub trace` shows each thread's PU"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_the_threshold_where_and_what_to_do() {
        let cell = "matmul.f64.100_2x1_rayon_independent_unbound_static_t8";
        let stolen = Disturbed {
            by: Disturbance::Steal,
            worst: 0.4,
            places: [(cell.parse().unwrap(), 3)].into(),
            samples: 2,
        };
        let all = Disturbances {
            found: vec![stolen],
            unknown: vec![Disturbance::Throttling, Disturbance::Frequency],
            changes: vec![Changed {
                change: Change {
                    round: 4,
                    at: String::new(),
                    field: "budget.cpus".to_owned(),
                    from: "2".to_owned(),
                    to: "1".to_owned(),
                },
                before: 12,
                after: 1,
            }],
        };
        assert_eq!(
            words(&all),
            "disturbed by steal: up to 0.40 CPUs (from 5 % of P on) in 1 cell, round 3; repeat when \
             the host is quieter, or elsewhere\n\
             measured under two kinds of budget.cpus: 2 before round 4 (12 samples), 1 from it on (1 \
             sample); medians over all rounds mix both, so measure again with --out another folder\n\
             cannot be told from these records: throttling, frequency change\n"
        );
        assert_eq!(words(&Disturbances::default()), "");
    }
}

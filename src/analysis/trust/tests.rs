//! Is a run judged by what speaks against it, on records that one can work out by hand?

use std::time::Duration;

use super::*;
use crate::experiment::Visit;
use crate::record::{Answer, Interference};

/// `rounds` rounds of two cells on 2 CPUs, 1 s each; others keep `busy` CPUs busy beside them.
fn records(rounds: u32, busy: impl Fn(u32) -> f64) -> Vec<Record> {
    let record = |round: u32, text: &str, millis: u64| {
        let wall = Duration::from_millis(millis);
        let sample = Sample {
            wall,
            cpu: Some(wall),
            tasks_done: Some(4),
            interference: Interference {
                host_busy: Some(wall.mul_f64(1.0 + busy(round))),
                ..Interference::default()
            },
            ..Sample::default()
        };
        Record {
            runner: "scripted".into(),
            visit: Visit {
                round,
                cell: text.parse().unwrap(),
            },
            rep: 1,
            unix_ms: 0,
            answer: Answer::Ok(sample),
        }
    };
    let cells = ["1x1", "2x1"]
        .map(|threads| format!("matmul.f64.8_{threads}_rayon_independent_unbound_static_t4"));
    let round = |round| {
        [
            record(round, &cells[0], 2000),
            record(round, &cells[1], 1000),
        ]
    };
    (1..=rounds).flat_map(round).collect()
}

fn trust(records: &[Record], missing: usize, simulated: bool) -> Trust {
    Trust::of(&Trial {
        analysis: &Analysis::of(records, 2.0),
        completeness: Completeness {
            samples: records.len(),
            missing,
        },
        others: share_of_others(records, 2.0, 2.0),
        changes: &[],
        simulated,
    })
}

#[test]
fn a_complete_quiet_run_of_six_rounds_is_reliable() {
    let quiet = trust(&records(6, |_| 0.0), 0, false);
    assert_eq!(
        quiet.headline(),
        "reliable: complete, 6 rounds, no sign that others took CPUs"
    );
    assert!(!quiet.others_decide);
}

/// Three of seven rounds: 6 samples are there and 8 are missing.
#[test]
fn an_interrupted_run_is_weak_and_says_why() {
    let part = trust(&records(3, |_| 0.0), 8, false);
    assert_eq!(
        part.headline(),
        "weak: the run is not complete, 6 of 14 samples; 3 rounds, and a 95 % interval needs 6"
    );
    assert_eq!(
        trust(&records(6, |_| 0.0), 0, true).level,
        Reliability::Weak
    );
    assert_eq!(
        trust(&records(1, |_| 0.0), 0, false).level,
        Reliability::Unreliable
    );
}

/// Others keep 0.3 of 2 CPUs busy: 15 % of P, less 2 ticks x root 2 of 10 ms in 3 s, 0.5 %. With 1 CPU
/// they hold half. In one of seven rounds they do not count: the middle round is quiet.
#[test]
fn others_on_the_machine_make_a_run_weak_and_much_of_them_forbids_a_setting() {
    let some = trust(&records(7, |_| 0.3), 0, false);
    assert_eq!(
        some.headline(),
        "weak: others held 15 % of P during the run"
    );
    let many = trust(&records(7, |_| 1.0), 0, false);
    assert!(many.others_decide);
    assert!(
        many.headline()
            .starts_with("unreliable: others held 50 % of P"),
        "{}",
        many.headline()
    );
    let once = trust(
        &records(7, |round| f64::from(u8::from(round == 3))),
        0,
        false,
    );
    assert_eq!(once.level, Reliability::Reliable);
}

/// Half of the rounds had one CPU less.
#[test]
fn a_run_that_changed_under_way_is_unreliable() {
    let records = records(6, |_| 0.0);
    let change = crate::record::Change {
        round: 4,
        at: String::new(),
        field: "budget.cpus".to_owned(),
        from: "2".to_owned(),
        to: "1".to_owned(),
    };
    let changed = Changed {
        change,
        before: 6,
        after: 6,
    };
    let trust = Trust::of(&Trial {
        analysis: &Analysis::of(&records, 2.0),
        completeness: Completeness {
            samples: 12,
            missing: 0,
        },
        others: None,
        changes: &[changed],
        simulated: false,
    });
    assert_eq!(
        trust.headline(),
        "unreliable: budget.cpus changed from 2 to 1 before round 4"
    );
}

/// One of eight CPUs of the host is busy beside a run that may use two: it had both all the time.
#[test]
fn cpus_that_a_run_cannot_use_may_be_busy() {
    assert_eq!(share_of_others(&records(7, |_| 1.0), 2.0, 8.0), Some(0.0));
    assert_eq!(share_of_others(&[], 2.0, 2.0), None);
}

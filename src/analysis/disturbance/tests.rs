//! Does each rule fire where it should, and only there?

use std::time::Duration;

use super::*;
use crate::experiment::Visit;
use crate::record::{Hardware, Interference};

fn cell(outer: u32) -> Cell {
    let text = format!("matmul.f64.100_{outer}x1_rayon_independent_unbound_static_t8");
    text.parse().unwrap()
}

/// 1 s, of which the process had 1 CPU.
fn second() -> Sample {
    Sample {
        wall: Duration::from_secs(1),
        cpu: Some(Duration::from_secs(1)),
        system: Some(Duration::ZERO),
        ..Sample::default()
    }
}

/// Two cells, eight rounds, two repetitions; `sample` says what each gives.
fn run(sample: impl Fn(u32, u32, u32) -> Sample) -> Vec<Record> {
    let mut records = Vec::new();
    for (outer, round, rep) in
        (1..=2).flat_map(|o| (1..=8).flat_map(move |r| [1, 2].map(|rep| (o, r, rep))))
    {
        records.push(Record {
            runner: "scripted".into(),
            visit: Visit {
                round,
                cell: cell(outer),
            },
            rep,
            unix_ms: 0,
            answer: Answer::Ok(sample(outer, round, rep)),
        });
    }
    records
}

/// A time that differs a little from round to round, without trend or groups.
fn quiet(round: u32) -> Sample {
    let parts = [3, 0, 7, 5, 1, 6, 2, 4][round as usize - 1];
    Sample {
        wall: Duration::from_millis(1000 + parts),
        ..second()
    }
}

fn found(records: &[Record]) -> Vec<(Disturbance, usize, Vec<u32>)> {
    let found = Disturbances::of(records, 2.0).found.into_iter();
    found
        .map(|d| (d.by, d.cells().len(), d.rounds().into_iter().collect()))
        .collect()
}

#[test]
fn a_quiet_run_has_none_and_says_what_it_cannot_know() {
    let all = Disturbances::of(&run(|_, round, _| quiet(round)), 2.0);
    assert_eq!(all.found, []);
    let blind = [
        Disturbance::Steal,
        Disturbance::Throttling,
        Disturbance::ForeignLoad,
        Disturbance::Frequency,
        Disturbance::Stacking,
    ];
    assert_eq!(all.unknown, blind);
    let few: Vec<Record> = run(|_, round, _| quiet(round))
        .into_iter()
        .filter(|record| record.visit.round <= 5)
        .collect();
    let unknown = Disturbances::of(&few, 2.0).unknown;
    for by in [
        Disturbance::Outliers,
        Disturbance::Drift,
        Disturbance::TwoModes,
    ] {
        assert!(unknown.contains(&by), "{by:?}");
    }
}

#[test]
fn one_sample_three_times_as_long_is_an_outlier_and_stays_in_its_cell() {
    let records = run(|outer, round, rep| match (outer, round, rep) {
        (2, 4, 1) => Sample {
            wall: Duration::from_secs(3),
            ..second()
        },
        _ => quiet(round),
    });
    let all = Disturbances::of(&records, 2.0);
    assert_eq!(found(&records), [(Disturbance::Outliers, 1, vec![4])]);
    assert_eq!(all.found[0].samples, 1);
    assert!((2.9..3.01).contains(&all.found[0].worst), "{all:?}");
    let cells = crate::analysis::Analysis::of(&records, 2.0).cells;
    assert!(cells.iter().all(|summary| summary.samples == 16));
}

/// 1 % a round over eight rounds is 7 %; half of that is under the threshold of 5 %.
#[test]
fn a_rise_from_round_to_round_is_a_drift_from_five_percent_on() {
    let rising = |permille: u64| {
        run(|_, round, _| Sample {
            wall: Duration::from_millis(1000 + permille * u64::from(round)),
            ..second()
        })
    };
    let all: Vec<u32> = (1..=8).collect();
    assert_eq!(found(&rising(10)), [(Disturbance::Drift, 2, all)]);
    assert_eq!(found(&rising(5)), []);
}

/// Rounds 2, 5 and 7 of one cell take 1.3 times as long; at 1.05 times it is not worth a word.
#[test]
fn rounds_in_two_groups_are_two_modes_and_the_slow_ones_are_named() {
    let parted = |slow: u64| {
        run(|outer, round, _| match (outer, round) {
            (1, 2 | 5 | 7) => Sample {
                wall: Duration::from_millis(slow + u64::from(round)),
                ..second()
            },
            _ => quiet(round),
        })
    };
    assert_eq!(
        found(&parted(1300)),
        [(Disturbance::TwoModes, 1, vec![2, 5, 7])]
    );
    assert_eq!(found(&parted(1050)), []);
}

/// Four samples of 1 s in a round: ticks may feign 2 x 10 ms x root of 4 = 40 ms in 4 s.
#[test]
fn what_others_take_is_counted_by_round_less_what_ticks_feign() {
    let around = |steal: u64, busy: u64| {
        run(|_, round, _| Sample {
            interference: Interference {
                steal: Some(Duration::from_millis(if round == 3 { steal } else { 0 })),
                host_busy: Some(Duration::from_millis(if round == 6 { busy } else { 1000 })),
                ..Interference::default()
            },
            ..quiet(round)
        })
    };
    // 5 % of 2 CPUs: 100 ms a second and 10 ms of ticks; 10 %: 200 ms and 10 ms, beside 1 s of ours.
    assert_eq!(found(&around(108, 1208)), []);
    assert_eq!(
        found(&around(112, 1212)),
        [
            (Disturbance::Steal, 2, vec![3]),
            (Disturbance::ForeignLoad, 2, vec![6])
        ]
    );
}

#[test]
fn one_period_cut_off_is_throttling() {
    let cut = |periods: u64| {
        run(|outer, round, _| Sample {
            interference: Interference {
                throttled_periods: Some(if (outer, round) == (2, 1) { periods } else { 0 }),
                ..Interference::default()
            },
            ..quiet(round)
        })
    };
    assert_eq!(found(&cut(0)), []);
    assert_eq!(found(&cut(1)), [(Disturbance::Throttling, 1, vec![1])]);
    assert!(
        !Disturbances::of(&cut(0), 2.0)
            .unknown
            .contains(&Disturbance::Throttling)
    );
}

/// 3e9 cycles in a second of user time are 3 GHz; in round 5 they are 10 % fewer.
#[test]
fn a_round_with_another_clock_is_named_where_cycles_are_counted() {
    let at = |slow: u64| {
        run(|_, round, _| Sample {
            hardware: Hardware {
                cycles: Some(if round == 5 { slow } else { 3_000_000_000 }),
                ..Hardware::default()
            },
            ..quiet(round)
        })
    };
    assert_eq!(
        found(&at(2_700_000_000)),
        [(Disturbance::Frequency, 2, vec![5])]
    );
    assert_eq!(found(&at(2_900_000_000)), []);
}

/// Two workers could use two PUs; the cell with one worker cannot be stacked. One sample in which both
/// PUs were seen is enough.
#[test]
fn threads_that_are_never_seen_apart_are_stacked() {
    let on = |last: u32| {
        run(|_, round, rep| Sample {
            pus_used: Some(if (round, rep) == (8, 2) { last } else { 1 }),
            ..quiet(round)
        })
    };
    let all: Vec<u32> = (1..=8).collect();
    assert_eq!(found(&on(1)), [(Disturbance::Stacking, 1, all)]);
    assert_eq!(found(&on(2)), []);
}

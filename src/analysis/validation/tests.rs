//! Scores of cases that are small enough to be worked out by hand.

use super::*;

fn case(threads: &str, measured: f64, predicted: f64) -> Case {
    let name = format!("matmul.f64.64_{threads}_fork-join.active_independent_unbound_static_t8");
    Case {
        cell: name.parse().unwrap(),
        measured,
        halves: None,
        predicted,
        interval: Some(Interval {
            low: predicted / 1.5,
            high: predicted * 1.5,
        }),
        baselines: [2.0 * measured, measured],
    }
}

fn prediction(cases: &[Case]) -> Agreement {
    Scores::of(cases).unwrap().prediction
}

/// Ratios 1, 2, 1/2, 1.1 and 4: their absolute logarithms in order are 0, ln 1.1, ln 2, ln 2, ln 4.
/// The median is a factor 2, the 90th percentile 0.6 of the way from ln 2 to ln 4: 2^1.6 = 3.03.
/// Ratios 1 and 1.1 leave the measured time within 1.5 times the prediction, the others do not.
#[test]
fn errors_are_of_ratios_and_twice_is_as_wrong_as_half() {
    let ratios = [1.0, 2.0, 0.5, 1.1, 4.0];
    let cases: Vec<Case> = ["1x1", "1x2", "2x1", "2x2", "4x1"]
        .into_iter()
        .zip(ratios)
        .map(|(threads, ratio)| case(threads, 3.0, 3.0 * ratio))
        .collect();
    let scores = Scores::of(&cases).unwrap();
    assert_eq!((scores.cells, scores.within_two), (5, 0.8));
    assert!((scores.prediction.error - 1.0).abs() < 1e-12);
    assert!((scores.prediction.p90 - (2_f64.powf(1.6) - 1.0)).abs() < 1e-12);
    assert_eq!(scores.coverage, Some(0.4));
    // The fluid baseline is always wrong by 2, as the median is: no skill. The other never errs.
    assert!(scores.skill[0].unwrap().abs() < 1e-12);
    assert_eq!(scores.skill[1], None);
}

/// Measured 1 < 2 < 3 < 4, predicted 1 < 2 < 4 < 3: five of six pairs agree, one does not: 4 / 6.
#[test]
fn tau_counts_pairs_in_the_same_order() {
    let cells = ["1x1", "1x2", "2x1", "2x2"];
    let times = [(1.0, 1.0), (2.0, 2.0), (3.0, 4.0), (4.0, 3.0)];
    let cases: Vec<Case> = cells
        .into_iter()
        .zip(times)
        .map(|(threads, (measured, predicted))| case(threads, measured, predicted))
        .collect();
    assert!((prediction(&cases).tau.unwrap() - 4.0 / 6.0).abs() < 1e-12);
    assert_eq!(prediction(&cases[..1]).tau, None);
}

/// The prediction takes 1x2, which was measured at 1.2 times the best.
#[test]
fn regret_is_what_following_the_prediction_costs() {
    let cases = [
        case("1x1", 5.0, 5.0),
        case("1x2", 1.2, 0.9),
        case("2x1", 1.0, 1.1),
    ];
    assert!((prediction(&cases).regret - 0.2).abs() < 1e-12);
}

#[test]
fn regimes_follow_from_demand_and_from_what_waiters_do() {
    let regime = |threads: &str, runtime: &str| {
        let name = format!("matmul.f64.64_{threads}_{runtime}_independent_unbound_static_t8");
        Regime::of(&name.parse().unwrap(), 2.0)
    };
    assert_eq!(regime("1x2", "fork-join.active"), Regime::Fits);
    assert_eq!(regime("2x2", "fork-join.active"), Regime::Spinning);
    assert_eq!(regime("4x1", "fork-join.active"), Regime::Blocking);
    assert_eq!(regime("2x2", "fork-join.yield"), Regime::Yielding);
    assert_eq!(
        regime("2x2", "fork-join.spin-then-park.9"),
        Regime::Blocking
    );
}

#[test]
fn splits_are_fixed_and_those_that_part_nothing_are_left_out() {
    let cases = [
        case("1x1", 1.0, 1.0),
        case("2x2", 1.0, 2.0),
        case("4x1", 1.0, 1.0),
    ];
    let parts: Vec<(String, String)> = score(&cases, 2.0)
        .into_iter()
        .map(|part| (part.split, part.part))
        .collect();
    let expected = [
        ("all", "all"),
        ("regime", "not oversubscribed"),
        ("regime", "blocking"),
        ("regime", "spinning"),
        ("outer", "1"),
        ("outer", "2"),
        ("outer", "4"),
    ];
    let expected = expected.map(|(split, part)| (split.to_owned(), part.to_owned()));
    assert_eq!(parts, expected);
}

/// The odd rounds say 1, 2, 3, the even ones 1.5, 1, 6: ratios 1.5, 2 and 2; two of three pairs
/// stand in the same order: tau 1 / 3. The best of the odd rounds costs 1.5 times the best of the
/// even ones, and the best of those 2 times the best of the odd ones: 0.75 too much on average.
#[test]
fn halves_of_the_rounds_say_how_close_a_prediction_could_come() {
    let halves = [
        ("1x1", [1.0, 1.5]),
        ("1x2", [2.0, 1.0]),
        ("2x1", [3.0, 6.0]),
    ];
    let mut cases: Vec<Case> = halves
        .into_iter()
        .map(|(threads, halves)| Case {
            halves: Some(halves),
            ..case(threads, 1.0, 1.0)
        })
        .collect();
    let itself = Scores::of(&cases).unwrap().itself.unwrap();
    assert!((itself.error - 1.0).abs() < 1e-12);
    assert!((itself.tau.unwrap() - 1.0 / 3.0).abs() < 1e-12);
    assert!((itself.regret - 0.75).abs() < 1e-12);
    cases.iter_mut().for_each(|case| case.halves = None);
    assert_eq!(Scores::of(&cases).unwrap().itself, None);
}

/// A case without an interval can neither be covered nor not.
#[test]
fn without_intervals_nothing_is_said_of_coverage() {
    let mut unsure = case("1x1", 1.0, 1.0);
    unsure.interval = None;
    let scores = Scores::of(&[unsure, case("1x2", 1.0, 1.0)]).unwrap();
    assert_eq!(scores.coverage, None);
}

//! What do samples say that were stopped at the time limit?

use super::*;

/// Three rounds of which one was stopped: the middle one was timed. Of which two were: it was not.
#[test]
fn a_cell_is_censored_when_its_median_is_a_bound() {
    let stopped: &[Answer] = &[censored(10, 3)];
    let one = summary(&[&[ok(1)], &[ok(2)], stopped]);
    assert_eq!((one.state, one.wall.median().unwrap()), (State::Ok, 2e-3));
    let two = summary(&[&[ok(1)], stopped, stopped]);
    assert_eq!(
        (two.state, two.wall.median().unwrap()),
        (State::Censored, 10e-3)
    );
    // Of two, the mean of both is the median, so one bound makes it a bound.
    let half = summary(&[&[ok(1)], stopped]);
    assert_eq!(half.state, State::Censored);
}

/// Of six rounds one was stopped: it ranks above all others, so that the median lies between the
/// third and the fourth, and nothing bounds the upper end of the interval.
#[test]
fn a_round_that_was_stopped_is_not_left_out_of_the_median() {
    let stopped: &[Answer] = &[censored(100, 3)];
    let timed = [[ok(1)], [ok(2)], [ok(3)], [ok(4)], [ok(5)]];
    let mut rounds: Vec<&[Answer]> = timed.iter().map(|round| &round[..]).collect();
    rounds.push(stopped);
    let summary = summary(&rounds);
    assert_eq!(summary.state, State::Ok);
    let wall = summary.wall.estimate().unwrap();
    assert!(close(wall.value, 3.5e-3), "{wall:?}");
    assert_eq!(wall.spread.unwrap().ends().high, f64::INFINITY);
    assert!(wall.is_wide());
}

/// The bound of a round whose second repetition was stopped lies below the time of another round; its
/// rank does not: 1, 8, 9 and two that are at least 5 have the median 9.
#[test]
fn a_bound_does_not_rank_by_its_number() {
    let cut: &[Answer] = &[ok(1), censored(9, 1)];
    let summary = summary(&[&[ok(1)], cut, &[ok(8)], cut, &[ok(9)]]);
    let median = summary.wall.median().unwrap();
    assert!(
        summary.state == State::Ok && close(median, 9e-3),
        "{median}"
    );
}

/// The best cell has 10 ms, the other 11 ms. Stopped in two of nine rounds, the other one is slower
/// still; were it the best cell that was stopped, the data could not tell.
#[test]
fn a_stopped_round_counts_against_the_cell_that_was_stopped() {
    let rounds = |ms: u32, stopped: u32| -> Vec<Record> {
        let answers: Vec<[Answer; 1]> = (0..9)
            .map(|r| {
                [if r < stopped {
                    censored(1000, 1)
                } else {
                    ok(ms + r % 2)
                }]
            })
            .collect();
        let answers: Vec<&[Answer]> = answers.iter().map(|a| &a[..]).collect();
        records(cell(ms / 10, 1), &answers)
    };
    let slower = |of_other: u32, of_best: u32| {
        let all = [rounds(20, of_other), rounds(10, of_best)].concat();
        let cells = summarize(&all, &Objective::Wall);
        Paired::of(&cells[1], &cells[0]).is_slower(ERROR)
    };
    assert_eq!(slower(0, 0), Some(true));
    assert_eq!(slower(2, 0), Some(true));
    assert_eq!(slower(0, 3), Some(false));
}

#[test]
fn a_round_stopped_after_enough_timings_still_has_its_median() {
    let summary = summary(&[&[ok(2), ok(3), censored(10, 1)]]);
    assert_eq!(
        (summary.state, summary.wall.median().unwrap()),
        (State::Ok, 3e-3)
    );
}

/// A program that was stopped never said its metric. Of rounds with 10, 20 and none the median is 10,
/// as if the third had been the worst, and not 15.
#[test]
fn a_round_that_never_said_its_metric_is_the_worst() {
    let metric = OutputMetric {
        name: "img/s".to_owned(),
        pattern: "x".to_owned(),
        better: Goal::Higher,
    };
    let said = |number| {
        Answer::Ok(Sample {
            wall: MS,
            metric: Some(number),
            ..Sample::default()
        })
    };
    let all = records(
        cell(1, 1),
        &[&[said(10.0)], &[said(20.0)], &[censored(9, 0)]],
    );
    let analysis = Analysis::judged(&all, 2.0, Objective::Metric(metric));
    assert!(close(number(&analysis, Metric::Own, cell(1, 1)).0, 10.0));
}

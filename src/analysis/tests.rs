//! Are the answers those that one works out by hand?

mod any_text;
mod stopped;

use std::time::Duration;

use super::*;
use crate::experiment::{Cell, Goal, OutputMetric, Visit};
use crate::record::{Answer, Record, Sample};

const MS: Duration = Duration::from_millis(1);

/// 8 tasks of 2 x 100^3 = 2e6 flop each: 16e6 flop.
fn cell(outer: u32, inner: u32) -> Cell {
    let text =
        format!("matmul.f64.100_{outer}x{inner}_fork-join.passive_independent_unbound_queue.1_t8");
    text.parse().unwrap()
}

fn of_size(n: u32, outer: u32) -> Cell {
    let text = format!("matmul.f64.{n}_{outer}x1_fork-join.passive_independent_unbound_queue.1_t8");
    text.parse().unwrap()
}

fn ok(ms: u32) -> Answer {
    Answer::Ok(Sample {
        wall: ms * MS,
        tasks_done: Some(8),
        ..Sample::default()
    })
}

fn censored(ms: u32, tasks_done: u32) -> Answer {
    Answer::Censored(Sample {
        wall: ms * MS,
        tasks_done: Some(tasks_done),
        ..Sample::default()
    })
}

fn failed() -> Answer {
    Answer::Failed("wrong".into())
}

/// The records of one cell; one list of answers a round.
fn records(cell: Cell, rounds: &[&[Answer]]) -> Vec<Record> {
    let round = |(i, answers): (usize, &&[Answer])| -> Vec<Record> {
        let records = answers.iter().enumerate().map(|(rep, answer)| Record {
            runner: "scripted".into(),
            visit: Visit {
                round: i as u32 + 1,
                cell,
            },
            rep: rep as u32 + 1,
            unix_ms: 0,
            answer: answer.clone(),
        });
        records.collect()
    };
    rounds.iter().enumerate().flat_map(round).collect()
}

/// A cell with one sample a round.
fn times(cell: Cell, rounds: &[u32]) -> Vec<Record> {
    let answers: Vec<[Answer; 1]> = rounds.iter().map(|ms| [ok(*ms)]).collect();
    let answers: Vec<&[Answer]> = answers.iter().map(|a| &a[..]).collect();
    records(cell, &answers)
}

fn summary(rounds: &[&[Answer]]) -> CellSummary {
    summarize(&records(cell(1, 1), rounds), &Objective::Wall).remove(0)
}

fn number(analysis: &Analysis, metric: Metric, cell: Cell) -> (f64, Bound) {
    let series = analysis.series(metric);
    let point = series.points.iter().find(|p| p.cell == cell).unwrap();
    match &point.reading {
        Reading::Number(estimate, bound) => (estimate.value, *bound),
        other => panic!("{metric} of {cell} is {other:?}"),
    }
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * b.abs()
}

/// Rounds (1, 9, 2), (4), (6, 8): medians 2, 4, 7; their median is 4. The mean of all is 5, their
/// median 5: neither is the answer.
#[test]
fn a_cell_is_the_median_over_rounds_of_the_median_over_repetitions() {
    let summary = summary(&[&[ok(1), ok(9), ok(2)], &[ok(4)], &[ok(6), ok(8)]]);
    let wall = summary.wall.estimate().unwrap();
    assert!(close(wall.value, 4e-3), "{wall:?}");
    let ends = wall.spread.unwrap().ends();
    assert!(close(ends.low, 2e-3) && close(ends.high, 7e-3));
    assert_eq!((summary.rounds.len(), summary.samples), (3, 6));
    assert_eq!(summary.state, State::Ok);
}

#[test]
fn a_failed_round_is_left_out_and_half_of_them_fail_the_cell() {
    let few = summary(&[&[ok(1)], &[ok(3)], &[ok(50), failed()]]);
    assert_eq!(few.state, State::Ok);
    assert_eq!((few.wall.median().unwrap(), few.failed_rounds), (2e-3, 1));
    let half = summary(&[&[ok(1)], &[failed()]]);
    assert_eq!(half.state, State::Failed("wrong".into()));
}

/// 16e6 flop in 4 ms: 4 GFLOP/s. T1 = 8 ms, D = 2, P = 2, T = 5 ms: E = 8 / (2 x 5) = 0.8; for
/// D = 8 and T = 16 ms E = 8 / (2 x 16) = 0.25, since only P threads can run. S = 16 / 4 = 4.
#[test]
fn metrics_follow_their_formulas() {
    let mut all = times(cell(1, 1), &[8, 8, 8]);
    all.extend(times(cell(2, 1), &[4, 4, 4]));
    all.extend(times(cell(1, 2), &[5, 5, 5]));
    all.extend(times(cell(4, 2), &[16, 16, 16]));
    let analysis = Analysis::of(&all, 2.0);
    let is = |metric, cell, expected: f64| {
        let (value, bound) = number(&analysis, metric, cell);
        assert!(
            close(value, expected) && bound == Bound::Exact,
            "{metric} of {cell}: {value}"
        );
    };
    is(Metric::Throughput, cell(2, 1), 4.0);
    is(Metric::Efficiency, cell(1, 2), 0.8);
    is(Metric::Efficiency, cell(4, 2), 0.25);
    is(Metric::Slowdown, cell(4, 2), 4.0);
    is(Metric::Slowdown, cell(2, 1), 1.0);
}

/// In 10 ms: 30 + 20 switches are 5000 a second; 4 threads waited 20 ms of 40 ms: 50 %; 15 ms of
/// CPU time are 1.5 CPUs, 75 % of P = 2. Memory is told in MB of 10^6 bytes.
#[test]
fn switches_waits_and_cpu_time_are_rates_and_shares() {
    let sample = Sample {
        wall: 10 * MS,
        cpu: Some(15 * MS),
        tasks_done: Some(8),
        voluntary_switches: Some(30),
        involuntary_switches: Some(20),
        run_queue_wait: Some(20 * MS),
        threads: Some(4),
        peak_rss: Some(7_500_000),
        ..Sample::default()
    };
    let analysis = Analysis::of(&records(cell(2, 2), &[&[Answer::Ok(sample)]]), 2.0);
    assert!(close(number(&analysis, Metric::Memory, cell(2, 2)).0, 7.5));
    assert!(close(
        number(&analysis, Metric::Switches, cell(2, 2)).0,
        5000.0
    ));
    assert!(close(number(&analysis, Metric::Wait, cell(2, 2)).0, 50.0));
    assert!(close(number(&analysis, Metric::Busy, cell(2, 2)).0, 75.0));
}

#[test]
fn what_was_not_recorded_is_missing_and_not_zero() {
    let analysis = Analysis::of(&times(cell(2, 1), &[4]), 2.0);
    for metric in [Metric::Wait, Metric::Switches, Metric::Efficiency] {
        let series = analysis.series(metric);
        assert_eq!(series.points[0].reading, Reading::Missing, "{metric}");
    }
}

/// Stopped after 40 ms where the best took 4: at least 10 times slower, and at most 16e6 flop in
/// 40 ms = 0.4 GFLOP/s.
#[test]
fn a_censored_cell_bounds_every_metric_on_the_right_side() {
    let mut all = times(cell(2, 1), &[4]);
    all.extend(records(cell(2, 2), &[&[censored(40, 1)]]));
    let analysis = Analysis::of(&all, 2.0);
    let (slowdown, side) = number(&analysis, Metric::Slowdown, cell(2, 2));
    assert!(close(slowdown, 10.0) && side == Bound::AtLeast);
    let (throughput, side) = number(&analysis, Metric::Throughput, cell(2, 2));
    assert!(close(throughput, 0.4) && side == Bound::AtMost);
}

#[test]
fn different_work_is_never_compared() {
    let mut all = times(of_size(100, 1), &[10, 10, 10]);
    all.extend(times(of_size(200, 1), &[80, 80, 80]));
    all.extend(times(of_size(200, 2), &[40, 40, 40]));
    let analysis = Analysis::of(&all, 2.0);
    assert_eq!(analysis.verdicts.len(), 2);
    assert_eq!(
        number(&analysis, Metric::Slowdown, of_size(100, 1)).0,
        1.0,
        "the only cell of its work is its best"
    );
    assert_eq!(number(&analysis, Metric::Slowdown, of_size(200, 1)).0, 2.0);
}

/// The machine doubles its time in every second round, for both cells alike: the samples of both
/// overlap widely, but cell b took 1.1 times as long as a in every single round.
#[test]
fn a_difference_that_holds_in_every_round_is_resolved_in_spite_of_drift() {
    let mut all = times(cell(2, 1), &[100, 200, 100, 200, 100, 200]);
    all.extend(times(cell(1, 2), &[110, 220, 110, 220, 110, 220]));
    let verdict = Analysis::of(&all, 2.0).verdicts.remove(0);
    assert_eq!(verdict.best, cell(2, 1));
    assert!(verdict.tied.is_empty(), "{:?}", verdict.tied);
    assert_eq!(verdict.rules, [Rule::Interval].into());
}

/// Ratios 1.1, 0.9, 1.2, 0.95, 1.05, 1.04: the median is above 1, but some rounds went either way.
#[test]
fn a_difference_with_changing_sign_is_a_tie() {
    let mut all = times(cell(2, 1), &[100, 100, 100, 100, 100, 100]);
    all.extend(times(cell(2, 2), &[110, 90, 120, 95, 105, 104]));
    let verdict = Analysis::of(&all, 2.0).verdicts.remove(0);
    assert_eq!(verdict.best, cell(2, 1));
    // The median is 1.045.
    assert_eq!(verdict.tied[&cell(2, 2)], Rule::Interval);
}

/// Of five rounds no 95 % interval exists, so that 1.1 times in every round is no proof: the
/// samples of 1 x 2 begin at 110 ms, below the best cell's longest. By its median it is 10 % slower, so it is
/// not tied either; a sixth round like the others would tell.
#[test]
fn of_less_than_six_rounds_overlapping_samples_are_not_told_apart() {
    let mut all = times(cell(2, 1), &[100, 100, 120, 100, 100]);
    all.extend(times(cell(1, 2), &[110, 110, 132, 110, 110]));
    all.extend(times(cell(2, 2), &[130, 140, 130, 140, 130]));
    let verdict = Analysis::of(&all, 2.0).verdicts.remove(0);
    assert!(verdict.tied.is_empty());
    assert_eq!(verdict.unresolved, [(cell(1, 2), Some(1))].into());
    assert_eq!(verdict.rules, [Rule::Range].into());
}

/// One bad round of the best, 500 ms, makes it overlap with everything. 1 x 1 asks for the fewest
/// threads of the tie set, but is 1.8 times slower by its median: 2 x 1, 2 % slower, is the choice.
#[test]
fn a_cell_that_ties_only_for_noise_is_not_recommended() {
    for rounds in [5, 6] {
        let steady = |ms: u32| vec![ms; rounds];
        let mut noisy = steady(100);
        noisy[0] = 500;
        let mut all = times(cell(2, 2), &noisy);
        all.extend(times(cell(2, 1), &steady(102)));
        all.extend(times(cell(1, 2), &steady(106)));
        all.extend(times(cell(1, 1), &steady(180)));
        let verdict = Analysis::of(&all, 2.0).verdicts.remove(0);
        assert_eq!(verdict.tied.keys().collect::<Vec<_>>(), [&cell(2, 1)]);
        assert_eq!(verdict.recommended, cell(2, 1), "{rounds} rounds");
        let unresolved: Vec<Cell> = verdict.unresolved.keys().copied().collect();
        assert_eq!(unresolved, [cell(1, 1), cell(1, 2)]);
        assert!(unresolved.iter().all(|cell| verdict.may_be_best(cell)));
        // 1.8 times as long, in all rounds but one: more rounds tell that.
        assert!(verdict.unresolved[&cell(1, 1)].is_some_and(|rounds| rounds > 0));
    }
}

/// 4 x 2 is fastest by a hair, 2 x 2 and 2 x 1 are tied with it: 2 x 1 asks for the fewest.
#[test]
fn the_recommended_cell_is_the_smallest_of_the_tie_set() {
    let mut all = times(cell(4, 2), &[100, 100, 100]);
    all.extend(times(cell(2, 2), &[99, 101, 102]));
    all.extend(times(cell(2, 1), &[98, 103, 102]));
    all.extend(times(cell(1, 1), &[200, 200, 200]));
    let verdict = Analysis::of(&all, 2.0).verdicts.remove(0);
    assert_eq!(verdict.best, cell(4, 2));
    assert_eq!(verdict.recommended, cell(2, 1));
    assert!(verdict.in_tie_set(&cell(2, 2)) && !verdict.in_tie_set(&cell(1, 1)));
}

#[test]
fn the_worst_cell_may_be_a_bound_and_usual_settings_are_found() {
    let mut all = times(cell(2, 1), &[10]);
    all.extend(times(cell(2, 2), &[30]));
    all.extend(records(cell(4, 4), &[&[censored(100, 0)]]));
    let verdict = Analysis::of(&all, 2.0).verdicts.remove(0);
    let worst = verdict.worst().unwrap();
    assert_eq!((worst.cell, worst.stopped), (cell(4, 4), 1));
    assert!(matches!(worst.slowdown, Factor::AtLeast(s) if close(s, 10.0)));
    let both = verdict.at(2, 2)[0];
    assert!(matches!(both.slowdown, Factor::Exactly(s) if close(s, 3.0)));
    assert!(verdict.at(3, 3).is_empty());
}

/// 4 x 4 was stopped at 100 ms and may have taken more than the 120 ms of 2 x 2.
#[test]
fn the_worst_is_only_known_as_a_bound_once_a_cell_was_stopped() {
    let mut all = times(cell(2, 1), &[10]);
    all.extend(times(cell(2, 2), &[120]));
    all.extend(records(cell(4, 4), &[&[censored(100, 0)]]));
    let worst = Analysis::of(&all, 2.0).verdicts.remove(0).worst().unwrap();
    assert_eq!((worst.cell, worst.stopped), (cell(2, 2), 1));
    assert!(matches!(worst.slowdown, Factor::AtLeast(s) if close(s, 12.0)));
}

/// Of half a CPU, 1 x 1 had as much as every other cell: E = T1 x 0.5 / (0.5 x T).
#[test]
fn below_one_cpu_the_serial_cell_has_efficiency_one() {
    let mut all = times(cell(1, 1), &[100]);
    all.extend(times(cell(2, 1), &[200]));
    let analysis = Analysis::of(&all, 0.5);
    assert_eq!(number(&analysis, Metric::Efficiency, cell(1, 1)).0, 1.0);
    assert_eq!(number(&analysis, Metric::Efficiency, cell(2, 1)).0, 0.5);
}

/// Five rounds have a range only; of nine the second and the second last are the interval, so that
/// one stray round does not make the number doubtful.
#[test]
fn a_number_is_doubtful_when_its_rounds_differ_by_more_than_half() {
    let of = |rounds: &[f64]| Estimate::of(rounds).unwrap();
    assert!(of(&[1.0, 1.0, 1.0, 1.0, 1.6]).is_wide());
    assert!(!of(&[1.0, 1.0, 1.0, 1.0, 1.4]).is_wide());
    assert!(!of(&[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 9.0]).is_wide());
    assert!(!of(&[1.0]).is_wide());
    assert_eq!(of(&[1.0]).spread, None);
}

#[test]
fn work_of_which_nothing_was_timed_has_no_verdict_but_keeps_its_points() {
    let mut all = records(cell(1, 1), &[&[failed()]]);
    all.extend(records(cell(2, 2), &[&[censored(9, 1)]]));
    let analysis = Analysis::of(&all, 2.0);
    assert!(analysis.verdicts.is_empty());
    let series = analysis.series(Metric::Slowdown);
    assert_eq!(series.points.len(), 2);
    assert_eq!(series.points[0].reading, Reading::Failed("wrong".into()));
}

/// The slower cell says 40 images a second, the faster one 10: by that metric it is four times
/// worse.
#[test]
fn a_metric_of_which_more_is_better_judges_instead_of_the_time() {
    let metric = OutputMetric {
        name: "img/s".to_owned(),
        pattern: "x".to_owned(),
        better: Goal::Higher,
    };
    let said = |wall: u32, number| {
        Answer::Ok(Sample {
            wall: wall * MS,
            metric: Some(number),
            ..Sample::default()
        })
    };
    let mut all = records(
        cell(1, 1),
        &[&[said(10, 10.0)], &[said(10, 10.1)], &[said(10, 9.9)]],
    );
    all.extend(records(
        cell(2, 1),
        &[&[said(20, 40.0)], &[said(20, 40.1)], &[said(20, 39.9)]],
    ));
    let by = |objective| Analysis::judged(&all, 2.0, objective).verdicts.remove(0);
    assert_eq!(by(Objective::Wall).best, cell(1, 1));
    let objective = Objective::Metric(metric);
    let verdict = by(objective.clone());
    assert_eq!(verdict.best, cell(2, 1));
    assert!(close(verdict.worst().unwrap().slowdown.value(), 4.0));
    let (name, number) = objective.metric(verdict.best_cost).unwrap();
    assert!(name == "img/s" && close(number, 40.0));
}

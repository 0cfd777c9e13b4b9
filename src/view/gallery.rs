//! Can every figure be read at its extremes? No text may overlap another or be cut.

use super::canvas::{BLACK, Canvas};
use super::caption::Caption;
use super::chart::{self, Chart, ChartAxis, Panel, Scale, Sign};
use super::facet::{Facets, Part};
use super::heatmap::heatmap;
use super::size::Size;
use crate::analysis::{Bound, Cause, Estimate, Mark, Metric, Point, Reading, Rule, Spread};
use crate::experiment::{Axis, Cell};
use crate::stats::Interval;
use crate::text::Named;

/// As long as names of runs and folders get.
pub(super) const LONG: &str = "a-name-of-sixty-characters-which-says-everything-about-a-run";

fn cell(outer: u32, inner: u32, wait: &str) -> Cell {
    let text =
        format!("matmul.f64.256_{outer}x{inner}_fork-join.{wait}_independent_unbound_queue.1_t64");
    text.parse().unwrap()
}

fn point(cell: Cell, value: f64, mark: Mark) -> Point {
    let spread = Some(Spread::Interval(Interval {
        low: value / 2.0,
        high: value * 2.0,
    }));
    Point {
        cell,
        reading: Reading::Number(Estimate { value, spread }, Bound::Exact),
        mark,
        rounds: 6,
        samples: 6,
        failed_rounds: 0,
        granted: None,
        recommended: false,
    }
}

/// Outer x inner cells of every kind: the best, the one to set, tied, open and slow ones, with numbers as long
/// as they get.
fn grid(outer: u32, inner: u32, wait: &str) -> Vec<Point> {
    let threads = (1..=outer).flat_map(|o| (1..=inner).map(move |i| (o, i)));
    let kinds = [
        Mark::Best,
        Mark::Tied(Rule::Interval),
        Mark::Tied(Rule::Range),
        Mark::Unresolved(Some(999)),
        Mark::None,
    ];
    threads
        .enumerate()
        .map(|(i, (o, inner))| Point {
            recommended: i == 1 || outer * inner == 1,
            ..point(
                cell(o, inner, wait),
                0.123 * 7.0_f64.powi(i as i32 % 9),
                kinds[i.min(4) % 5],
            )
        })
        .collect()
}

fn caption(method: &str) -> Caption {
    Caption {
        budget: 16.0,
        relation: "at most",
        command: Some(format!("python3 {LONG}.py --workers {{outer}}")),
        second: Some(LONG.to_owned()),
        method: vec![
            method.to_owned(),
            "median over 11 rounds of 2 repetitions".to_owned(),
        ],
    }
}

/// Everything that says something is said in full and beside everything else.
pub(super) fn assert_readable(what: &str, picture: &Canvas) {
    let clashes = picture.clashes();
    let some: Vec<&String> = clashes.iter().take(5).collect();
    assert!(
        clashes.is_empty(),
        "{what}: {} clashes: {some:?}",
        clashes.len()
    );
}

fn assert_drawn(what: &str, points: &[Point], metric: Metric, axes: (Axis, Axis), runs: &[&str]) {
    let cells: Vec<Cell> = points.iter().map(|point| point.cell).collect();
    let parts: Vec<Part<'_>> = runs
        .iter()
        .map(|name| Part {
            name,
            cells: &cells,
            points,
        })
        .collect();
    let facets = Facets::beside(&parts, axes);
    for size in Size::ALL {
        let picture = heatmap(&metric.into(), &facets, &caption(LONG), size);
        assert_readable(&format!("{what}, {size:?}"), &picture);
    }
}

const THREADS: (Axis, Axis) = (Axis::Inner, Axis::Outer);

#[test]
fn heatmaps_can_be_read_from_one_cell_to_four_thousand() {
    for (outer, inner) in [(1, 1), (2, 3), (1, 16), (16, 1), (64, 64)] {
        let what = format!("{outer} x {inner}");
        let points = grid(outer, inner, "active");
        assert_drawn(&what, &points, Metric::Slowdown, THREADS, &[""]);
    }
}

#[test]
fn heatmaps_can_be_read_with_many_panels_long_names_and_named_axes() {
    let waits = ["active", "spin-then-park.1000", "yield", "passive"];
    let all: Vec<Point> = waits.iter().flat_map(|wait| grid(2, 3, wait)).collect();
    assert_drawn("waits", &all, Metric::Throughput, THREADS, &[""]);
    let row: Vec<Point> = waits.iter().flat_map(|wait| grid(1, 3, wait)).collect();
    assert_drawn(
        "named rows",
        &row,
        Metric::Wait,
        (Axis::Inner, Axis::Wait),
        &[""],
    );
    assert_drawn(
        "named columns",
        &row,
        Metric::Wait,
        (Axis::Wait, Axis::Inner),
        &[""],
    );
    assert_drawn(
        "two runs",
        &grid(2, 3, "yield"),
        Metric::Slowdown,
        THREADS,
        &[LONG, "b"],
    );
    let runs = [LONG, "b", "c", "d", LONG, "f", "g"];
    assert_drawn(
        "runs of one cell",
        &grid(1, 1, "yield"),
        Metric::Slowdown,
        THREADS,
        &runs,
    );
}

#[test]
fn heatmaps_can_be_read_where_cells_failed_or_are_bounds_or_causes() {
    let with = |readings: &[Reading]| -> Vec<Point> {
        let grid = grid(2, 3, "active").into_iter();
        grid.zip(readings.iter().cycle())
            .map(|(point, reading)| Point {
                reading: reading.clone(),
                mark: Mark::None,
                granted: Some(3),
                ..point
            })
            .collect()
    };
    let failed = [Reading::Failed(LONG.to_owned())];
    assert_drawn("failed", &with(&failed), Metric::Slowdown, THREADS, &[""]);
    let bound = |bound| {
        Reading::Number(
            Estimate {
                value: 123.4,
                spread: None,
            },
            bound,
        )
    };
    let bounds = [
        bound(Bound::AtLeast),
        bound(Bound::AtMost),
        bound(Bound::UntilStopped),
        Reading::Stopped,
        Reading::Wrong(LONG.to_owned()),
        Reading::Missing,
    ];
    assert_drawn("bounds", &with(&bounds), Metric::Slowdown, THREADS, &[""]);
    let one = [bound(Bound::AtLeast)];
    assert_drawn(
        "one bound",
        &with(&one)[..1],
        Metric::Slowdown,
        THREADS,
        &[""],
    );
    let causes: Vec<Reading> = Cause::all().map(Reading::Cause).collect();
    for six in causes.chunks(6) {
        assert_drawn("causes", &with(six), Metric::Cause, THREADS, &[""]);
    }
}

/// A chart with these axes, a mark of every kind in each of `panels`, and a legend.
fn chart(x: Scale, y: Scale, panels: usize) -> Chart {
    let axis = |scale| ChartAxis {
        label: match scale {
            Scale::Names(_) => String::new(),
            _ => format!("{LONG}: wall time [ms]"),
        },
        scale,
    };
    let named = matches!(y, Scale::Names(_));
    let mut marks = vec![
        chart::Mark::Line(vec![(1.0, 1.0), (2.0, 2.0)], BLACK),
        chart::Mark::Circle((1.0, 1.0), BLACK),
        chart::Mark::Interval((1.0, 0.5, 2.0), BLACK),
        chart::Mark::Label((1.0, 1.5), "4 x 4, passive".to_owned()),
        chart::Mark::Label((64.0, 1.0), "64 x 64, passive".to_owned()),
    ];
    // Rows of names have none.
    marks.retain(|mark| !named || !matches!(mark, chart::Mark::Label(..)));
    Chart {
        title: format!("The finding of {LONG} and of {LONG}"),
        subject: vec![LONG.to_owned(), LONG.to_owned()],
        x: axis(x),
        y: axis(y),
        panels: vec![
            Panel {
                title: "wait: spin-then-park.1000".to_owned(),
                marks
            };
            panels
        ],
        legend: vec![(Sign::Square(BLACK), LONG.to_owned()); 5],
        provenance: vec![LONG.to_owned(); 3],
    }
}

#[test]
fn charts_can_be_read_with_one_row_and_with_many_of_long_names() {
    let names = |count| Scale::Names(vec![LONG.to_owned(); count]);
    let log = || Scale::Log(0.4, 900.0);
    let charts = [
        ("one row", chart(log(), names(1), 1)),
        ("32 rows", chart(Scale::Linear(0.0, 100.0), names(32), 1)),
        ("scatter", chart(log(), log(), 1)),
        ("speed-up", chart(Scale::Counts(1.0, 4500.0), log(), 1)),
        ("five panels", chart(Scale::Counts(1.0, 70.0), log(), 5)),
    ];
    for (what, chart) in charts {
        for size in Size::ALL {
            assert_readable(&format!("{what}, {size:?}"), &size.fit(chart.draw()));
        }
    }
}

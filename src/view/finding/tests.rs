//! Is the title as sure as the data are?

use super::*;
use crate::analysis::{Estimate, Rule};
use crate::view::facet::Part;

fn point(threads: (u32, u32), wait: &str, value: f64, mark: Mark) -> Point {
    let (outer, inner) = threads;
    let text =
        format!("matmul.f64.8_{outer}x{inner}_fork-join.{wait}_independent_unbound_queue.1_t8");
    Point {
        cell: text.parse().unwrap(),
        reading: Reading::Number(
            Estimate {
                value,
                spread: None,
            },
            Bound::Exact,
        ),
        mark,
        rounds: 6,
        samples: 6,
        failed_rounds: 0,
        granted: None,
        recommended: mark == Mark::Best,
    }
}

fn said(points: &[Point], metric: Metric) -> String {
    let cells: Vec<Cell> = points.iter().map(|point| point.cell).collect();
    let facets = Facets::of(&cells, points, (Axis::Inner, Axis::Outer));
    headline(
        &metric.into(),
        &facets,
        &Known {
            budget: Some(2.0),
            second: None,
        },
    )
}

const TIED: Mark = Mark::Tied(Rule::Interval);

#[test]
fn the_loss_is_that_of_cells_told_apart_and_the_blame_goes_to_what_others_do_without() {
    let mut points = vec![
        point((2, 1), "active", 1.0, Mark::Best),
        point((2, 2), "active", 15.2, Mark::None),
        point((2, 2), "passive", 1.3, Mark::None),
        // Nine hundred times as long, but who knows?
        point((1, 2), "passive", 900.0, Mark::Unresolved(Some(3))),
    ];
    // The passive cell that is not resolved forbids to blame active waits alone.
    assert_eq!(
        said(&points, Metric::Slowdown),
        "The wrong split costs up to 15x; best: 2 x 1"
    );
    points.pop();
    assert_eq!(
        said(&points, Metric::Slowdown),
        "Active waiting costs up to 15x beyond 2 threads; best: 2 x 1"
    );
    let Reading::Number(_, bound) = &mut points[1].reading else {
        unreachable!("a number")
    };
    *bound = Bound::AtLeast;
    assert_eq!(
        said(&points, Metric::Slowdown),
        "Active waiting costs 15x or more beyond 2 threads; best: 2 x 1"
    );
}

#[test]
fn where_nothing_is_told_apart_no_loss_is_claimed() {
    let best = point((2, 1), "passive", 1.0, Mark::Best);
    let tied = point((1, 2), "passive", 1.04, TIED);
    let open = point((2, 2), "passive", 3.99, Mark::Unresolved(Some(4)));
    let equal = [best.clone(), tied.clone()];
    assert_eq!(
        said(&equal, Metric::Slowdown),
        "All splits are as fast as 2 x 1"
    );
    assert_eq!(
        said(&[best.clone(), tied, open], Metric::Slowdown),
        "Too few rounds to tell which split is fastest"
    );
    let near = point((1, 2), "passive", 1.06, Mark::None);
    assert_eq!(
        said(&[best, near], Metric::Slowdown),
        "Splits differ by at most 6 %; best: 2 x 1"
    );
}

#[test]
fn other_metrics_compare_the_split_to_set_with_the_far_end() {
    let points = [
        point((2, 1), "passive", 12.0, Mark::Best),
        point((2, 2), "passive", 3.0, Mark::None),
    ];
    assert_eq!(
        said(&points, Metric::Throughput),
        "Throughput: 12.0 GFLOP/s at the best split (2 x 1), 3.00 GFLOP/s at 2 x 2"
    );
    let changed = [
        point((2, 1), "passive", 0.5, Mark::None),
        point((2, 2), "passive", 1.2, Mark::Same),
    ];
    assert_eq!(
        said(&changed, Metric::Ratio),
        "The second run is faster in 1 of 2 cells, up to 2.0x"
    );
}

#[test]
fn of_several_runs_each_has_its_loss() {
    let points = [
        point((2, 1), "passive", 1.0, Mark::Best),
        point((2, 2), "passive", 3.0, Mark::None),
    ];
    let cells: Vec<Cell> = points.iter().map(|point| point.cell).collect();
    let part = |name| Part {
        name,
        cells: &cells,
        points: &points,
    };
    let axes = (Axis::Inner, Axis::Outer);
    let three = [part("ours"), part("peer"), part("third")];
    assert_eq!(
        headline(
            &Metric::Slowdown.into(),
            &Facets::beside(&three, axes),
            &Known::default()
        ),
        "The wrong split costs up to 3.0x in ours, up to 3.0x in the others"
    );
    let facets = Facets::beside(&three[..2], axes);
    assert_eq!(
        headline(&Metric::Slowdown.into(), &facets, &Known::default()),
        "The wrong split costs up to 3.0x in ours, 3.0x in peer"
    );
}

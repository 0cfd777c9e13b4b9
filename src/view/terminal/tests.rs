//! Does the text say what the cells say?

use super::*;
use crate::analysis::{Estimate, Metric, Point, Spread};
use crate::experiment::Axis;
use crate::experiment::Cell;
use crate::stats::Interval;

fn cell(outer: u32, inner: u32) -> Cell {
    let text = format!("matmul.f64.8_{outer}x{inner}_rayon_independent_unbound_queue.1_t8");
    text.parse().unwrap()
}

fn point(cell: Cell, value: f64, bound: Bound, mark: Mark) -> Point {
    let spread = Some(Spread::Range(Interval {
        low: value,
        high: 1.6 * value,
    }));
    let estimate = Estimate {
        value,
        spread: spread.filter(|_| mark == Mark::Best),
    };
    Point {
        cell,
        reading: Reading::Number(estimate, bound),
        mark,
        rounds: 1,
        samples: 1,
        failed_rounds: 0,
        granted: None,
        recommended: false,
    }
}

/// 2 x 2 of which the lower row and one more were answered.
fn drawn(width: usize, ink: Ink) -> String {
    let cells = [cell(1, 1), cell(1, 2), cell(2, 1), cell(2, 2)];
    let points = [
        point(cell(1, 1), 2.0, Bound::Exact, Mark::Tied(Rule::Range)),
        point(cell(1, 2), 1.0, Bound::Exact, Mark::Best),
        Point {
            granted: Some(4),
            ..point(cell(2, 1), 25.0, Bound::AtLeast, Mark::None)
        },
    ];
    let axes = (Axis::Inner, Axis::Outer);
    let facets = Facets::of(&cells, &points, axes);
    heatmap(&Metric::Slowdown.into(), &facets, width, ink)
}

#[test]
fn numbers_stand_in_columns_with_their_marks_and_more_workers_higher() {
    let text = drawn(80, Ink::Plain);
    let lines: Vec<&str> = text.lines().collect();
    let at = lines.iter().position(|l| *l == "outer by inner").unwrap();
    assert_eq!(
        lines[at + 1..at + 4],
        [
            "2  !>25.0       .",
            "1    2.00=  ~1.00*",
            "        1       2"
        ]
    );
    for words in [
        "* best",
        "= statistically tied with it (ranges overlap; fewer than 6 rounds)",
        "~ rounds differ by more than 1.5 times",
        "> stopped",
        "! the library took another team width than inner",
        ". not measured yet",
    ] {
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn colour_changes_the_ground_and_not_the_text() {
    let colored = drawn(80, Ink::Color);
    assert!(colored.contains("\x1b[48;2;"));
    let mut bare = String::new();
    for (i, part) in colored.split("\x1b[").enumerate() {
        let text = if i == 0 {
            part
        } else {
            part.split_once('m').unwrap().1
        };
        bare.push_str(text);
    }
    let trimmed = |text: &str| -> Vec<String> {
        text.lines()
            .map(|line| line.trim_end().to_owned())
            .collect()
    };
    assert_eq!(trimmed(&bare), trimmed(&drawn(80, Ink::Plain)));
}

#[test]
fn a_narrow_screen_gets_the_columns_below_each_other() {
    let text = drawn(10, Ink::Plain);
    assert_eq!(text.matches("outer by inner").count(), 2, "{text}");
    assert!(text.contains("~1.00*") && text.contains(">25.0"), "{text}");
    let narrow = drawn(24, Ink::Plain);
    let widest = narrow.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(24), "{narrow}");
}

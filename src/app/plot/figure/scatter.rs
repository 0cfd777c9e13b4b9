//! Times of the cells that two runs have in common, each against the other.

use std::collections::{BTreeMap, BTreeSet};

use super::{Admitted, Row, axis, chart, circles, log_axis_range, nothing_to_draw, spot};
use crate::analysis::{Bound, Metric, Reading, Spread};
use crate::app::Error;
use crate::experiment::{Axis, Cell};
use crate::stats::Interval;
use crate::view::canvas::{BLACK, GREY};
use crate::view::cell_name::CellNames;
use crate::view::chart::{Chart, Mark, Panel, Scale, Sign, color};

/// Most cells that are named.
const MOST_NAMED: usize = 3;

/// The time of a cell [ms].
struct Time {
    value: f64,
    bound: Bound,
    /// What the rounds leave open.
    ends: Option<Interval>,
}

/// Times of the cells of `a` against those in `b`.
pub(super) fn scatter(a: &Admitted<'_>, b: &Admitted<'_>) -> Result<(Chart, Vec<Row>), Error> {
    let (first, second) = (times(a), times(b));
    let runtimes: BTreeSet<String> = first.keys().map(kind).collect();
    let shade = |name: &String| color(runtimes.iter().position(|r| r == name).unwrap_or(0));
    let (mut marks, mut rows) = (Vec::new(), Vec::new());
    for (cell, x) in &first {
        let Some(y) = second.get(cell) else {
            continue;
        };
        let color = shade(&kind(cell));
        let bound = match (x.bound, y.bound) {
            (Bound::Exact, bound) => bound,
            (bound, _) => bound,
        };
        let bars = [
            y.ends
                .map(|ends| Mark::Interval((x.value, ends.low, ends.high), color)),
            x.ends
                .map(|ends| Mark::Across((y.value, ends.low, ends.high), color)),
        ];
        marks.extend(bars.into_iter().flatten());
        marks.push(spot((x.value, y.value), bound, color));
        rows.push(Row {
            panel: cell.to_string(),
            series: kind(cell),
            x: x.value,
            y: y.value,
            low: y.ends.map(|ends| ends.low),
            high: y.ends.map(|ends| ends.high),
            bound: bound.name(),
        });
    }
    let all = rows.iter().flat_map(|row| [row.x, row.y]);
    let (low, high) = log_axis_range(all)
        .ok_or_else(|| nothing_to_draw("the runs have no timed cell in common"))?;
    marks.splice(0..0, guides(low, high));
    marks.extend(labels(&first, &second));
    let [of_a, of_b] = [a, b].map(|one| {
        // A whole path may be wider than the axis.
        let folder = one.run.folder.file_name().unwrap_or_default();
        folder.display().to_string()
    });
    let label = |name: &str| axis(&format!("{name}: wall time [ms]"), Scale::Log(low, high));
    let axes = (label(&of_a), label(&of_b));
    let panels = vec![Panel {
        title: String::new(),
        marks,
    }];
    let near = rows
        .iter()
        .filter(|row| (0.5..=2.0).contains(&(row.y / row.x)));
    let (near, count) = (near.count(), rows.len());
    let title = format!("{of_b} is within a factor of 2 of {of_a} in {near} of {count} cells");
    let mut chart = chart(&title, Vec::new(), axes, panels);
    chart.legend = runtimes
        .iter()
        .map(|name| (Sign::Square(shade(name)), name.clone()))
        .collect();
    let lines = [(BLACK, "equal"), (GREY, "a factor of 2")];
    let lines = lines.map(|(color, words)| (Sign::Dashes(color), words.to_owned()));
    chart.legend.extend(lines);
    chart.legend.extend(circles(&chart.panels));
    Ok((chart, rows))
}

/// What the colour of a cell says: its wait policy, or what runs it where it has none.
fn kind(cell: &Cell) -> String {
    let wait = Axis::Wait.value(cell).present();
    wait.unwrap_or_else(|| cell.runtime.to_string())
}

/// The names of the cells that lie farthest from a factor of two, if any lie beyond it.
fn labels(first: &BTreeMap<Cell, Time>, second: &BTreeMap<Cell, Time>) -> Vec<Mark> {
    let cells: Vec<Cell> = first.keys().copied().collect();
    let names = CellNames::of(&cells);
    let both = first
        .iter()
        .filter_map(|(cell, x)| Some((cell, x.value, second.get(cell)?.value)));
    let mut far: Vec<(f64, &Cell, (f64, f64))> = both
        .map(|(cell, x, y)| ((y / x).ln().abs(), cell, (x, y)))
        .filter(|(off, ..)| *off > 2_f64.ln())
        .collect();
    far.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut kept: Vec<(f64, f64)> = Vec::new();
    let mut labels = Vec::new();
    for (_, cell, at) in far {
        // Names beside each other would cover each other.
        let apart = |other: &(f64, f64)| (other.1 / at.1).ln().abs() > 0.3;
        if labels.len() < MOST_NAMED && kept.iter().all(apart) {
            kept.push(at);
            labels.push(Mark::Label(at, names.name(cell)));
        }
    }
    labels
}

/// Wall time of each cell that has one.
fn times(one: &Admitted<'_>) -> BTreeMap<Cell, Time> {
    const MS_PER_S: f64 = 1e3;
    let points = one.series(Metric::Time).points.into_iter();
    points
        .filter_map(|point| match point.reading {
            Reading::Number(estimate, bound) => {
                let estimate = estimate.map(|seconds| seconds * MS_PER_S);
                let time = Time {
                    value: estimate.value,
                    bound,
                    ends: estimate.spread.map(Spread::ends),
                };
                Some((point.cell, time))
            }
            _ => None,
        })
        .collect()
}

/// Where the times are equal, and where one is twice the other, on axes from `low` to `high`.
fn guides(low: f64, high: f64) -> [Mark; 3] {
    [
        Mark::Guide(vec![(low, low * 2.0), (high / 2.0, high)], GREY),
        Mark::Guide(vec![(low * 2.0, low), (high, high / 2.0)], GREY),
        Mark::Guide(vec![(low, low), (high, high)], BLACK),
    ]
}

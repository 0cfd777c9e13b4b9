//! Times of the cells that two runs have in common, each against the other.

use std::collections::{BTreeMap, BTreeSet};

use super::{Admitted, Row, axis, chart, circles, ends, nothing, spot};
use crate::analysis::{Bound, Metric, Reading};
use crate::experiment::Cell;
use crate::view::canvas::{BLACK, GREY};
use crate::view::chart::{Chart, Mark, Panel, Scale, Sign, color};

/// Times of the cells of `a` against those in `b`.
pub(super) fn scatter(a: &Admitted, b: &Admitted) -> anyhow::Result<(Chart, Vec<Row>)> {
    let (first, second) = (times(a), times(b));
    let runtimes: BTreeSet<String> = first.keys().map(|cell| cell.runtime.to_string()).collect();
    let shade = |name: &String| color(runtimes.iter().position(|r| r == name).unwrap_or(0));
    let (mut marks, mut rows) = (Vec::new(), Vec::new());
    for (cell, (x, x_bound)) in &first {
        let Some((y, y_bound)) = second.get(cell) else {
            continue;
        };
        let runtime = cell.runtime.to_string();
        let bound = match (x_bound, y_bound) {
            (Bound::Exact, bound) => *bound,
            (bound, _) => *bound,
        };
        marks.push(spot((*x, *y), bound, shade(&runtime)));
        rows.push(Row {
            panel: cell.to_string(),
            series: runtime,
            x: *x,
            y: *y,
            low: None,
            high: None,
            bound: bound.name(),
        });
    }
    let all = rows.iter().flat_map(|row| [row.x, row.y]);
    let (low, high) = ends(all).ok_or_else(|| nothing("the runs have no timed cell in common"))?;
    marks.splice(0..0, guides(low, high));
    let label = |one: &Admitted| {
        // A whole path may be wider than the axis.
        let folder = one.run.folder.file_name().unwrap_or_default();
        format!("{}: wall time [ms]", folder.display())
    };
    let axes = (
        axis(&label(a), Scale::Log(low, high)),
        axis(&label(b), Scale::Log(low, high)),
    );
    let panels = vec![Panel {
        title: String::new(),
        marks,
    }];
    let mut chart = chart("One run against the other", Vec::new(), axes, panels);
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

/// Wall time of each cell that has one, and how far it is known [ms].
fn times(one: &Admitted) -> BTreeMap<Cell, (f64, Bound)> {
    let points = one.series(Metric::Time).points.into_iter();
    points
        .filter_map(|point| match point.reading {
            Reading::Number(estimate, bound) => Some((point.cell, (estimate.value * 1e3, bound))),
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

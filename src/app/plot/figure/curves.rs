//! Speed-up and efficiency over threads, with what would be ideal.

use super::{Admitted, Figure, Row, axis, chart, circles, nothing_to_draw, spot};
use crate::analysis::{Metric, Reading, Spread};
use crate::app::Error;
use crate::experiment::Axis;
use crate::view::canvas::{BLACK, GREY};
use crate::view::chart::{Chart, ChartAxis, Mark, Panel, Scale, Sign, ordered};
use crate::view::facet::{Facets, Slot};
use crate::view::number::short;

/// Most lines that the legend names.
const MOST_EXPLAINED: usize = 4;

/// Efficiency, or the speed-up T1 / T = E min(D, P) / min(1, P), over the threads asked for; a line
/// for each number of workers.
pub(super) fn curves(figure: Figure, one: &Admitted<'_>) -> Result<(Chart, Vec<Row>), Error> {
    let budget = one.run.analysis.budget;
    let mut series = one.series(Metric::Efficiency);
    if figure == Figure::Speedup {
        for point in &mut series.points {
            if let Reading::Number(estimate, bound) = point.reading {
                let cpus = f64::from(point.cell.demand()).min(budget);
                let speedup = estimate.map(|e| e * cpus / budget.min(1.0));
                point.reading = Reading::Number(speedup, bound);
            }
        }
    }
    let axes = (Axis::Inner, Axis::Outer);
    let facets = Facets::of(&one.cells, &series.points, axes);
    let (mut panels, rows) = lines(&facets);
    if rows.is_empty() {
        return Err(nothing_to_draw("both need a timed 1 x 1 cell of the same work").into());
    }
    let most = rows.iter().map(|row| row.x).fold(2.0, f64::max);
    let (guides, y) = ideal(figure, &rows, (most, budget));
    for panel in &mut panels {
        panel.marks.splice(0..0, guides.iter().cloned());
    }
    let best = rows.iter().max_by(|a, b| a.y.total_cmp(&b.y));
    let title = best.map_or_else(String::new, |best| {
        let (value, threads) = (short(best.y), best.x);
        match figure {
            Figure::Speedup => {
                format!("At most {value} times as fast as one thread, with {threads} threads")
            }
            _ => format!("Parallel efficiency: at most {value}, with {threads} threads"),
        }
    });
    let title = &title;
    let x = axis(
        "threads asked for, D = outer × inner",
        Scale::Counts(1.0, most * 1.1),
    );
    let mut chart = chart(title, facets.common.clone(), (x, y), panels);
    // The colours are in order, so that a few of them tell the rest.
    let lines = facets.rows.len();
    let every = lines.saturating_sub(1).div_ceil(MOST_EXPLAINED - 1).max(1);
    let outer = facets.rows.iter().enumerate().step_by(every);
    chart.legend = outer
        .map(|(r, outer)| (Sign::Square(ordered(r, lines)), format!("outer = {outer}")))
        .collect();
    let relation = one.run.header.budget.relation();
    let words = format!("ideal: min(D, P) CPUs; upright: D = P {relation} {budget}");
    chart.legend.push((Sign::Dashes(BLACK), words));
    chart.legend.extend(circles(&chart.panels));
    Ok((chart, rows))
}

/// A line for each number of workers in every panel, and its points.
fn lines(facets: &Facets<'_>) -> (Vec<Panel>, Vec<Row>) {
    let (mut panels, mut rows) = (Vec::new(), Vec::new());
    for panel in &facets.panels {
        let mut marks = Vec::new();
        for (r, outer) in facets.rows.iter().enumerate() {
            let color = ordered(r, facets.rows.len());
            let (mut line, mut dots) = (Vec::new(), Vec::new());
            for c in 0..facets.columns.len() {
                let Slot::Answered(point) = facets.slot(panel, c, r) else {
                    continue;
                };
                let Reading::Number(estimate, bound) = point.reading else {
                    continue;
                };
                let demand = f64::from(point.cell.demand());
                let ends = estimate.spread.map(Spread::ends);
                let at = (demand, estimate.value);
                line.push(at);
                dots.push(spot(at, bound, color));
                let bar = ends.map(|ends| Mark::Interval((demand, ends.low, ends.high), color));
                marks.extend(bar);
                rows.push(Row {
                    panel: panel.title.clone(),
                    series: format!("outer = {outer}"),
                    x: demand,
                    y: estimate.value,
                    low: ends.map(|ends| ends.low),
                    high: ends.map(|ends| ends.high),
                    bound: bound.name(),
                });
            }
            marks.insert(0, Mark::Line(line, color));
            marks.extend(dots);
        }
        let title = panel.title.clone();
        panels.push(Panel { title, marks });
    }
    (panels, rows)
}

/// What is ideal and where the budget is, and the vertical axis of `figure`.
fn ideal(figure: Figure, rows: &[Row], (most, budget): (f64, f64)) -> (Vec<Mark>, ChartAxis) {
    let highs = rows.iter().map(|row| row.high.unwrap_or(row.y));
    // Nothing bounds an end at 0: some of the cell's rounds were stopped.
    let lows = rows.iter().map(|row| row.low.unwrap_or(row.y));
    let lows = lows.filter(|low| *low > 0.0);
    let highest = highs.fold(1.0, f64::max);
    let (low, high, ideal, y) = match figure {
        Figure::Speedup => {
            let (low, high) = (lows.fold(0.5, f64::min) * 0.9, highest.max(budget) * 1.1);
            let knee = budget.clamp(1.0, most);
            let ideal = vec![(1.0, 1.0), (knee, knee), (most, knee)];
            let y = axis("speed-up T1 / T [1]", Scale::Log(low, high));
            (low, high, ideal, y)
        }
        _ => {
            let high = (highest * 1.05).clamp(1.05, 2.0);
            let y = axis("efficiency E [1]", Scale::Linear(0.0, high));
            (0.0, high, vec![(1.0, 1.0), (most, 1.0)], y)
        }
    };
    let mut guides = vec![Mark::Guide(ideal, BLACK)];
    if (1.0..=most).contains(&budget) {
        guides.push(Mark::Guide(vec![(budget, low), (budget, high)], GREY));
    }
    (guides, y)
}

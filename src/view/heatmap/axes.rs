//! Where does the budget end, and how are rows and columns called?
//!
//! The *staircase* runs along the borders between cells that ask for at most P threads and cells that ask
//! for more.

use crate::analysis::Point;
use crate::experiment::Value;
use crate::view::canvas::{Area, BLACK, Canvas, Spot, Stroke, WHITE};
use crate::view::facet::{Facets, Panel, Slot};

use super::layout::{Layout, TICK_GAP, axis_text, tick_text};

/// A line on the grid of a panel, from corner to corner: columns from the left, rows from the first.
pub(super) type Step = (Spot, Spot);

/// The borders in `panel` across which the demand passes `budget` CPUs.
pub(super) fn staircase(facets: &Facets<'_>, panel: &Panel<'_>, budget: f64) -> Vec<Step> {
    let (columns, rows) = (facets.columns.len(), facets.rows.len());
    let beyond = |column: usize, row: usize| {
        let demand = demand(facets, panel, (column, row))?;
        Some(demand > budget)
    };
    let differ = |a: Option<bool>, b: Option<bool>| a.zip(b).is_some_and(|(a, b)| a != b);
    let mut steps = Vec::new();
    for row in 0..rows {
        for column in 0..columns {
            let here = beyond(column, row);
            let (x, y) = (column as f64, row as f64);
            if column + 1 < columns && differ(here, beyond(column + 1, row)) {
                steps.push(((x + 1.0, y), (x + 1.0, y + 1.0)));
            }
            if row + 1 < rows && differ(here, beyond(column, row + 1)) {
                steps.push(((x, y + 1.0), (x + 1.0, y + 1.0)));
            }
        }
    }
    steps
}

/// Threads that the cell in `column` and `row` asks for: by the axes, or by the cell itself.
fn demand(facets: &Facets<'_>, panel: &Panel<'_>, (column, row): (usize, usize)) -> Option<f64> {
    let of_point = |point: &Point| f64::from(point.cell.demand());
    let slot = facets.slot(panel, column, row);
    let threads = facets.x.counts_threads() || facets.y.counts_threads();
    if slot == Slot::Outside || !threads {
        return None;
    }
    if facets.x.counts_threads() && facets.y.counts_threads() {
        let count = |value: &Value| match value {
            Value::Count(count) => Some(f64::from(*count)),
            Value::Name(..) | Value::Absent => None,
        };
        return Some(count(&facets.columns[column])? * count(&facets.rows[row])?);
    }
    match slot {
        Slot::Answered(point) => Some(of_point(point)),
        Slot::Outside | Slot::Waiting => None,
    }
}

/// Draws the staircase of a panel with its cells in `grid`.
pub(super) fn draw_staircase(canvas: &mut Canvas, layout: &Layout, grid: Area, steps: &[Step]) {
    for stroke in [Stroke::new(WHITE, 6.0), Stroke::new(BLACK, 3.0)] {
        for (from, to) in steps {
            let ends = [*from, *to].map(|corner| layout.corner(grid, corner));
            // Longer by half a line at each end, so that steps meet in a corner.
            canvas.line(&stretched(ends, stroke.width / 2.0), stroke);
        }
    }
}

/// A line along an axis, `by` longer at either end.
fn stretched([from, to]: [Spot; 2], by: f64) -> [Spot; 2] {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = dx.hypot(dy).max(f64::MIN_POSITIVE);
    let (dx, dy) = (dx / length * by, dy / length * by);
    [(from.0 - dx, from.1 - dy), (to.0 + dx, to.1 + dy)]
}

/// The values of rows and columns.
pub(super) fn ticks(canvas: &mut Canvas, facets: &Facets<'_>, layout: &Layout, grid: Area) {
    for (column, value) in facets.columns.iter().enumerate() {
        let x = layout.cell(grid, column, 0).centre().0;
        let lines = layout.column_label(&value.to_string());
        for (i, line) in lines.into_iter().enumerate() {
            let y = grid.bottom() + TICK_GAP + 7.0 + i as f64 * tick_text().size * 1.2;
            canvas.text((x, y), line, tick_text().middle());
        }
    }
    for (row, value) in facets.rows.iter().enumerate() {
        let y = layout.cell(grid, 0, row).centre().1;
        let spot = (grid.x - TICK_GAP, y);
        canvas.text(spot, value.to_string(), tick_text().end());
    }
}

/// The names of the axes: below the lowest panels and left of the leftmost.
pub(super) fn labels(
    canvas: &mut Canvas,
    facets: &Facets<'_>,
    (layout, index): (&Layout, usize),
    grid: Area,
) {
    let text = axis_text();
    if index + layout.across >= facets.panels.len() {
        let spot = (grid.centre().0, layout.axis_label_height(grid));
        canvas.text(spot, facets.x.label(), text);
    }
    if index % layout.across == 0 {
        let spot = (grid.x - layout.axis_label_distance(), grid.centre().1);
        canvas.text(spot, facets.y.label(), text.up());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{Axis, Cell};

    fn steps(outer: &[u32], inner: &[u32], budget: f64) -> Vec<Step> {
        let text =
            |o: &u32, i: &u32| format!("matmul.f64.8_{o}x{i}_rayon_independent_unbound_queue.1_t8");
        let cells: Vec<Cell> = outer
            .iter()
            .flat_map(|o| inner.iter().map(move |i| text(o, i).parse().unwrap()))
            .collect();
        let facets = Facets::of(&cells, &[], (Axis::Inner, Axis::Outer));
        staircase(&facets, &facets.panels[0], budget)
    }

    /// Of 2 CPUs, 1 x 1, 1 x 2 and 2 x 1 fit: above 1 x 2 and right of it, and right of 2 x 1 and above it.
    #[test]
    fn the_staircase_parts_the_cells_that_fit_from_those_that_do_not() {
        let expected = [
            ((2.0, 0.0), (2.0, 1.0)),
            ((1.0, 1.0), (2.0, 1.0)),
            ((1.0, 1.0), (1.0, 2.0)),
            ((0.0, 2.0), (1.0, 2.0)),
        ];
        let steps = steps(&[1, 2, 4], &[1, 2, 4], 2.0);
        assert_eq!(steps.len(), expected.len(), "{steps:?}");
        for step in expected {
            assert!(steps.contains(&step), "{step:?} of {steps:?}");
        }
    }

    #[test]
    fn there_is_none_where_all_cells_fit_or_none_does() {
        assert!(steps(&[1, 2], &[1, 2], 64.0).is_empty());
        assert!(steps(&[4, 8], &[4, 8], 2.0).is_empty());
        // One row has an upright one.
        assert_eq!(steps(&[2], &[1, 2, 4], 4.0), [((2.0, 0.0), (2.0, 1.0))]);
    }
}

//! Where do thread counts lie on an axis, and what is marked there?
//!
//! The values of an axis are equidistant, whatever they are. Between two thread counts the axis is
//! logarithmic, and beyond the ends it goes on as between the last two: so cores, PUs and the curve
//! outer x inner = P have a place also where no cell was measured.

use crate::experiment::{Axis, Value};
use crate::view::canvas::{Area, BLACK, Canvas, Spot, Stroke, WHITE};
use crate::view::caption::Landmarks;
use crate::view::facet::Facets;

use super::layout::{Layout, TICK_GAP, axis_text, tick_text};

/// Slack for rounding at the ends of an axis [cells].
const EDGE: f64 = 1e-9;

/// A thread axis: its values at 0.5, 1.5, 2.5 and so on.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ThreadAxis(Vec<f64>);

impl ThreadAxis {
    fn of(axis: Axis, values: &[Value]) -> Option<Self> {
        let count = |value: &Value| match value {
            Value::Count(count) => Some(f64::from(*count)),
            Value::Name(..) | Value::Absent => None,
        };
        let counts: Option<Vec<f64>> = values.iter().map(count).collect();
        counts
            .filter(|counts| axis.counts_threads() && !counts.is_empty())
            .map(Self)
    }

    /// Both ends and every value between.
    fn knots(&self) -> Vec<f64> {
        let values = (0..self.0.len()).map(|i| i as f64 + 0.5);
        [0.0]
            .into_iter()
            .chain(values)
            .chain([self.end()])
            .collect()
    }

    fn end(&self) -> f64 {
        self.0.len() as f64
    }

    /// The interval of the axis in which `index` and the next value lie: value and ratio.
    fn piece(&self, index: usize) -> (f64, f64) {
        let index = index.min(self.0.len().saturating_sub(2));
        let next = self.0.get(index + 1).copied();
        // A single value goes on as if doubled.
        let ratio = next.map_or(2.0, |next| next / self.0[index]);
        (self.0[index], ratio)
    }

    /// Where `count` lies.
    fn position(&self, count: f64) -> f64 {
        let below = self.0.iter().filter(|value| **value <= count).count();
        let index = below.saturating_sub(1).min(self.0.len().saturating_sub(2));
        let (value, ratio) = self.piece(index);
        index as f64 + 0.5 + (count / value).ln() / ratio.ln()
    }

    /// Which count lies at `position`.
    fn count(&self, position: f64) -> f64 {
        let index = ((position - 0.5).max(0.0) as usize).min(self.0.len().saturating_sub(2));
        let (value, ratio) = self.piece(index);
        value * ratio.powf(position - 0.5 - index as f64)
    }

    /// Where `count` lies, if within the axis.
    fn within(&self, count: f64) -> Option<f64> {
        let position = self.position(count);
        (0.0..=self.end()).contains(&position).then_some(position)
    }
}

/// What is marked on the axes of a figure.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axes {
    x: Option<ThreadAxis>,
    y: Option<ThreadAxis>,
    budget: f64,
    cores: f64,
    pus: f64,
}

impl Axes {
    pub(super) fn of(facets: &Facets<'_>, landmarks: &Landmarks) -> Self {
        Self {
            x: ThreadAxis::of(facets.x, &facets.columns),
            y: ThreadAxis::of(facets.y, &facets.rows),
            budget: landmarks.budget,
            cores: landmarks.cores as f64,
            pus: landmarks.pus as f64,
        }
    }

    /// The corners of the curve outer x inner = P, in cells from the lower left corner; none unless
    /// both axes count threads. On axes that are logarithmic piece by piece it is straight between
    /// corners, which lie where either axis has a value.
    pub(super) fn curve(&self) -> Vec<Spot> {
        let (Some(x), Some(y)) = (&self.x, &self.y) else {
            return Vec::new();
        };
        let partner = |count: f64| self.budget / count;
        let of_x = x
            .knots()
            .into_iter()
            .map(|at| (at, y.position(partner(x.count(at)))));
        let of_y = y
            .knots()
            .into_iter()
            .map(|at| (x.position(partner(y.count(at))), at));
        let inside = |(a, b): &Spot| {
            (-EDGE..=x.end() + EDGE).contains(a) && (-EDGE..=y.end() + EDGE).contains(b)
        };
        let mut corners: Vec<Spot> = of_x.chain(of_y).filter(inside).collect();
        corners.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)));
        match (corners.first(), corners.last()) {
            (Some(first), Some(last)) if last.0 - first.0 > EDGE => corners,
            // It only touches a corner.
            _ => Vec::new(),
        }
    }

    /// Whether `count` has a place on an axis.
    pub(super) fn shows(&self, count: usize) -> bool {
        let axes = [&self.x, &self.y].into_iter().flatten();
        axes.filter_map(|axis| axis.within(count as f64)).count() > 0
    }

    pub(super) fn hyperbola(&self, canvas: &mut Canvas, layout: &Layout, grid: Area) {
        let spots: Vec<Spot> = self
            .curve()
            .iter()
            .map(|(x, y)| {
                (
                    grid.x + x * layout.cell_width,
                    grid.bottom() - y * layout.cell_height,
                )
            })
            .collect();
        if spots.len() > 1 {
            canvas.line(&spots, Stroke::new(WHITE, 4.5));
            canvas.line(&spots, Stroke::new(BLACK, 2.0));
        }
    }

    pub(super) fn ticks(
        &self,
        canvas: &mut Canvas,
        facets: &Facets<'_>,
        layout: &Layout,
        grid: Area,
    ) {
        for (column, value) in facets.columns.iter().enumerate() {
            let x = layout.cell(grid, column, 0).centre().0;
            let spot = (x, grid.bottom() + TICK_GAP + 7.0);
            canvas.text(spot, value.to_string(), tick_text().middle());
        }
        for (row, value) in facets.rows.iter().enumerate() {
            let y = layout.cell(grid, 0, row).centre().1;
            canvas.text(
                (grid.x - TICK_GAP - 2.0, y),
                value.to_string(),
                tick_text().end(),
            );
        }
    }

    /// Triangles that point at the numbers of cores (filled) and PUs (open).
    pub(super) fn landmarks(&self, canvas: &mut Canvas, layout: &Layout, grid: Area) {
        let mut marks = vec![(self.cores, Fill::Solid)];
        if self.pus != self.cores {
            marks.push((self.pus, Fill::Open));
        }
        for (count, fill) in marks {
            if let Some(x) = self.x.as_ref().and_then(|axis| axis.within(count)) {
                let tip = (grid.x + x * layout.cell_width, grid.bottom() + 1.5);
                triangle(canvas, tip, (0.0, 1.0), fill);
            }
            if let Some(y) = self.y.as_ref().and_then(|axis| axis.within(count)) {
                let tip = (grid.x - 1.5, grid.bottom() - y * layout.cell_height);
                triangle(canvas, tip, (-1.0, 0.0), fill);
            }
        }
    }

    /// The names of the axes: below the lowest panels and left of the leftmost.
    pub(super) fn labels(
        &self,
        canvas: &mut Canvas,
        facets: &Facets<'_>,
        (layout, index): (&Layout, usize),
        grid: Area,
    ) {
        let text = axis_text();
        if index + layout.across >= facets.panels.len() {
            let spot = (grid.centre().0, grid.bottom() + TICK_GAP + 26.0);
            canvas.text(spot, facets.x.label(), text);
        }
        if index % layout.across == 0 {
            let spot = (grid.x - layout.axis_label_distance(), grid.centre().1);
            canvas.text(spot, facets.y.label(), text.up());
        }
    }
}

/// How a triangle is filled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fill {
    Solid,
    Open,
}

/// A triangle with its tip at `tip` and its body in the direction of `away`.
pub(super) fn triangle(canvas: &mut Canvas, tip: Spot, away: Spot, fill: Fill) {
    let corners = |tip: Spot, length: f64, half: f64| {
        let base = (tip.0 + away.0 * length, tip.1 + away.1 * length);
        [
            tip,
            (base.0 - away.1 * half, base.1 + away.0 * half),
            (base.0 + away.1 * half, base.1 - away.0 * half),
        ]
    };
    canvas.polygon(&corners(tip, 8.0, 4.5), BLACK);
    if fill == Fill::Open {
        let inner = (tip.0 + away.0 * 2.8, tip.1 + away.1 * 2.8);
        canvas.polygon(&corners(inner, 4.2, 2.3), WHITE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(values: &[u32]) -> Option<ThreadAxis> {
        Some(ThreadAxis(values.iter().copied().map(f64::from).collect()))
    }

    fn axes(x: &[u32], y: &[u32], budget: f64) -> Axes {
        Axes {
            x: axis(x),
            y: axis(y),
            budget,
            cores: 1.0,
            pus: 1.0,
        }
    }

    fn passes(axes: &Axes, spot: Spot) -> bool {
        let near = |(x, y): &Spot| (x - spot.0).abs() < 1e-9 && (y - spot.1).abs() < 1e-9;
        axes.curve().iter().any(near)
    }

    /// On 1, 2, 4, 8 every factor of two is one cell: outer x inner = 8 is the straight line through
    /// the middles of (1, 8), (2, 4), (4, 2) and (8, 1).
    #[test]
    fn the_curve_passes_through_the_middle_of_every_cell_with_demand_p() {
        let axes = axes(&[1, 2, 4, 8], &[1, 2, 4, 8], 8.0);
        for spot in [(0.5, 3.5), (1.5, 2.5), (2.5, 1.5), (3.5, 0.5)] {
            assert!(passes(&axes, spot), "{spot:?} of {:?}", axes.curve());
        }
        assert!(axes.curve().windows(2).all(|w| w[0].1 >= w[1].1));
    }

    /// P = 3 lies between 2 and 4 at log2(1.5) = 0.585 of a cell above the middle of 2.
    #[test]
    fn counts_between_two_values_lie_between_their_cells() {
        let axis = axis(&[1, 2, 4]).unwrap();
        assert!((axis.position(3.0) - (1.5 + 1.5_f64.log2())).abs() < 1e-12);
        assert_eq!(axis.within(6.0), None);
        for count in [1.0, 1.3, 2.0, 3.0, 4.0, 5.0] {
            assert!((axis.count(axis.position(count)) - count).abs() < 1e-9);
        }
    }

    #[test]
    fn there_is_no_curve_on_an_axis_that_counts_no_threads_or_out_of_reach() {
        let mut named = axes(&[1, 2, 4], &[1, 2, 4], 2.0);
        assert!(!named.curve().is_empty());
        named.y = None;
        assert!(named.curve().is_empty());
        assert!(axes(&[1, 2], &[1, 2], 64.0).curve().is_empty());
    }

    #[test]
    fn one_row_has_a_curve_too() {
        assert!(passes(&axes(&[1, 2, 4], &[2], 4.0), (1.5, 0.5)));
    }
}

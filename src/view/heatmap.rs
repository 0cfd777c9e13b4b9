//! A metric over two axes, one coloured cell each: where does nesting hurt, at a glance?
//!
//! [`heatmap`] draws [`Facets`] as one panel or several that share axes and colour scale. Every
//! cell has its number; the fastest cell has a star and a double frame, cells that cannot be told
//! from it a dot and a single frame. A cell that was stopped at the time limit is hatched and its
//! number a bound; a failed one is crossed out; one that was not measured is blank.

mod axes;
mod bar;
mod cell;
mod layout;
mod legend;

use crate::analysis::{Point, Quantity, Reading};
use crate::view::canvas::{Area, Canvas, GREY, Text};
use crate::view::caption::Landmarks;
use crate::view::facet::{Facets, Slot};

use crate::view::scale::Scale;
use axes::Axes;
use layout::{Layout, MARGIN, title_text};

const TITLE: f64 = 20.0;
const SUBTITLE: f64 = 13.0;
const FOOTNOTE: f64 = 11.0;
/// Distance of lines of text [em].
const LINE: f64 = 1.4;

/// Draws `quantity`, the one that the points of `facets` show, over the axes of `facets`.
///
/// `landmarks` are marked on thread axes; `provenance` stands below as a footnote.
pub fn heatmap(
    quantity: &Quantity,
    facets: &Facets<'_>,
    landmarks: &Landmarks,
    provenance: &[String],
) -> Canvas {
    let scale = Scale::of(quantity, facets.points());
    let labels = facets.slots().map(|slot| cell::label(slot, &scale));
    let longest = labels.flatten().max_by_key(|label| label.chars().count());
    let layout = Layout::of(facets, longest.as_deref().unwrap_or(""));
    let axes = Axes::of(facets, landmarks);

    let flow = |em: f64, phrases: &[String]| Text::new(em).flow(phrases, " · ", layout.content);
    let mut subject = vec![quantity.metric().definition().to_owned()];
    subject.extend(flow(SUBTITLE, &facets.common));
    let footnote = flow(FOOTNOTE, provenance);
    let items = legend::items(facets, (&axes, landmarks), &scale);
    let legend = legend::flow(&items, layout.content);

    let below_title = MARGIN + TITLE * LINE;
    let panels_top = below_title + subject.len() as f64 * SUBTITLE * LINE + 10.0;
    let legend_top = panels_top + layout.panels_height() + 10.0;
    let footnote_top = legend_top + legend.height + 6.0;
    let height = footnote_top + footnote.len() as f64 * FOOTNOTE * LINE + MARGIN;

    let mut canvas = Canvas::new(layout.content + 2.0 * MARGIN, height);
    let title = (MARGIN, MARGIN + TITLE / 2.0);
    canvas.text(title, quantity.title(), Text::new(TITLE).bold());
    lines(&mut canvas, below_title, &subject, Text::new(SUBTITLE));
    for index in 0..facets.panels.len() {
        let grid = layout.grid(index, panels_top);
        panel(&mut canvas, facets, index, grid, (&layout, &scale, &axes));
    }
    let number = |point: &Point| matches!(point.reading, Reading::Number(..));
    if facets.points().any(number) {
        bar::draw(&mut canvas, layout.bar(panels_top), quantity, &scale);
    }
    legend.draw(&mut canvas, (MARGIN, legend_top), &scale);
    lines(
        &mut canvas,
        footnote_top,
        &footnote,
        Text::new(FOOTNOTE).color(GREY),
    );
    canvas
}

fn lines(canvas: &mut Canvas, top: f64, lines: &[String], text: Text) {
    for (i, line) in lines.iter().enumerate() {
        let middle = top + (i as f64 + 0.5) * text.size * LINE;
        canvas.text((MARGIN, middle), line.clone(), text);
    }
}

type Measures<'a> = (&'a Layout, &'a Scale, &'a Axes);

fn panel(
    canvas: &mut Canvas,
    facets: &Facets<'_>,
    index: usize,
    grid: Area,
    (layout, scale, axes): Measures<'_>,
) {
    let panel = &facets.panels[index];
    let title = (grid.centre().0, grid.y - 13.0);
    canvas.text(title, panel.title.clone(), title_text());
    let cells: Vec<(Slot<'_>, Area)> = (0..facets.rows.len())
        .flat_map(|row| (0..facets.columns.len()).map(move |column| (column, row)))
        .map(|(column, row)| {
            let area = layout.cell(grid, column, row);
            (facets.slot(panel, column, row), area)
        })
        .collect();
    for (slot, area) in &cells {
        cell::ground(canvas, *slot, *area, scale);
    }
    axes.hyperbola(canvas, layout, grid);
    for (slot, area) in &cells {
        cell::marks(canvas, *slot, *area, scale);
        cell::number(canvas, *slot, *area, (scale, layout.em));
    }
    axes.ticks(canvas, facets, layout, grid);
    axes.landmarks(canvas, layout, grid);
    axes.labels(canvas, facets, (layout, index), grid);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Bound, Estimate, Mark, Metric};
    use crate::experiment::Axis;

    fn drawn(metric: Metric, reading: Reading) -> String {
        let cell = "matmul.f64.8_1x1_rayon_independent_unbound_static_t1";
        let point = Point {
            cell: cell.parse().unwrap(),
            reading,
            mark: Mark::None,
            rounds: 1,
            samples: 1,
            failed_rounds: 0,
            granted: None,
            recommended: false,
        };
        let (cells, points) = ([point.cell], [point]);
        let facets = Facets::of(&cells, &points, (Axis::Inner, Axis::Outer));
        let landmarks = Landmarks {
            budget: 2.0,
            relation: "=",
            cores: 2,
            pus: 2,
        };
        heatmap(&metric.into(), &facets, &landmarks, &[]).svg()
    }

    fn number() -> Reading {
        let spread = None;
        Reading::Number(Estimate { value: 3.0, spread }, Bound::Exact)
    }

    #[test]
    fn dark_is_bad_only_of_metrics_with_a_good_end() {
        let slowdown = drawn(Metric::Slowdown, number());
        assert!(
            slowdown.contains("dark is bad, light is good"),
            "{slowdown}"
        );
        let wait = drawn(Metric::Wait, number());
        assert!(wait.contains("dark is more, light is less"), "{wait}");
    }

    #[test]
    fn where_all_cells_failed_there_is_no_scale() {
        let failed = drawn(Metric::Slowdown, Reading::Failed("wrong".into()));
        assert!(failed.contains("failed") && !failed.contains("dark is"));
        assert!(!failed.contains("slowdown [1]"), "{failed}");
        assert!(drawn(Metric::Slowdown, number()).contains("slowdown [1]"));
    }
}

//! A metric over two axes, one coloured cell each: where does nesting hurt, at a glance?
//!
//! [`heatmap`] draws [`Facets`] as one panel or several that share axes and colour scale. The title is the
//! finding ([`headline`]), then stands what was measured, and at the foot how. Every cell has its number;
//! the fastest cell has a star, the one to set a tick, cells that are tied with the fastest a dot, and
//! cells that the rounds do not resolve are fainter. A staircase parts the cells that ask for more threads
//! than CPUs. A cell that was stopped at the time limit is hatched and its number a bound; a failed one is
//! crossed out; one that was not measured is blank.

mod axes;
mod bar;
mod cell;
mod layout;
mod legend;

use crate::analysis::{Point, Quantity, Reading};
use crate::view::canvas::{Area, Canvas, GREY, Text};
use crate::view::caption::Caption;
use crate::view::facet::{Facets, Slot};
use crate::view::finding::headline;
use crate::view::scale::Scale;
use crate::view::size::Size;
use crate::view::standing::resolution_of;
use axes::Step;
use layout::{Layout, MARGIN, title_text};

const TITLE: f64 = 20.0;
const SUBTITLE: f64 = 13.0;
const FOOTNOTE: f64 = 11.0;
/// ` x ` with spaces at which no line breaks.
const NO_BREAK_X: &str = "\u{a0}x\u{a0}";
/// Distance of lines of text [em].
const LINE: f64 = 1.4;

/// Draws `quantity`, the one that the points of `facets` show, over the axes of `facets`, as large as `size`
/// asks.
pub fn heatmap(quantity: &Quantity, facets: &Facets<'_>, caption: &Caption, size: Size) -> Canvas {
    let scale = Scale::of(quantity, facets.points());
    let labels = facets.slots().map(|slot| cell::label(slot, &scale));
    let longest = labels.flatten().max_by_key(|label| label.chars().count());
    let layout = Layout::of(facets, longest.as_deref().unwrap_or(""), size);
    let figure = Figure {
        quantity,
        facets,
        scale,
        layout,
        steps: facets
            .panels
            .iter()
            .map(|panel| axes::staircase(facets, panel, caption.budget))
            .collect(),
    };
    size.fit(figure.draw(caption))
}

/// A heatmap that knows where everything stands.
struct Figure<'a> {
    quantity: &'a Quantity,
    facets: &'a Facets<'a>,
    scale: Scale,
    layout: Layout,
    /// The staircase of each panel.
    steps: Vec<Vec<Step>>,
}

impl Figure<'_> {
    fn draw(&self, caption: &Caption) -> Canvas {
        let Self {
            quantity,
            facets,
            scale,
            layout,
            ..
        } = self;
        let width = layout.content;
        let title = Text::new(TITLE).bold();
        // A split stays in one line.
        let headline = headline(quantity, facets, &caption.known()).replace(" x ", NO_BREAK_X);
        let title_lines = title.wrap(&headline, width);
        let subject = Text::new(SUBTITLE).flow(&self.subject(caption), " · ", width);
        let stairs = self.steps.iter().any(|steps| !steps.is_empty());
        let (items, notes) = legend::items(facets, stairs.then(|| caption.budget_words()));
        let legend = legend::flow(&items, width);
        let foot = [notes, caption.method.clone()].concat();
        let foot = Text::new(FOOTNOTE).flow(&foot, " · ", width);
        let number = |point: &Point| matches!(point.reading, Reading::Number(..));
        let bar_height = match facets.points().any(number) {
            true => layout.bar_height(),
            false => 0.0,
        };

        let subject_top = MARGIN + title_lines.len() as f64 * TITLE * LINE;
        let panels_top = subject_top + subject.len() as f64 * SUBTITLE * LINE + 10.0;
        let bar_top = panels_top + layout.panels_height() + 10.0;
        let legend_top = bar_top + bar_height;
        let foot_top = legend_top + legend.height + 6.0;
        let height = foot_top + foot.len() as f64 * FOOTNOTE * LINE + MARGIN;

        let mut canvas = Canvas::new(width + 2.0 * MARGIN, height);
        lines(&mut canvas, MARGIN, &title_lines, title);
        lines(&mut canvas, subject_top, &subject, Text::new(SUBTITLE));
        for index in 0..facets.panels.len() {
            self.panel(&mut canvas, index, layout.grid(index, panels_top));
        }
        if bar_height > 0.0 {
            bar::draw(&mut canvas, (MARGIN, bar_top), width, (quantity, scale));
        }
        legend.draw(&mut canvas, (MARGIN, legend_top));
        let small = Text::new(FOOTNOTE).color(GREY);
        lines(&mut canvas, foot_top, &foot, small);
        canvas
    }

    /// What was measured, and what the rounds do not resolve.
    fn subject(&self, caption: &Caption) -> Vec<String> {
        let definition = self.quantity.metric().definition().to_owned();
        let mut subject = vec![definition];
        subject.extend(caption.command.clone());
        subject.extend(self.facets.common.clone());
        subject.extend(resolution_of(self.facets.points()));
        subject
    }

    fn panel(&self, canvas: &mut Canvas, index: usize, grid: Area) {
        let (facets, layout, scale) = (self.facets, &self.layout, &self.scale);
        let panel = &facets.panels[index];
        let title = layout.panel_title(&panel.title);
        for (i, line) in title.iter().rev().enumerate() {
            let spot = (grid.centre().0, grid.y - 13.0 - i as f64 * 18.0);
            canvas.text(spot, line.clone(), title_text());
        }
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
        axes::draw_staircase(canvas, layout, grid, &self.steps[index]);
        for (slot, area) in &cells {
            cell::marks(canvas, *slot, *area);
            cell::number(canvas, *slot, *area, (scale, layout.em));
        }
        axes::ticks(canvas, facets, layout, grid);
        axes::labels(canvas, facets, (layout, index), grid);
    }
}

fn lines(canvas: &mut Canvas, top: f64, lines: &[String], text: Text) {
    for (i, line) in lines.iter().enumerate() {
        let middle = top + (i as f64 + 0.5) * text.size * LINE;
        canvas.text((MARGIN, middle), line.clone(), text);
    }
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
        let caption = Caption {
            budget: 2.0,
            relation: "=",
            command: None,
            second: None,
            method: Vec::new(),
        };
        heatmap(&metric.into(), &facets, &caption, Size::Readme).svg()
    }

    fn number() -> Reading {
        let spread = None;
        Reading::Number(Estimate { value: 3.0, spread }, Bound::Exact)
    }

    /// The ends of the scale say which is good, if either is.
    #[test]
    fn a_scale_has_a_good_end_only_where_the_metric_has_one() {
        let slowdown = drawn(Metric::Slowdown, number());
        assert!(slowdown.contains("\"good\"") && slowdown.contains("\"bad\""));
        let wait = drawn(Metric::Wait, number());
        assert!(wait.contains("\"less\"") && !wait.contains("\"good\""));
    }

    #[test]
    fn where_all_cells_failed_there_is_no_scale() {
        let failed = drawn(Metric::Slowdown, Reading::Failed("wrong".into()));
        assert!(failed.contains("\"failed\"") && !failed.contains("\"bad\""));
        assert!(drawn(Metric::Slowdown, number()).contains("\"slowdown\""));
    }
}

//! How large is everything, and where does it stand?

use crate::experiment::Value;
use crate::view::canvas::{Area, Spot, Text};
use crate::view::facet::Facets;
use crate::view::size::Size;

use super::bar;

/// Blank border of the figure [points].
pub(super) const MARGIN: f64 = 18.0;
/// Narrowest column of words [points].
const NARROWEST: f64 = 480.0;
/// Between two panels [points].
const BETWEEN: f64 = 22.0;
/// From the cells to the tick labels [points].
pub(super) const TICK_GAP: f64 = 7.0;
/// Height of a line of tick labels [points].
const TICK_LINE: f64 = 16.0;
/// Height of an axis label or panel title with the gap to it [points].
const LABEL_LINE: f64 = 22.0;
/// How much an empty place spoils a figure; 1 is a page e times too wide.
const EMPTY: f64 = 0.25;
/// How much small letters spoil a figure, per e-fold.
const SMALL: f64 = 2.0;
/// About what title, legend and footnote take of the height [points].
const WORDS: f64 = 200.0;

/// Width and height of a cell and em of its number [points], by the most cells that a panel may
/// have on a side.
pub(super) const CELLS: [(usize, f64, f64, f64); 6] = [
    (3, 88.0, 58.0, 17.0),
    (6, 70.0, 50.0, 15.0),
    (10, 56.0, 40.0, 13.0),
    (16, 46.0, 34.0, 12.0),
    (32, 38.0, 26.0, 10.5),
    (usize::MAX, 31.0, 19.0, 9.5),
];

/// ` = ` with spaces at which no line breaks.
const NO_BREAK_EQUALS: &str = "\u{a0}=\u{a0}";

/// The measures of a figure.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Layout {
    /// Width of words and panels [points].
    pub(super) content: f64,
    /// Width of a cell [points].
    pub(super) cell_width: f64,
    /// Height of a cell [points].
    pub(super) cell_height: f64,
    /// Em of the numbers in cells [points].
    pub(super) em: f64,
    /// Number of panels side by side.
    pub(super) across: usize,
    panels: usize,
    columns: usize,
    rows: usize,
    left: f64,
    /// Lines that the longest column label takes.
    tick_lines: usize,
    /// Lines that the longest panel title takes.
    title_lines: usize,
    /// Whether the first row is the lowest, as thread counts want it and names do not.
    upwards: bool,
}

/// Style of tick labels.
pub(super) fn tick_text() -> Text {
    Text::new(12.5)
}

/// Style of axis labels.
pub(super) fn axis_text() -> Text {
    Text::new(13.0).middle()
}

/// Style of panel titles.
pub(super) fn title_text() -> Text {
    Text::new(13.5).bold().middle()
}

impl Layout {
    /// The measures for `facets` whose longest cell label is `longest`: cells as large as their number
    /// allows, or one size smaller where that makes a better page.
    pub(super) fn of(facets: &Facets<'_>, longest: &str, size: Size) -> Self {
        let panels = facets.panels.len();
        let crowd = facets.columns.len().max(facets.rows.len()) + if panels > 4 { 2 } else { 0 };
        let fits = CELLS.iter().position(|(most, ..)| crowd <= *most);
        let fits = fits.unwrap_or(CELLS.len() - 1);
        let sizes = &CELLS[fits..CELLS.len().min(fits + 2)];
        let em = sizes[0].3;
        let layouts = sizes.iter().flat_map(|cells| {
            let layout = Self::with(facets, longest, *cells);
            (1..=panels.max(1)).map(move |across| Self {
                across,
                content: layout.width(across).max(NARROWEST),
                ..layout.clone()
            })
        });
        let flaw = |layout: &Self| layout.flaw(size, em);
        layouts
            .min_by(|a, b| flaw(a).total_cmp(&flaw(b)))
            .expect("there is at least one size of cells, and one panel across")
    }

    /// The measures for panels below each other with cells of this size.
    fn with(
        facets: &Facets<'_>,
        longest: &str,
        (_, width, height, em): (usize, f64, f64, f64),
    ) -> Self {
        let (columns, rows) = (facets.columns.len(), facets.rows.len());
        let label = Text::new(em).width(longest) + 6.0;
        // So large that the axis labels fit beside the rows and below the columns.
        let room =
            |label: &str, cells: usize| (axis_text().width(label) + 6.0) / cells.max(1) as f64;
        let cell_width = [
            width,
            label,
            widest_word(&facets.columns) + 8.0,
            room(facets.x.label(), columns),
        ];
        let mut layout = Self {
            content: 0.0,
            cell_width: cell_width.into_iter().fold(0.0, f64::max),
            cell_height: height.max(room(facets.y.label(), rows)),
            em,
            across: 1,
            panels: facets.panels.len(),
            columns,
            rows,
            left: LABEL_LINE + widest(&facets.rows) + TICK_GAP + 4.0,
            tick_lines: 1,
            title_lines: 0,
            upwards: facets.y.counts_threads(),
        };
        let lines = |value: &Value| layout.column_label(&value.to_string()).len();
        layout.tick_lines = facets.columns.iter().map(lines).max().unwrap_or(1);
        let lines = |title: &str| layout.panel_title(title).len();
        let titles = facets.panels.iter().map(|panel| lines(&panel.title));
        layout.title_lines = titles.max().unwrap_or(0);
        layout
    }

    /// How far from the shape of a page it is, how much of it is empty, and how much smaller its letters are
    /// than `em`; 0 is perfect.
    fn flaw(&self, size: Size, em: f64) -> f64 {
        let width = self.content + 2.0 * MARGIN;
        let height = self.panels_height() + WORDS;
        let empty = self.panels.next_multiple_of(self.across) - self.panels;
        let letters = em / (self.em * size.factor(width, height) / size.factor(1.0, 1.0));
        (width / height / size.shape()).ln().abs() + EMPTY * empty as f64 + SMALL * letters.ln()
    }

    /// The title of a panel in lines that fit above it.
    pub(super) fn panel_title(&self, title: &str) -> Vec<String> {
        // A name and its value stay in one line.
        title_text().wrap(&title.replace(" = ", NO_BREAK_EQUALS), self.panel_width())
    }

    /// The label of a column in lines that fit below it.
    pub(super) fn column_label(&self, label: &str) -> Vec<String> {
        tick_text().wrap(label, self.cell_width - 6.0)
    }

    /// Width of `across` panels side by side [points].
    fn width(&self, across: usize) -> f64 {
        across as f64 * (self.panel_width() + BETWEEN) - BETWEEN
    }

    fn grid_width(&self) -> f64 {
        self.columns as f64 * self.cell_width
    }

    fn grid_height(&self) -> f64 {
        self.rows as f64 * self.cell_height
    }

    fn above(&self) -> f64 {
        match self.title_lines {
            0 => 6.0,
            lines => 4.0 + lines as f64 * 18.0,
        }
    }

    fn panel_width(&self) -> f64 {
        self.left + self.grid_width()
    }

    fn ticks_height(&self) -> f64 {
        TICK_GAP + self.tick_lines as f64 * TICK_LINE
    }

    fn panel_height(&self) -> f64 {
        self.above() + self.grid_height() + self.ticks_height() + LABEL_LINE
    }

    /// Height of all panels [points].
    pub(super) fn panels_height(&self) -> f64 {
        let lines = self.panels.div_ceil(self.across);
        lines as f64 * self.panel_height()
    }

    /// Height of the colour scale below them [points].
    pub(super) fn bar_height(&self) -> f64 {
        bar::HEIGHT
    }

    /// The cells of panel `index`, when the panels start at height `top`.
    pub(super) fn grid(&self, index: usize, top: f64) -> Area {
        let (line, column) = (index / self.across, index % self.across);
        let x = MARGIN + column as f64 * (self.panel_width() + BETWEEN) + self.left;
        let y = top + line as f64 * self.panel_height() + self.above();
        Area::new((x, y), self.grid_width(), self.grid_height())
    }

    /// The place of a cell in the `grid` of a panel.
    pub(super) fn cell(&self, grid: Area, column: usize, row: usize) -> Area {
        let above = if self.upwards {
            self.rows - 1 - row
        } else {
            row
        };
        let corner: Spot = (
            grid.x + column as f64 * self.cell_width,
            grid.y + above as f64 * self.cell_height,
        );
        Area::new(corner, self.cell_width, self.cell_height)
    }

    /// The place of a corner of the `grid`, counted in columns from the left and rows from the first.
    pub(super) fn corner(&self, grid: Area, (columns, rows): Spot) -> Spot {
        let y = match self.upwards {
            true => grid.bottom() - rows * self.cell_height,
            false => grid.y + rows * self.cell_height,
        };
        (grid.x + columns * self.cell_width, y)
    }

    /// Distance from the left edge of the cells to the middle of the axis label [points].
    pub(super) fn axis_label_distance(&self) -> f64 {
        self.left - LABEL_LINE / 2.0 + 2.0
    }

    /// Height of the middle of the axis label below `grid` [points].
    pub(super) fn axis_label_height(&self, grid: Area) -> f64 {
        grid.bottom() + self.ticks_height() + LABEL_LINE / 2.0 - 2.0
    }
}

fn widest(values: &[Value]) -> f64 {
    let widths = values.iter().map(|v| tick_text().width(&v.to_string()));
    widths.fold(0.0, f64::max)
}

/// Width of the widest part of a label that cannot be broken.
fn widest_word(values: &[Value]) -> f64 {
    let labels = values.iter().map(Value::to_string);
    let words: Vec<String> = labels
        .flat_map(|label| {
            let words = label.split(' ').flat_map(Text::parts);
            words.map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    let widths = words.iter().map(|word| tick_text().width(word));
    widths.fold(0.0, f64::max)
}

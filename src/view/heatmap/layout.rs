//! How large is everything, and where does it stand?

use crate::experiment::Value;
use crate::view::canvas::{Area, Spot, Text};
use crate::view::facet::Facets;

/// Blank border of the figure [points].
pub(super) const MARGIN: f64 = 20.0;
/// Narrowest column of words [points].
const NARROWEST: f64 = 600.0;
/// Between two panels [points].
const BETWEEN: f64 = 26.0;
/// From the cells to the tick labels: room for the marks of cores and PUs [points].
pub(super) const TICK_GAP: f64 = 11.0;
/// Height of a line of tick labels [points].
const TICK_LINE: f64 = 16.0;
/// Height of an axis label or panel title with the gap to it [points].
const LABEL_LINE: f64 = 22.0;
/// Colour bar with its ticks and label [points].
const BAR_ROOM: f64 = 96.0;
/// How much an empty place spoils a figure; 1 is a page e times too wide.
const EMPTY: f64 = 0.25;
/// About what title, legend and footnote take of the height [points].
const WORDS: f64 = 200.0;
/// Width of the colour bar [points].
const BAR_WIDTH: f64 = 16.0;
/// Shortest colour bar that can be read [points].
const BAR_SHORTEST: f64 = 120.0;
/// Longest colour bar that is any use [points].
const BAR_LONGEST: f64 = 320.0;

/// Width and height of a cell and em of its number [points], by the most cells that a panel may
/// have on a side.
pub(super) const CELLS: [(usize, f64, f64, f64); 5] = [
    (6, 70.0, 50.0, 15.0),
    (10, 56.0, 40.0, 13.0),
    (16, 46.0, 34.0, 12.0),
    (32, 38.0, 26.0, 10.5),
    (usize::MAX, 31.0, 19.0, 9.5),
];

/// The measures of a figure.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Layout {
    /// Width of words, panels and colour bar together [points].
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
    titled: bool,
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
    /// The measures for `facets` whose longest cell label is `longest`.
    pub(super) fn of(facets: &Facets<'_>, longest: &str) -> Self {
        let (columns, rows) = (facets.columns.len(), facets.rows.len());
        let panels = facets.panels.len();
        let crowd = columns.max(rows) + if panels > 4 { 2 } else { 0 };
        let fits = CELLS.iter().find(|(most, ..)| crowd <= *most);
        let &(_, width, height, em) = fits.unwrap_or(&CELLS[CELLS.len() - 1]);
        let label = Text::new(em).width(longest) + 6.0;
        let cell_width = width.max(label).max(widest(&facets.columns) + 10.0);
        // So large that the axis labels fit beside the rows and below the columns.
        let room =
            |label: &str, cells: usize| (axis_text().width(label) + 6.0) / cells.max(1) as f64;
        let cell_height = height.max(room(facets.y.label(), rows));
        let cell_width = cell_width.max(room(facets.x.label(), columns));
        let left = LABEL_LINE + widest(&facets.rows) + TICK_GAP + 4.0;
        // A title may reach out over the row labels of its own panel, but not into another's.
        let titles = facets.panels.iter().map(|p| title_text().width(&p.title));
        let title = titles.fold(0.0, f64::max) - left;
        let cell_width = cell_width.max(title / columns.max(1) as f64);
        let mut layout = Self {
            content: 0.0,
            cell_width,
            cell_height,
            em,
            across: 1,
            panels,
            columns,
            rows,
            left,
            titled: facets.panels.iter().any(|panel| !panel.title.is_empty()),
            upwards: facets.y.counts_threads(),
        };
        layout.across = layout.best_across();
        let panels = layout.across as f64 * (layout.panel_width() + BETWEEN);
        layout.content = (panels + BAR_ROOM).max(NARROWEST);
        layout
    }

    /// The number of panels side by side that comes closest to a page one and a half times as wide
    /// as high, with few places left empty.
    fn best_across(&self) -> usize {
        let shape = |across: usize| {
            let width = across as f64 * (self.panel_width() + BETWEEN) + BAR_ROOM;
            let height = self.panels.div_ceil(across) as f64 * self.panel_height() + WORDS;
            let empty = self.panels.next_multiple_of(across) - self.panels;
            (width / height / 1.5).ln().abs() + EMPTY * empty as f64
        };
        let all = 1..=self.panels.max(1);
        all.min_by(|a, b| shape(*a).total_cmp(&shape(*b)))
            .unwrap_or(1)
    }

    fn grid_width(&self) -> f64 {
        self.columns as f64 * self.cell_width
    }

    fn grid_height(&self) -> f64 {
        self.rows as f64 * self.cell_height
    }

    fn above(&self) -> f64 {
        if self.titled { LABEL_LINE } else { 6.0 }
    }

    fn panel_width(&self) -> f64 {
        self.left + self.grid_width()
    }

    fn panel_height(&self) -> f64 {
        self.above() + self.grid_height() + TICK_GAP + TICK_LINE + LABEL_LINE
    }

    /// Height of all panels, or of the colour bar where that is more [points].
    pub(super) fn panels_height(&self) -> f64 {
        let lines = self.panels.div_ceil(self.across);
        (lines as f64 * self.panel_height()).max(self.above() + BAR_SHORTEST + LABEL_LINE)
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

    /// Distance from the left edge of the cells to the middle of the axis label [points].
    pub(super) fn axis_label_distance(&self) -> f64 {
        self.left - LABEL_LINE / 2.0 + 2.0
    }

    /// The colour bar, when the panels start at height `top`.
    pub(super) fn bar(&self, top: f64) -> Area {
        let panels = self.across.min(self.panels) as f64;
        let x = MARGIN + panels * (self.panel_width() + BETWEEN);
        let room = self.panels_height() - self.above() - TICK_GAP - TICK_LINE - LABEL_LINE;
        let height = room.clamp(BAR_SHORTEST, BAR_LONGEST);
        Area::new((x, top + self.above()), BAR_WIDTH, height)
    }
}

fn widest(values: &[Value]) -> f64 {
    let widths = values.iter().map(|v| tick_text().width(&v.to_string()));
    widths.fold(0.0, f64::max)
}

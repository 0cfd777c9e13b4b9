//! Lines, dots and bars over axes: how does a number change, spread or divide?
//!
//! A [`Chart`] is panels side by side with the same axes. Figures fill panels with [`Mark`]s in the
//! units of the axes ([`ChartAxis`]); nothing is computed here but places.

mod axis;

use crate::view::canvas::{Area, Canvas, Color, GREY, Spot, Stroke, Text, WHITE};

use axis::LABEL;
pub use axis::{ChartAxis, Scale};

const MARGIN: f64 = 20.0;
const TITLE: f64 = 20.0;
const SUBTITLE: f64 = 13.0;
const SMALL: f64 = 11.0;
const LINE: f64 = 1.4;
const LEFT: f64 = 64.0;
const BELOW: f64 = 46.0;
const ABOVE: f64 = 24.0;
/// Distance of lines of axis labels [points].
const LABEL_LINE: f64 = 16.0;

/// Colours that colour-blind readers can tell apart.
// Source: Okabe and Ito, "Color Universal Design", https://jfly.uni-koeln.de/color/
pub const PALETTE: [Color; 8] = [
    Color(0, 114, 178),
    Color(213, 94, 0),
    Color(0, 158, 115),
    Color(204, 121, 167),
    Color(230, 159, 0),
    Color(86, 180, 233),
    Color(110, 110, 110),
    Color(170, 140, 0),
];

/// The colour of the one of `of` series in an order that is `index`-th, from light to dark.
pub fn ordered(index: usize, of: usize) -> Color {
    /// Lightest colour that a line on white may have.
    const LIGHTEST: f64 = 0.82;
    let part = index as f64 / of.saturating_sub(1).max(1) as f64;
    let (r, g, b) = colorous::PLASMA
        .eval_continuous(LIGHTEST * (1.0 - part))
        .into_tuple();
    Color(r, g, b)
}

/// The colour of the series `index`.
pub fn color(index: usize) -> Color {
    PALETTE[index % PALETTE.len()]
}

/// What is drawn, in the units of the axes.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// A line.
    Line(Vec<(f64, f64)>, Color),
    /// A thin dashed line: what would be ideal, or a limit.
    Guide(Vec<(f64, f64)>, Color),
    /// A dot.
    Dot((f64, f64), Color),
    /// A circle: only a bound is known.
    Circle((f64, f64), Color),
    /// A name to the right of a place.
    Label((f64, f64), String),
    /// A short upright line in a named row.
    Median((f64, f64), Color),
    /// A lying bar for an interval: its height and both ends.
    Across((f64, f64, f64), Color),
    /// An upright bar for an interval.
    Interval((f64, f64, f64), Color),
    /// A lying bar in this named row, from one value to another.
    Bar(usize, (f64, f64), Color),
}

/// What a legend explains.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sign {
    /// A colour.
    Square(Color),
    /// [`Mark::Guide`].
    Dashes(Color),
    /// [`Mark::Circle`].
    Circle(Color),
    /// [`Mark::Median`].
    Median(Color),
}

/// One of several pictures with the same axes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Panel {
    /// What sets it apart; empty for a single one.
    pub title: String,
    /// What is in it, in drawing order.
    pub marks: Vec<Mark>,
}

/// Panels with the same axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// What it shows.
    pub title: String,
    /// Phrases below the title.
    pub subject: Vec<String>,
    /// Horizontal axis.
    pub x: ChartAxis,
    /// Vertical axis.
    pub y: ChartAxis,
    /// The panels.
    pub panels: Vec<Panel>,
    /// What the signs mean.
    pub legend: Vec<(Sign, String)>,
    /// Phrases at the foot: where the numbers come from.
    pub provenance: Vec<String>,
}

impl Chart {
    /// The chart as a picture.
    pub fn draw(&self) -> Canvas {
        let across = self.panels.len().clamp(1, 2);
        let titled = self.panels.iter().any(|panel| !panel.title.is_empty());
        let width = if across == 1 { 520.0 } else { 340.0 };
        let height = match &self.y.scale {
            Scale::Names(names) => (names.len() as f64 * 24.0).max(120.0),
            // Equal axes make a square.
            same if *same == self.x.scale => width,
            _ => 280.0,
        };
        let left = self.left(height);
        let below = BELOW + (self.x.lines(width).len().max(1) - 1) as f64 * LABEL_LINE;
        let content = (across as f64 * (left + width + 16.0)).max(520.0);
        let bold = Text::new(TITLE).bold();
        let title = bold.wrap(&self.title, content);
        let subject = Text::new(SUBTITLE).flow(&self.subject, " · ", content);
        let legend = self.legend_lines(content);
        let foot = Text::new(SMALL).flow(&self.provenance, " · ", content);
        let lines = self.panels.len().div_ceil(across) as f64;
        let above = if titled { ABOVE } else { 8.0 };
        let subject_top = MARGIN + title.len() as f64 * TITLE * LINE;
        let panels_top = subject_top + subject.len() as f64 * SUBTITLE * LINE + 8.0;
        let legend_top = panels_top + lines * (above + height + below) + 8.0;
        let foot_top = legend_top + legend.len() as f64 * 20.0 + 8.0;
        let all = foot_top + foot.len() as f64 * SMALL * LINE + MARGIN;
        let mut canvas = Canvas::new(content + 2.0 * MARGIN, all);
        for (i, line) in title.into_iter().enumerate() {
            let middle = MARGIN + (i as f64 + 0.5) * TITLE * LINE;
            canvas.text((MARGIN, middle), line, bold);
        }
        for (i, line) in subject.iter().enumerate() {
            let middle = subject_top + (i as f64 + 0.5) * SUBTITLE * LINE;
            canvas.text((MARGIN, middle), line.clone(), Text::new(SUBTITLE));
        }
        for (i, panel) in self.panels.iter().enumerate() {
            let x = MARGIN + (i % across) as f64 * (left + width + 16.0) + left;
            let y = panels_top + (i / across) as f64 * (above + height + below) + above;
            self.panel(&mut canvas, panel, Area::new((x, y), width, height));
        }
        for (i, line) in legend.iter().enumerate() {
            let y = legend_top + i as f64 * 20.0 + 8.0;
            for (x, (sign, words)) in line {
                sign.draw(&mut canvas, (MARGIN + x, y));
                canvas.text((MARGIN + x + 19.0, y), words.clone(), Text::new(12.0));
            }
        }
        for (i, line) in foot.iter().enumerate() {
            let middle = foot_top + (i as f64 + 0.5) * SMALL * LINE;
            canvas.text((MARGIN, middle), line.clone(), Text::new(SMALL).color(GREY));
        }
        canvas
    }

    /// Room left of the axis for its labels [points].
    fn left(&self, height: f64) -> f64 {
        let labels = self.y.scale.ticks();
        let widths = labels
            .iter()
            .map(|(_, label)| Text::new(SMALL).width(label));
        let more = (self.y.lines(height).len().max(1) - 1) as f64 * LABEL_LINE;
        widths.fold(0.0, f64::max).max(LEFT - 40.0) + 40.0 + more
    }

    fn legend_lines(&self, width: f64) -> Vec<Vec<(f64, &(Sign, String))>> {
        let mut lines: Vec<Vec<(f64, &(Sign, String))>> = Vec::new();
        let mut x = f64::INFINITY;
        for item in &self.legend {
            let wide = 19.0 + Text::new(12.0).width(&item.1) + 18.0;
            if x + wide > width {
                lines.push(Vec::new());
                x = 0.0;
            }
            lines
                .last_mut()
                .into_iter()
                .for_each(|line| line.push((x, item)));
            x += wide;
        }
        lines
    }

    fn panel(&self, canvas: &mut Canvas, panel: &Panel, area: Area) {
        let at = |(x, y): Spot| {
            let x = area.x + self.x.scale.place(x) * area.width;
            (x, self.height(y, area))
        };
        let title = (area.centre().0, area.y - 12.0);
        canvas.text(title, panel.title.clone(), Text::new(13.5).bold().middle());
        self.axes(canvas, area);
        for mark in &panel.marks {
            match mark {
                Mark::Line(spots, color) => {
                    let spots: Vec<Spot> = spots.iter().map(|spot| at(*spot)).collect();
                    canvas.line(&spots, Stroke::new(*color, 2.0));
                }
                Mark::Guide(spots, color) => {
                    let spots: Vec<Spot> = spots.iter().map(|spot| at(*spot)).collect();
                    dashed(canvas, &spots, Stroke::new(*color, 1.0));
                }
                Mark::Dot(spot, color) => canvas.disc(at(*spot), 3.0, *color),
                Mark::Circle(spot, color) => circle(canvas, at(*spot), *color),
                Mark::Label(spot, words) => {
                    let (x, y) = at(*spot);
                    let text = Text::new(SMALL);
                    let (place, text) = match x + 7.0 + text.width(words) <= area.right() {
                        true => ((x + 7.0, y - 8.0), text),
                        false => ((x - 7.0, y - 8.0), text.end()),
                    };
                    canvas.text(place, words.clone(), text);
                }
                Mark::Median((x, row), color) => {
                    let (top, bottom) = (at((*x, row - 0.4)), at((*x, row + 0.4)));
                    canvas.line(&[top, bottom], Stroke::new(*color, 2.5));
                }
                Mark::Across((y, low, high), color) => {
                    let end = |x| {
                        let (x, y) = at((x, *y));
                        (x.clamp(area.x, area.right()), y)
                    };
                    canvas.line(&[end(*low), end(*high)], Stroke::new(*color, 1.0));
                }
                Mark::Interval((x, low, high), color) => {
                    // An end that nothing bounds stands at the edge.
                    let end = |y| {
                        let (x, y) = at((*x, y));
                        (x, y.clamp(area.y, area.bottom()))
                    };
                    canvas.line(&[end(*low), end(*high)], Stroke::new(*color, 1.0));
                }
                Mark::Bar(row, (from, to), color) => {
                    let row = *row as f64;
                    let (corner, end) = (at((*from, row - 0.4)), at((*to, row + 0.4)));
                    let (width, height) = (end.0 - corner.0, end.1 - corner.1);
                    canvas.rect(Area::new(corner, width, height), *color);
                }
            }
        }
    }

    /// Where `value` of the vertical axis is in `area`: numbers rise, names are read downwards.
    fn height(&self, value: f64, area: Area) -> f64 {
        let place = self.y.scale.place(value) * area.height;
        match self.y.scale {
            Scale::Names(_) => area.y + place,
            Scale::Log(..) | Scale::Counts(..) | Scale::Linear(..) => area.bottom() - place,
        }
    }

    fn axes(&self, canvas: &mut Canvas, area: Area) {
        let light = Stroke::new(Color(228, 228, 228), 1.0);
        for (value, label) in self.x.scale.ticks() {
            let x = area.x + self.x.scale.place(value) * area.width;
            canvas.line(&[(x, area.y), (x, area.bottom())], light);
            canvas.text((x, area.bottom() + 12.0), label, Text::new(SMALL).middle());
        }
        for (value, label) in self.y.scale.ticks() {
            let y = self.height(value, area);
            canvas.line(&[(area.x, y), (area.right(), y)], light);
            canvas.text((area.x - 6.0, y), label, Text::new(SMALL).end());
        }
        canvas.frame(area, Stroke::new(GREY, 1.0));
        let text = Text::new(LABEL).middle();
        for (i, line) in self.x.lines(area.width).into_iter().enumerate() {
            let below = area.bottom() + 30.0 + i as f64 * LABEL_LINE;
            canvas.text((area.centre().0, below), line, text);
        }
        for (i, line) in self.y.lines(area.height).into_iter().enumerate() {
            let beside = area.x - self.left(area.height) + 12.0 + i as f64 * LABEL_LINE;
            canvas.text((beside, area.centre().1), line, text.up());
        }
    }
}

impl Sign {
    /// Draws it with its left middle at `at`.
    fn draw(self, canvas: &mut Canvas, (x, y): Spot) {
        match self {
            Self::Square(color) => canvas.rect(Area::new((x, y - 6.0), 14.0, 12.0), color),
            Self::Dashes(color) => dashed(
                canvas,
                &[(x - 2.0, y), (x + 14.0, y)],
                Stroke::new(color, 1.5),
            ),
            Self::Circle(color) => circle(canvas, (x + 7.0, y), color),
            Self::Median(color) => {
                let ends = [(x + 7.0, y - 7.0), (x + 7.0, y + 7.0)];
                canvas.line(&ends, Stroke::new(color, 2.5));
            }
        }
    }
}

fn circle(canvas: &mut Canvas, centre: Spot, color: Color) {
    canvas.disc(centre, 4.0, color);
    canvas.disc(centre, 2.5, WHITE);
}

/// A dashed line; plotters has none for both of its backends.
fn dashed(canvas: &mut Canvas, spots: &[Spot], stroke: Stroke) {
    const DASH: f64 = 6.0;
    for pair in spots.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        let steps = ((x1 - x0).hypot(y1 - y0) / DASH).ceil().max(1.0) as u32;
        let at = |step: u32| {
            let part = f64::from(step) / f64::from(steps);
            (x0 + (x1 - x0) * part, y0 + (y1 - y0) * part)
        };
        for step in (0..steps).step_by(2) {
            canvas.line(&[at(step), at((step + 1).min(steps))], stroke);
        }
    }
}

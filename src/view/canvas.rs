//! How does a picture get onto disk, the same on every machine?
//!
//! A [`Canvas`] is a list of shapes in *points*: one point is one unit of an SVG, and one or two
//! pixels of a PNG. Figures add shapes in the order in which they cover each other and then
//! [`Canvas::save`] the whole. Text is set in the bundled font
//! ([`Text`]), so that no label depends on what is installed.

mod format;
mod glyphs;
mod render;
mod svg;
mod text;

use std::path::Path;

use crate::file;

pub use format::{FigureError, FigureFormat};
pub use glyphs::Weight;
pub use plotters::style::RGBColor as Color;
pub use text::{Align, Direction, Text};

/// A place on a canvas: x to the right, y downwards [points].
pub type Spot = (f64, f64);

/// Black.
pub const BLACK: Color = Color(0, 0, 0);
/// White.
pub const WHITE: Color = Color(255, 255, 255);
/// For secondary text: 7 : 1 against white.
pub const GREY: Color = Color(89, 89, 89);

/// An upright rectangle [points].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

impl Area {
    /// The rectangle with this upper left corner, width and height.
    pub fn new((x, y): Spot, width: f64, height: f64) -> Self {
        Self {
            x,
            y,
            width,
            height,
        }
    }

    /// Right edge.
    pub fn right(&self) -> f64 {
        self.x + self.width
    }

    /// Lower edge.
    pub fn bottom(&self) -> f64 {
        self.y + self.height
    }

    /// The middle.
    pub fn centre(&self) -> Spot {
        (self.x + self.width / 2.0, self.y + self.height / 2.0)
    }

    /// Whether all of `other` lies inside.
    pub fn holds(&self, other: &Self) -> bool {
        self.x <= other.x
            && self.y <= other.y
            && other.right() <= self.right()
            && other.bottom() <= self.bottom()
    }

    /// This rectangle with every edge moved inwards by `by`.
    #[must_use]
    pub fn inset(&self, by: f64) -> Self {
        Self::new(
            (self.x + by, self.y + by),
            self.width - 2.0 * by,
            self.height - 2.0 * by,
        )
    }
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stroke {
    /// Its colour.
    pub color: Color,
    /// Its width, at least 1 [points].
    pub width: f64,
}

impl Stroke {
    /// A line of this colour and width [points].
    pub fn new(color: Color, width: f64) -> Self {
        Self { color, width }
    }
}

/// What a picture is made of.
#[derive(Clone, Debug)]
enum Shape {
    Rect(Area, Color),
    Line(Vec<Spot>, Stroke),
    Polygon(Vec<Spot>, Color),
    Disc(Spot, f64, Color),
    Text(Spot, String, Text),
}

impl Shape {
    /// This shape `by` further down [points].
    fn moved(self, by: f64) -> Self {
        let spot = |(x, y): Spot| (x, y + by);
        let area = |area: Area| Area {
            y: area.y + by,
            ..area
        };
        let all = |spots: Vec<Spot>| spots.into_iter().map(spot).collect();
        match self {
            Self::Rect(place, color) => Self::Rect(area(place), color),
            Self::Line(spots, stroke) => Self::Line(all(spots), stroke),
            Self::Polygon(corners, color) => Self::Polygon(all(corners), color),
            Self::Disc(centre, radius, color) => Self::Disc(spot(centre), radius, color),
            Self::Text(at, words, text) => Self::Text(spot(at), words, text),
        }
    }
}

/// Thinnest line that every screen shows [points].
const THINNEST: f64 = 0.75;

impl Shape {
    /// This shape `factor` times as large, and as far from the corner.
    fn scaled(self, factor: f64) -> Self {
        let spot = |(x, y): Spot| (x * factor, y * factor);
        let all = |spots: Vec<Spot>| spots.into_iter().map(spot).collect();
        match self {
            Self::Rect(area, color) => Self::Rect(
                Area::new(
                    spot((area.x, area.y)),
                    area.width * factor,
                    area.height * factor,
                ),
                color,
            ),
            Self::Line(spots, stroke) => {
                let width = (stroke.width * factor).max(THINNEST);
                Self::Line(all(spots), Stroke { width, ..stroke })
            }
            Self::Polygon(corners, color) => Self::Polygon(all(corners), color),
            Self::Disc(centre, radius, color) => Self::Disc(spot(centre), radius * factor, color),
            Self::Text(at, words, text) => {
                let size = text.size * factor;
                Self::Text(spot(at), words, Text { size, ..text })
            }
        }
    }
}

/// A picture in the making: shapes on white.
#[derive(Clone, Debug)]
pub struct Canvas {
    width: f64,
    height: f64,
    shapes: Vec<Shape>,
}

impl Canvas {
    /// An empty picture of this size [points].
    pub fn new(width: f64, height: f64) -> Self {
        Self {
            width: width.ceil(),
            height: height.ceil(),
            shapes: Vec::new(),
        }
    }

    /// Fills a rectangle.
    pub fn rect(&mut self, area: Area, color: Color) {
        self.shapes.push(Shape::Rect(area, color));
    }

    /// Frames a rectangle; the line lies inside it.
    pub fn frame(&mut self, area: Area, Stroke { color, width }: Stroke) {
        let Area { x, y, .. } = area;
        let (right, bottom) = (area.right() - width, area.bottom() - width);
        for side in [
            Area::new((x, y), area.width, width),
            Area::new((x, bottom), area.width, width),
            Area::new((x, y), width, area.height),
            Area::new((right, y), width, area.height),
        ] {
            self.rect(side, color);
        }
    }

    /// Draws a line through `spots`.
    pub fn line(&mut self, spots: &[Spot], stroke: Stroke) {
        self.shapes.push(Shape::Line(spots.to_vec(), stroke));
    }

    /// Fills a polygon.
    pub fn polygon(&mut self, corners: &[Spot], color: Color) {
        self.shapes.push(Shape::Polygon(corners.to_vec(), color));
    }

    /// Fills a circle.
    pub fn disc(&mut self, centre: Spot, radius: f64, color: Color) {
        self.shapes.push(Shape::Disc(centre, radius, color));
    }

    /// Sets a line of text. `at` is where [`Text`]'s alignment says, with capitals and digits
    /// centred on its height.
    pub fn text(&mut self, at: Spot, words: impl Into<String>, text: Text) {
        self.shapes.push(Shape::Text(at, words.into(), text));
    }

    /// Width and height [points].
    pub fn size(&self) -> (f64, f64) {
        (self.width, self.height)
    }

    /// The picture `factor` times as large.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        Self {
            width: (self.width * factor).ceil(),
            height: (self.height * factor).ceil(),
            shapes: self
                .shapes
                .into_iter()
                .map(|shape| shape.scaled(factor))
                .collect(),
        }
    }

    /// Where each line of text has its capitals and digits, with its words.
    pub fn texts(&self) -> impl Iterator<Item = (Area, &str)> {
        self.shapes.iter().filter_map(|shape| match shape {
            Shape::Text(at, words, text) => Some((text.area(*at, words), words.as_str())),
            Shape::Rect(..) | Shape::Line(..) | Shape::Polygon(..) | Shape::Disc(..) => None,
        })
    }

    /// What cannot be read: texts that reach over an edge of the picture, and pairs that overlap.
    pub fn clashes(&self) -> Vec<String> {
        /// Overlap that is not seen [points].
        const UNSEEN: f64 = 0.5;
        let mut texts: Vec<(Area, &str)> = self
            .texts()
            .filter(|(_, words)| !words.is_empty())
            .collect();
        texts.sort_by(|a, b| a.0.y.total_cmp(&b.0.y));
        let page = Area::new((0.0, 0.0), self.width, self.height);
        let cut = texts
            .iter()
            .filter(|(area, _)| !page.holds(area))
            .map(|(_, words)| format!("'{words}' is cut"));
        let mut clashes: Vec<String> = cut.collect();
        for (i, (area, words)) in texts.iter().enumerate() {
            let below = texts[i + 1..]
                .iter()
                .take_while(|(other, _)| other.y < area.bottom() - UNSEEN);
            for (other, more) in below {
                if other.x < area.right() - UNSEEN && area.x < other.right() - UNSEEN {
                    clashes.push(format!("'{words}' and '{more}' overlap"));
                }
            }
        }
        clashes
    }

    /// Pictures below each other from top to bottom, each in full.
    pub fn stacked(pictures: Vec<Self>) -> Self {
        let height = pictures.iter().map(|picture| picture.height).sum();
        let width = pictures.iter().map(|picture| picture.width);
        let mut all = Self::new(width.fold(0.0, f64::max), height);
        let mut top = 0.0;
        for picture in pictures {
            all.shapes
                .extend(picture.shapes.into_iter().map(|shape| shape.moved(top)));
            top += picture.height;
        }
        all
    }

    /// Writes the picture, as PNG or SVG by the extension of `path`.
    ///
    /// # Errors
    ///
    /// If the extension is another, or the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), FigureError> {
        let picture = match FigureFormat::of(path)? {
            FigureFormat::Png => {
                render::png(self).map_err(|cause| FigureError::write(path, cause))?
            }
            FigureFormat::Svg => self.svg().into_bytes(),
        };
        file::write(path, &picture).map_err(|error| FigureError::write(path, error))
    }

    /// The picture as SVG text.
    pub fn svg(&self) -> String {
        svg::svg(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn greeting() -> Canvas {
        let mut canvas = Canvas::new(120.0, 40.0);
        canvas.rect(Area::new((10.0, 10.0), 100.0, 20.0), Color(240, 228, 66));
        canvas.text((60.0, 20.0), "2 × 2 & more", Text::new(14.0).middle());
        canvas
    }

    #[test]
    fn an_svg_holds_its_text_as_outlines_with_the_words_beside_them() {
        let svg = greeting().svg();
        assert!(svg.contains("aria-label=\"2 × 2 &amp; more\""), "{svg}");
        // 2, ×, &, m, o, r, e stand once each; 2 is used twice and the spaces never.
        assert_eq!(svg.matches("<path id=").count(), 7, "{svg}");
        assert_eq!(svg.matches("<use ").count(), 8, "{svg}");
        assert!(!svg.contains("font-family"), "{svg}");
        assert!(svg.ends_with("</svg>\n"), "{svg}");
    }

    /// Capitals of 14 points are 10 high: lines 9 apart touch, and one at the edge is cut in half.
    #[test]
    fn texts_that_overlap_or_are_cut_are_found() {
        let clashes = |x: f64, y: f64| {
            let mut canvas = greeting();
            canvas.text((x, y), "more", Text::new(14.0));
            canvas.clashes()
        };
        assert_eq!(clashes(60.0, 29.0), ["'2 × 2 & more' and 'more' overlap"]);
        assert_eq!(clashes(60.0, 32.0), [""; 0]);
        assert_eq!(clashes(100.0, 34.0), ["'more' is cut"]);
    }

    #[test]
    fn pictures_below_each_other_keep_all_that_is_on_them() {
        let both = Canvas::stacked(vec![greeting(), greeting()]);
        assert_eq!((both.width, both.height), (120.0, 80.0));
        assert_eq!(both.shapes.len(), 4);
        assert!(both.svg().contains("translate(60 60)"), "{}", both.svg());
    }

    #[test]
    fn both_formats_are_written_and_an_unwritable_place_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let png = folder.path().join("a.png");
        greeting().save(&png).unwrap();
        assert!(std::fs::read(&png).unwrap().starts_with(b"\x89PNG"));
        let svg = folder.path().join("a.svg");
        greeting().save(&svg).unwrap();
        assert_eq!(std::fs::read_to_string(&svg).unwrap(), greeting().svg());
        for name in ["a.png", "a.svg"] {
            let nowhere = folder.path().join("nowhere").join(name);
            let error = greeting().save(&nowhere).unwrap_err().to_string();
            let expected = format!("cannot write {}: no such folder", nowhere.display());
            assert_eq!(error, expected);
        }
    }
}

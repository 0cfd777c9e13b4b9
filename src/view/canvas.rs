//! How does a picture get onto disk, the same on every machine?
//!
//! A [`Canvas`] is a list of shapes in *points*: one point is one unit of an SVG, and one or two
//! pixels of a PNG. Figures add shapes in the order in which they cover each other and then
//! [`Canvas::save`] the whole; plotters' backends draw it. Text is set in the bundled font
//! ([`Text`]), so that no label depends on what is installed.

mod format;
mod glyphs;
mod render;
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
    /// This shape `by` further to the right [points].
    fn moved(self, by: f64) -> Self {
        let spot = |(x, y): Spot| (x + by, y);
        let area = |area: Area| Area {
            x: area.x + by,
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

    /// Pictures beside each other from left to right, each in full.
    pub fn beside(pictures: Vec<Self>) -> Self {
        let width = pictures.iter().map(|picture| picture.width).sum();
        let height = pictures.iter().map(|picture| picture.height);
        let mut all = Self::new(width, height.fold(0.0, f64::max));
        let mut left = 0.0;
        for picture in pictures {
            all.shapes
                .extend(picture.shapes.into_iter().map(|shape| shape.moved(left)));
            left += picture.width;
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
        render::svg(self)
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
    fn an_svg_holds_its_text_as_text() {
        let svg = greeting().svg();
        assert!(svg.contains("2 × 2 &amp; more"), "{svg}");
        assert!(svg.contains("text-anchor=\"middle\""), "{svg}");
        assert!(svg.contains("font-family=\"Roboto"), "{svg}");
        assert_eq!(svg.matches("textLength").count(), 1, "{svg}");
        assert!(svg.ends_with("</svg>\n"), "{svg}");
    }

    #[test]
    fn pictures_beside_each_other_keep_all_that_is_on_them() {
        let both = Canvas::beside(vec![greeting(), greeting()]);
        assert_eq!((both.width, both.height), (240.0, 40.0));
        assert_eq!(both.shapes.len(), 4);
        assert!(both.svg().contains("x=\"180\""), "{}", both.svg());
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

//! How do shapes become pixels?
//!
//! By plotters' bitmap backend.

use std::borrow::Cow;
use std::collections::HashMap;
use std::convert::Infallible;

use plotters::backend::{BitMapBackend, DrawingBackend};
use plotters_backend::text_anchor::{HPos, Pos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingErrorKind, FontFamily,
    FontStyle, FontTransform,
};

use super::{
    Align, Area, Canvas, Color, Direction, Shape, Spot, Stroke, Text, WHITE, Weight, glyphs,
};

/// Pixels above which a PNG has one pixel per point and not two: twice the area of a 4K screen.
const SHARP_PIXELS: f64 = 16.6e6;

/// Bytes of a pixel: red, green, blue.
const BYTES: usize = 3;

type Drawn<B> = Result<(), DrawingErrorKind<<B as DrawingBackend>::ErrorType>>;

/// `canvas` as PNG, or why it cannot be drawn.
pub(super) fn png(canvas: &Canvas) -> Result<Vec<u8>, String> {
    let sharp = 4.0 * canvas.width * canvas.height <= SHARP_PIXELS;
    let scale = if sharp { 2.0 } else { 1.0 };
    let size = (
        (canvas.width * scale) as u32,
        (canvas.height * scale) as u32,
    );
    let mut pixels = vec![0; BYTES * size.0 as usize * size.1 as usize];
    let mut backend = BitMapBackend::with_buffer(&mut pixels, size);
    let device = &mut Device {
        backend: &mut backend,
        scale,
    };
    draw(canvas, device).map_err(|e| cause(&e))?;
    drop(backend);
    encode(&pixels, size).map_err(|e| e.to_string())
}

/// `pixels` as PNG: by a palette where there are few enough colours, which takes a third of the space.
fn encode(pixels: &[u8], size: (u32, u32)) -> Result<Vec<u8>, png::EncodingError> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, size.0, size.1);
    encoder.set_compression(png::Compression::Best);
    let data = match indexed(pixels) {
        Some((palette, indices)) => {
            encoder.set_color(png::ColorType::Indexed);
            encoder.set_palette(palette);
            // Indices are no quantities; their differences say nothing.
            encoder.set_filter(png::FilterType::NoFilter);
            Cow::Owned(indices)
        }
        None => {
            encoder.set_color(png::ColorType::Rgb);
            encoder.set_adaptive_filter(png::AdaptiveFilterType::Adaptive);
            Cow::Borrowed(pixels)
        }
    };
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&data)?;
    writer.finish()?;
    Ok(file)
}

/// The colours of `pixels`, and for each pixel which it is; `None` where a byte cannot number them.
fn indexed(pixels: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut numbers: HashMap<&[u8], u8> = HashMap::new();
    let mut palette = Vec::new();
    let mut indices = Vec::with_capacity(pixels.len() / BYTES);
    for pixel in pixels.chunks_exact(BYTES) {
        let index = match numbers.get(pixel) {
            Some(index) => *index,
            None => {
                let index = u8::try_from(numbers.len()).ok()?;
                numbers.insert(pixel, index);
                palette.extend_from_slice(pixel);
                index
            }
        };
        indices.push(index);
    }
    Some((palette, indices))
}

/// The system's own words, without plotters' wrapping.
fn cause<E: std::error::Error + Send + Sync>(error: &DrawingErrorKind<E>) -> String {
    match error {
        DrawingErrorKind::DrawingError(cause) => cause.to_string(),
        DrawingErrorKind::FontError(cause) => cause.to_string(),
    }
}

/// A backend with the size of a point on it.
struct Device<'a, B> {
    backend: &'a mut B,
    scale: f64,
}

fn draw<B: DrawingBackend>(canvas: &Canvas, device: &mut Device<'_, B>) -> Drawn<B> {
    let page = Area::new((0.0, 0.0), canvas.width, canvas.height);
    device.shape(&Shape::Rect(page, WHITE))?;
    canvas
        .shapes
        .iter()
        .try_for_each(|shape| device.shape(shape))
}

impl<B: DrawingBackend> Device<'_, B> {
    fn at(&self, (x, y): Spot) -> BackendCoord {
        let round = |v: f64| (v * self.scale).round() as i32;
        (round(x), round(y))
    }

    fn shape(&mut self, shape: &Shape) -> Drawn<B> {
        match shape {
            Shape::Rect(area, color) => self.rect(*area, *color),
            Shape::Line(spots, stroke) => self.line(spots, *stroke),
            Shape::Polygon(corners, color) => {
                let corners: Vec<BackendCoord> = corners.iter().map(|c| self.at(*c)).collect();
                self.backend.fill_polygon(corners, &ink(*color))
            }
            Shape::Disc(centre, radius, color) => {
                let radius = (radius * self.scale).round() as u32;
                let centre = self.at(*centre);
                self.backend.draw_circle(centre, radius, &ink(*color), true)
            }
            Shape::Text(at, words, text) => self.text(*at, words, *text),
        }
    }

    fn rect(&mut self, area: Area, color: Color) -> Drawn<B> {
        let from = self.at((area.x, area.y));
        let to = self.at((area.right(), area.bottom()));
        self.backend.draw_rect(from, to, &ink(color), true)
    }

    fn line(&mut self, spots: &[Spot], stroke: Stroke) -> Drawn<B> {
        let style = Pen {
            color: ink(stroke.color),
            width: (stroke.width * self.scale).round().max(1.0) as u32,
        };
        let spots: Vec<BackendCoord> = spots.iter().map(|spot| self.at(*spot)).collect();
        self.backend.draw_path(spots, &style)
    }

    fn text(&mut self, (x, y): Spot, words: &str, text: Text) -> Drawn<B> {
        // The base line lies half the height of capitals below their middle.
        let below = glyphs::CAP_HEIGHT / 2.0 * text.size;
        let spot = match text.direction {
            Direction::Across => (x, y + below),
            Direction::Up => (x + below, y),
        };
        let at = self.at(spot);
        let em = text.size * self.scale;
        self.backend.draw_text(words, &Lettering { text, em }, at)
    }
}

fn ink(color: Color) -> BackendColor {
    BackendColor {
        alpha: 1.0,
        rgb: (color.0, color.1, color.2),
    }
}

struct Pen {
    color: BackendColor,
    width: u32,
}

impl BackendStyle for Pen {
    fn color(&self) -> BackendColor {
        self.color
    }

    fn stroke_width(&self) -> u32 {
        self.width
    }
}

/// Text as plotters' backends want to be told of it.
struct Lettering {
    text: Text,
    /// Height of an em [pixels].
    em: f64,
}

impl BackendTextStyle for Lettering {
    type FontError = Infallible;

    fn color(&self) -> BackendColor {
        ink(self.text.color)
    }

    fn size(&self) -> f64 {
        self.em
    }

    fn transform(&self) -> FontTransform {
        match self.text.direction {
            Direction::Across => FontTransform::None,
            Direction::Up => FontTransform::Rotate270,
        }
    }

    fn style(&self) -> FontStyle {
        match self.text.weight {
            Weight::Regular => FontStyle::Normal,
            Weight::Bold => FontStyle::Bold,
        }
    }

    fn anchor(&self) -> Pos {
        let h_pos = match self.text.align {
            Align::Start => HPos::Left,
            Align::Middle => HPos::Center,
            Align::End => HPos::Right,
        };
        Pos::new(h_pos, VPos::Center)
    }

    fn family(&self) -> FontFamily<'_> {
        FontFamily::SansSerif
    }

    /// Empty, so that the backend shifts nothing: [`Self::draw`] aligns, to parts of a pixel.
    fn layout_box(&self, _: &str) -> Result<((i32, i32), (i32, i32)), Infallible> {
        Ok(((0, 0), (0, 0)))
    }

    fn draw<E, F: FnMut(i32, i32, BackendColor) -> Result<(), E>>(
        &self,
        words: &str,
        (x, y): BackendCoord,
        mut draw: F,
    ) -> Result<Result<(), E>, Infallible> {
        let Text { weight, color, .. } = self.text;
        let width = glyphs::width(weight, self.em, words);
        let offset = match self.text.align {
            Align::Start => 0.0,
            Align::Middle => -width / 2.0,
            Align::End => -width,
        };
        let color = ink(color);
        Ok(glyphs::raster(
            weight,
            self.em,
            words,
            offset as f32,
            |dx, dy, c| draw(x + dx, y + dy, color.mix(c.into())),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(file: &[u8]) -> (png::ColorType, Vec<u8>) {
        let mut decoder = png::Decoder::new(file);
        decoder.set_transformations(png::Transformations::IDENTITY);
        let kind = decoder.read_header_info().unwrap().color_type;
        let mut decoder = png::Decoder::new(file);
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size()];
        reader.next_frame(&mut pixels).unwrap();
        (kind, pixels)
    }

    /// 256 colours have a palette, 257 have none; the pixels are the same.
    #[test]
    fn a_palette_is_exact_and_used_while_a_byte_can_number_the_colours() {
        for (colours, kind) in [
            (256_u32, png::ColorType::Indexed),
            (257, png::ColorType::Rgb),
        ] {
            let pixel = |i: u32| [i as u8, (i >> 8) as u8, 7];
            let pixels: Vec<u8> = (0..colours).chain(0..colours).flat_map(pixel).collect();
            let file = encode(&pixels, (colours, 2)).unwrap();
            assert_eq!(decoded(&file), (kind, pixels), "{colours}");
        }
    }
}

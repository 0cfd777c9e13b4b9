//! Where does each letter go, and which pixels does it cover?

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, Glyph, GlyphId, OutlineCurve, Point, PxScale, ScaleFont, point};

/// How bold text is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    /// Normal.
    #[default]
    Regular,
    /// Bold.
    Bold,
}

static REGULAR: LazyLock<FontRef<'static>> =
    LazyLock::new(|| font(include_bytes!("../../../assets/fonts/Roboto-Regular.ttf")));
static BOLD: LazyLock<FontRef<'static>> =
    LazyLock::new(|| font(include_bytes!("../../../assets/fonts/Roboto-Bold.ttf")));

/// Height of capitals and digits of the bundled font [em].
// Source: assets/fonts/Roboto-Regular.ttf, OS/2 table, sCapHeight 1456 of 2048 units.
pub(super) const CAP_HEIGHT: f64 = 1456.0 / 2048.0;

/// Horizontal positions within a pixel at which a letter may stand; finer cannot be seen.
const SUBPIXELS: f32 = 4.0;

/// Shades of a letter's edge; with so few, most pictures have a palette and are a third as large.
const LEVELS: f32 = 4.0;

fn font(bytes: &'static [u8]) -> FontRef<'static> {
    FontRef::try_from_slice(bytes).expect("the bundled font is whole: a test sets text in it")
}

fn face(weight: Weight) -> &'static FontRef<'static> {
    match weight {
        Weight::Regular => &REGULAR,
        Weight::Bold => &BOLD,
    }
}

/// ab_glyph scales by line height; `em` is what everybody else means by a font's size.
fn scale(face: &FontRef<'static>, em: f64) -> PxScale {
    let units = face.units_per_em().unwrap_or(2048.0);
    PxScale::from(em as f32 * face.height_unscaled() / units)
}

/// Letters of `words` with the distance of each from the start, and the distance of the end.
fn layout(weight: Weight, em: f64, words: &str) -> (Vec<(GlyphId, f32)>, f32) {
    let face = face(weight);
    let font = face.as_scaled(scale(face, em));
    let mut x = 0.0;
    let mut last = None;
    let mut letters = Vec::with_capacity(words.len());
    for id in words.chars().map(|c| font.glyph_id(c)) {
        x += last.map_or(0.0, |last| font.kern(last, id));
        letters.push((id, x));
        x += font.h_advance(id);
        last = Some(id);
    }
    (letters, x)
}

/// Units of an em of the bundled font.
// Source: assets/fonts/Roboto-Regular.ttf, head table, unitsPerEm.
pub(super) const UNITS: f64 = 2048.0;

/// A letter of the bundled font.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Letter {
    pub(super) weight: Weight,
    id: GlyphId,
}

impl Letter {
    /// Its number in the font.
    pub(super) fn number(self) -> u16 {
        self.id.0
    }

    /// Its outline as data of an SVG path, in units of the font, y downwards from the base line; `None` of
    /// a space.
    pub(super) fn outline(self) -> Option<String> {
        let curves = face(self.weight).outline(self.id)?.curves;
        let spot = |p: Point| format!("{:.0} {:.0}", p.x, -p.y);
        let mut path = String::new();
        let mut pen = None;
        for curve in curves {
            let (from, step, to) = match curve {
                OutlineCurve::Line(from, to) => (from, format!("L{}", spot(to)), to),
                OutlineCurve::Quad(from, c, to) => (from, format!("Q{} {}", spot(c), spot(to)), to),
                OutlineCurve::Cubic(from, c, d, to) => {
                    let step = format!("C{} {} {}", spot(c), spot(d), spot(to));
                    (from, step, to)
                }
            };
            if pen != Some(from) {
                path.push_str(&format!("M{}", spot(from)));
            }
            path.push_str(&step);
            pen = Some(to);
        }
        (!path.is_empty()).then(|| path + "Z")
    }
}

/// The letters of `words`, each with its distance from the start in units of the font.
pub(super) fn letters(weight: Weight, words: &str) -> impl Iterator<Item = (Letter, f32)> {
    let letters = layout(weight, UNITS, words).0.into_iter();
    letters.map(move |(id, x)| (Letter { weight, id }, x))
}

/// Length of `words` at an em of `em`, in the unit of `em`.
pub(super) fn width(weight: Weight, em: f64, words: &str) -> f64 {
    layout(weight, em, words).1.into()
}

/// Pixels that a letter covers, relative to its origin on the base line, with their coverage.
type Coverage = Rc<[(i32, i32, f32)]>;

type Key = (Weight, u64, GlyphId, u8);

thread_local! {
    /// A figure sets the same digits thousands of times.
    static RASTERED: RefCell<HashMap<Key, Coverage>> = RefCell::default();
}

fn coverage(weight: Weight, em: f64, id: GlyphId, subpixel: u8) -> Coverage {
    let key = (weight, em.to_bits(), id, subpixel);
    if let Some(known) = RASTERED.with_borrow(|known| known.get(&key).cloned()) {
        return known;
    }
    let face = face(weight);
    let glyph = Glyph {
        id,
        scale: scale(face, em),
        position: point(f32::from(subpixel) / SUBPIXELS, 0.0),
    };
    let mut pixels = Vec::new();
    if let Some(outline) = face.outline_glyph(glyph) {
        let min = outline.px_bounds().min;
        outline.draw(|x, y, c| {
            if c > 0.0 {
                let c = (c * LEVELS).round().min(LEVELS) / LEVELS;
                pixels.push((min.x as i32 + x as i32, min.y as i32 + y as i32, c));
            }
        });
    }
    let pixels: Coverage = pixels.into();
    RASTERED.with_borrow_mut(|known| known.insert(key, pixels.clone()));
    pixels
}

/// Tells `draw` every pixel that `words` cover, relative to the start of the base line, which may
/// lie `offset` to the right of a pixel border.
pub(super) fn raster<E>(
    weight: Weight,
    em: f64,
    words: &str,
    offset: f32,
    mut draw: impl FnMut(i32, i32, f32) -> Result<(), E>,
) -> Result<(), E> {
    for (id, x) in layout(weight, em, words).0 {
        let quarters = ((x + offset) * SUBPIXELS).round();
        let whole = (quarters / SUBPIXELS).floor();
        let subpixel = (quarters - whole * SUBPIXELS) as u8;
        for (dx, dy, c) in coverage(weight, em, id, subpixel).iter() {
            draw(whole as i32 + dx, *dy, *c)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every character that figures use beyond ASCII has a glyph (glyph 0 is the empty box).
    #[test]
    fn the_bundled_fonts_have_the_letters_that_figures_use() {
        for weight in [Weight::Regular, Weight::Bold] {
            for c in "×≥≤≈φ·–µ±é\u{a0}".chars() {
                assert_ne!(face(weight).glyph_id(c), GlyphId(0), "{c} in {weight:?}");
            }
        }
    }

    /// The ink of `H` at an em of 100 reaches from the base line to the height of capitals.
    #[test]
    fn capitals_stand_on_the_base_line_and_are_as_high_as_said() {
        let (mut top, mut bottom) = (0, i32::MIN);
        raster(Weight::Regular, 100.0, "H", 0.0, |_, y, _| {
            (top, bottom) = (top.min(y), bottom.max(y));
            Ok::<_, ()>(())
        })
        .unwrap();
        assert_eq!(bottom, -1);
        assert!((f64::from(-top) - CAP_HEIGHT * 100.0).abs() <= 1.0, "{top}");
    }
}

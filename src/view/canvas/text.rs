//! How is a line of text set?
//!
//! In Roboto, which is compiled in (`assets/fonts`, Apache-2.0). plotters can set text too, but
//! rounds every letter to whole pixels, drops its side bearing, and places capitals above the
//! line it is asked to centre them on; so the letters are laid out in `glyphs` and plotters is
//! handed finished coverage.

use super::Color;
use super::glyphs::{self, Weight};

/// Which point of a line of text is placed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Align {
    /// Its start.
    #[default]
    Start,
    /// Its middle.
    Middle,
    /// Its end.
    End,
}

/// Which way a line of text runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// To the right.
    #[default]
    Across,
    /// Upwards.
    Up,
}

/// How a line of text looks and which point of it is placed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Text {
    /// Height of an em [points].
    pub size: f64,
    /// Colour.
    pub color: Color,
    /// Weight.
    pub weight: Weight,
    /// Which point is placed.
    pub align: Align,
    /// Which way it runs.
    pub direction: Direction,
}

impl Text {
    /// Black regular text of this em height [points], placed by its start.
    pub fn new(size: f64) -> Self {
        Self {
            size,
            color: super::BLACK,
            weight: Weight::Regular,
            align: Align::Start,
            direction: Direction::Across,
        }
    }

    /// The same in bold.
    #[must_use]
    pub fn bold(self) -> Self {
        Self {
            weight: Weight::Bold,
            ..self
        }
    }

    /// The same in another colour.
    #[must_use]
    pub fn color(self, color: Color) -> Self {
        Self { color, ..self }
    }

    /// The same, placed by its middle.
    #[must_use]
    pub fn middle(self) -> Self {
        self.align(Align::Middle)
    }

    /// The same, placed by its end.
    #[must_use]
    pub fn end(self) -> Self {
        self.align(Align::End)
    }

    /// The same, running upwards.
    #[must_use]
    pub fn up(self) -> Self {
        Self {
            direction: Direction::Up,
            ..self
        }
    }

    fn align(self, align: Align) -> Self {
        Self { align, ..self }
    }

    /// Length of `words` in this style [points].
    pub fn width(&self, words: &str) -> f64 {
        glyphs::width(self.weight, self.size, words)
    }

    /// `phrases` joined by `joint` into lines of at most `width` [points]. Lines break between
    /// phrases; a phrase that is longer stands alone.
    pub fn flow(&self, phrases: &[impl AsRef<str>], joint: &str, width: f64) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for phrase in phrases.iter().map(AsRef::as_ref) {
            match lines.last_mut() {
                Some(line) if self.width(&format!("{line}{joint}{phrase}")) <= width => {
                    line.push_str(joint);
                    line.push_str(phrase);
                }
                _ => lines.push(phrase.to_owned()),
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn width_grows_with_size_and_length() {
        let text = Text::new(10.0);
        assert!((Text::new(20.0).width("abc") / text.width("abc") - 2.0).abs() < 1e-3);
        assert!(text.width("abcd") > text.width("abc"));
        assert_ne!(text.bold().width("abc"), text.width("abc"));
        assert_eq!(text.width(""), 0.0);
    }

    #[test]
    fn lines_fit_and_lose_no_phrase() {
        let text = Text::new(10.0);
        let phrases = ["one two", "three", "four five", "six seven"];
        let lines = text.flow(&phrases, ", ", 80.0);
        assert!(lines.len() > 1 && lines.iter().all(|line| text.width(line) <= 80.0));
        assert_eq!(lines.join(", "), phrases.join(", "));
        assert_eq!(text.flow(&["unbreakable"], " ", 5.0), ["unbreakable"]);
    }
}

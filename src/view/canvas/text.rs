//! How is a line of text set?
//!
//! In Roboto, which is compiled in (`assets/fonts`, Apache-2.0). plotters can set text too, but
//! rounds every letter to whole pixels, drops its side bearing, and places capitals above the
//! line it is asked to centre them on; so the letters are laid out in `glyphs` and plotters is
//! handed finished coverage.

use super::glyphs::{self, Weight};
use super::{Area, Color, Spot};

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

    /// The area of the capitals and digits of `words` that are placed at `at` [points].
    pub fn area(&self, (x, y): Spot, words: &str) -> Area {
        let (width, height) = (self.width(words), glyphs::CAP_HEIGHT * self.size);
        let before = match self.align {
            Align::Start => 0.0,
            Align::Middle => width / 2.0,
            Align::End => width,
        };
        match self.direction {
            Direction::Across => Area::new((x - before, y - height / 2.0), width, height),
            Direction::Up => Area::new((x - height / 2.0, y + before - width), height, width),
        }
    }

    /// Length of `words` in this style [points].
    pub fn width(&self, words: &str) -> f64 {
        glyphs::width(self.weight, self.size, words)
    }

    /// The parts of a word behind which a line may be broken where the word is too long for it.
    pub fn parts(word: &str) -> impl Iterator<Item = &str> {
        word.split_inclusive(['-', '.', '/', '_', ','])
    }

    /// `words` in lines of at most `width` [points], broken at spaces; a word that is longer between its
    /// [`Text::parts`], and a part that is longer anywhere.
    pub fn wrap(&self, words: &str, width: f64) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        let fits = |word: &str| self.width(word.trim_end()) <= width;
        let parts = words
            .split_inclusive(' ')
            .flat_map(|word| match fits(word) {
                true => vec![word],
                false => Self::parts(word).collect(),
            });
        for part in parts {
            match lines.last_mut() {
                Some(line) if self.width(format!("{line}{part}").trim_end()) <= width => {
                    line.push_str(part);
                }
                _ => lines.push(part.to_owned()),
            }
            // What cannot be broken is cut.
            while let Some(line) = lines.last_mut()
                && self.width(line.trim_end()) > width
                && let Some(at) = self.cut(line, width)
            {
                let rest = line.split_off(at);
                lines.push(rest);
            }
        }
        lines
            .iter()
            .map(|line| line.trim_end().to_owned())
            .collect()
    }

    /// Where `line` must be cut to be at most `width` long; at least one letter stays.
    fn cut(&self, line: &str, width: f64) -> Option<usize> {
        let places = line.char_indices().skip(1).map(|(at, _)| at);
        let fits = places
            .clone()
            .filter(|at| self.width(&line[..*at]) <= width);
        fits.last().or(places.clone().next())
    }

    /// `phrases` joined by `joint` into lines of at most `width` [points]. Lines break between
    /// phrases; a phrase that is longer is broken itself.
    pub fn flow(&self, phrases: &[impl AsRef<str>], joint: &str, width: f64) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for phrase in phrases.iter().map(AsRef::as_ref) {
            match lines.last_mut() {
                Some(line) if self.width(&format!("{line}{joint}{phrase}")) <= width => {
                    line.push_str(joint);
                    line.push_str(phrase);
                }
                _ => lines.extend(self.wrap(phrase, width)),
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
        let cut = text.flow(&["unbreakable"], " ", 30.0);
        assert!(cut.len() > 1 && cut.iter().all(|line| text.width(line) <= 30.0));
        assert_eq!(cut.concat(), "unbreakable");
        assert_eq!(
            text.wrap("spin-then-park.1000", 60.0),
            ["spin-then-", "park.1000"]
        );
    }
}

//! How do shapes become SVG elements?
//!
//! Letters are drawn as outlines, so that a picture looks the same wherever it is opened, whatever fonts
//! are installed. Each outline stands once in the file; the words of a line are its `aria-label`.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::glyphs::{self, Letter, UNITS};
use super::{Align, Canvas, Color, Direction, Shape, Spot, Text, WHITE};

/// `canvas` as SVG text.
pub(super) fn svg(canvas: &Canvas) -> String {
    let (width, height) = (canvas.width, canvas.height);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\">\n{}",
        outlines(canvas)
    );
    // Writing to a String cannot fail.
    let _ = writeln!(
        svg,
        "<rect width=\"{width}\" height=\"{height}\" fill=\"{}\"/>",
        hex(WHITE)
    );
    for shape in &canvas.shapes {
        let _ = element(&mut svg, shape);
    }
    svg.push_str("</svg>\n");
    svg
}

/// Every letter that occurs, once.
fn outlines(canvas: &Canvas) -> String {
    let mut letters: BTreeSet<Letter> = BTreeSet::new();
    for shape in &canvas.shapes {
        if let Shape::Text(_, words, text) = shape {
            letters.extend(glyphs::letters(text.weight, words).map(|(letter, _)| letter));
        }
    }
    let mut defs = String::from("<defs>\n");
    for letter in letters {
        if let Some(path) = letter.outline() {
            let _ = writeln!(defs, "<path id=\"{}\" d=\"{path}\"/>", id(letter));
        }
    }
    defs + "</defs>\n"
}

fn id(letter: Letter) -> String {
    let weight = match letter.weight {
        super::Weight::Regular => 'r',
        super::Weight::Bold => 'b',
    };
    format!("{weight}{}", letter.number())
}

fn element(svg: &mut String, shape: &Shape) -> std::fmt::Result {
    match shape {
        Shape::Rect(area, color) => writeln!(
            svg,
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>",
            short(area.x),
            short(area.y),
            short(area.width),
            short(area.height),
            hex(*color)
        ),
        Shape::Line(spots, stroke) => writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\"/>",
            points(spots),
            hex(stroke.color),
            short(stroke.width)
        ),
        Shape::Polygon(corners, color) => writeln!(
            svg,
            "<polygon points=\"{}\" fill=\"{}\"/>",
            points(corners),
            hex(*color)
        ),
        Shape::Disc((x, y), radius, color) => writeln!(
            svg,
            "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"{}\"/>",
            short(*x),
            short(*y),
            short(*radius),
            hex(*color)
        ),
        Shape::Text(at, words, text) => line(svg, *at, words, *text),
    }
}

/// A line of text: its letters in units of the font, moved, turned and scaled as a whole.
fn line(svg: &mut String, (x, y): Spot, words: &str, text: Text) -> std::fmt::Result {
    let length = glyphs::width(text.weight, 1.0, words) * UNITS;
    let start = match text.align {
        Align::Start => 0.0,
        Align::Middle => -length / 2.0,
        Align::End => -length,
    };
    let turn = match text.direction {
        Direction::Across => "",
        Direction::Up => " rotate(-90)",
    };
    write!(
        svg,
        "<g aria-label=\"{}\" fill=\"{}\" transform=\"translate({} {}){turn} scale({:.6})\">",
        escaped(words),
        hex(text.color),
        short(x),
        short(y),
        text.size / UNITS
    )?;
    let base = glyphs::CAP_HEIGHT / 2.0 * UNITS;
    for (letter, x) in glyphs::letters(text.weight, words) {
        if letter.outline().is_some() {
            let x = start + f64::from(x);
            write!(
                svg,
                "<use href=\"#{}\" x=\"{x:.0}\" y=\"{base:.0}\"/>",
                id(letter)
            )?;
        }
    }
    writeln!(svg, "</g>")
}

fn points(spots: &[Spot]) -> String {
    let spots = spots
        .iter()
        .map(|(x, y)| format!("{},{}", short(*x), short(*y)));
    spots.collect::<Vec<_>>().join(" ")
}

/// A length to a hundredth of a point, without zeros at its end.
fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    match text {
        "-0" => "0".to_owned(),
        _ => text.to_owned(),
    }
}

fn hex(Color(r, g, b): Color) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn escaped(words: &str) -> String {
    let entity = |c: char| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        other => other.to_string(),
    };
    words.chars().map(entity).collect()
}

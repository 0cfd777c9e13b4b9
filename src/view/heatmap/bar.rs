//! How is the colour scale shown?

use crate::analysis::{Better, Quantity};
use crate::view::canvas::{Area, BLACK, Canvas, GREY, Spot, Stroke, Text};

use crate::view::scale::Scale;

/// Height of the scale with its ticks [points].
pub(super) const HEIGHT: f64 = 44.0;
/// Height of the colours [points].
const COLORS: f64 = 12.0;
/// Longest and shortest scale that is any use [points].
const LENGTH: (f64, f64) = (160.0, 300.0);
const EM: f64 = 12.0;
/// Between words and colours [points].
const GAP: f64 = 8.0;

/// Draws the scale as a lying bar from `corner` on, at most `width` long, with ticks below it and what it
/// shows before it.
pub(super) fn draw(
    canvas: &mut Canvas,
    (x, y): Spot,
    width: f64,
    (quantity, scale): (&Quantity, &Scale),
) {
    let text = Text::new(EM);
    let label = match scale.unit {
        "" | "1" => quantity.to_string(),
        unit => format!("{quantity} [{unit}]"),
    };
    let [low, high] = ends(quantity);
    let words = [&label[..], low, high].map(|words| text.width(words) + GAP);
    let length = (width - words.iter().sum::<f64>()).clamp(LENGTH.0, LENGTH.1);
    let middle = y + COLORS / 2.0;
    canvas.text((x, middle), label, text.bold());
    canvas.text((x + words[0] + GAP, middle), low, text.color(GREY));
    let left = x + words[0] + GAP + words[1];
    let area = Area::new((left, y), length, COLORS);
    gradient(canvas, area, scale);
    canvas.text((area.right() + GAP, middle), high, text.color(GREY));
    let mut free = f64::NEG_INFINITY;
    for (position, label) in scale.ticks() {
        let x = area.x + position * area.width;
        canvas.rect(Area::new((x - 0.5, area.bottom()), 1.0, 4.0), BLACK);
        let half = text.width(&label) / 2.0;
        if x - half > free {
            canvas.text((x, area.bottom() + 12.0), label, text.middle());
            free = x + half + 4.0;
        }
    }
    canvas.frame(area, Stroke::new(GREY, 1.0));
}

/// What the low and the high end are, if either is good.
fn ends(quantity: &Quantity) -> [&'static str; 2] {
    match quantity.better() {
        Better::Low => ["good", "bad"],
        Better::High => ["bad", "good"],
        Better::Neither => ["less", "more"],
    }
}

/// Fills `area` with the scale, low to the left.
fn gradient(canvas: &mut Canvas, area: Area, scale: &Scale) {
    /// As many as the scale has colours, about.
    const STEPS: u32 = 24;
    let width = area.width / f64::from(STEPS);
    for step in 0..STEPS {
        let x = area.x + f64::from(step) * width;
        let position = (f64::from(step) + 0.5) / f64::from(STEPS);
        // The next one covers what rounding would leave open.
        let wide = (area.right() - x).min(2.0 * width);
        let color = scale.color_at(position);
        canvas.rect(Area::new((x, area.y), wide, area.height), color);
    }
}

//! How is the colour scale shown?

use crate::analysis::Quantity;
use crate::view::canvas::{Area, BLACK, Canvas, GREY, Stroke, Text};

use crate::view::scale::Scale;

/// Draws the scale as an upright bar with ticks to its right.
pub(super) fn draw(canvas: &mut Canvas, area: Area, quantity: &Quantity, scale: &Scale) {
    gradient(canvas, area, scale);
    canvas.frame(area, Stroke::new(GREY, 1.0));
    for (position, label) in scale.ticks() {
        let y = area.bottom() - position * area.height;
        let tick = Area::new((area.right(), y - 0.5), 5.0, 1.0);
        canvas.rect(tick, BLACK);
        canvas.text((area.right() + 8.0, y), label, Text::new(12.0));
    }
    let label = match scale.unit {
        "" => quantity.to_string(),
        unit => format!("{quantity} [{unit}]"),
    };
    let x = area.right() + 52.0;
    canvas.text((x, area.centre().1), label, Text::new(12.5).middle().up());
}

/// Fills `area` with the scale, low at the bottom.
fn gradient(canvas: &mut Canvas, area: Area, scale: &Scale) {
    let steps = area.height.round().max(1.0);
    let height = area.height / steps;
    for step in 0..steps as u32 {
        let y = area.bottom() - f64::from(step + 1) * height;
        let position = (f64::from(step) + 0.5) / steps;
        canvas.rect(
            Area::new((area.x, y), area.width, height),
            scale.color_at(position),
        );
    }
}

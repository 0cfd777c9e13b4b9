//! How is one cell drawn?

use crate::analysis::{Bound, Mark, Reading};
use crate::view::canvas::{Area, BLACK, Canvas, Color, GREY, Spot, Stroke, Text, WHITE};
use crate::view::causes;
use crate::view::facet::Slot;

use crate::view::scale::{Scale, blend, faint, text_on};

/// Ground of a cell that failed or was stopped without a number.
const FAILED: Color = Color(226, 226, 226);
/// Cross or hatching on it.
const CROSS: Color = Color(150, 150, 150);
/// Frame of a cell without a number.
const BLANK: Color = Color(232, 232, 232);
/// What is written below a bound.
const STOPPED: &str = "stopped";
/// Between hatch lines [points].
const HATCH: f64 = 8.0;

/// What is written into a cell; nothing where nothing was measured.
pub(super) fn label(slot: Slot<'_>, scale: &Scale) -> Option<String> {
    let Slot::Answered(point) = slot else {
        return None;
    };
    Some(match &point.reading {
        Reading::Number(estimate, bound) => {
            let sign = match bound {
                Bound::Exact if estimate.is_wide() => "~",
                Bound::Exact => "",
                Bound::AtLeast => "> ",
                Bound::AtMost => "< ",
                Bound::UntilStopped => "| ",
            };
            let open = match point.mark {
                Mark::Unresolved(_) => "?",
                Mark::Best | Mark::Tied(_) | Mark::Same | Mark::None => "",
            };
            let width = point.granted.map_or("", |_| "!");
            format!("{width}{sign}{}{open}", scale.write(estimate.value))
        }
        Reading::Cause(cause) => cause.letter().to_string(),
        Reading::Missing => "–".to_owned(),
        Reading::Stopped => "stopped".to_owned(),
        Reading::Wrong(_) => "wrong".to_owned(),
        Reading::Interrupted(_) => "stood".to_owned(),
        Reading::Failed(_) => "failed".to_owned(),
    })
}

/// The ground colour of a cell with a number or a cause, and what the number means.
fn number_of(slot: Slot<'_>, scale: &Scale) -> Option<(Color, Bound)> {
    match slot {
        Slot::Answered(point) => match &point.reading {
            Reading::Number(estimate, bound) => {
                let color = scale.color(estimate.value);
                let open = matches!(point.mark, Mark::Unresolved(_));
                Some((if open { faint(color) } else { color }, *bound))
            }
            Reading::Cause(cause) => Some((causes::color(*cause), Bound::Exact)),
            _ => None,
        },
        Slot::Outside | Slot::Waiting => None,
    }
}

/// Fills a cell; hatches it where it was stopped, strikes it out where it was wrong, crosses it out
/// where it failed.
pub(super) fn ground(canvas: &mut Canvas, slot: Slot<'_>, area: Area, scale: &Scale) {
    if let Some((color, bound)) = number_of(slot, scale) {
        canvas.rect(area.inset(0.5), color);
        if bound != Bound::Exact {
            hatch(canvas, area.inset(1.5), blend(color, text_on(color), 0.45));
        }
        return;
    }
    match slot {
        Slot::Answered(point) if matches!(point.reading, Reading::Failed(_)) => {
            cross(canvas, area.inset(0.5));
        }
        Slot::Answered(point) if matches!(point.reading, Reading::Wrong(_)) => {
            strike(canvas, area.inset(0.5));
        }
        Slot::Answered(point)
            if matches!(point.reading, Reading::Stopped | Reading::Interrupted(_)) =>
        {
            canvas.rect(area.inset(0.5), FAILED);
            hatch(canvas, area.inset(1.5), CROSS);
        }
        Slot::Outside => {}
        Slot::Answered(_) | Slot::Waiting => {
            canvas.frame(area.inset(0.5), Stroke::new(BLANK, 1.0));
        }
    }
}

/// A rectangle that is struck out once.
pub(super) fn strike(canvas: &mut Canvas, area: Area) {
    canvas.rect(area, FAILED);
    let ends = [(area.x, area.y), (area.right(), area.bottom())];
    canvas.line(&ends, Stroke::new(CROSS, 1.0));
}

/// A rectangle that is crossed out.
pub(super) fn cross(canvas: &mut Canvas, area: Area) {
    strike(canvas, area);
    let stroke = Stroke::new(CROSS, 1.0);
    canvas.line(&[(area.x, area.bottom()), (area.right(), area.y)], stroke);
}

/// Diagonal lines over a rectangle, from lower left to upper right.
pub(super) fn hatch(canvas: &mut Canvas, area: Area, color: Color) {
    let stroke = Stroke::new(color, 1.5);
    // On each line x + y is constant; it is cut off where it meets the edges.
    let mut sum = area.x + area.y + HATCH / 2.0;
    while sum < area.right() + area.bottom() {
        let from_x = area.x.max(sum - area.bottom());
        let to_x = area.right().min(sum - area.y);
        canvas.line(&[(from_x, sum - from_x), (to_x, sum - to_x)], stroke);
        sum += HATCH;
    }
}

/// Marks the best cell, the one to set, and those that are tied with the best.
pub(super) fn marks(canvas: &mut Canvas, slot: Slot<'_>, area: Area) {
    let Slot::Answered(point) = slot else {
        return;
    };
    match (point.mark, point.recommended) {
        (Mark::Best, true) => best_to_set(canvas, area),
        (Mark::Best, false) => best(canvas, area),
        (_, true) => to_set(canvas, area),
        (Mark::Tied(_), false) => tied(canvas, area),
        (Mark::Same | Mark::Unresolved(_) | Mark::None, false) => {}
    }
}

/// Size of a mark in a cell of this size [points].
fn mark_radius(area: Area) -> f64 {
    (area.height * 0.13).clamp(2.5, 6.0)
}

/// Where a mark stands.
fn mark_spot(area: Area) -> Spot {
    let away = 6.0 + mark_radius(area);
    (area.right() - away, area.y + away)
}

/// Radius of the dot of a tied cell of this size [points].
fn dot_radius(area: Area) -> f64 {
    mark_radius(area) * 0.6
}

/// How far the dot stands from the upper and right edge: above the number, inside the frame
/// [points].
fn dot_away(area: Area) -> f64 {
    (area.height * 0.24).max(3.0 + dot_radius(area))
}

/// The fastest cell: a star.
pub(super) fn best(canvas: &mut Canvas, area: Area) {
    canvas.polygon(&star(mark_spot(area), mark_radius(area) * 1.3), BLACK);
}

/// The cell to set: a frame, and a tick in its corner.
pub(super) fn to_set(canvas: &mut Canvas, area: Area) {
    frame(canvas, area);
    canvas.polygon(&tick(mark_spot(area), mark_radius(area)), BLACK);
}

/// The fastest cell, which is the one to set, too.
pub(super) fn best_to_set(canvas: &mut Canvas, area: Area) {
    frame(canvas, area);
    best(canvas, area);
}

fn frame(canvas: &mut Canvas, area: Area) {
    canvas.frame(area.inset(0.5), Stroke::new(BLACK, 2.5));
    canvas.frame(area.inset(3.0), Stroke::new(WHITE, 1.5));
}

/// A cell that is tied with the fastest: a dot.
pub(super) fn tied(canvas: &mut Canvas, area: Area) {
    let spot = (area.right() - dot_away(area), area.y + dot_away(area));
    canvas.disc(spot, dot_radius(area), BLACK);
}

/// A tick of this size around a spot.
fn tick((x, y): Spot, radius: f64) -> Vec<Spot> {
    let corners = [
        (-1.0, 0.1),
        (-0.65, -0.25),
        (-0.25, 0.2),
        (0.7, -0.8),
        (1.0, -0.5),
        (-0.25, 0.85),
    ];
    corners
        .iter()
        .map(|(dx, dy)| (x + dx * radius, y + dy * radius))
        .collect()
}

/// A five-pointed star.
fn star((x, y): Spot, radius: f64) -> Vec<Spot> {
    (0..10)
        .map(|i| {
            let angle = std::f64::consts::PI * (f64::from(i) / 5.0 - 0.5);
            // The inner corners of a regular pentagram lie at 0.382 of its radius.
            let radius = if i % 2 == 0 { radius } else { radius * 0.382 };
            (x + radius * angle.cos(), y + radius * angle.sin())
        })
        .collect()
}

/// Writes a cell's number; where there is hatching or a cross, on a ground of its own, so that none crosses it.
pub(super) fn number(canvas: &mut Canvas, slot: Slot<'_>, area: Area, (scale, em): (&Scale, f64)) {
    let Some(label) = label(slot, scale) else {
        return;
    };
    let (ground, bound) = number_of(slot, scale).unwrap_or((WHITE, Bound::Exact));
    let ground = match slot {
        Slot::Answered(point) => match point.reading {
            Reading::Wrong(_) | Reading::Interrupted(_) | Reading::Failed(_) | Reading::Stopped => {
                FAILED
            }
            Reading::Number(..) | Reading::Cause(_) | Reading::Missing => ground,
        },
        Slot::Outside | Slot::Waiting => ground,
    };
    let text = Text::new(em).color(text_on(ground)).middle();
    let (x, y) = area.centre();
    let open = matches!(
        slot,
        Slot::Answered(point) if matches!(point.mark, Mark::Unresolved(_) | Mark::Same)
    );
    let text = if open { text.color(GREY) } else { text };
    let small = Text {
        size: em * 0.8,
        ..text
    };
    let room = area.height >= 2.6 * em && small.width(STOPPED) <= area.width - 4.0;
    let stopped = bound != Bound::Exact && room;
    let first = if stopped { y - 0.45 * em } else { y };
    // In a low cell it must not cover the dot above.
    let high = (em * 1.1).min(area.height * 0.4);
    if bound != Bound::Exact || number_of(slot, scale).is_none() {
        backing(canvas, (x, first), (text.width(&label), high), ground);
    }
    canvas.text((x, first), label, text);
    if stopped {
        let second = first + 1.05 * em;
        let size = (small.width(STOPPED), small.size * 1.1);
        backing(canvas, (x, second), size, ground);
        canvas.text((x, second), STOPPED, small);
    }
}

fn backing(canvas: &mut Canvas, (x, y): Spot, (width, height): (f64, f64), color: Color) {
    let width = width + 4.0;
    let corner = (x - width / 2.0, y - height / 2.0);
    canvas.rect(Area::new(corner, width, height), color);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::heatmap::layout::CELLS;

    /// Digits are 0.71 em high and stand in the middle;
    /// the frame takes 3 points.
    #[test]
    fn the_dot_of_a_tied_cell_stands_above_its_number() {
        for (_, width, height, em) in CELLS {
            let area = Area::new((0.0, 0.0), width, height);
            let bottom = dot_away(area) + dot_radius(area);
            assert!(bottom <= height / 2.0 - 0.71 / 2.0 * em, "{height}");
            assert!(dot_away(area) - dot_radius(area) >= 3.0, "{height}");
        }
    }
}

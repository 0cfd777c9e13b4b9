//! What do the marks of a heatmap mean?

use std::collections::BTreeSet;

use crate::analysis::{Bound, Cause, Mark, Reading, Rule};
use crate::view::canvas::{Area, BLACK, Canvas, Color, GREY, Spot, Stroke, Text, WHITE};
use crate::view::caption::Landmarks;
use crate::view::causes;
use crate::view::facet::{Facets, Slot};

use super::axes::{Axes, Fill, triangle};
use super::cell;
use crate::view::scale::{Scale, faint, luminance, text_on};
use crate::view::standing::{rule_words, unresolved_words};

const EM: f64 = 12.0;
const ROW: f64 = 22.0;
const ICON: f64 = 22.0;
const ICON_HEIGHT: f64 = 16.0;
const AFTER_ICON: f64 = 6.0;
const BETWEEN: f64 = 20.0;
/// Ground of icons.
const GROUND: Color = Color(205, 225, 120);

/// What an entry shows.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Icon {
    Shades,
    Best,
    Tied,
    Unresolved,
    Wide,
    Width,
    Hatch,
    Cross,
    Struck,
    Blank,
    Dash,
    Curve,
    Triangle(Fill),
    Cause(Cause),
}

/// One entry: a picture and what it means.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    icon: Icon,
    words: String,
}

/// The entries for what occurs in the figure.
pub(super) fn items(
    facets: &Facets<'_>,
    (axes, landmarks): (&Axes, &Landmarks),
    scale: &Scale,
) -> Vec<Item> {
    let marks = marks(facets, scale).chain(lines(axes, landmarks));
    causes_of(facets).chain(marks).collect()
}

/// Whether an entry is shown, its picture and its words.
type Entry = (bool, Icon, String);

fn shown(entries: impl IntoIterator<Item = Entry>) -> impl Iterator<Item = Item> {
    let entries = entries.into_iter().filter(|(shown, ..)| *shown);
    entries.map(|(_, icon, words)| Item { icon, words })
}

/// The entries for the marks that occur.
fn marks(facets: &Facets<'_>, scale: &Scale) -> impl Iterator<Item = Item> {
    let reading = |is: fn(&Reading) -> bool| facets.points().any(|p| is(&p.reading));
    let mark = |mark: Mark| facets.points().any(|p| p.mark == mark);
    let blank = facets.slots().any(|s| !matches!(s, Slot::Answered(_)));
    shown([
        (
            reading(|r| matches!(r, Reading::Number(..))),
            Icon::Shades,
            scale.words().to_owned(),
        ),
        (mark(Mark::Best), Icon::Best, best(facets).to_owned()),
        (
            mark(Mark::Tied(Rule::Interval)),
            Icon::Tied,
            format!("statistically tied ({})", rule_words(Rule::Interval)),
        ),
        (
            mark(Mark::Tied(Rule::Range)),
            Icon::Tied,
            format!("statistically tied ({})", rule_words(Rule::Range)),
        ),
        (
            facets
                .points()
                .any(|p| matches!(p.mark, Mark::Unresolved(_))),
            Icon::Unresolved,
            unresolved_words(),
        ),
        (
            mark(Mark::Same),
            Icon::Tied,
            "the runs are not told apart (5 % false discoveries, all cells considered)".to_owned(),
        ),
        (
            reading(|r| matches!(r, Reading::Number(e, Bound::Exact) if e.is_wide())),
            Icon::Wide,
            "rounds differ by more than 1.5 times".to_owned(),
        ),
        (
            facets.points().any(|point| point.granted.is_some()),
            Icon::Width,
            "the library took another team width than inner".to_owned(),
        ),
        (
            reading(|r| matches!(r, Reading::Number(_, Bound::AtLeast | Bound::AtMost))),
            Icon::Hatch,
            "cens.: stopped at the time limit, the number is a bound".to_owned(),
        ),
        (
            reading(|r| matches!(r, Reading::Number(_, Bound::UntilStopped))),
            Icon::Hatch,
            "cens.: stopped at the time limit, the number is what was seen until then".to_owned(),
        ),
        (
            reading(|r| *r == Reading::Stopped),
            Icon::Hatch,
            "cens. alone: stopped at the time limit before it had a number".to_owned(),
        ),
        (
            reading(|r| matches!(r, Reading::Wrong(_))),
            Icon::Struck,
            "wrong: ran with a wrong result, so without rank".to_owned(),
        ),
        (
            reading(|r| matches!(r, Reading::Interrupted(_))),
            Icon::Hatch,
            "intr.: a process stood still, so no time".to_owned(),
        ),
        (
            reading(|r| matches!(r, Reading::Failed(_))),
            Icon::Cross,
            "fail: the cell failed".to_owned(),
        ),
        (
            reading(|r| matches!(r, Reading::Missing)),
            Icon::Dash,
            "not recorded or not defined".to_owned(),
        ),
        (blank, Icon::Blank, "not measured".to_owned()),
    ])
}

/// The entries for the lines and triangles that the machine draws.
fn lines(axes: &Axes, landmarks: &Landmarks) -> impl Iterator<Item = Item> {
    let Landmarks {
        relation,
        cores,
        pus,
        ..
    } = *landmarks;
    shown([
        (
            axes.curve().len() > 1,
            Icon::Curve,
            format!(
                "outer × inner = P {relation} {}",
                (landmarks.budget * 100.0).round() / 100.0
            ),
        ),
        (
            axes.shows(cores) && cores != pus,
            Icon::Triangle(Fill::Solid),
            format!("{cores} physical cores"),
        ),
        (
            axes.shows(pus) && cores != pus,
            Icon::Triangle(Fill::Open),
            format!("{pus} logical PUs"),
        ),
        (
            axes.shows(pus) && cores == pus,
            Icon::Triangle(Fill::Solid),
            format!("{cores} physical cores = logical PUs"),
        ),
    ])
}

/// An entry for each cause that occurs.
fn causes_of(facets: &Facets<'_>) -> impl Iterator<Item = Item> {
    let there: BTreeSet<Cause> = facets
        .points()
        .filter_map(|point| match point.reading {
            Reading::Cause(cause) => Some(cause),
            _ => None,
        })
        .collect();
    there.into_iter().map(|cause| Item {
        icon: Icon::Cause(cause),
        words: cause.words().to_owned(),
    })
}

/// What the star says.
fn best(facets: &Facets<'_>) -> &'static str {
    match facets.points().filter(|p| p.mark == Mark::Best).count() {
        0 | 1 => "best cell",
        _ => "best cell of its work",
    }
}

/// Entries in rows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Legend {
    /// Height of all rows [points].
    pub(super) height: f64,
    /// Each with its upper left corner.
    placed: Vec<(Spot, Item)>,
}

/// Puts `items` into rows of at most `width` [points].
pub(super) fn flow(items: &[Item], width: f64) -> Legend {
    let (mut x, mut y) = (0.0, 0.0);
    let mut placed = Vec::new();
    for item in items {
        let long = ICON + AFTER_ICON + Text::new(EM).width(&item.words);
        if x > 0.0 && x + long > width {
            (x, y) = (0.0, y + ROW);
        }
        placed.push(((x, y), item.clone()));
        x += long + BETWEEN;
    }
    Legend {
        height: y + ROW,
        placed,
    }
}

impl Legend {
    /// Draws the legend with its upper left corner at `corner`.
    pub(super) fn draw(&self, canvas: &mut Canvas, corner: Spot, scale: &Scale) {
        for ((x, y), item) in &self.placed {
            let middle = corner.1 + y + ROW / 2.0;
            let left = corner.0 + x;
            let area = Area::new((left, middle - ICON_HEIGHT / 2.0), ICON, ICON_HEIGHT);
            icon(canvas, item.icon, area, scale);
            let spot = (left + ICON + AFTER_ICON, middle);
            canvas.text(spot, item.words.clone(), Text::new(EM));
        }
    }
}

fn icon(canvas: &mut Canvas, icon: Icon, area: Area, scale: &Scale) {
    let (x, y) = area.centre();
    match icon {
        Icon::Shades => shades(canvas, area, scale),
        Icon::Best => {
            canvas.rect(area, GROUND);
            cell::best(canvas, area);
        }
        Icon::Tied => {
            canvas.rect(area, GROUND);
            cell::tied(canvas, area, BLACK);
        }
        Icon::Unresolved => {
            canvas.rect(area, faint(GROUND));
            canvas.text((x, y), "?", Text::new(EM).color(GREY).middle());
        }
        Icon::Wide => canvas.text((x, y), "~", Text::new(EM).middle()),
        Icon::Width => canvas.text((x, y), "!", Text::new(EM).middle()),
        Icon::Hatch => {
            canvas.rect(area, GROUND);
            cell::hatch(canvas, area, BLACK);
        }
        Icon::Cross => cell::cross(canvas, area),
        Icon::Struck => cell::strike(canvas, area),
        Icon::Blank => canvas.frame(area, Stroke::new(Color(200, 200, 200), 1.0)),
        Icon::Dash => canvas.text((x, y), "–", Text::new(EM).middle()),
        Icon::Curve => {
            let bend = [
                (area.x + 1.0, area.y),
                (area.x + 6.0, y + 3.0),
                (area.right(), area.bottom() - 2.0),
            ];
            canvas.line(&bend, Stroke::new(WHITE, 4.5));
            canvas.line(&bend, Stroke::new(BLACK, 2.0));
        }
        Icon::Cause(cause) => {
            let ground = causes::color(cause);
            canvas.rect(area, ground);
            canvas.frame(area, Stroke::new(Color(200, 200, 200), 1.0));
            let text = Text::new(EM).color(text_on(ground)).middle();
            canvas.text((x, y), cause.letter().to_string(), text);
        }
        Icon::Triangle(fill) => triangle(canvas, (x, y - 4.0), (0.0, 1.0), fill),
    }
}

/// From dark to light, whichever end of the scale that is.
fn shades(canvas: &mut Canvas, area: Area, scale: &Scale) {
    let steps = 11_u32;
    let dark_first = luminance(scale.color_at(0.0)) < luminance(scale.color_at(1.0));
    for step in 0..steps {
        let fraction = f64::from(step) / f64::from(steps - 1);
        let position = if dark_first { fraction } else { 1.0 - fraction };
        let width = area.width / f64::from(steps);
        let corner = (area.x + f64::from(step) * width, area.y);
        canvas.rect(
            Area::new(corner, width, area.height),
            scale.color_at(position),
        );
    }
}

//! What do the marks of a heatmap mean?

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::analysis::{Bound, Cause, Mark, Point, Reading, Rule};
use crate::view::canvas::{Area, BLACK, Canvas, Color, GREY, Spot, Stroke, Text};
use crate::view::causes;
use crate::view::facet::{Facets, Slot};
use crate::view::scale::{faint, text_on};
use crate::view::standing::{rule_words, unresolved_words};

use super::cell;

const EM: f64 = 12.0;
const ROW: f64 = 22.0;
const ICON: f64 = 22.0;
const ICON_HEIGHT: f64 = 16.0;
const AFTER_ICON: f64 = 6.0;
const BETWEEN: f64 = 20.0;
/// Ground of icons.
const GROUND: Color = Color(250, 205, 90);

/// What an entry shows.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Icon {
    Best,
    BestToSet,
    ToSet,
    Tied,
    Same,
    Unresolved,
    Stairs,
    Cause(Cause),
}

/// One entry: a picture and what it means.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    icon: Icon,
    words: String,
}

/// Most entries that a reader takes in.
const MOST: usize = 5;

/// Most causes among them.
const MOST_CAUSES: usize = 3;

/// The entries for what occurs in the figure, and as notes what needs no picture or has no room; `budget`
/// says what P is, where a staircase shows it.
pub(super) fn items(facets: &Facets<'_>, budget: Option<String>) -> (Vec<Item>, Vec<String>) {
    let mut causes = causes_of(facets);
    let more = causes.split_off(causes.len().min(MOST_CAUSES));
    let stairs = budget.map(|budget| Item {
        icon: Icon::Stairs,
        words: format!("beyond it more threads than CPUs ({budget})"),
    });
    let signs: Vec<Item> = signs(facets).into_iter().chain(stairs).collect();
    let room = MOST - causes.len();
    let kept = signs.iter().take(room).cloned();
    let items = causes.iter().cloned().chain(kept).collect();
    let letters = more.iter().filter_map(|item| match item.icon {
        Icon::Cause(cause) => Some(format!("{} = {}", cause.letter(), item.words)),
        _ => None,
    });
    (items, letters.chain(notes(facets)).collect())
}

/// The entries for the marks that occur, most important first.
fn signs(facets: &Facets<'_>) -> Vec<Item> {
    let some = |is: &dyn Fn(&Point) -> bool| facets.points().any(is);
    let of_work = match facets.points().filter(|p| p.mark == Mark::Best).count() {
        0 | 1 => "",
        _ if facets.panels.iter().any(|panel| !panel.run.is_empty()) => " of its run",
        _ => " of its work",
    };
    let tied = |rule: Rule| format!("tied: within 5 % round by round ({})", rule_words(rule));
    let to_set = some(&|p| p.mark != Mark::Best && p.recommended);
    let apart = to_set || some(&|p| p.mark == Mark::Best && !p.recommended);
    let best = some(&|p| p.mark == Mark::Best);
    let entries = [
        (
            best && !apart,
            Icon::BestToSet,
            format!("fastest{of_work}, and the one to set"),
        ),
        (best && apart, Icon::Best, format!("fastest{of_work}")),
        (
            to_set,
            Icon::ToSet,
            "to set: as fast, with fewer threads or gentler".to_owned(),
        ),
        (
            some(&|p| p.mark == Mark::Tied(Rule::Interval)),
            Icon::Tied,
            tied(Rule::Interval),
        ),
        (
            some(&|p| p.mark == Mark::Tied(Rule::Range)),
            Icon::Tied,
            tied(Rule::Range),
        ),
        (
            some(&|p| p.mark == Mark::Same),
            Icon::Same,
            "no difference told (5 % false discoveries)".to_owned(),
        ),
        (
            some(&|p| matches!(p.mark, Mark::Unresolved(_))),
            Icon::Unresolved,
            unresolved_words(),
        ),
    ];
    let shown = entries.into_iter().filter(|(shown, ..)| *shown);
    shown.map(|(_, icon, words)| Item { icon, words }).collect()
}

/// What the signs and words inside cells mean.
fn notes(facets: &Facets<'_>) -> Vec<String> {
    let reading = |is: fn(&Reading) -> bool| facets.points().any(|p| is(&p.reading));
    let blank = facets.slots().any(|s| s == Slot::Waiting);
    let notes = [
        (
            reading(|r| matches!(r, Reading::Number(e, Bound::Exact) if e.is_wide())),
            "~ rounds differ by more than 1.5 times",
        ),
        (
            facets.points().any(|point| point.granted.is_some()),
            "! the library took another team width than inner",
        ),
        (
            reading(|r| matches!(r, Reading::Number(_, Bound::AtLeast))),
            "hatched, >: stopped at the time limit, at least this",
        ),
        (
            reading(|r| matches!(r, Reading::Number(_, Bound::AtMost))),
            "hatched, <: stopped at the time limit, at most this",
        ),
        (
            reading(|r| matches!(r, Reading::Number(_, Bound::UntilStopped))),
            "hatched, |: stopped at the time limit, seen until then",
        ),
        (
            reading(|r| *r == Reading::Stopped),
            "stopped: at the time limit, before it had a number",
        ),
        (
            reading(|r| matches!(r, Reading::Wrong(_))),
            "wrong: ran with a wrong result, so without rank",
        ),
        (
            reading(|r| matches!(r, Reading::Interrupted(_))),
            "stood: a process stood still, so no time",
        ),
        (
            reading(|r| matches!(r, Reading::Missing)),
            "– not recorded or not defined",
        ),
        (blank, "blank: not measured"),
    ];
    let shown = notes.into_iter().filter(|(shown, _)| *shown);
    shown.map(|(_, words)| words.to_owned()).collect()
}

/// An entry for each cause that occurs, the most frequent first.
fn causes_of(facets: &Facets<'_>) -> Vec<Item> {
    let mut counts: BTreeMap<Cause, usize> = BTreeMap::new();
    for point in facets.points() {
        if let Reading::Cause(cause) = point.reading {
            *counts.entry(cause).or_default() += 1;
        }
    }
    let mut causes: Vec<(Cause, usize)> = counts.into_iter().collect();
    causes.sort_by_key(|(_, count)| Reverse(*count));
    let item = |(cause, _): (Cause, usize)| Item {
        icon: Icon::Cause(cause),
        words: cause.words().to_owned(),
    };
    causes.into_iter().map(item).collect()
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
    pub(super) fn draw(&self, canvas: &mut Canvas, corner: Spot) {
        for ((x, y), item) in &self.placed {
            let middle = corner.1 + y + ROW / 2.0;
            let left = corner.0 + x;
            let area = Area::new((left, middle - ICON_HEIGHT / 2.0), ICON, ICON_HEIGHT);
            icon(canvas, item.icon, area);
            let spot = (left + ICON + AFTER_ICON, middle);
            canvas.text(spot, item.words.clone(), Text::new(EM));
        }
    }
}

fn icon(canvas: &mut Canvas, icon: Icon, area: Area) {
    let (x, y) = area.centre();
    match icon {
        Icon::Best => on_ground(canvas, area, cell::best),
        Icon::BestToSet => on_ground(canvas, area, cell::best_to_set),
        Icon::ToSet => on_ground(canvas, area, cell::to_set),
        Icon::Tied => on_ground(canvas, area, cell::tied),
        Icon::Same => canvas.text((x, y), "1.00", Text::new(EM * 0.9).color(GREY).middle()),
        Icon::Unresolved => {
            canvas.rect(area, faint(GROUND));
            canvas.text((x, y), "?", Text::new(EM).color(GREY).middle());
        }
        Icon::Stairs => {
            let stairs = [
                (area.x + 2.0, area.y + 2.0),
                (x, area.y + 2.0),
                (x, area.bottom() - 2.0),
                (area.right() - 2.0, area.bottom() - 2.0),
            ];
            canvas.line(&stairs, Stroke::new(BLACK, 3.0));
        }
        Icon::Cause(cause) => {
            let ground = causes::color(cause);
            canvas.rect(area, ground);
            canvas.frame(area, Stroke::new(Color(200, 200, 200), 1.0));
            let text = Text::new(EM).color(text_on(ground)).middle();
            canvas.text((x, y), cause.letter().to_string(), text);
        }
    }
}

fn on_ground(canvas: &mut Canvas, area: Area, mark: fn(&mut Canvas, Area)) {
    canvas.rect(area, GROUND);
    mark(canvas, area);
}

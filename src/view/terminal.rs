//! How does a heatmap look on a terminal?
//!
//! The same cells, panels and colours as in the picture, as lines of text. Without colour the
//! marks alone must do: `*` best, `=` tied with it, `?` not resolved, `~` rounds that differ widely, `!` another
//! team width than asked for, `>` or `<` a bound of a cell that was stopped at the time limit, `x`
//! failed, `.` not measured yet. A live sweep draws this again and
//! again, so it costs one pass over the cells.

use crate::analysis::{Bound, Cause, Mark, Quantity, Reading, Rule};
use crate::text::{Named, wrapped};
use crate::view::canvas::Color;
use crate::view::causes;
use crate::view::facet::{Facets, Slot};
use crate::view::finding::{Known, headline};
use crate::view::scale::{Scale, faint, text_on};
use crate::view::standing::{resolution_of, rule_words, unresolved_words};

/// Whether cells have coloured grounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// 24-bit colour escapes.
    Color,
    /// Text only.
    Plain,
}

/// Between two panels side by side [columns].
const BETWEEN: usize = 3;

/// A line of text that takes `width` columns on the screen, without its escapes.
#[derive(Clone, Debug, Default, PartialEq)]
struct Line {
    text: String,
    width: usize,
}

impl Line {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.width += text.chars().count();
    }

    /// Adds `text` on a coloured ground.
    fn push_on(&mut self, ground: Color, text: &str) {
        let Color(r, g, b) = ground;
        let Color(fr, fg, fb) = text_on(ground);
        self.text.push_str(&format!(
            "\x1b[48;2;{r};{g};{b};38;2;{fr};{fg};{fb}m{text}\x1b[0m"
        ));
        self.width += text.chars().count();
    }

    fn pad(&mut self, width: usize) {
        let blank = " ".repeat(width.saturating_sub(self.width));
        self.push(&blank);
    }
}

/// `quantity`, the one that the points of `facets` show, in lines of at most `width` columns; wider
/// grids are broken into pieces below each other.
pub fn heatmap(quantity: &Quantity, facets: &Facets<'_>, width: usize, ink: Ink) -> String {
    let scale = Scale::of(quantity, facets.points());
    let table = Table::of(facets, &scale, width);
    let blocks: Vec<Vec<Line>> = (0..facets.panels.len())
        .flat_map(|panel| table.blocks(panel, ink))
        .collect();
    let found = headline(quantity, facets, &Known::default());
    let mut text = format!("{}\n", wrapped(&found, width));
    let what = match scale.unit {
        "" | "1" => quantity.title().to_owned(),
        unit => format!("{} [{unit}]", quantity.title()),
    };
    let subject = [vec![what], facets.common.clone()].concat();
    text.push_str(&flow(&subject, " · ", width));
    text.push('\n');
    if let Some(open) = resolution_of(facets.points()) {
        text.push_str(&format!("{}\n", wrapped(&open, width)));
    }
    for row in side_by_side(&blocks, width) {
        text.push('\n');
        text.push_str(row.text.trim_end());
    }
    text.push_str("\n\n");
    text.push_str(&flow(&legend(facets), "   ", width));
    text.push('\n');
    text
}

/// How wide the columns of every panel are.
struct Table<'a> {
    facets: &'a Facets<'a>,
    scale: &'a Scale,
    head: usize,
    cell: usize,
    /// Columns of cells that fit side by side.
    fit: usize,
}

impl<'a> Table<'a> {
    fn of(facets: &'a Facets<'a>, scale: &'a Scale, width: usize) -> Self {
        let length = |text: &str| text.chars().count();
        let heads = facets.rows.iter().map(|v| length(&v.to_string()));
        let head = heads.max().unwrap_or(0) + 1;
        let labels = facets.slots().map(|slot| length(&label(slot, scale)));
        let names = facets.columns.iter().map(|v| length(&v.to_string()) + 1);
        let cell = labels.chain(names).max().unwrap_or(1) + 1;
        Self {
            facets,
            scale,
            head,
            cell,
            fit: (width.saturating_sub(head) / cell).max(1),
        }
    }

    /// One panel, in as many blocks as the width needs.
    fn blocks(&self, panel: usize, ink: Ink) -> Vec<Vec<Line>> {
        let all: Vec<usize> = (0..self.facets.columns.len()).collect();
        all.chunks(self.fit)
            .map(|columns| self.block(panel, columns, ink))
            .collect()
    }

    fn block(&self, panel: usize, columns: &[usize], ink: Ink) -> Vec<Line> {
        let Facets { x, y, rows, .. } = self.facets;
        let mut title = Line::default();
        title.push(&self.facets.panels[panel].title);
        let mut axes = Line::default();
        axes.push(&format!("{y} by {x}"));
        let mut lines = vec![title, axes];
        lines.retain(|line| line.width > 0);
        // Thread counts rise upwards, as in the picture; names are read downwards.
        let mut order: Vec<usize> = (0..rows.len()).collect();
        if y.counts_threads() {
            order.reverse();
        }
        lines.extend(order.iter().map(|row| self.row(panel, *row, columns, ink)));
        lines.push(self.foot(columns));
        lines.push(Line::default());
        lines
    }

    fn row(&self, panel: usize, row: usize, columns: &[usize], ink: Ink) -> Line {
        let mut line = Line::default();
        let head = self.facets.rows[row].to_string();
        line.push(&format!("{head:>width$} ", width = self.head - 1));
        let panel = &self.facets.panels[panel];
        for column in columns {
            let slot = self.facets.slot(panel, *column, row);
            let text = format!("{:>width$}", label(slot, self.scale), width = self.cell);
            match (ink, ground(slot, self.scale)) {
                (Ink::Color, Some(ground)) => line.push_on(ground, &text),
                _ => line.push(&text),
            }
        }
        line
    }

    /// The values of the horizontal axis.
    fn foot(&self, columns: &[usize]) -> Line {
        let mut line = Line::default();
        line.pad(self.head);
        for column in columns {
            let value = self.facets.columns[*column].to_string();
            // One column to the left of the marks, so that digits stand below digits.
            line.push(&format!("{value:>width$} ", width = self.cell - 1));
        }
        line
    }
}

/// Puts blocks beside each other as long as they fit into `width`.
fn side_by_side(blocks: &[Vec<Line>], width: usize) -> Vec<Line> {
    let mut done: Vec<Line> = Vec::new();
    let mut row: Vec<Line> = Vec::new();
    for block in blocks {
        let wide = |lines: &[Line]| lines.iter().map(|l| l.width).max().unwrap_or(0);
        let left = wide(&row);
        if left > 0 && left + BETWEEN + wide(block) > width {
            done.append(&mut row);
        }
        let left = wide(&row);
        let start = if left > 0 { left + BETWEEN } else { 0 };
        row.resize(row.len().max(block.len()), Line::default());
        for (line, added) in row.iter_mut().zip(block) {
            line.pad(start);
            line.text.push_str(&added.text);
            line.width += added.width;
        }
    }
    done.append(&mut row);
    while done.last().is_some_and(|line| line.width == 0) {
        done.pop();
    }
    done
}

/// A number with its mark, in which the last column is the mark's.
fn label(slot: Slot<'_>, scale: &Scale) -> String {
    let point = match slot {
        Slot::Outside => return String::new(),
        Slot::Waiting => return ". ".to_owned(),
        Slot::Answered(point) => point,
    };
    let mark = match point.mark {
        Mark::Best => '*',
        Mark::Tied(_) | Mark::Same => '=',
        Mark::Unresolved(_) => '?',
        Mark::None => ' ',
    };
    match &point.reading {
        Reading::Number(estimate, bound) => {
            let sign = match bound {
                Bound::Exact if estimate.is_wide() => "~",
                Bound::Exact => "",
                Bound::AtLeast => ">",
                Bound::AtMost => "<",
                Bound::UntilStopped => "|",
            };
            let width = point.granted.map_or("", |_| "!");
            format!("{width}{sign}{}{mark}", scale.write(estimate.value))
        }
        Reading::Cause(cause) => format!("{}{mark}", cause.letter()),
        Reading::Missing => format!("-{mark}"),
        Reading::Stopped => "stop ".to_owned(),
        Reading::Wrong(_) => "wrong ".to_owned(),
        Reading::Interrupted(_) => "intr ".to_owned(),
        Reading::Failed(_) => "x ".to_owned(),
    }
}

fn ground(slot: Slot<'_>, scale: &Scale) -> Option<Color> {
    match slot {
        Slot::Answered(point) => match &point.reading {
            Reading::Number(estimate, _) if matches!(point.mark, Mark::Unresolved(_)) => {
                Some(faint(scale.color(estimate.value)))
            }
            Reading::Number(estimate, _) => Some(scale.color(estimate.value)),
            Reading::Cause(cause) => Some(causes::color(*cause)),
            _ => None,
        },
        Slot::Outside | Slot::Waiting => None,
    }
}

/// What the marks that occur mean.
fn legend(facets: &Facets<'_>) -> Vec<String> {
    let mark = |mark: Mark| facets.points().any(|p| p.mark == mark);
    let reading = |is: &dyn Fn(&Reading) -> bool| facets.points().any(|p| is(&p.reading));
    let bound = |bound| reading(&|r| matches!(r, Reading::Number(_, b) if *b == bound));
    let tied = [Rule::Interval, Rule::Range].map(|rule| {
        let words = format!("= statistically tied with it ({})", rule_words(rule));
        (mark(Mark::Tied(rule)), words)
    });
    let open = facets
        .points()
        .any(|p| matches!(p.mark, Mark::Unresolved(_)));
    let open = (open, format!("? {}", unresolved_words()));
    let best = (mark(Mark::Best), "* best".to_owned());
    let standing = [best].into_iter().chain(tied).chain([open]);
    let entries = [
        (
            mark(Mark::Same),
            "= not told apart (5 % false discoveries, all cells considered)",
        ),
        (
            reading(&|r| matches!(r, Reading::Number(e, Bound::Exact) if e.is_wide())),
            "~ rounds differ by more than 1.5 times",
        ),
        (
            facets.points().any(|point| point.granted.is_some()),
            "! the library took another team width than inner",
        ),
        (bound(Bound::AtLeast), "> stopped at the limit: at least"),
        (bound(Bound::AtMost), "< stopped at the limit: at most"),
        (bound(Bound::UntilStopped), "| until stopped at the limit"),
        (
            reading(&|r| *r == Reading::Stopped),
            "stop = at the limit, before it had a number",
        ),
        (
            reading(&|r| matches!(r, Reading::Wrong(_))),
            "wrong = ran, with a wrong result",
        ),
        (
            reading(&|r| matches!(r, Reading::Interrupted(_))),
            "intr = a process stood still, so no time",
        ),
        (reading(&|r| matches!(r, Reading::Failed(_))), "x failed"),
        (
            reading(&|r| *r == Reading::Missing),
            "- not recorded or not defined",
        ),
        (
            facets.slots().any(|slot| slot == Slot::Waiting),
            ". not measured yet",
        ),
    ];
    let entries = entries.map(|(shown, words)| (shown, words.to_owned()));
    let shown = standing.chain(entries).filter(|(shown, _)| *shown);
    let shown = shown.map(|(_, words)| words);
    let there = |cause: Cause| reading(&|r| *r == Reading::Cause(cause));
    let causes = Cause::all().filter(|cause| there(*cause));
    let causes = causes.map(|cause| format!("{} {}", cause.letter(), cause.words()));
    causes.chain(shown).collect()
}

/// `entries` with `gap` between them in lines of at most `width` columns; only an entry that is
/// wider is broken.
fn flow(entries: &[String], gap: &str, width: usize) -> String {
    let columns = |text: &str| text.chars().count();
    let mut lines: Vec<String> = Vec::new();
    for entry in entries {
        match lines.last_mut() {
            Some(line) if columns(line) + columns(gap) + columns(entry) <= width => {
                line.push_str(gap);
                line.push_str(entry);
            }
            _ => lines.extend(wrapped(entry, width).lines().map(str::to_owned)),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests;

//! How does a heatmap look on a terminal?
//!
//! The same cells, panels and colours as in the picture, as lines of text. Without colour the
//! marks alone must do: `*` best, `=` cannot be told from it, `~` rounds that differ widely, `!` another
//! team width than asked for, `>` or `<` a bound of a cell that was stopped at the time limit, `x`
//! failed, `.` not measured yet. A live sweep draws this again and
//! again, so it costs one pass over the cells.

use crate::analysis::{Bound, Cause, Mark, Quantity, Reading, Rule};
use crate::text::wrapped;
use crate::view::canvas::Color;
use crate::view::causes;
use crate::view::facet::{Facets, Slot};
use crate::view::scale::{Scale, text_on};

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
    let title = match scale.unit {
        "" => quantity.title().to_owned(),
        unit => format!("{} [{unit}]", quantity.title()),
    };
    let mut text = format!("{}\n", wrapped(&title, width));
    text.push_str(&flow(&facets.common, " · ", width));
    text.push('\n');
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
        Reading::Failed(_) => "x ".to_owned(),
    }
}

fn ground(slot: Slot<'_>, scale: &Scale) -> Option<Color> {
    match slot {
        Slot::Answered(point) => match &point.reading {
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
    let entries = [
        (mark(Mark::Best), "* best"),
        (
            mark(Mark::Tied(Rule::Interval)),
            "= cannot be told from it (95 %, all cells considered)",
        ),
        (
            mark(Mark::Tied(Rule::Range)),
            "= cannot be told from it (by range, fewer than 6 rounds)",
        ),
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
    let shown = entries.iter().filter(|(shown, _)| *shown);
    let shown = shown.map(|(_, words)| (*words).to_owned());
    let there = |cause: Cause| reading(&|r| *r == Reading::Cause(cause));
    let causes = Cause::ALL.iter().filter(|(cause, ..)| there(*cause));
    let causes = causes.map(|(_, _, letter, words)| format!("{letter} {words}"));
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
mod tests {
    use super::*;
    use crate::analysis::{Dimension, Estimate, Metric, Point, Spread};
    use crate::experiment::Cell;
    use crate::stats::Interval;

    fn cell(outer: u32, inner: u32) -> Cell {
        let text = format!("matmul.f64.8_{outer}x{inner}_rayon_independent_unbound_queue.1_t8");
        text.parse().unwrap()
    }

    fn point(cell: Cell, value: f64, bound: Bound, mark: Mark) -> Point {
        let spread = Some(Spread::Range(Interval {
            low: value,
            high: 1.6 * value,
        }));
        let estimate = Estimate {
            value,
            spread: spread.filter(|_| mark == Mark::Best),
        };
        Point {
            cell,
            reading: Reading::Number(estimate, bound),
            mark,
            rounds: 1,
            samples: 1,
            failed_rounds: 0,
            granted: None,
        }
    }

    /// 2 x 2 of which the lower row and one more were answered.
    fn drawn(width: usize, ink: Ink) -> String {
        let cells = [cell(1, 1), cell(1, 2), cell(2, 1), cell(2, 2)];
        let points = [
            point(cell(1, 1), 2.0, Bound::Exact, Mark::Tied(Rule::Range)),
            point(cell(1, 2), 1.0, Bound::Exact, Mark::Best),
            Point {
                granted: Some(4),
                ..point(cell(2, 1), 25.0, Bound::AtLeast, Mark::None)
            },
        ];
        let axes = (Dimension::Inner, Dimension::Outer);
        let facets = Facets::of(&cells, &points, axes);
        heatmap(&Metric::Slowdown.into(), &facets, width, ink)
    }

    #[test]
    fn numbers_stand_in_columns_with_their_marks_and_more_workers_higher() {
        let text = drawn(80, Ink::Plain);
        let lines: Vec<&str> = text.lines().collect();
        let at = lines.iter().position(|l| *l == "outer by inner").unwrap();
        assert_eq!(
            lines[at + 1..at + 4],
            [
                "2  !>25.0       .",
                "1    2.00=  ~1.00*",
                "        1       2"
            ]
        );
        for words in [
            "* best",
            "= cannot be told from it (by range, fewer than 6 rounds)",
            "~ rounds differ by more than 1.5 times",
            "> stopped",
            "! the library took another team width than inner",
            ". not measured yet",
        ] {
            assert!(text.contains(words), "{text}");
        }
    }

    #[test]
    fn colour_changes_the_ground_and_not_the_text() {
        let colored = drawn(80, Ink::Color);
        assert!(colored.contains("\x1b[48;2;"));
        let mut bare = String::new();
        for (i, part) in colored.split("\x1b[").enumerate() {
            let text = if i == 0 {
                part
            } else {
                part.split_once('m').unwrap().1
            };
            bare.push_str(text);
        }
        let trimmed = |text: &str| -> Vec<String> {
            text.lines()
                .map(|line| line.trim_end().to_owned())
                .collect()
        };
        assert_eq!(trimmed(&bare), trimmed(&drawn(80, Ink::Plain)));
    }

    #[test]
    fn a_narrow_screen_gets_the_columns_below_each_other() {
        let text = drawn(10, Ink::Plain);
        assert_eq!(text.matches("outer by inner").count(), 2, "{text}");
        assert!(text.contains("~1.00*") && text.contains(">25.0"), "{text}");
        let narrow = drawn(24, Ink::Plain);
        let widest = narrow.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(24), "{narrow}");
    }
}

//! How are the cells of a run, or of several beside each other, spread over panels, rows and columns?
//!
//! Two axes are those of every panel. Any other axis splits the figure into panels
//! if, and only if, cells that differ in it would otherwise fall on the same place: where some
//! (x, y) holds more than one of its values.

use std::collections::{BTreeMap, BTreeSet};

use super::number::tick;
use crate::analysis::Point;
use crate::experiment::{Axis, Value};
use crate::experiment::{Cell, Syntax, Workload};

/// What is known of one place of a panel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Slot<'a> {
    /// The run has no such cell.
    Outside,
    /// The cell has no record yet.
    Waiting,
    /// The cell was asked.
    Answered(&'a Point),
}

/// One heatmap of several.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel<'a> {
    /// What its cells have in common and other panels do not; empty for a single panel.
    pub title: String,
    /// The run that it is of; empty where there is only one.
    pub run: String,
    /// Row by row, each from the first column on.
    slots: Vec<Slot<'a>>,
}

/// The cells of a run in their places.
#[derive(Clone, Debug, PartialEq)]
pub struct Facets<'a> {
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// Values of the horizontal axis, ascending.
    pub columns: Vec<Value>,
    /// Values of the vertical axis, ascending.
    pub rows: Vec<Value>,
    /// The panels, ascending.
    pub panels: Vec<Panel<'a>>,
    /// What all cells have in common, as words.
    pub common: Vec<String>,
}

/// The axes that show most of `cells`: inner and outer threads where both vary; else the two
/// axes with most values.
pub fn natural_axes(cells: &[Cell]) -> (Axis, Axis) {
    use Axis::{Chunk, Composition, Dispatch, Dtype, Inner, N, Outer, Placement, Runtime, Wait};
    let spread = |d: Axis| {
        cells
            .iter()
            .map(|c| d.value(c))
            .collect::<BTreeSet<_>>()
            .len()
    };
    if spread(Outer) > 1 && spread(Inner) > 1 {
        return (Inner, Outer);
    }
    // Stable, so that among equals the first named wins.
    let mut ranked = [
        Inner,
        Outer,
        Composition,
        Wait,
        Runtime,
        N,
        Placement,
        Dispatch,
        Chunk,
        Dtype,
    ];
    ranked.sort_by_key(|d| std::cmp::Reverse(spread(*d)));
    (ranked[0], ranked[1])
}

/// One of several runs in a figure.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// What heads its panels; empty where it is the only run.
    pub name: &'a str,
    /// All cells of the run.
    pub cells: &'a [Cell],
    /// What is known of them.
    pub points: &'a [Point],
}

impl<'a> Facets<'a> {
    /// Spreads `points` over the places that `cells`, all cells of a run, span.
    pub fn of(cells: &'a [Cell], points: &'a [Point], axes: (Axis, Axis)) -> Self {
        let name = "";
        let part = Part {
            name,
            cells,
            points,
        };
        Self::beside(&[part], axes)
    }

    /// The same for several runs, whose panels stand beside each other on common axes.
    pub fn beside(parts: &[Part<'a>], (x, y): (Axis, Axis)) -> Self {
        let every = |d: Axis| -> Vec<Value> {
            let all: BTreeSet<Value> = parts.iter().flat_map(|p| d.values(p.cells)).collect();
            all.into_iter().collect()
        };
        let (columns, rows) = (every(x), every(y));
        let all = || parts.iter().flat_map(|part| part.cells);
        let split = parts.iter().flat_map(|p| splitting(p.cells, x, y));
        let split: Vec<Axis> = split.collect();
        let common = common(&all().copied().collect::<Vec<_>>(), &split, (x, y));
        let panels = parts
            .iter()
            .flat_map(|p| panels(p, (x, &columns), (y, &rows)));
        Self {
            x,
            y,
            common,
            panels: panels.collect(),
            columns,
            rows,
        }
    }

    /// What is known of the place in `column` and `row` of `panel`.
    pub fn slot(&self, panel: &Panel<'a>, column: usize, row: usize) -> Slot<'a> {
        panel.slots[row * self.columns.len() + column]
    }

    /// Everything known of all panels.
    pub fn slots(&self) -> impl Iterator<Item = Slot<'a>> + '_ {
        self.panels
            .iter()
            .flat_map(|panel| panel.slots.iter().copied())
    }

    /// Every point shown, panel by panel.
    pub fn points(&self) -> impl Iterator<Item = &'a Point> + '_ {
        self.panels.iter().flat_map(Panel::points)
    }
}

impl<'a> Panel<'a> {
    /// Every point shown.
    pub fn points(&self) -> impl Iterator<Item = &'a Point> + '_ {
        self.slots.iter().filter_map(|slot| match slot {
            Slot::Answered(point) => Some(*point),
            Slot::Outside | Slot::Waiting => None,
        })
    }
}

/// The panels of one run on axes with these values.
fn panels<'a>(
    part: &Part<'a>,
    (x, columns): (Axis, &[Value]),
    (y, rows): (Axis, &[Value]),
) -> Vec<Panel<'a>> {
    let Part {
        name,
        cells,
        points,
    } = *part;
    let splitting = splitting(cells, x, y);
    let key = |cell: &Cell| -> Vec<Value> { splitting.iter().map(|d| d.value(cell)).collect() };
    let empty = |cell: &Cell| {
        let words = [name.to_owned(), title(&splitting, cell)];
        let words: Vec<String> = words.into_iter().filter(|word| !word.is_empty()).collect();
        Panel {
            title: words.join(": "),
            run: name.to_owned(),
            slots: vec![Slot::Outside; columns.len() * rows.len()],
        }
    };
    let place = |cell: &Cell| {
        let column = columns.binary_search(&x.value(cell)).ok()?;
        let row = rows.binary_search(&y.value(cell)).ok()?;
        Some(row * columns.len() + column)
    };
    let mut panels: BTreeMap<Vec<Value>, Panel> = BTreeMap::new();
    let waiting = cells.iter().map(|cell| (cell, Slot::Waiting));
    let answered = points.iter().map(|p| (&p.cell, Slot::Answered(p)));
    for (cell, slot) in waiting.chain(answered) {
        if let Some(place) = place(cell) {
            let panel = panels.entry(key(cell)).or_insert_with(|| empty(cell));
            panel.slots[place] = slot;
        }
    }
    panels.into_values().collect()
}

/// The axes of which some (x, y) holds more than one value.
fn splitting(cells: &[Cell], x: Axis, y: Axis) -> Vec<Axis> {
    let mut first: BTreeMap<(Value, Value), &Cell> = BTreeMap::new();
    let mut splitting = BTreeSet::new();
    for cell in cells {
        let first = first.entry((x.value(cell), y.value(cell))).or_insert(cell);
        let differs = |d: &Axis| d.value(first) != d.value(cell);
        splitting.extend(Axis::ALL.into_iter().filter(differs));
    }
    let basic = Axis::ALL.into_iter();
    basic.filter(|d| splitting.contains(d)).collect()
}

/// What `cell` is along the axes that split the figure.
fn title(splitting: &[Axis], cell: &Cell) -> String {
    let described = |axis: &Axis| Some(described(*axis, &axis.value(cell).present()?));
    let parts: Vec<String> = splitting.iter().filter_map(described).collect();
    parts.join(", ")
}

/// A value with the name of its axis, unless it speaks for itself.
fn described(axis: Axis, value: &str) -> String {
    match axis.syntax() {
        _ if axis == Axis::Wait => format!("wait: {value}"),
        Syntax::OneCount => format!("{value} {axis}"),
        Syntax::Names => value.to_owned(),
        Syntax::Counts(_) => format!("{axis} = {}", round(value)),
    }
}

/// A large round count in short: `50M` of 50000000.
fn round(count: &str) -> String {
    match count.parse::<u32>() {
        Ok(n) if n >= 100_000 && n % 10_000 == 0 => tick(f64::from(n)),
        _ => count.to_owned(),
    }
}

/// What is neither an axis nor splits panels: the value where all cells agree, else the list. A value that
/// is only the default goes without saying, as does that somebody's program is one.
fn common(cells: &[Cell], splitting: &[Axis], axes: (Axis, Axis)) -> Vec<String> {
    let shown = |d: &Axis| splitting.contains(d) || *d == axes.0 || *d == axes.1;
    let rest = Axis::ALL.into_iter().filter(|d| !shown(d));
    let words = rest.filter_map(|axis| {
        // A program of the user's says nothing along most axes, but may stand beside cells that do.
        let speaks =
            |cell: &&Cell| cell.workload != Workload::Command || !goes_without_saying(axis, cell);
        let speaking: Vec<&Cell> = cells.iter().filter(speaks).collect();
        let silent = speaking.iter().all(|cell| goes_without_saying(axis, cell));
        let values = axis.values(speaking);
        let there = !silent && values.iter().any(|value| value.present().is_some());
        let values: Vec<String> = values.iter().map(Value::to_string).collect();
        there.then(|| described(axis, &values.join(" / ")))
    });
    words.collect()
}

/// Whether `cell` is along `axis` what it is where nobody says anything.
fn goes_without_saying(axis: Axis, cell: &Cell) -> bool {
    match axis {
        Axis::Dtype if cell.workload != Workload::Command => {
            let first = cell
                .workload
                .family()
                .and_then(|family| family.dtypes().first());
            first.copied() == cell.workload.dtype()
        }
        Axis::Workload | Axis::N | Axis::Tasks => cell.workload == Workload::Command,
        _ if cell.workload == Workload::Command && !axis.is_of_programs() => true,
        _ => axis.value(cell).to_string() == axis.default_value(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(texts: &[&str]) -> Vec<Cell> {
        let cell = |text: &&str| format!("matmul.f64.{text}_unbound_queue.1_t8").parse();
        texts.iter().map(|text| cell(text).unwrap()).collect()
    }

    const AXES: (Axis, Axis) = (Axis::Inner, Axis::Outer);

    fn titles(cells: &[Cell], axes: (Axis, Axis)) -> Vec<String> {
        let facets = Facets::of(cells, &[], axes);
        facets.panels.iter().map(|p| p.title.clone()).collect()
    }

    #[test]
    fn an_axis_splits_panels_only_where_it_tells_cells_of_one_place_apart() {
        let both = cells(&[
            "8_1x1_fork-join.active_independent",
            "8_1x1_fork-join.passive_independent",
            "8_2x1_fork-join.active_independent",
        ]);
        assert_eq!(titles(&both, AXES), ["wait: active", "wait: passive"]);
        // Composition differs too, but never at the same place: one panel is enough.
        let apart = cells(&["8_1x1_rayon_independent", "8_2x1_rayon_shared"]);
        assert_eq!(titles(&apart, AXES), [""]);
        let facets = Facets::of(&apart, &[], AXES);
        assert!(facets.common.contains(&"independent / shared".to_owned()));
    }

    #[test]
    fn what_is_only_the_default_goes_without_saying() {
        let common = |text: &str| {
            let cells: Vec<Cell> = vec![text.parse().unwrap()];
            Facets::of(&cells, &[], AXES).common
        };
        assert_eq!(
            common("matmul.f64.8_1x1_fork-join.passive_independent_unbound_queue.1_t8"),
            ["matmul", "n = 8", "8 tasks"]
        );
        assert_eq!(
            common("matmul.f32.8_1x1_fork-join.active_independent_close.core_queue.2_t8"),
            [
                "matmul",
                "f32",
                "n = 8",
                "wait: active",
                "close.core",
                "chunk = 2",
                "8 tasks"
            ]
        );
        assert_eq!(
            common("command_1x1_program_independent_unbound_static_t1"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn several_splitting_axes_give_a_panel_for_each_combination_that_exists() {
        let cells = cells(&[
            "8_1x1_fork-join.active_independent",
            "16_1x1_fork-join.active_independent",
            "16_1x1_rayon_independent",
        ]);
        assert_eq!(
            titles(&cells, AXES),
            [
                "n = 8, fork-join, wait: active",
                "n = 16, fork-join, wait: active",
                "n = 16, rayon"
            ]
        );
        assert_eq!(titles(&cells, (Axis::N, Axis::Runtime)), [""]);
    }

    #[test]
    fn places_without_a_cell_are_told_from_cells_without_a_record() {
        let cells = cells(&["8_1x1_rayon_independent", "8_2x2_rayon_independent"]);
        let facets = Facets::of(&cells, &[], AXES);
        let panel = &facets.panels[0];
        assert_eq!(facets.slot(panel, 0, 0), Slot::Waiting);
        assert_eq!(facets.slot(panel, 1, 0), Slot::Outside);
    }

    #[test]
    fn natural_axes_are_the_thread_counts_unless_one_of_them_is_fixed() {
        let grid = cells(&["8_1x1_rayon_independent", "8_2x2_rayon_independent"]);
        assert_eq!(natural_axes(&grid), AXES);
        let fixed = cells(&[
            "8_4x2_fork-join.active_independent",
            "8_4x2_fork-join.active_exclusive",
            "8_4x2_fork-join.active_counting",
            "8_4x2_fork-join.passive_counting",
        ]);
        assert_eq!(natural_axes(&fixed), (Axis::Composition, Axis::Wait));
    }
}

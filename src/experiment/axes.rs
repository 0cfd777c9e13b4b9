//! Which properties of a cell can a sweep vary?
//!
//! The one table of them. The flags of the command line, the keys of an experiment file, the columns
//! of `samples.csv`, the text form of a cell, conditions such as `wait=passive`, the panels of figures
//! and the commands that `explain` proposes are all made from it.
//!
//! An axis is a view of a cell: it reads one value of it, and it sets one. What a cell does not have
//! (the wait policy of rayon) is [`Value::Absent`] and cannot be set.

mod table;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::Cell;
use crate::text::ParseError;
use table::{Entry, TABLE};

pub(super) use table::{COMMAND, Needs};

/// A property of a cell, in the order of the table: an axis stands behind those that decide whether
/// the cell has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Axis {
    /// What a task computes.
    Workload,
    /// Number type of the data.
    Dtype,
    /// Problem size.
    N,
    /// Workers of the outer pool [threads].
    Outer,
    /// Team width [threads].
    Inner,
    /// What runs the inner level, without its wait policy.
    Runtime,
    /// Wait policy.
    Wait,
    /// How the levels share the PUs.
    Composition,
    /// Where the threads go.
    Placement,
    /// How tasks reach the workers, without the chunk size.
    Dispatch,
    /// Tasks taken from the queue at a time [tasks].
    Chunk,
    /// Tasks in all [tasks].
    Tasks,
    /// Threads of other load that spin beside the cell [threads].
    Background,
}

/// Where a cell stands along an axis. Numbers sort as numbers, names by the order given to them, and
/// what a cell does not have comes last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// A count.
    Count(u32),
    /// A name with its place in the order of names.
    Name(u64, String),
    /// The cell has no such property.
    Absent,
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => count.fmt(f),
            Self::Name(_, name) => f.pad(name),
            Self::Absent => f.pad(Self::NONE),
        }
    }
}

impl Value {
    /// How a condition names what a cell does not have.
    pub const NONE: &'static str = "none";

    /// The value as text, where the cell has it.
    pub fn present(&self) -> Option<String> {
        match self {
            Self::Count(_) | Self::Name(..) => Some(self.to_string()),
            Self::Absent => None,
        }
    }
}

/// How the values of an axis are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// Names with commas between them.
    Names,
    /// Counts in lists, ranges and powers, or `auto`; and these words beside them.
    Counts(&'static [&'static str]),
    /// One count for all cells of a run.
    OneCount,
}

impl Axis {
    /// Every axis, in the order of the table. Together they tell any two cells apart.
    pub const ALL: [Self; 13] = [
        Self::Workload,
        Self::Dtype,
        Self::N,
        Self::Outer,
        Self::Inner,
        Self::Runtime,
        Self::Wait,
        Self::Composition,
        Self::Placement,
        Self::Dispatch,
        Self::Chunk,
        Self::Tasks,
        Self::Background,
    ];

    fn entry(self) -> &'static Entry {
        &TABLE[self as usize]
    }

    /// Its name in flags, experiment files, columns and the text forms of cells.
    pub fn key(self) -> &'static str {
        self.entry().key
    }

    /// The unit of its values in a table; empty of names.
    pub fn unit(self) -> &'static str {
        self.entry().unit
    }

    /// What holds where nobody says anything, as a value or in words.
    pub fn default_value(self) -> &'static str {
        self.entry().default
    }

    /// What it is, as a phrase of a table.
    pub fn meaning(self) -> &'static str {
        self.entry().meaning
    }

    /// The quantity and its unit, as the axis of a figure.
    pub fn label(self) -> &'static str {
        self.entry().label
    }

    /// What it is, its values and its default, in one sentence.
    pub fn help(self) -> String {
        let Entry {
            help,
            values,
            default,
            ..
        } = self.entry();
        format!("{help}: {} [default: {default}]", values())
    }

    /// How its values are asked for.
    pub fn syntax(self) -> Syntax {
        self.entry().syntax
    }

    /// Whether a program of the user's has it too.
    pub fn is_of_programs(self) -> bool {
        self.entry().of_programs
    }

    pub(super) fn needs(self) -> Option<&'static Needs> {
        self.entry().needs.as_ref()
    }

    /// Whether the values are thread counts, on which P, cores and PUs have a place.
    pub fn counts_threads(self) -> bool {
        matches!(self, Self::Outer | Self::Inner)
    }

    /// The one spelling of the value `text`.
    ///
    /// # Errors
    ///
    /// If the axis has no such value; the message lists those that it has.
    pub fn check(self, text: &str) -> Result<String, ParseError> {
        (self.entry().check)(text)
    }

    /// Where `cell` stands along this axis.
    pub fn value(self, cell: &Cell) -> Value {
        (self.entry().get)(cell)
    }

    /// `cell` with the value `text`; `None` where it has no such property.
    ///
    /// # Errors
    ///
    /// If the axis has no such value.
    pub fn with(self, cell: Cell, text: &str) -> Result<Option<Cell>, ParseError> {
        let mut changed = cell;
        let has = (self.entry().set)(&mut changed, text)?;
        Ok(has.then_some(changed))
    }

    /// The values that any of `cells` has, ascending.
    pub fn values<'a>(self, cells: impl IntoIterator<Item = &'a Cell>) -> Vec<Value> {
        let values = cells.into_iter().map(|cell| self.value(cell));
        let once: BTreeSet<Value> = values.collect();
        once.into_iter().collect()
    }
}

impl fmt::Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.key())
    }
}

impl FromStr for Axis {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let named = Self::ALL.into_iter().find(|axis| axis.key() == text);
        named.ok_or_else(|| {
            let names = Self::ALL.map(Self::key).join(", ");
            ParseError::new("axis", text, format!("one of {names}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(text: &str) -> Cell {
        text.parse().unwrap()
    }

    #[test]
    fn the_table_has_a_line_for_each_axis_in_its_place() {
        for (i, axis) in Axis::ALL.into_iter().enumerate() {
            assert_eq!(axis as usize, i);
            assert_eq!(format!("{axis:?}").to_lowercase(), axis.key());
            assert_eq!(axis.key().parse(), Ok(axis));
            let needed = axis.needs().map(|needs| needs.axis);
            assert!(needed.is_none_or(|needed| needed < axis), "{axis}");
        }
    }

    /// A cell is the default one with each of its values set, in the order of the table.
    #[test]
    fn what_an_axis_reads_it_can_set() {
        for text in [
            "matmul n=64 outer=2 inner=4 wait=spin-then-park.500 chunk=pool tasks=7",
            "minkowski-3 dtype=f32 n=9 outer=3 inner=1 runtime=rayon composition=shared dispatch=stealing",
            "weak-30 n=9 outer=3 inner=2 runtime=libomp.0 composition=counting placement=close.core",
            "command outer=4 inner=2 placement=spread.numa",
        ] {
            let cell = cell(text);
            let mut made = Cell::default();
            for axis in Axis::ALL {
                if let Some(value) = axis.value(&cell).present() {
                    made = axis.with(made, &value).unwrap().unwrap();
                }
            }
            assert_eq!(made, cell, "{text}");
        }
    }

    #[test]
    fn what_a_cell_does_not_have_is_absent_and_cannot_be_set() {
        let rayon = cell("matmul n=64 outer=1 inner=1 runtime=rayon dispatch=static");
        for (axis, value) in [
            (Axis::Wait, "active"),
            (Axis::Chunk, "4"),
            (Axis::Dtype, "i64"),
        ] {
            assert_eq!(axis.with(rayon, value), Ok(None), "{axis}");
        }
        assert_eq!(Axis::Chunk.value(&rayon), Value::Absent);
    }

    #[test]
    fn counts_sort_as_numbers_and_what_is_absent_comes_last() {
        let outer = |outer: u32| Axis::Outer.value(&cell(&format!("outer={outer} inner=1")));
        assert!(outer(2) < outer(10));
        let wait = |text: &str| Axis::Wait.value(&cell(&format!("1x1 {text}")));
        let order = [
            "active",
            "spin-then-park.9",
            "spin-then-park.5",
            "yield",
            "passive",
            "rayon",
        ];
        assert!(order.map(wait).is_sorted());
    }

    #[test]
    fn a_value_that_an_axis_does_not_have_is_named_with_those_that_it_has() {
        for (axis, value, why) in [
            (Axis::Wait, "pasive", "spin-then-park.N"),
            (Axis::Workload, "mat", "minkowski-P"),
            (Axis::Dispatch, "queue.4", "queue, static, stealing"),
            (Axis::Outer, "0", "from 1 to"),
        ] {
            let error = axis.check(value).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
        let error = "phi".parse::<Axis>().unwrap_err().to_string();
        assert!(
            error.contains("workload, dtype") && error.contains("chunk"),
            "{error}"
        );
    }
}

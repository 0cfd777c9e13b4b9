//! Along which dimensions do the cells of a run differ?

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use crate::experiment::{Cell, Chunk, Composition, WaitPolicy};
use crate::text::ParseError;

/// A property of a cell along which figures spread cells out and users select them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// Workers of the outer pool.
    Outer,
    /// Team width.
    Inner,
    /// Workload name.
    Workload,
    /// Problem size.
    N,
    /// Number type.
    Dtype,
    /// Inner runtime with its wait policy.
    Runtime,
    /// Wait policy alone.
    Wait,
    /// Composition.
    Composition,
    /// Placement.
    Placement,
    /// Dispatch rule with its chunk size.
    Dispatch,
    /// Chunk size alone.
    Chunk,
}

/// Where a cell stands along a dimension. Numbers sort as numbers, names by the order given to
/// them, and what a cell does not have comes last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// A count.
    Count(u32),
    /// A name with its place in the order of names.
    Name(u64, String),
    /// The cell has no such property, for example the wait policy of rayon.
    Absent,
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => count.fmt(f),
            Self::Name(_, name) => f.pad(name),
            Self::Absent => f.pad("none"),
        }
    }
}

impl Dimension {
    /// Every dimension with its name.
    pub const ALL: [(Self, &'static str); 11] = [
        (Self::Outer, "outer"),
        (Self::Inner, "inner"),
        (Self::Workload, "workload"),
        (Self::N, "n"),
        (Self::Dtype, "dtype"),
        (Self::Runtime, "runtime"),
        (Self::Wait, "wait"),
        (Self::Composition, "composition"),
        (Self::Placement, "placement"),
        (Self::Dispatch, "dispatch"),
        (Self::Chunk, "chunk"),
    ];

    /// The dimensions that no other contains; together they tell any two cells of a run apart.
    pub const BASIC: [Self; 9] = [
        Self::Workload,
        Self::Dtype,
        Self::N,
        Self::Outer,
        Self::Inner,
        Self::Composition,
        Self::Runtime,
        Self::Placement,
        Self::Dispatch,
    ];

    /// Where `cell` stands along this dimension.
    pub fn value(self, cell: &Cell) -> Value {
        match self {
            Self::Outer => Value::Count(cell.outer.get()),
            Self::Inner => Value::Count(cell.inner.get()),
            Self::Workload => name(cell.workload.name()),
            Self::N => count(cell.workload.n()),
            Self::Dtype => cell.workload.dtype().map_or(Value::Absent, name),
            Self::Runtime => {
                let place = cell.runtime.wait().map_or(u64::MAX, eagerness);
                Value::Name(place, cell.runtime.to_string())
            }
            Self::Wait => cell.runtime.wait().map_or(Value::Absent, |wait| {
                Value::Name(eagerness(wait), wait.to_string())
            }),
            Self::Composition => {
                let place = Composition::ALL
                    .iter()
                    .take_while(|c| **c != cell.composition);
                Value::Name(place.count() as u64, cell.composition.to_string())
            }
            Self::Placement => name(cell.placement),
            Self::Dispatch => {
                let place = match cell.dispatch.chunk() {
                    Some(Chunk::Tasks(size)) => u64::from(size.get()),
                    Some(_) | None => 0,
                };
                Value::Name(place, cell.dispatch.to_string())
            }
            Self::Chunk => match cell.dispatch.chunk() {
                Some(Chunk::Tasks(size)) => Value::Count(size.get()),
                Some(rule) => name(rule),
                None => Value::Absent,
            },
        }
    }

    /// Whether the values are thread counts, on which P, cores and PUs have a place.
    pub fn counts_threads(self) -> bool {
        matches!(self, Self::Outer | Self::Inner)
    }

    /// The axis label: the quantity and its unit.
    pub fn label(self) -> &'static str {
        match self {
            Self::Outer => "outer [workers]",
            Self::Inner => "inner [threads per worker]",
            Self::Workload => "workload",
            Self::N => "problem size n",
            Self::Dtype => "number type",
            Self::Runtime => "inner runtime and wait policy",
            Self::Wait => "wait policy",
            Self::Composition => "composition",
            Self::Placement => "placement",
            Self::Dispatch => "dispatch",
            Self::Chunk => "chunk [tasks]",
        }
    }
}

/// Orders wait policies from the one that never gives its PU away to the one that does at once.
fn eagerness(wait: WaitPolicy) -> u64 {
    let longest_spin = u64::from(u32::MAX);
    match wait {
        WaitPolicy::Active => 0,
        WaitPolicy::SpinThenPark(spins) => 1 + longest_spin - u64::from(spins.get()),
        WaitPolicy::Yield => 1 + longest_spin,
        WaitPolicy::Passive => 2 + longest_spin,
    }
}

/// A count, where the cell has one.
fn count(value: Option<NonZeroU32>) -> Value {
    value.map_or(Value::Absent, |value| Value::Count(value.get()))
}

/// A name that sorts as text.
fn name(value: impl fmt::Display) -> Value {
    Value::Name(0, value.to_string())
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = Self::ALL.iter().find(|(dimension, _)| dimension == self);
        f.pad(named.map_or("", |(_, name)| name))
    }
}

impl FromStr for Dimension {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let named = Self::ALL.iter().find(|(_, name)| *name == text);
        named.map(|(dimension, _)| *dimension).ok_or_else(|| {
            let names = Self::ALL.map(|(_, name)| name).join(", ");
            ParseError::new("axis", text, format!("one of {names}"))
        })
    }
}

/// A selection of cells: `wait=passive`, `n=256`. Text form: `AXIS=VALUE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    dimension: Dimension,
    value: String,
}

impl Condition {
    /// The cells that have `value` along `dimension`.
    pub fn new(dimension: Dimension, value: String) -> Self {
        Self { dimension, value }
    }

    /// Whether all of `conditions` select `cell`; those on the same axis are alternatives.
    pub fn all_admit(conditions: &[Self], cell: &Cell) -> bool {
        conditions.iter().all(|condition| {
            let mut same = conditions
                .iter()
                .filter(|other| other.dimension == condition.dimension);
            same.any(|other| other.admits(cell))
        })
    }

    /// Whether `cell` is selected.
    pub fn admits(&self, cell: &Cell) -> bool {
        self.dimension.value(cell).to_string() == self.value
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.dimension, self.value)
    }
}

impl FromStr for Condition {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let (dimension, value) = text
            .split_once('=')
            .ok_or_else(|| ParseError::new("condition", text, "AXIS=VALUE, as in wait=passive"))?;
        Ok(Self {
            dimension: dimension.trim().parse()?,
            value: value.trim().to_owned(),
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
    fn counts_sort_as_numbers_and_what_is_absent_comes_last() {
        let threads = |outer: u32| {
            Dimension::Outer.value(&cell(&format!(
                "matmul.f64.64_{outer}x1_rayon_independent_unbound_static_t8"
            )))
        };
        assert!(threads(2) < threads(10));
        let rayon = cell("matmul.f64.64_1x1_rayon_independent_unbound_static_t8");
        let active = cell("matmul.f64.64_1x1_fork-join.active_independent_unbound_static_t8");
        assert!(Dimension::Wait.value(&active) < Dimension::Wait.value(&rayon));
        assert_eq!(Dimension::Chunk.value(&rayon), Value::Absent);
    }

    #[test]
    fn conditions_select_by_the_text_of_a_value() {
        let passive = cell("matmul.f64.64_1x1_fork-join.passive_independent_unbound_queue.4_t8");
        for (text, admits) in [
            ("wait=passive", true),
            ("wait=active", false),
            ("runtime=fork-join.passive", true),
            ("chunk = 4", true),
            ("n=64", true),
            ("n=6", false),
        ] {
            let condition: Condition = text.parse().unwrap();
            assert_eq!(condition.admits(&passive), admits, "{text}");
        }
    }

    #[test]
    fn conditions_on_one_axis_are_alternatives_and_on_several_all_must_hold() {
        let rayon = cell("matmul.f64.64_1x1_rayon_independent_unbound_static_t8");
        let admits = |texts: &[&str]| {
            let conditions = texts.iter().map(|text| text.parse().unwrap());
            Condition::all_admit(&conditions.collect::<Vec<_>>(), &rayon)
        };
        assert!(admits(&["wait=passive", "wait=none", "n=64"]));
        assert!(!admits(&["wait=passive", "wait=none", "n=32"]));
        assert!(!admits(&["wait=passive", "wait=active"]));
        assert!(admits(&[]));
    }

    #[test]
    fn unknown_axes_are_named_with_the_known_ones() {
        for text in ["threads=4", "outer"] {
            let error = text.parse::<Condition>().unwrap_err().to_string();
            assert!(error.contains("'threads'") || error.contains("AXIS=VALUE"));
        }
        let error = "phi".parse::<Dimension>().unwrap_err().to_string();
        assert!(
            error.contains("outer, inner") && error.contains("chunk"),
            "{error}"
        );
    }
}

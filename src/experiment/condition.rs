//! Which cells of a run are meant?

use std::fmt;
use std::str::FromStr;

use super::axes::COMMAND;
use super::{Axis, Cell, Value};
use crate::text::ParseError;

/// A condition on the cells of a run: `wait=passive`, `n=256`, `wait=none`. Text form: `AXIS=VALUE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    axis: Axis,
    value: String,
}

impl Condition {
    /// Whether all of `conditions` select `cell`; those on the same axis are alternatives.
    pub fn all_admit(conditions: &[Self], cell: &Cell) -> bool {
        conditions.iter().all(|condition| {
            let mut same = conditions
                .iter()
                .filter(|other| other.axis == condition.axis);
            same.any(|other| other.admits(cell))
        })
    }

    /// Whether `cell` is selected.
    pub fn admits(&self, cell: &Cell) -> bool {
        self.axis.value(cell).to_string() == self.value
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.axis, self.value)
    }
}

impl FromStr for Condition {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let (axis, value) = text
            .split_once('=')
            .ok_or_else(|| ParseError::new("condition", text, "AXIS=VALUE, as in wait=passive"))?;
        let (axis, value): (Axis, &str) = (axis.trim().parse()?, value.trim());
        let value = match (axis, value) {
            (_, Value::NONE) | (Axis::Workload, COMMAND) => value.to_owned(),
            _ => axis.check(value)?,
        };
        Ok(Self { axis, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_select_by_the_text_of_a_value() {
        let passive: Cell = "1x1 n=64 chunk=4".parse().unwrap();
        for (text, admits) in [
            ("wait=passive", true),
            ("wait=active", false),
            ("runtime=fork-join", true),
            ("chunk = 4", true),
            ("n=64", true),
            ("n=6", false),
            ("wait=none", false),
        ] {
            let condition: Condition = text.parse().unwrap();
            assert_eq!(condition.admits(&passive), admits, "{text}");
        }
    }

    #[test]
    fn conditions_on_one_axis_are_alternatives_and_on_several_all_must_hold() {
        let rayon: Cell = "1x1 n=64 rayon static".parse().unwrap();
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
    fn a_condition_that_no_cell_could_meet_is_refused() {
        for (text, why) in [
            ("threads=4", "'threads' is not an axis"),
            ("outer", "AXIS=VALUE"),
            ("wait=pasive", "spin-then-park.N"),
            ("n=many", "whole number"),
        ] {
            let error = text.parse::<Condition>().unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}

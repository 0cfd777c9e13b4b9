//! Which values of an axis does a user ask for?
//!
//! Names are written with commas between them, counts as [`Counts`].

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;

use super::{Axis, Count, Counts, CpuCounts, Syntax};
use crate::text::ParseError;

/// The values of one axis that were asked for, before the machine is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AxisValues {
    counts: Option<Counts>,
    /// What is no count, each once, in its one spelling.
    names: Vec<String>,
}

impl AxisValues {
    /// The values of `axis` in `text`.
    ///
    /// # Errors
    ///
    /// If one is none of this axis.
    pub fn read(axis: Axis, text: &str) -> Result<Self, ParseError> {
        let words = match axis.syntax() {
            Syntax::OneCount => return Ok(Self::one(text.parse::<Count>()?.0)),
            Syntax::Counts(words) => words,
            Syntax::Names => {
                let parts = text.split(',').map(str::trim);
                let names = parts
                    .map(|part| axis.check(part))
                    .collect::<Result<Vec<_>, _>>()?;
                return Ok(Self::named(names));
            }
        };
        let is_word = |part: &&str| words.contains(&part.trim());
        let (names, counts): (Vec<&str>, Vec<&str>) = text.split(',').partition(is_word);
        let counts = (!counts.is_empty()).then(|| counts.join(",").parse());
        Ok(Self {
            counts: counts.transpose()?,
            ..Self::named(names.into_iter().map(|name| name.trim().to_owned()))
        })
    }

    /// These names, each once.
    fn named(all: impl IntoIterator<Item = String>) -> Self {
        let mut names = Vec::new();
        for name in all {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Self {
            counts: None,
            names,
        }
    }

    fn one(count: NonZeroU32) -> Self {
        Self {
            counts: Some(Counts::These(vec![count])),
            names: Vec::new(),
        }
    }

    /// Around the landmarks of the machine.
    pub const fn auto() -> Self {
        Self {
            counts: Some(Counts::Auto),
            names: Vec::new(),
        }
    }

    /// What is asked for by name.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The values on a machine with `landmarks`, counts first and ascending.
    pub fn resolve(&self, landmarks: CpuCounts) -> Vec<String> {
        let counts = self
            .counts
            .iter()
            .flat_map(|counts| counts.resolve(landmarks));
        let counts = counts.map(|count| count.to_string());
        counts.chain(self.names.iter().cloned()).collect()
    }
}

impl fmt::Display for AxisValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.counts.iter().map(Counts::to_string);
        let values: Vec<String> = counts.chain(self.names.iter().cloned()).collect();
        f.write_str(&values.join(","))
    }
}

/// The axes that a request speaks of, with the values that it asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Axes(BTreeMap<Axis, AxisValues>);

impl Axes {
    /// What is asked of `axis`.
    pub fn get(&self, axis: Axis) -> Option<&AxisValues> {
        self.0.get(&axis)
    }

    /// Asks for `values` of `axis` in place of what was asked before.
    pub fn set(&mut self, axis: Axis, values: AxisValues) {
        self.0.insert(axis, values);
    }

    /// Asks for the values in `text`.
    ///
    /// # Errors
    ///
    /// If one is none of `axis`.
    pub fn read(&mut self, axis: Axis, text: &str) -> Result<(), ParseError> {
        self.set(axis, AxisValues::read(axis, text)?);
        Ok(())
    }

    /// Every axis spoken of, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = (Axis, &AxisValues)> {
        self.0.iter().map(|(axis, values)| (*axis, values))
    }

    /// These with everything that `over` says laid over them.
    #[must_use]
    pub fn overlaid(mut self, over: Self) -> Self {
        self.0.extend(over.0);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_counts_and_the_rule_of_a_pool() {
        let two = CpuCounts {
            budget: 2,
            physical: 2,
            logical: 2,
        };
        let chunks = |text: &str| Ok(AxisValues::read(Axis::Chunk, text)?.resolve(two));
        assert_eq!(chunks("1..=4*2,pool").unwrap(), ["1", "2", "4", "pool"]);
        assert_eq!(chunks("pool").unwrap(), ["pool"]);
        let error: ParseError = chunks("pol").unwrap_err();
        assert!(error.to_string().contains("'pol'"), "{error}");
    }

    #[test]
    fn names_are_spelled_one_way_and_each_once() {
        let read = |axis, text: &str| AxisValues::read(axis, text).map(|v| v.to_string());
        assert_eq!(
            read(Axis::Wait, "active, passive,active").unwrap(),
            "active,passive"
        );
        assert_eq!(
            read(Axis::Placement, "close,unbound").unwrap(),
            "close.pu,unbound"
        );
        assert_eq!(read(Axis::Tasks, "8").unwrap(), "8");
        assert!(read(Axis::Tasks, "8,9").is_err());
        assert!(read(Axis::Wait, "").is_err());
    }
}

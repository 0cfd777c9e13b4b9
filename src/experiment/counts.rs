//! Which counts does a user ask for?
//!
//! A list is written `1,2,4`, `1..=16` (every value), `1..=64*2` (each twice the last) or `auto` (around
//! the counts of the machine at which something may change).

use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, de};

use super::loose::Loose;
use crate::machine::{CpuBudget, Topology};
use crate::text::ParseError;

/// Most values one axis may have; a longer list is taken for a typing error.
const MAX_VALUES: usize = 1024;

/// The counts of a machine at which the cost of nesting may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CpuCounts {
    /// P in whole CPUs.
    pub budget: u32,
    /// Cores with an allowed PU.
    pub physical: u32,
    /// Allowed PUs.
    pub logical: u32,
}

impl CpuCounts {
    /// Those of a machine with `topology` of which `budget` may be used.
    pub fn of(topology: &Topology, budget: &CpuBudget) -> Self {
        Self {
            budget: budget.whole(),
            physical: topology.cores_of(&budget.allowed) as u32,
            logical: budget.allowed.len() as u32,
        }
    }

    /// One, two, three; each landmark and its neighbours; P / 4, P / 2, 2 P / 3 and 2 P. So the
    /// list has divisors and non-divisors of P, in ascending order without repeats.
    fn around(self) -> Vec<NonZeroU32> {
        let Self {
            budget,
            physical,
            logical,
        } = self;
        let neighbours = [budget, physical, logical]
            .into_iter()
            .flat_map(|x| [x - 1, x, x + 1]);
        let fractions = [budget / 4, budget / 2, (2 * budget).div_ceil(3), 2 * budget];
        let all: BTreeSet<u32> = [1, 2, 3]
            .into_iter()
            .chain(neighbours)
            .chain(fractions)
            .collect();
        all.into_iter().filter_map(NonZeroU32::new).collect()
    }
}

/// Thread counts as asked for, before the machine is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Counts {
    /// Around the landmarks of the machine.
    Auto,
    /// These, ascending, without repeats.
    These(Vec<NonZeroU32>),
}

impl Counts {
    /// The counts on a machine with `landmarks`.
    pub fn resolve(&self, landmarks: CpuCounts) -> Vec<NonZeroU32> {
        match self {
            Self::Auto => landmarks.around(),
            Self::These(counts) => counts.clone(),
        }
    }
}

impl FromStr for Counts {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if text.trim() == "auto" {
            return Ok(Self::Auto);
        }
        let bad = || {
            ParseError::new(
                "list of counts",
                text,
                "whole numbers from 1 to 4294967295, as in 1,2,4 or 1..=16 or 1..=64*2, or auto",
            )
        };
        let mut counts = BTreeSet::new();
        for part in text.split(',') {
            counts.extend(run(part.trim()).ok_or_else(bad)?);
            if counts.len() > MAX_VALUES {
                return Err(ParseError::new(
                    "list of counts",
                    text,
                    "at most 1024 values",
                ));
            }
        }
        Ok(Self::These(counts.into_iter().collect()))
    }
}

/// The counts of one part of a list: `4`, `1..=16` or `1..=64*2`.
fn run(part: &str) -> Option<Vec<NonZeroU32>> {
    let Some((first, rest)) = part.split_once("..=") else {
        return Some(vec![part.parse().ok()?]);
    };
    let (last, factor) = match rest.split_once('*') {
        Some((last, factor)) => (last, Some(factor.parse::<u32>().ok().filter(|f| *f >= 2)?)),
        None => (rest, None),
    };
    let (first, last): (NonZeroU32, NonZeroU32) = (first.parse().ok()?, last.parse().ok()?);
    let next = |count: &NonZeroU32| match factor {
        Some(factor) => count.checked_mul(NonZeroU32::new(factor)?),
        None => count.checked_add(1),
    };
    let counts: Vec<NonZeroU32> = std::iter::successors(Some(first), next)
        .take_while(|count| *count <= last)
        .take(MAX_VALUES + 1)
        .collect();
    (!counts.is_empty()).then_some(counts)
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::These(counts) => f.write_str(&join(counts)),
        }
    }
}

/// A whole number of at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count(pub NonZeroU32);

impl FromStr for Count {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let bad = |_| ParseError::new("count", text, "a whole number from 1 to 4294967295");
        text.trim().parse().map(Self).map_err(bad)
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn join<T: fmt::Display>(values: &[T]) -> String {
    values
        .iter()
        .map(T::to_string)
        .collect::<Vec<_>>()
        .join(",")
}

impl Serialize for Count {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let Loose(text) = Loose::deserialize(input)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(text: &str) -> Vec<u32> {
        match text.parse().unwrap() {
            Counts::These(counts) => counts.into_iter().map(u32::from).collect(),
            Counts::Auto => panic!("auto"),
        }
    }

    #[test]
    fn lists_ranges_and_powers() {
        assert_eq!(counts("4,1,2,2"), [1, 2, 4]);
        assert_eq!(counts("1..=5"), [1, 2, 3, 4, 5]);
        assert_eq!(counts("1..=64*2"), [1, 2, 4, 8, 16, 32, 64]);
        assert_eq!(counts("3,1..=20*4"), [1, 3, 4, 16]);
    }

    #[test]
    fn bad_counts_are_named() {
        for text in [
            "0",
            "-1",
            "",
            "1,,2",
            "5..=1",
            "1..=9*1",
            "4294967296",
            "x",
            "1..=1000000",
        ] {
            let error = text.parse::<Counts>().unwrap_err();
            assert_eq!(error.text, text, "{error}");
        }
    }

    #[test]
    fn auto_surrounds_the_landmarks_and_has_non_divisors() {
        let two = CpuCounts {
            budget: 2,
            physical: 2,
            logical: 2,
        };
        assert_eq!(
            Counts::Auto
                .resolve(two)
                .iter()
                .map(|c| c.get())
                .collect::<Vec<_>>(),
            [1, 2, 3, 4]
        );
        let smt = CpuCounts {
            budget: 8,
            physical: 4,
            logical: 8,
        };
        let auto: Vec<u32> = Counts::Auto.resolve(smt).iter().map(|c| c.get()).collect();
        assert_eq!(auto, [1, 2, 3, 4, 5, 6, 7, 8, 9, 16]);
    }
}

//! How do the two levels share the PUs?

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use crate::serde_as_text;
use crate::share::Share;
use crate::text::ParseError;

/// How outer workers and inner teams share the PUs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Composition {
    /// Each worker has a team of its own and knows nothing of the others.
    Independent,
    /// Regions run on the worker alone, as under `OMP_NUM_THREADS=1`.
    SerialInner,
    /// The budget is divided among the workers; a remainder is shared out.
    Partitioned,
    /// One region at a time, whichever worker's it is.
    Exclusive,
    /// As many regions at once as keep the sum of their threads within the budget.
    Counting,
    /// One pool of inner threads that serves all workers (rayon only).
    Shared,
}

impl Composition {
    /// Every composition, in the order in which figures show them.
    pub const ALL: [Self; 6] = [
        Self::Independent,
        Self::SerialInner,
        Self::Partitioned,
        Self::Exclusive,
        Self::Counting,
        Self::Shared,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Independent => "independent",
            Self::SerialInner => "serial-inner",
            Self::Partitioned => "partitioned",
            Self::Exclusive => "exclusive",
            Self::Counting => "counting",
            Self::Shared => "shared",
        }
    }

    /// The team width of each worker that asks for `inner` threads under a budget of `budget`
    /// whole CPUs [threads]. Never empty, never zero.
    pub fn widths(self, outer: NonZeroU32, inner: NonZeroU32, budget: u32) -> Vec<NonZeroU32> {
        let width = |share: Share| match self {
            Self::Independent | Self::Exclusive | Self::Shared => inner,
            Self::SerialInner => NonZeroU32::MIN,
            Self::Partitioned => at_least_one(share.range(budget as usize).len() as u32),
            Self::Counting => inner.min(at_least_one(budget)),
        };
        Share::all(outer.get() as usize).map(width).collect()
    }
}

fn at_least_one(count: u32) -> NonZeroU32 {
    NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN)
}

impl fmt::Display for Composition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Composition {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::ALL
            .into_iter()
            .find(|c| c.name() == text)
            .ok_or_else(|| {
                ParseError::new("composition", text, Self::ALL.map(Self::name).join(", "))
            })
    }
}

serde_as_text!(Composition);

#[cfg(test)]
mod tests {
    use super::*;

    fn widths(composition: Composition, outer: u32, inner: u32, budget: u32) -> Vec<u32> {
        let count = |n| NonZeroU32::new(n).unwrap();
        composition
            .widths(count(outer), count(inner), budget)
            .into_iter()
            .map(u32::from)
            .collect()
    }

    #[test]
    fn a_partitioned_budget_shares_out_its_remainder() {
        assert_eq!(widths(Composition::Partitioned, 3, 9, 8), [3, 3, 2]);
        assert_eq!(widths(Composition::Partitioned, 4, 9, 2), [1, 1, 1, 1]);
    }

    #[test]
    fn counting_never_grants_more_than_the_budget() {
        assert_eq!(widths(Composition::Counting, 2, 8, 4), [4, 4]);
        assert_eq!(widths(Composition::Counting, 2, 3, 4), [3, 3]);
    }

    #[test]
    fn only_serial_inner_ignores_the_request() {
        assert_eq!(widths(Composition::SerialInner, 2, 8, 4), [1, 1]);
        assert_eq!(widths(Composition::Exclusive, 2, 8, 4), [8, 8]);
    }
}

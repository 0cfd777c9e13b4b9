//! How do the two levels share the PUs?

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use crate::serde_as_text;
use crate::share::Share;
use crate::text::ParseError;

/// What becomes of the CPUs that are left when a budget is divided by the number of workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rounding {
    /// The first workers get one more, so that all are used and none twice.
    Exact,
    /// They are left idle, as by joblib.
    Floor,
    /// Every worker gets one more, and some CPUs have two threads.
    Ceil,
}

impl Rounding {
    /// CPUs of worker `index` of `busy` workers that share `budget` [threads].
    fn part(self, index: usize, busy: u32, budget: u32) -> u32 {
        let of = busy.max(1);
        match self {
            _ if index >= of as usize => 0,
            Self::Exact => {
                let of = of as usize;
                Share { index, of }.range(budget as usize).len() as u32
            }
            Self::Floor => budget / of,
            Self::Ceil => budget.div_ceil(of),
        }
    }
}

/// How outer workers and inner teams share the PUs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Composition {
    /// Each worker has a team of its own and knows nothing of the others.
    Independent,
    /// Regions run on the worker alone, as under `OMP_NUM_THREADS=1`.
    SerialInner,
    /// The budget is divided among the workers that have work.
    Partitioned(Rounding),
    /// One region at a time, whichever worker's it is.
    Exclusive,
    /// As many regions at once as keep the sum of their threads within the budget.
    Counting,
    /// One pool of inner threads that serves all workers (rayon only).
    Shared,
}

impl Composition {
    /// Every composition, in the order in which figures show them.
    pub const ALL: [Self; 8] = [
        Self::Independent,
        Self::SerialInner,
        Self::Partitioned(Rounding::Exact),
        Self::Partitioned(Rounding::Floor),
        Self::Partitioned(Rounding::Ceil),
        Self::Exclusive,
        Self::Counting,
        Self::Shared,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Independent => "independent",
            Self::SerialInner => "serial-inner",
            Self::Partitioned(Rounding::Exact) => "partitioned",
            Self::Partitioned(Rounding::Floor) => "partitioned-floor",
            Self::Partitioned(Rounding::Ceil) => "partitioned-ceil",
            Self::Exclusive => "exclusive",
            Self::Counting => "counting",
            Self::Shared => "shared",
        }
    }

    /// The team width of each of `outer` workers, the first `busy` of which have work, that ask for
    /// `inner` threads under a budget of `budget` whole CPUs [threads]. Never empty, never zero.
    pub fn widths(
        self,
        (outer, busy): (NonZeroU32, u32),
        inner: NonZeroU32,
        budget: u32,
    ) -> Vec<NonZeroU32> {
        let width = |share: Share| match self {
            Self::Independent | Self::Exclusive | Self::Shared => inner,
            Self::SerialInner => NonZeroU32::MIN,
            Self::Partitioned(rounding) => at_least_one(rounding.part(share.index, busy, budget)),
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
            .widths((count(outer), outer), count(inner), budget)
            .into_iter()
            .map(u32::from)
            .collect()
    }

    #[test]
    fn a_partitioned_budget_shares_out_its_remainder() {
        let exact = Composition::Partitioned(Rounding::Exact);
        assert_eq!(widths(exact, 3, 9, 8), [3, 3, 2]);
        assert_eq!(widths(exact, 4, 9, 2), [1, 1, 1, 1]);
    }

    /// 16 CPUs for 9 workers: 7 idle, 2 too many, or none.
    #[test]
    fn a_remainder_is_left_idle_or_given_to_all() {
        let sum = |rounding| {
            let widths = widths(Composition::Partitioned(rounding), 9, 1, 16);
            widths.iter().sum::<u32>()
        };
        let sums = [Rounding::Floor, Rounding::Ceil, Rounding::Exact].map(sum);
        assert_eq!(sums, [9, 18, 16]);
    }

    #[test]
    fn workers_without_work_get_no_share() {
        let [ten, one] = [10, 1].map(|n| NonZeroU32::new(n).unwrap());
        let widths = Composition::Partitioned(Rounding::Exact).widths((ten, 2), one, 10);
        let widths: Vec<u32> = widths.into_iter().map(u32::from).collect();
        assert_eq!(widths, [5, 5, 1, 1, 1, 1, 1, 1, 1, 1]);
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

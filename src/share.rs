//! Which part of a whole is mine?
//!
//! The one rule by which tasks, panels, PUs and threads are divided: contiguous parts whose sizes
//! differ by at most one, the larger ones first.

use std::ops::Range;

/// Part `index` of `of` parts. `index < of`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Which part, from 0.
    pub index: usize,
    /// How many parts.
    pub of: usize,
}

impl Share {
    /// The items of `0..total` that belong to this part.
    pub fn range(self, total: usize) -> Range<usize> {
        let (base, larger) = (total / self.of, total % self.of);
        let start = self.index * base + self.index.min(larger);
        start..start + base + usize::from(self.index < larger)
    }

    /// Every part in order.
    pub fn all(of: usize) -> impl ExactSizeIterator<Item = Self> {
        (0..of).map(move |index| Self { index, of })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ten_items_in_four_parts_are_three_three_two_two() {
        let sizes: Vec<usize> = Share::all(4).map(|share| share.range(10).len()).collect();
        assert_eq!(sizes, [3, 3, 2, 2]);
    }

    proptest! {
        #[test]
        fn parts_tile_the_whole_and_differ_by_at_most_one(total in 0_usize..500, of in 1_usize..70) {
            let mut next = 0;
            for share in Share::all(of) {
                let range = share.range(total);
                prop_assert_eq!(range.start, next);
                prop_assert!(range.len() == total / of || range.len() == total.div_ceil(of));
                next = range.end;
            }
            prop_assert_eq!(next, total);
        }
    }
}

//! Which numbers are in a set as hwloc writes it?
//
// --- Implementation ---
// Source: hwloc 2.13, hwloc/bitmap.c, hwloc_bitmap_sscanf: 32-bit words in hexadecimal, the highest
// first; an empty word is 0; a first word `0xf...f` stands for all numbers above the others.

use crate::machine::{CpuSet, PuId};

/// Words that numbers up to [`CpuSet::LARGEST_PU`] need.
const MOST_WORDS: usize = (CpuSet::LARGEST_PU.0 / u32::BITS) as usize + 1;

/// A set of numbers up to [`CpuSet::LARGEST_PU`], perhaps with all that follow.
#[derive(Clone, Debug, Default)]
pub(super) struct Bitmap {
    /// The lowest 32 numbers first.
    words: Vec<u32>,
    endless: bool,
}

impl Bitmap {
    /// The set that `text` stands for; `None` if it is not one, or has a larger number.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (endless, finite) = match text.strip_prefix("0xf...f") {
            Some("") => (true, None),
            Some(rest) => (true, Some(rest.strip_prefix(',')?)),
            None => (false, Some(text)),
        };
        let mut words = Vec::new();
        for (place, hex) in finite
            .into_iter()
            .flat_map(|text| text.rsplit(','))
            .enumerate()
        {
            let word = match hex.strip_prefix("0x").unwrap_or(hex) {
                "" => 0,
                hex => u32::from_str_radix(hex, 16).ok()?,
            };
            if place < MOST_WORDS {
                words.push(word);
            } else if word != 0 {
                return None;
            }
        }
        Some(Self { words, endless })
    }

    pub(super) fn one(number: u32) -> Self {
        let mut words = vec![0; (number / u32::BITS) as usize];
        words.push(1 << (number % u32::BITS));
        Self {
            words,
            endless: false,
        }
    }

    pub(super) fn is_endless(&self) -> bool {
        self.endless
    }

    pub(super) fn contains(&self, number: u32) -> bool {
        match self.words.get((number / u32::BITS) as usize) {
            Some(word) => word >> (number % u32::BITS) & 1 == 1,
            None => self.endless,
        }
    }

    pub(super) fn unite(&mut self, other: &Self) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            *word |= more;
        }
    }

    /// The numbers of this set that are in `other` too.
    pub(super) fn common(&self, other: &Self) -> Self {
        let words = self.words.iter().zip(&other.words);
        Self {
            words: words.map(|(a, b)| a & b).collect(),
            endless: false,
        }
    }

    /// The numbers of this set that are not in `other`.
    pub(super) fn without(&self, other: &Self) -> Self {
        let others = other.words.iter().chain(std::iter::repeat(&0));
        let words = self.words.iter().zip(others);
        Self {
            words: words.map(|(a, b)| a & !b).collect(),
            endless: false,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    pub(super) fn cpuset(&self) -> CpuSet {
        let words = (0_u32..).zip(&self.words);
        let pus = words.flat_map(|(place, word)| {
            let set = (0..u32::BITS).filter(move |bit| word >> bit & 1 == 1);
            set.map(move |bit| PuId(place * u32::BITS + bit))
        });
        pus.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        Bitmap::read(text).map(|set| set.cpuset().to_string())
    }

    #[test]
    fn words_come_highest_first_and_empty_ones_are_zero() {
        for (text, pus) in [
            ("0x0", ""),
            ("0x00000003", "0-1"),
            ("0x1,,0x0000ffff", "0-15,64"),
            ("0xffffffff,0x80000000", "31-63"),
            ("", ""),
        ] {
            assert_eq!(read(text).as_deref(), Some(pus), "{text}");
        }
    }

    #[test]
    fn a_set_without_end_has_every_number_above_its_words() {
        let all = Bitmap::read("0xf...f").unwrap();
        assert!(all.is_endless() && all.contains(0) && all.contains(1 << 31));
        let above = Bitmap::read("0xf...f,0x1").unwrap();
        assert!(above.contains(0) && !above.contains(1) && above.contains(32));
    }

    #[test]
    fn what_is_no_set_or_too_wide_is_none() {
        let wide = format!("0x1{}", ",".repeat(2048));
        for text in ["0xzz", "0x1ffffffff", "1 2", "0xf...f0x1", &wide] {
            assert_eq!(read(text), None, "{text}");
        }
        let widest = format!("0x80000000{}", ",".repeat(2047));
        assert_eq!(read(&widest).as_deref(), Some("65535"));
        let zeros = format!("0x0{}", ",0x0".repeat(100_000));
        assert_eq!(read(&zeros).as_deref(), Some(""));
    }

    #[test]
    fn sets_of_different_width_are_compared() {
        let (low, high) = (Bitmap::one(3), Bitmap::one(70));
        let mut both = low.clone();
        both.unite(&high);
        assert_eq!(both.without(&low).cpuset().to_string(), "70");
        assert_eq!(both.common(&low).cpuset().to_string(), "3");
        assert!(low.without(&both).is_empty() && low.common(&high).is_empty());
    }
}

//! Which processing units are meant?
//!
//! A *PU* is one hardware thread; a *cpuset* is a set of PUs. With SMT a core holds several PUs,
//! so neither is ever called a core.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::serde_as_text;
use crate::text::ParseError;

/// Operating-system index of a processing unit (hwloc P#, Linux CPU number).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PuId(pub u32);

impl fmt::Display for PuId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Set of PUs, as taken by `sched_setaffinity(2)`.
///
/// The text form is the kernel's list format: `0-3,8`; the empty set is the empty text. Copies share
/// their PUs: a cell may have tens of thousands of threads that all run on the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CpuSet(Arc<BTreeSet<PuId>>);

impl CpuSet {
    /// Larger than any kernel's CONFIG_NR_CPUS, so that a typo cannot ask for gigabytes.
    pub(super) const LARGEST_PU: PuId = PuId(65_535);

    /// Number of PUs.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no PU is in the set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `pu` is in the set.
    pub fn contains(&self, pu: PuId) -> bool {
        self.0.contains(&pu)
    }

    /// The PUs in ascending order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = PuId> + '_ {
        self.0.iter().copied()
    }

    /// The PUs in both sets.
    pub fn intersection(&self, other: &Self) -> Self {
        (&*self.0 & &*other.0).into_iter().collect()
    }

    /// The PUs in either set.
    pub fn union(&self, other: &Self) -> Self {
        (&*self.0 | &*other.0).into_iter().collect()
    }

    /// The PUs of this set that are not in `other`.
    pub fn difference(&self, other: &Self) -> Self {
        (&*self.0 - &*other.0).into_iter().collect()
    }

    /// Whether every PU of this set is in `other`.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.0.is_subset(&other.0)
    }
}

impl FromIterator<PuId> for CpuSet {
    fn from_iter<I: IntoIterator<Item = PuId>>(pus: I) -> Self {
        Self(Arc::new(pus.into_iter().collect()))
    }
}

impl fmt::Display for CpuSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pus: Vec<u32> = self.iter().map(|pu| pu.0).collect();
        let runs = pus.chunk_by(|a, b| a + 1 == *b);
        for (i, run) in runs.enumerate() {
            let comma = if i == 0 { "" } else { "," };
            match run {
                [one] => write!(f, "{comma}{one}")?,
                [first, .., last] => write!(f, "{comma}{first}-{last}")?,
                [] => {}
            }
        }
        Ok(())
    }
}

impl FromStr for CpuSet {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let bad = || ParseError::new("cpuset", text, "a list such as 0-3,8");
        let mut pus = BTreeSet::new();
        for part in text.trim().split(',').filter(|part| !part.is_empty()) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let first: u32 = first.trim().parse().map_err(|_| bad())?;
            let last: u32 = last.trim().parse().map_err(|_| bad())?;
            if first > last || PuId(last) > Self::LARGEST_PU {
                return Err(bad());
            }
            pus.extend((first..=last).map(PuId));
        }
        Ok(Self(Arc::new(pus)))
    }
}

serde_as_text!(CpuSet);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cpuset_reads_what_it_writes() {
        for text in ["", "0", "0-3", "0-1,4,6-7"] {
            assert_eq!(text.parse::<CpuSet>().unwrap().to_string(), text);
        }
        assert_eq!("3,0-2".parse::<CpuSet>().unwrap().to_string(), "0-3");
    }

    #[test]
    fn malformed_cpusets_are_named() {
        for text in ["a", "3-1", "0-", "-1", "0-99999999"] {
            let error = text.parse::<CpuSet>().unwrap_err();
            assert_eq!(error.text, text);
        }
    }
}

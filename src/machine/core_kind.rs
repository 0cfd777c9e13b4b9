//! Which kinds of core does a hybrid machine have, and which of them is faster?
//!
//! A *kind* is a set of PUs whose cores are built alike. Its *rank* is its place when the slowest
//! kind comes first; kinds that nobody can order have none.
//
// --- Implementation ---
// Source: hwloc 2.13, hwloc/cpukinds.c, hwloc_internal_cpukinds_rank.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize};

use super::CpuSet;

/// The PUs of all cores of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoreKind {
    /// Its PUs.
    pub cpuset: CpuSet,
    /// What its maker calls it, such as `IntelAtom`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// 0 for the slowest kind, 1 for the next faster; `None` where the order is not known.
    pub rank: Option<usize>,
}

/// What is known of a kind before all are compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct KindFacts {
    pub(super) cpuset: CpuSet,
    pub(super) name: Option<String>,
    /// Efficiency that the operating system or the user dictates: the larger, the faster.
    pub(super) forced: Option<u32>,
    /// Highest clock [MHz].
    pub(super) max_mhz: Option<u32>,
    /// Guaranteed clock [MHz].
    pub(super) base_mhz: Option<u32>,
}

impl CoreKind {
    /// Kinds that come slowest first.
    pub(super) fn in_order(kinds: impl IntoIterator<Item = (CpuSet, Option<String>)>) -> Vec<Self> {
        let kinds = kinds.into_iter().enumerate();
        kinds
            .map(|(rank, (cpuset, name))| Self {
                cpuset,
                name,
                rank: Some(rank),
            })
            .collect()
    }

    /// The kinds that `facts` are about, slowest first; in the order given where nothing tells.
    pub(super) fn ranked(mut facts: Vec<KindFacts>) -> Vec<Self> {
        let Some(values) = by_dictate(&facts).or_else(|| by_type_and_clock(&facts)) else {
            let kinds = facts.into_iter().map(|kind| Self {
                cpuset: kind.cpuset,
                name: kind.name,
                rank: None,
            });
            return kinds.collect();
        };
        let mut order: Vec<(u64, KindFacts)> = values.into_iter().zip(facts.drain(..)).collect();
        order.sort_by_key(|(value, _)| *value);
        Self::in_order(order.into_iter().map(|(_, kind)| (kind.cpuset, kind.name)))
    }
}

fn by_dictate(kinds: &[KindFacts]) -> Option<Vec<u64>> {
    distinct(kinds.iter().map(|kind| kind.forced.map(u64::from)))
}

/// By Intel's name for the kind, then by the base clock where all kinds tell it, else by the
/// highest. Names or clocks must be known of all.
fn by_type_and_clock(kinds: &[KindFacts]) -> Option<Vec<u64>> {
    let all = |fact: fn(&KindFacts) -> bool| kinds.iter().all(fact);
    let base = all(|kind| kind.base_mhz.is_some());
    if !(base || all(|kind| kind.max_mhz.is_some()) || all(|kind| intel_type(kind) > 0)) {
        return None;
    }
    let clock = |kind: &KindFacts| if base { kind.base_mhz } else { kind.max_mhz };
    let value = |kind| (u64::from(intel_type(kind)) << 32) + u64::from(clock(kind).unwrap_or(0));
    distinct(kinds.iter().map(|kind| Some(value(kind))))
}

/// Intel's names in the order of their speed; 0 for any other name.
fn intel_type(kind: &KindFacts) -> u8 {
    match kind.name.as_deref() {
        Some("IntelLowPower") => 1,
        Some("IntelAtom") => 2,
        Some("IntelCore") => 3,
        _ => 0,
    }
}

/// `values` if there is one for each kind and no two are equal.
fn distinct(values: impl Iterator<Item = Option<u64>>) -> Option<Vec<u64>> {
    let values: Vec<u64> = values.collect::<Option<_>>()?;
    let different: BTreeSet<&u64> = values.iter().collect();
    (different.len() == values.len()).then_some(values)
}

/// Kinds as they are recorded, or as cpusets with the slowest first, as they were once.
pub(super) fn recorded<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<CoreKind>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Recorded {
        Kind(CoreKind),
        Cpuset(CpuSet),
    }
    let kinds = Vec::<Recorded>::deserialize(input)?.into_iter().enumerate();
    let kind = |(place, recorded)| match recorded {
        Recorded::Kind(kind) => kind,
        Recorded::Cpuset(cpuset) => CoreKind {
            cpuset,
            name: None,
            rank: Some(place),
        },
    };
    Ok(kinds.map(kind).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A kind of one PU by its number, name and highest clock.
    fn kind(pu: &str, name: Option<&str>, max_mhz: Option<u32>) -> KindFacts {
        KindFacts {
            cpuset: pu.parse().unwrap(),
            name: name.map(str::to_owned),
            max_mhz,
            ..KindFacts::default()
        }
    }

    /// The PUs of the kinds, and whether they are ranked.
    fn order(facts: &[KindFacts]) -> (Vec<String>, bool) {
        let kinds = CoreKind::ranked(facts.to_vec());
        let ranked = kinds.iter().all(|kind| kind.rank.is_some());
        let pus = kinds.iter().map(|kind| kind.cpuset.to_string());
        (pus.collect(), ranked)
    }

    #[test]
    fn names_rank_before_clocks() {
        let facts = [
            kind("0", Some("IntelCore"), Some(2000)),
            kind("1", Some("IntelAtom"), Some(4000)),
            kind("2", Some("IntelLowPower"), Some(3000)),
        ];
        let expected = vec!["2".to_owned(), "1".to_owned(), "0".to_owned()];
        assert_eq!(order(&facts), (expected.clone(), true));
        let nameless = facts.clone().map(|facts| KindFacts {
            max_mhz: None,
            ..facts
        });
        assert_eq!(order(&nameless), (expected, true));
    }

    #[test]
    fn a_base_clock_counts_only_where_every_kind_has_one() {
        let mut facts = [kind("0", None, Some(3000)), kind("1", None, Some(2000))];
        facts[0].base_mhz = Some(1000);
        assert_eq!(order(&facts).0, ["1", "0"]);
        facts[1].base_mhz = Some(1500);
        assert_eq!(order(&facts).0, ["0", "1"]);
    }

    #[test]
    fn what_the_system_dictates_comes_first_if_it_is_complete_and_distinct() {
        let mut facts = [kind("0", None, Some(3000)), kind("1", None, Some(2000))];
        facts[0].forced = Some(0);
        assert_eq!(order(&facts).0, ["1", "0"]);
        facts[1].forced = Some(7);
        assert_eq!(order(&facts).0, ["0", "1"]);
        facts[0].forced = Some(7);
        assert_eq!(order(&facts).0, ["1", "0"]);
    }

    #[test]
    fn kinds_that_nothing_tells_apart_have_no_rank() {
        let alike = [kind("0", None, Some(2000)), kind("1", None, Some(2000))];
        assert_eq!(order(&alike), (vec!["0".to_owned(), "1".to_owned()], false));
        let some = [kind("0", Some("IntelCore"), None), kind("1", None, None)];
        assert!(!order(&some).1);
    }

    #[test]
    fn kinds_recorded_as_bare_cpusets_are_still_read() {
        #[derive(Deserialize)]
        struct Machine {
            #[serde(deserialize_with = "recorded")]
            kinds: Vec<CoreKind>,
        }
        let read = |text: &str| serde_json::from_str::<Machine>(text).unwrap().kinds;
        let kinds = read(r#"{"kinds": ["4-7", "0-3"]}"#);
        assert_eq!((kinds[1].cpuset.len(), kinds[1].rank), (4, Some(1)));
        let written = serde_json::to_string(&kinds).unwrap();
        assert_eq!(read(&format!("{{\"kinds\": {written}}}")), kinds);
    }
}

//! Where does each thread of a nest go?
//!
//! A *place* is the cpuset of one topology object; a *placement* is the rule that maps the threads
//! of all outer workers to places. This module only computes the map; `host` applies it and reads
//! it back.
//!
//! Rules and names are OpenMP's thread affinity policies close and spread, applied once to the
//! threads of all teams in order: with more threads than places, consecutive threads share a
//! place, and the loads of any two places differ by at most one.
//
// --- Implementation ---
// Source: OpenMP 4.0, section 2.5.2 "Controlling OpenMP Thread Affinity", with T threads and P
// places: close puts T <= P threads on consecutive places; spread puts each on the first place of
// its floor(P/T) or ceil(P/T) consecutive places; with T > P, both give each place floor(T/P) or
// ceil(T/P) consecutive threads. There each team is placed on its own, within what its primary
// thread was given; placed all as one, no two teams begin on the same place while places last.

use std::fmt;
use std::iter::repeat_n;
use std::num::NonZeroU32;
use std::str::FromStr;

use super::{CpuSet, Level, Topology};
use crate::serde_as_text;
use crate::share::Share;
use crate::text::ParseError;

/// Rule from thread number to cpuset. Text forms: `unbound`, `close.core`, `spread.pu`,
/// `partitioned.numa`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Placement {
    /// Every thread may run on every allowed PU.
    Unbound,
    /// Consecutive threads on neighbouring places.
    Close(Level),
    /// Consecutive threads as far apart as the places allow.
    Spread(Level),
    /// Each outer worker owns a disjoint run of places; its whole team may use all of them.
    Partitioned(Level),
}

impl Placement {
    /// What may be asked for, as a phrase.
    pub const FORMS: &str =
        "unbound, close, spread or partitioned, the last three with .pu, .core, .numa or .package";

    /// The cpuset of every thread: for each outer worker in order, for each member of its team.
    /// `widths` are the team widths [threads]. Never an empty cpuset unless `allowed` is empty.
    pub fn map(
        self,
        topology: &Topology,
        allowed: &CpuSet,
        widths: &[NonZeroU32],
    ) -> Vec<Vec<CpuSet>> {
        let widths: Vec<usize> = widths.iter().map(|width| width.get() as usize).collect();
        let one_set_each = |sets: Vec<CpuSet>| {
            let teams = sets.into_iter().zip(&widths);
            teams.map(|(set, width)| vec![set; *width]).collect()
        };
        let one_place_each = |seats: Vec<usize>, places: &[CpuSet]| {
            let mut sets = seats.into_iter().map(|seat| places[seat].clone());
            let team = |width: &usize| sets.by_ref().take(*width).collect();
            widths.iter().map(team).collect()
        };
        let threads = widths.iter().sum();
        match self {
            Self::Unbound => one_set_each(vec![allowed.clone(); widths.len()]),
            Self::Partitioned(level) => {
                one_set_each(parts(&topology.places(level, allowed), widths.len()))
            }
            Self::Close(level) => {
                let places = topology.places(level, allowed);
                one_place_each(seats_in_a_row(threads, places.len()), &places)
            }
            Self::Spread(level) => {
                let places = topology.places(level, allowed);
                one_place_each(seats_apart(threads, places.len()), &places)
            }
        }
    }
}

/// The place of each thread: neighbours side by side.
fn seats_in_a_row(threads: usize, places: usize) -> Vec<usize> {
    if threads <= places {
        return (0..threads).collect();
    }
    let loads = Share::all(places).map(|share| share.range(threads).len());
    (0..places)
        .zip(loads)
        .flat_map(|(place, load)| repeat_n(place, load))
        .collect()
}

/// The place of each thread: the first of its share of the places, where every thread can have
/// some.
fn seats_apart(threads: usize, places: usize) -> Vec<usize> {
    if threads > places {
        return seats_in_a_row(threads, places);
    }
    Share::all(threads)
        .map(|share| share.range(places).start)
        .collect()
}

/// Each worker's share of the places; where there are fewer places than workers, one place each.
fn parts(places: &[CpuSet], workers: usize) -> Vec<CpuSet> {
    if workers > places.len() {
        let seats = seats_in_a_row(workers, places.len());
        return seats.into_iter().map(|seat| places[seat].clone()).collect();
    }
    Share::all(workers)
        .map(|share| {
            places[share.range(places.len())]
                .iter()
                .flat_map(CpuSet::iter)
                .collect()
        })
        .collect()
}

impl fmt::Display for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unbound => f.write_str("unbound"),
            Self::Close(level) => write!(f, "close.{level}"),
            Self::Spread(level) => write!(f, "spread.{level}"),
            Self::Partitioned(level) => write!(f, "partitioned.{level}"),
        }
    }
}

impl FromStr for Placement {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let bad = || ParseError::new("placement", text, Self::FORMS);
        let (rule, level) = text.split_once('.').unwrap_or((text, "pu"));
        let level: Level = level.parse().map_err(|_| bad())?;
        match rule {
            "unbound" if text == "unbound" => Ok(Self::Unbound),
            "close" => Ok(Self::Close(level)),
            "spread" => Ok(Self::Spread(level)),
            "partitioned" => Ok(Self::Partitioned(level)),
            _ => Err(bad()),
        }
    }
}

serde_as_text!(Placement);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// 1 package x 4 cores x 2 PUs: PUs 0-1 share core 0, 2-3 core 1, ...
    fn eight_pus() -> Topology {
        Topology::synthetic("pack:1 core:4 pu:2").unwrap()
    }

    fn widths(widths: &[u32]) -> Vec<NonZeroU32> {
        widths
            .iter()
            .map(|width| NonZeroU32::new(*width).unwrap())
            .collect()
    }

    fn texts(placement: &str, allowed: &str, teams: &[u32]) -> Vec<Vec<String>> {
        let placement: Placement = placement.parse().unwrap();
        let map = placement.map(&eight_pus(), &allowed.parse().unwrap(), &widths(teams));
        let team = |team: &Vec<CpuSet>| team.iter().map(CpuSet::to_string).collect();
        map.iter().map(team).collect()
    }

    #[test]
    fn close_puts_consecutive_threads_on_neighbouring_places() {
        assert_eq!(
            texts("close.pu", "0-7", &[2, 1]),
            [vec!["0", "1"], vec!["2"]]
        );
        assert_eq!(
            texts("close.core", "0-7", &[2, 1]),
            [vec!["0-1", "2-3"], vec!["4-5"]]
        );
    }

    #[test]
    fn spread_leaves_equal_gaps() {
        assert_eq!(texts("spread.pu", "0-7", &[2, 2]), [["0", "2"], ["4", "6"]]);
        assert_eq!(texts("spread.pu", "0-7", &[3]), [["0", "3", "6"]]);
    }

    #[test]
    fn more_threads_than_places_share_them_evenly_and_in_order() {
        let expected = [["0-1", "0-1", "2-3"], ["2-3", "4-5", "6-7"]];
        assert_eq!(texts("close.core", "0-7", &[3, 3]), expected);
        assert_eq!(texts("spread.core", "0-7", &[3, 3]), expected);
    }

    #[test]
    fn partitions_are_disjoint_runs_of_places_for_the_whole_team() {
        assert_eq!(
            texts("partitioned.pu", "0-7", &[2, 1]),
            [vec!["0-3", "0-3"], vec!["4-7"]]
        );
        assert_eq!(
            texts("partitioned.core", "0-7", &[1, 1, 1]),
            [["0-3"], ["4-5"], ["6-7"]]
        );
        assert_eq!(
            texts("partitioned.pu", "2-3", &[1, 1, 1]),
            [["2"], ["2"], ["3"]]
        );
    }

    #[test]
    fn unbound_threads_may_run_on_everything_allowed_and_nothing_else() {
        assert_eq!(
            texts("unbound", "1-2", &[1, 2]),
            [vec!["1-2"], vec!["1-2", "1-2"]]
        );
    }

    fn any_placement() -> impl Strategy<Value = Placement> {
        let levels = [Level::Pu, Level::Core, Level::NumaNode, Level::Package];
        let level = prop::sample::select(levels.to_vec());
        prop_oneof![
            Just(Placement::Unbound),
            level.clone().prop_map(Placement::Close),
            level.clone().prop_map(Placement::Spread),
            level.prop_map(Placement::Partitioned),
        ]
    }

    prop_compose! {
        /// A machine, some of its PUs, and team widths.
        fn any_nest()(
            counts in [1_u32..3, 1..3, 1..4, 1..3],
            mask in prop::collection::vec(any::<bool>(), 36),
            teams in prop::collection::vec(1_u32..5, 1..9),
        ) -> (Topology, CpuSet, Vec<NonZeroU32>) {
            let [packages, nodes, cores, pus] = counts;
            let text = format!("pack:{packages} numa:{nodes} core:{cores} pu:{pus}");
            let machine = Topology::synthetic(&text).unwrap();
            let kept = machine.pus().iter().filter(|pu| mask[pu.0 as usize]);
            let mut allowed: CpuSet = kept.collect();
            if allowed.is_empty() {
                allowed = machine.pus().clone();
            }
            (machine, allowed, widths(&teams))
        }
    }

    proptest! {
        #[test]
        fn every_thread_gets_some_allowed_pus((machine, allowed, teams) in any_nest(), placement in any_placement()) {
            let map = placement.map(&machine, &allowed, &teams);
            let shape: Vec<usize> = map.iter().map(Vec::len).collect();
            let asked: Vec<usize> = teams.iter().map(|width| width.get() as usize).collect();
            prop_assert_eq!(shape, asked);
            for set in map.iter().flatten() {
                prop_assert!(!set.is_empty() && set.is_subset(&allowed));
            }
        }

        #[test]
        fn loads_of_places_differ_by_at_most_one((machine, allowed, teams) in any_nest(), level in 0_usize..4, far: bool) {
            let level = [Level::Pu, Level::Core, Level::NumaNode, Level::Package][level];
            let placement = if far { Placement::Spread(level) } else { Placement::Close(level) };
            let mut loads: BTreeMap<CpuSet, u32> =
                machine.places(level, &allowed).into_iter().map(|place| (place, 0)).collect();
            for set in placement.map(&machine, &allowed, &teams).into_iter().flatten() {
                *loads.get_mut(&set).unwrap() += 1;
            }
            let (least, most) = (loads.values().min().unwrap(), loads.values().max().unwrap());
            prop_assert!(most - least <= 1, "{:?}", loads);
        }

        #[test]
        fn partitions_are_disjoint_while_places_last((machine, allowed, teams) in any_nest()) {
            let places = machine.places(Level::Core, &allowed).len();
            let map = Placement::Partitioned(Level::Core).map(&machine, &allowed, &teams);
            let used: CpuSet = map.iter().flat_map(|team| team[0].iter()).collect();
            prop_assert_eq!(&used, &allowed);
            if teams.len() <= places {
                let total: usize = map.iter().map(|team| team[0].len()).sum();
                prop_assert_eq!(total, used.len());
            }
        }
    }
}

//! Where does each thread of a cell go?
//!
//! A [`Placement`] maps teams to places; this says which teams a cell has. Mostly each worker is the
//! first member of its own team. Where all workers share one pool, the pool is one team: its threads are
//! placed over all places, as a nest of 1 x inner would be. The workers, who only wait for it, are
//! placed as a nest of outer x 1.

use std::num::NonZeroU32;

use super::{Cell, Composition};
use crate::machine::{CpuSet, Topology};

#[cfg(doc)]
use crate::machine::Placement;

/// The cpuset of every thread of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seats {
    /// That of each outer worker.
    pub workers: Vec<CpuSet>,
    /// Those of the members of each team: of every worker in order, or of the one shared pool.
    pub teams: Vec<Vec<CpuSet>>,
}

impl Seats {
    /// The seats of the threads of `cell`, under a budget of `budget` whole CPUs, on the PUs
    /// `allowed` of `topology`.
    pub fn of(cell: &Cell, budget: u32, topology: &Topology, allowed: &CpuSet) -> Self {
        let map = |widths: &[NonZeroU32]| cell.placement.map(topology, allowed, widths);
        let first = |team: &Vec<CpuSet>| team.first().unwrap_or(allowed).clone();
        if cell.composition == Composition::Shared {
            let alone = vec![NonZeroU32::MIN; cell.outer.get() as usize];
            return Self {
                workers: map(&alone).iter().map(first).collect(),
                teams: map(&[cell.inner]),
            };
        }
        let teams = map(&cell.widths(budget));
        Self {
            workers: teams.iter().map(first).collect(),
            teams,
        }
    }

    /// The cpuset of `member` of the team `team`, both from 0.
    pub fn member(&self, team: u32, member: u32) -> Option<&CpuSet> {
        self.teams.get(team as usize)?.get(member as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Workers and teams of a rayon nest on four PUs with a core each.
    fn seats(nest: &str, composition: &str, placement: &str) -> (Vec<String>, Vec<Vec<String>>) {
        let cell = format!("matmul.f64.8_{nest}_rayon_{composition}_{placement}_static_t8");
        let machine = Topology::synthetic("core:4 pu:1").unwrap();
        let seats = Seats::of(&cell.parse().unwrap(), 4, &machine, machine.pus());
        let texts = |sets: &Vec<CpuSet>| sets.iter().map(CpuSet::to_string).collect();
        (
            texts(&seats.workers),
            seats.teams.iter().map(texts).collect(),
        )
    }

    #[test]
    fn a_worker_sits_with_the_first_member_of_its_own_team() {
        let (workers, teams) = seats("2x2", "independent", "close.pu");
        assert_eq!(workers, ["0", "2"]);
        assert_eq!(teams, [["0", "1"], ["2", "3"]]);
    }

    /// 4 x 4 on 4 PUs: one thread of the pool on each, not all four with worker 0.
    #[test]
    fn a_shared_pool_is_one_team_over_all_places() {
        for placement in ["close.pu", "spread.core"] {
            let (workers, teams) = seats("4x4", "shared", placement);
            assert_eq!(workers, ["0", "1", "2", "3"], "{placement}");
            assert_eq!(teams, [["0", "1", "2", "3"]], "{placement}");
        }
        let (workers, teams) = seats("2x2", "shared", "spread.pu");
        assert_eq!(
            (workers, teams),
            (
                vec!["0".into(), "2".into()],
                vec![vec!["0".into(), "2".into()]]
            )
        );
        let (workers, teams) = seats("2x4", "shared", "partitioned.pu");
        assert_eq!(workers, ["0-1", "2-3"]);
        assert_eq!(teams, [["0-3", "0-3", "0-3", "0-3"]]);
    }
}

//! Did something disturb the run, and which cells and rounds?
//!
//! One rule for each kind of [`Disturbance`], a pure function of the records with a fixed threshold;
//! docs/disturbances.md has them as a table. What is found is *reported*: no sample is dropped, and no
//! verdict depends on it. What the records cannot tell is listed, so that silence means quiet.
//!
//! Drift and frequency are seen in what a round does to all cells alike: the median over cells of
//! ln(value in the round / median of the cell over its rounds).

mod rules;

pub use rules::FOREIGN;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Changed;
use crate::experiment::Cell;
use crate::record::{Answer, Record, Sample, Status};

/// What can disturb a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disturbance {
    /// A process of a cell stood still; the samples have no time.
    Interruption,
    /// Samples far from the others of their cell.
    Outliers,
    /// All cells got slower, or faster, from round to round.
    Drift,
    /// The rounds of a cell fall into two groups.
    TwoModes,
    /// The hypervisor gave CPU time to others.
    Steal,
    /// A CPU quota stopped the process.
    Throttling,
    /// Other programs kept CPUs busy.
    ForeignLoad,
    /// The clock of the CPUs was not the same in all rounds.
    Frequency,
    /// The threads of a cell stood on fewer PUs than they could have used.
    Stacking,
}

impl Disturbance {
    /// Whether others took CPUs that the run could have used: what it says may be about them.
    pub fn is_by_others(self) -> bool {
        match self {
            Self::Steal | Self::ForeignLoad => true,
            Self::Interruption
            | Self::Outliers
            | Self::Drift
            | Self::TwoModes
            | Self::Throttling
            | Self::Frequency
            | Self::Stacking => false,
        }
    }
}

/// A disturbance that was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Disturbed {
    /// What.
    pub by: Disturbance,
    /// The worst that was seen, in the unit of the rule: times, CPUs, or periods.
    pub worst: f64,
    /// Where, each cell with the rounds concerned.
    #[serde(skip)]
    pub places: BTreeSet<(Cell, u32)>,
    /// Samples concerned.
    pub samples: usize,
}

impl Disturbed {
    /// Cells concerned.
    pub fn cells(&self) -> BTreeSet<Cell> {
        self.places.iter().map(|(cell, _)| *cell).collect()
    }

    /// Rounds concerned.
    pub fn rounds(&self) -> BTreeSet<u32> {
        self.places.iter().map(|(_, round)| *round).collect()
    }
}

/// What is known of the disturbances of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Disturbances {
    /// Those found.
    pub found: Vec<Disturbed>,
    /// Those that these records cannot tell: a counter is missing, or there are too few rounds.
    pub unknown: Vec<Disturbance>,
    /// What changed around the run between its samples, which no record tells.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Changed>,
}

impl Disturbances {
    /// Whether others took CPUs in some round, or the run is not the same in all rounds: what seems
    /// slower or faster may be so because of that.
    pub fn may_decide(&self) -> bool {
        let by_others = self.found.iter().any(|found| found.by.is_by_others());
        by_others || !self.changes.is_empty()
    }

    /// What `records` of a run on `budget` CPUs tell.
    pub fn of(records: &[Record], budget: f64) -> Self {
        let visits = Visits::of(records);
        let mut all = Self::default();
        all.found.extend(interruptions(records));
        for (by, rule) in rules::ALL {
            match rule(&visits, budget) {
                None => all.unknown.push(by),
                Some(traces) if traces.is_empty() => {}
                Some(traces) => all.found.push(disturbed(by, traces)),
            }
        }
        all
    }
}

/// The samples in which a process stood still; `None` where there are none.
fn interruptions(records: &[Record]) -> Option<Disturbed> {
    let stood = |record: &&Record| record.answer.status() == Status::Interrupted;
    let places = || records.iter().filter(stood).map(|record| record.visit);
    let samples = places().count();
    (samples > 0).then(|| Disturbed {
        by: Disturbance::Interruption,
        worst: samples as f64,
        places: places().map(|visit| (visit.cell, visit.round)).collect(),
        samples,
    })
}

fn disturbed(by: Disturbance, traces: Vec<Trace>) -> Disturbed {
    Disturbed {
        by,
        worst: traces.iter().map(|t| t.evidence).fold(0.0, f64::max),
        samples: traces.iter().map(|t| t.samples).sum(),
        places: traces.into_iter().map(|t| (t.cell, t.round)).collect(),
    }
}

/// The samples of every cell by round; those stopped at the limit have no time and are left out.
struct Visits<'a>(BTreeMap<Cell, BTreeMap<u32, Vec<&'a Sample>>>);

impl<'a> Visits<'a> {
    fn of(records: &'a [Record]) -> Self {
        let mut cells: BTreeMap<Cell, BTreeMap<u32, Vec<&Sample>>> = BTreeMap::new();
        for record in records {
            if let Answer::Ok(sample) = &record.answer {
                let rounds = cells.entry(record.visit.cell).or_default();
                rounds.entry(record.visit.round).or_default().push(sample);
            }
        }
        Self(cells)
    }

    /// Every visit with its samples.
    fn each(&self) -> impl Iterator<Item = (Cell, u32, &Vec<&'a Sample>)> {
        self.0.iter().flat_map(|(cell, rounds)| {
            let visit = |(round, samples): (&u32, _)| (*cell, *round, samples);
            rounds.iter().map(visit)
        })
    }
}

/// One visit in which a rule fired.
struct Trace {
    cell: Cell,
    round: u32,
    /// How strongly, in the unit of the rule.
    evidence: f64,
    samples: usize,
}

#[cfg(test)]
mod tests;

//! Is a run complete, and how much of it is there?

use std::collections::BTreeSet;
use std::fmt;

use super::remaining;
use crate::experiment::{Plan, Visit};
use crate::record::{Ledger, Record, Status};

/// How much of a plan is recorded.
///
/// A visit that was stopped, failed or used up its time needs no further repetition, so that a complete
/// run may have fewer samples than rounds x repetitions of every cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completeness {
    /// Records that are there, but for those in which a process stood still.
    pub samples: usize,
    /// Repetitions that are missing.
    pub missing: usize,
}

impl Completeness {
    /// How much of `plan` stands in `records`.
    ///
    /// Of the further rounds of a sweep `--until` those count that have begun.
    pub fn of(plan: &Plan, records: &[Record]) -> Self {
        let ledger = Ledger::of(records);
        let planned = plan.protocol.rounds.get();
        let further = records.iter().map(|record| record.visit);
        let begun: BTreeSet<Visit> = further.filter(|visit| visit.round > planned).collect();
        let stood_still = |status| status == Status::Interrupted;
        let left = |visit: Visit| {
            let known = ledger.visit(&visit);
            let request = remaining(visit, plan, known)?;
            let there = known.map_or(0, |known| {
                known.last_rep - u32::from(stood_still(known.status))
            });
            Some((request.last_rep.get() - there) as usize)
        };
        let counts = |record: &&Record| !stood_still(record.answer.status());
        Self {
            samples: records.iter().filter(counts).count(),
            missing: plan.visits().chain(begun).filter_map(left).sum(),
        }
    }

    /// Whether nothing is missing.
    pub fn is_complete(self) -> bool {
        self.missing == 0
    }
}

impl fmt::Display for Completeness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { samples, missing } = self;
        match missing {
            0 => write!(f, "{samples} samples; the run is complete"),
            _ => write!(
                f,
                "{samples} of {} samples; the run is not complete: run the same command again to resume",
                samples + missing
            ),
        }
    }
}

//! Which samples lie on which side of what changed around the run?

use serde::Serialize;

use crate::record::{Change, OWN_FILE, Record, RunHeader};

/// A change that has samples on both sides, so that medians over rounds mix them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// What changed, before which round.
    #[serde(flatten)]
    pub change: Change,
    /// Samples of the rounds before that one.
    pub before: usize,
    /// Samples of that round and the later ones.
    pub after: usize,
}

/// The changes in `header` that part `records`, in the order in which they were seen.
///
/// The round of a record says on which side of a change it is; where a run grew between two sessions, so that
/// rounds which were over are made for more cells, its time does. That the file of oversub was replaced
/// parts nothing: the sweep went on with the program that was started.
pub fn changes(header: &RunHeader, records: &[Record]) -> Vec<Changed> {
    let parted = |change: &Change| {
        let seen = change.at.parse().map(jiff::Timestamp::as_millisecond);
        // It is told to the second.
        let seen = seen.map_or(u64::MAX, |at| at.saturating_add(1000) as u64);
        let later = |record: &&Record| record.visit.round >= change.round || record.unix_ms >= seen;
        let after = records.iter().filter(later).count();
        Changed {
            change: change.clone(),
            before: records.len() - after,
            after,
        }
    };
    let parted = header.changes.iter().map(parted);
    parted
        .filter(|one| one.change.field != OWN_FILE && one.before > 0 && one.after > 0)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{CpuCounts, Plan, Request, Visit};
    use crate::record::{Answer, Sample};

    fn plan() -> Plan {
        let request: Request = toml::from_str("outer = 1\ninner = 1\nrounds = 4").unwrap();
        let two = CpuCounts {
            budget: 2,
            physical: 2,
            logical: 2,
        };
        request.plan(two).unwrap()
    }

    fn change(round: u32, field: &str) -> Change {
        Change {
            round,
            at: "2026-01-01T00:00:00Z".to_owned(),
            field: field.to_owned(),
            from: "2".to_owned(),
            to: "1".to_owned(),
        }
    }

    /// Four rounds of one sample; budget changed before round 3, and again after the last.
    #[test]
    fn the_round_of_a_sample_says_on_which_side_it_is() {
        let plan = plan();
        let record = |visit: Visit| Record {
            runner: "host".to_owned(),
            visit,
            rep: 1,
            unix_ms: 0,
            answer: Answer::Ok(Sample::default()),
        };
        let records: Vec<Record> = plan.visits().map(record).collect();
        let mut header = RunHeader::bare("test", plan);
        header.changes = vec![
            change(3, "budget.cpus"),
            change(2, OWN_FILE),
            change(5, "budget.cpus"),
        ];
        let found = changes(&header, &records);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].before, found[0].after), (2, 2));
        assert_eq!(found[0].change, header.changes[0]);
        assert_eq!(changes(&header, &[]), []);
        // A second behind the beginning of 2026, for a cell that was added.
        let mut grown = records;
        grown[0].unix_ms = 1_767_225_601_000;
        let found = changes(&header, &grown);
        assert_eq!((found[0].before, found[0].after), (1, 3));
    }
}

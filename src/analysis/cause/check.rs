//! Which measurement could show that a cause is wrong?
//!
//! Every check measures the very cell that is explained, beside others that differ from it in what
//! the cause is about. [`Request`] says how a cell is asked for, [`Origin`] how its run was made.

use std::num::NonZeroU32;

use serde::Serialize;

use super::Cause;
use super::origin::{Draft, Origin};
use crate::experiment::{
    Axis, Cell, Composition, Count, OmpWait, Request, Runtime, RuntimeModel, WaitPolicy,
};
use crate::machine::{Level, Placement};

const TWO: NonZeroU32 = NonZeroU32::new(2).expect("two is not zero");
/// Rounds that make small differences visible.
const MANY_ROUNDS: NonZeroU32 = NonZeroU32::new(15).expect("fifteen is not zero");
/// Longest limit that a request may have [s].
const DAY: f64 = 86_400.0;

/// What to run after a cause was named, and which outcome shows that it is wrong.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// The command line, as a shell reads it.
    pub command: String,
    /// The outcome.
    pub wrong_if: String,
}

/// How `cause` of `cell` can be checked.
pub(super) fn check(cause: Cause, cell: &Cell, origin: &Origin) -> Check {
    let draft = draft(cause, cell, origin);
    let name = format!("check-{cause}-{}x{}", cell.outer, cell.inner);
    Check {
        command: origin.line(cell, &draft, &name),
        wrong_if: draft.wrong_if,
    }
}

pub(super) fn draft(cause: Cause, cell: &Cell, origin: &Origin) -> Draft {
    let same = origin.request(cell);
    match cause {
        Cause::Spinning | Cause::SpinningSuspected => spinning(same, cell),
        Cause::TimeSliced => {
            let why = "the splits with fewer threads are as slow";
            Draft::new(beside_fewer(same, cell), why)
        }
        Cause::Throttled => {
            let why = "1 x 1 is cut off as often, or the cell is as slow without the quota \
                       (`oversub doctor` names its group)";
            Draft::new(beside_fewer(same, cell), why)
        }
        Cause::Bandwidth => {
            let outer = [NonZeroU32::MIN, cell.outer, cell.outer.saturating_mul(TWO)];
            let request = beside_fewer(same, cell).asking(Axis::Outer, outer);
            Draft::new(request, "the time falls as threads are added")
        }
        Cause::TooSmall => {
            let eight_times = |n: NonZeroU32| NonZeroU32::new(n.get().checked_mul(8)?);
            let sizes = |n: NonZeroU32| [Some(n), eight_times(n)].into_iter().flatten();
            let sizes: Vec<NonZeroU32> = cell.workload.n().into_iter().flat_map(sizes).collect();
            let fewer = beside_fewer(same, cell);
            let request = match sizes.is_empty() {
                true => fewer,
                false => fewer.asking(Axis::N, sizes),
            };
            let why = "the larger size gains as little from its threads";
            Draft::new(request, why)
        }
        Cause::Lock => {
            let both = [cell.composition, Composition::Independent];
            Draft::new(
                same.asking(Axis::Composition, both),
                "independent is as slow",
            )
        }
        Cause::Straggler => {
            let wider = same
                .asking(Axis::Outer, [cell.outer, cpus(origin)])
                .asking(Axis::Inner, [NonZeroU32::MIN, cell.inner, cpus(origin)]);
            // A program has no dispatch of its own.
            let request = match cell.workload.computation() {
                Some(_) => wider.asking(Axis::Dispatch, [cell.dispatch.name(), "stealing"]),
                None => wider,
            };
            Draft::new(request, "no other split keeps more CPUs busy, nor stealing")
        }
        Cause::RemoteMemory => {
            let near = Placement::Partitioned(Level::NumaNode);
            let placements = [cell.placement, Placement::Unbound, near];
            let why = "teams kept within a node take as much CPU time";
            Draft::new(same.asking(Axis::Placement, placements), why)
        }
        Cause::TooFewThreads => {
            let outer = [cell.outer, cpus(origin)];
            Draft::new(
                same.asking(Axis::Outer, outer),
                "more threads are not faster",
            )
        }
        Cause::OtherThreads => unlimited(same, origin),
        Cause::Hang => longer(same),
        Cause::Noise => Draft::new(
            often(same),
            "the cell is as slow while nothing else runs on the machine",
        ),
        Cause::None | Cause::Unexplained => Draft::new(often(same), "the difference disappears"),
    }
}

/// The cell with waits that give the CPU away, or where its runtime has no such choice, beside teams
/// of one thread.
fn spinning(same: Request, cell: &Cell) -> Draft {
    if let Some(own) = cell.runtime.wait() {
        let waits = [own, WaitPolicy::Yield, WaitPolicy::Passive];
        return Draft::new(
            same.asking(Axis::Wait, waits),
            "passive and yield are as slow",
        );
    }
    if let Runtime::Modelled(RuntimeModel::Libgomp(own)) = cell.runtime {
        let waits = [own, OmpWait::Active, OmpWait::Passive];
        let runtimes = waits.map(RuntimeModel::Libgomp);
        return Draft::new(same.asking(Axis::Runtime, runtimes), "passive is as slow");
    }
    let alone = same.asking(Axis::Inner, [NonZeroU32::MIN, cell.inner]);
    let slow = format!("{} x 1 is as slow", cell.outer);
    match cell.runtime {
        Runtime::Blas(_) | Runtime::Program => {
            let set = |name: &str, value: &str| (name.to_owned(), Some(value.to_owned()));
            Draft {
                changed: vec![
                    set("OMP_WAIT_POLICY", "passive"),
                    set("OPENBLAS_THREAD_TIMEOUT", "4"),
                ],
                ..Draft::new(
                    alone,
                    format!("{slow}, and the cell with waits that block too"),
                )
            }
        }
        Runtime::ForkJoin(_) | Runtime::Rayon | Runtime::Modelled(_) => Draft::new(alone, slow),
    }
}

/// The cell without the variables that keep a library from starting the threads it was asked for.
fn unlimited(same: Request, origin: &Origin) -> Draft {
    let unset = origin.limiting().map(|(name, _)| (name.clone(), None));
    Draft {
        changed: unset.collect(),
        ..Draft::new(same, "it gets the threads it asks for and is as slow")
    }
}

/// The cell once more, with ten times the time.
fn longer(same: Request) -> Draft {
    let limit = same.protocol().map_or(1.0, |p| p.limit().as_secs_f64());
    let request = Request {
        rounds: Some(Count(NonZeroU32::MIN)),
        limit: Some((10.0 * limit).min(DAY)),
        ..same
    };
    Draft::new(request, "it comes back within ten times the limit")
}

/// The cell beside those with one thread at a level or both.
fn beside_fewer(same: Request, cell: &Cell) -> Request {
    same.asking(Axis::Outer, [NonZeroU32::MIN, cell.outer])
        .asking(Axis::Inner, [NonZeroU32::MIN, cell.inner])
}

fn often(same: Request) -> Request {
    Request {
        rounds: Some(Count(MANY_ROUNDS)),
        ..same
    }
}

fn cpus(origin: &Origin) -> NonZeroU32 {
    NonZeroU32::new(origin.cpus).unwrap_or(NonZeroU32::MIN)
}

//! Which measurement could show that a cause is wrong?

use super::Cause;
use crate::experiment::{Cell, Workload};

/// What to run after `cause` was named for `cell`, and which outcome would refute it.
pub(super) fn refute(cause: Cause, cell: &Cell) -> String {
    let (outer, inner) = (cell.outer.to_string(), cell.inner.to_string());
    let sweep = |changes: &[(&str, &str)]| command(cell, changes);
    let twice = cell
        .workload
        .n()
        .map_or_else(String::new, |n| format!("{n},{}", 8 * n.get()));
    match cause {
        Cause::Spinning if cell.runtime.wait().is_some() => format!(
            "{}: refuted if passive and yield are as slow as active",
            sweep(&[("wait", "active,yield,passive")])
        ),
        Cause::Spinning => format!(
            "the same sweep with OMP_WAIT_POLICY=passive or, of OpenBLAS, OPENBLAS_THREAD_TIMEOUT=4 set, \
             and one with {}: refuted if neither is faster",
            sweep(&[("inner", "1")])
        ),
        Cause::TimeSliced => format!(
            "{}: refuted if {outer} x 1 and 1 x {inner} are as slow",
            sweep(&[("outer", &one_and(&outer)), ("inner", &one_and(&inner))])
        ),
        Cause::Throttled => format!(
            "the same command in a group without the quota (`oversub doctor` names the group), or {}: \
             refuted if 1 x 1 is cut off as well",
            sweep(&[("outer", "1"), ("inner", "1")])
        ),
        Cause::Bandwidth => format!(
            "{}: refuted if the time falls with the threads",
            sweep(&[("outer", "1..=8*2"), ("inner", "1")])
        ),
        Cause::TooSmall => format!(
            "{}: refuted if the larger size gains as little from its team",
            sweep(&[("n", &twice), ("inner", &one_and(&inner))])
        ),
        Cause::Lock => format!(
            "{}: refuted if independent is as slow",
            sweep(&[("composition", &format!("{},independent", cell.composition))])
        ),
        Cause::Straggler => format!(
            "{}: refuted if eight times the tasks, or stealing, leave the CPUs as idle",
            sweep(&[
                ("tasks", &(8 * cell.tasks.get()).to_string()),
                ("dispatch", "queue,stealing")
            ])
        ),
        Cause::RemoteMemory => format!(
            "{}: refuted if teams kept within a node take as much CPU time",
            sweep(&[("placement", "unbound,partitioned.numa")])
        ),
        Cause::TooFewThreads => format!(
            "{}: refuted if more threads are not faster",
            sweep(&[("outer", "auto"), ("inner", "1")])
        ),
        Cause::Noise => format!(
            "{} while nothing else runs: refuted if the cell is as slow",
            sweep(&[("rounds", "15")])
        ),
        Cause::None | Cause::Unexplained => sweep(&[("rounds", "15")]),
    }
}

fn one_and(count: &str) -> String {
    match count {
        "1" => count.to_owned(),
        _ => format!("1,{count}"),
    }
}

/// The sweep of `cell` alone, with other values for some flags.
fn command(cell: &Cell, changes: &[(&str, &str)]) -> String {
    if cell.workload == Workload::Command {
        let changed = changes
            .iter()
            .filter(|(flag, _)| ["outer", "inner", "rounds"].contains(flag));
        let flags: String = changed
            .map(|(flag, value)| format!(" --{flag} {value}"))
            .collect();
        return format!("`oversub sweep{flags} -- ` and the program");
    }
    let mut flags: Vec<(&str, String)> = vec![
        ("workload", cell.workload.name().to_string()),
        (
            "n",
            cell.workload
                .n()
                .map_or_else(String::new, |n| n.to_string()),
        ),
        (
            "dtype",
            cell.workload
                .dtype()
                .map_or_else(String::new, |d| d.to_string()),
        ),
        ("outer", cell.outer.to_string()),
        ("inner", cell.inner.to_string()),
        ("runtime", cell.runtime.name().to_string()),
        (
            "wait",
            cell.runtime
                .wait()
                .map_or_else(String::new, |w| w.to_string()),
        ),
        ("composition", cell.composition.to_string()),
        ("placement", cell.placement.to_string()),
        ("dispatch", cell.dispatch.name().to_owned()),
        ("tasks", cell.tasks.to_string()),
    ];
    for (flag, value) in changes {
        flags.retain(|(known, _)| known != flag);
        flags.push((flag, (*value).to_owned()));
    }
    let flags: String = flags
        .iter()
        .filter(|(flag, value)| !value.is_empty() && !is_default(flag, value))
        .map(|(flag, value)| format!(" --{flag} {value}"))
        .collect();
    format!("`oversub sweep{flags}`")
}

/// What need not be said.
fn is_default(flag: &str, value: &str) -> bool {
    [
        ("workload", "matmul"),
        ("dtype", "f64"),
        ("runtime", "fork-join"),
        ("composition", "independent"),
        ("placement", "unbound"),
        ("dispatch", "queue"),
    ]
    .contains(&(flag, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_from_the_defaults_is_said() {
        let cell = "matmul.f64.256_4x4_fork-join.active_exclusive_unbound_queue.1_t16";
        let cell: Cell = cell.parse().unwrap();
        assert_eq!(
            command(&cell, &[("wait", "passive")]),
            "`oversub sweep --n 256 --outer 4 --inner 4 --composition exclusive --tasks 16 --wait passive`"
        );
    }

    #[test]
    fn every_cause_can_be_refuted_by_a_command() {
        let cell = "matmul.f64.256_4x4_rayon_independent_unbound_static_t16";
        for (cause, ..) in Cause::ALL {
            let words = refute(cause, &cell.parse().unwrap());
            assert!(words.contains("`oversub sweep --"), "{cause}: {words}");
        }
    }
}

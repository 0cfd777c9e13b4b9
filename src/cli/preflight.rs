//! Can the largest cell of a plan start at all?
//!
//! Asked before anything runs, so that a sweep does not fall over in the middle.

use crate::experiment::Plan;
use crate::host::open_files;
use crate::machine::{Memory, ThreadLimit};
use crate::units::human_bytes;

/// Threads of a sweep beside those of the cell: its own, the child's main thread, and its listeners.
const OWN_THREADS: u64 = 8;

/// Open files of a cell beside one for each thread: streams, libraries, counters of the hardware.
const OWN_FILES: u64 = 64;

/// What cannot be recorded of the largest cells of `plan` for want of open files: the columns, and
/// why. The user's own program is looked at from outside, without a file for each thread.
pub(super) fn missing_columns(plan: &Plan) -> Option<(String, String)> {
    let most = open_files::most()?;
    let (cells, _) = plan.grid.cells();
    let threads = cells.iter().map(|cell| u64::from(cell.threads())).max()?;
    let wanted = threads + OWN_FILES;
    (plan.command.is_none() && wanted > most).then(|| {
        let columns = "run_queue_wait, busiest_thread, migrations, pus_used, threads";
        let why = format!(
            "cells of more than {} threads need more open files than the hard limit of {most} \
             (up to {wanted}; raise it: ulimit -Hn)",
            most.saturating_sub(OWN_FILES)
        );
        (columns.to_owned(), why)
    })
}

/// Refuses a plan whose largest cell needs more threads or memory than there are.
pub(super) fn check(plan: &Plan) -> anyhow::Result<()> {
    let (cells, _) = plan.grid.cells();
    let widest = cells.iter().max_by_key(|cell| cell.threads());
    if let (Some(cell), Some(limit)) = (widest, ThreadLimit::discover()) {
        let wanted = u64::from(cell.threads()) + OWN_THREADS;
        anyhow::ensure!(
            wanted <= limit.most,
            "{} x {} needs {wanted} threads, but {} allows {} more; lower --outer or --inner, or \
             raise the limit",
            cell.outer,
            cell.inner,
            limit.source,
            limit.most
        );
    }
    let largest = cells.iter().max_by_key(|cell| cell.footprint());
    if let (Some(cell), Some(memory)) = (largest, Memory::discover()) {
        anyhow::ensure!(
            cell.footprint() <= memory.available,
            "{} outer workers of {} need {}, but {} are available; lower --outer or --n",
            cell.outer,
            cell.workload,
            human_bytes(cell.footprint()),
            human_bytes(memory.available)
        );
    }
    Ok(())
}

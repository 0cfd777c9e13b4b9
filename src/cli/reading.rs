//! How is a run that the user names read?

use std::path::Path;

use super::screen;
use crate::analysis::changes;
use crate::app::Run;
use crate::experiment::Condition;
use crate::view::disturbed;

/// The run in `folder`. Says so where it is not complete.
pub(super) fn run(folder: &Path) -> anyhow::Result<Run> {
    run_where(folder, &[])
}

/// The run in `folder` as if it had only the cells that `conditions` admit.
pub(super) fn run_where(folder: &Path, conditions: &[Condition]) -> anyhow::Result<Run> {
    let run = Run::open(folder, conditions)?;
    note_incomplete(&run);
    Ok(run)
}

/// Says so where `run` is not complete.
pub(super) fn note_incomplete(run: &Run) {
    let completeness = run.completeness;
    if !completeness.is_complete() {
        let folder = run.folder.display();
        screen::note(format_args!("note: {folder}: {completeness}"));
    }
}

/// Says what changed around `run` while it was made, for verbs that show no disturbances.
pub(super) fn note_changes(run: &Run) {
    for one in changes(&run.header, &run.records) {
        screen::note(format_args!("note: {}", disturbed::change(&one)));
    }
}

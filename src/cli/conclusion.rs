//! What is said at the end of a sweep, measured or simulated?

use super::{plot, reading, screen};
use crate::app::Run;
use crate::app::plot::{PlotRequest, heatmaps};
use crate::record::{Record, Status};
use crate::units::counted;
use crate::view::findings::findings;
use crate::view::{disturbed, granted};

/// Draws the figures of `run` and says what it found; the split to set comes last.
///
/// # Errors
///
/// If no execution ended well, after all the same.
pub(super) fn conclude(run: &Run) -> anyhow::Result<()> {
    reading::note_incomplete(run);
    let figures = heatmaps(std::slice::from_ref(run), &PlotRequest::default())?;
    plot::say_heatmaps(&figures)?;
    let told = findings(&run.analysis, &run.cells(), run.header.plan.budget);
    let disturbed = disturbed::words(&run.disturbances());
    let deviations = granted::deviations(&run.records);
    screen::say(format!("{deviations}{disturbed}{}", told.trim_end()))?;
    some_ok(run)
}

/// Refuses to call a run done of which no execution ended well, as where the program always fails.
fn some_ok(run: &Run) -> anyhow::Result<()> {
    let of = |status| move |record: &&Record| record.answer.status() == status;
    if run.records.iter().any(|record| of(Status::Ok)(&record)) {
        return Ok(());
    }
    let (all, limit) = (run.records.len(), run.header.plan.protocol.limit());
    let stopped = run.records.iter().filter(of(Status::Censored)).count();
    let mut reasons = run
        .records
        .iter()
        .filter_map(|record| record.answer.reason());
    match (reasons.next(), stopped) {
        (Some(reason), 0) => anyhow::bail!(
            "no cell has a time: {reason}; add --retry failed to the same command to measure them again"
        ),
        (reason, _) => anyhow::bail!(
            "no cell has a time: {stopped} of {} took longer than the limit of {} s (raise --limit){}",
            counted(all as u64, "row"),
            limit.as_secs_f64(),
            reason.map_or_else(String::new, |reason| format!("; another failed: {reason}"))
        ),
    }
}

/// Says how visits that failed are measured again, where there are any.
pub(super) fn advise_retry(run: &Run) {
    let records = run.records.iter();
    let failed: Vec<&Record> = records
        .filter(|record| record.answer.status() == Status::Failed)
        .collect();
    if let Some(first) = failed.first() {
        screen::note(format_args!(
            "{} of {} failed ({}); add --retry failed to the same command to measure them again",
            failed.len(),
            counted(run.records.len() as u64, "row"),
            first.answer.reason().unwrap_or_default()
        ));
    }
}

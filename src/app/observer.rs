//! Who is told what a verb does while it works?

use std::path::Path;

use crate::experiment::Plan;
use crate::runner::SweepObserver;

/// Told what a verb does while it works; all methods do nothing unless overridden.
pub trait Observer: SweepObserver {
    /// Something that is worth a line beside the results.
    fn note(&mut self, line: &str) {
        let _ = line;
    }

    /// What shows a line of whoever has no hold of this observer, as a host at work.
    fn aside(&self) -> fn(&str) {
        |_| {}
    }

    /// A sweep over `plan` into `folder` is about to begin, of which `recorded` samples are there.
    fn begin(&mut self, plan: &Plan, folder: &Path, recorded: usize) {
        let _ = (plan, folder, recorded);
    }

    /// The sweep is over, or was stopped.
    fn end(&mut self) {}
}

/// Observes nothing.
impl Observer for () {}

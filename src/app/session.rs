//! How is a run written, from its lock to what it says?

use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::ground::said;
use super::{Error, Observer, Run};
use crate::clock;
use crate::experiment::Plan;
use crate::record::{Opened, Record, Resume, RunFolder, RunHeader, Status};
use crate::runner::{Runner, StoppingRule, Sweep, SweepObserver, Swept};

/// A run that is being written, with all its records in memory.
#[derive(Debug)]
pub struct Session {
    folder: RunFolder,
    records: Vec<Record>,
}

impl Session {
    /// Locks `folder`, then begins a run there or resumes the one that it holds, which may grow.
    ///
    /// `header` is asked only behind the lock, and told whether the run is a new one: what it measures would
    /// disturb another sweep into the folder.
    ///
    /// # Errors
    ///
    /// If the folder cannot be written or is in use, or holds a run that this one does not continue or, by
    /// `resume`, must not.
    pub fn open(
        folder: &Path,
        header: impl FnOnce(bool) -> Result<RunHeader, Error>,
        resume: Resume,
        observer: &mut dyn Observer,
    ) -> Result<Self, Error> {
        let locked = RunFolder::lock(folder)?;
        let header = header(!locked.holds_a_run())?;
        let Opened {
            folder,
            records,
            changes,
        } = locked.open(&header, resume)?;
        for change in &changes {
            observer.note(&said(change));
        }
        Ok(Self { folder, records })
    }

    /// Where the run is kept.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// How it came about.
    pub fn header(&self) -> &RunHeader {
        self.folder.header()
    }

    /// What it asks.
    pub fn plan(&self) -> &Plan {
        &self.header().plan
    }

    /// Its records that count so far.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// Has every visit that failed made again; returns how many. Their rows stay in the file and no longer
    /// count.
    pub fn reopen_failed(&mut self) -> usize {
        let before = self.records.len();
        self.records
            .retain(|record| record.answer.status() != Status::Failed);
        before - self.records.len()
    }

    /// Asks `runner` all that is left of the plan, then what `rule` names, until `cancel` is set.
    ///
    /// # Errors
    ///
    /// If a record cannot be kept, the runner cannot go on, or the sweep was stopped.
    pub fn run(
        &mut self,
        runner: &mut dyn Runner,
        rule: Option<&mut StoppingRule<'_>>,
        observer: &mut dyn SweepObserver,
        cancel: &AtomicBool,
    ) -> Result<(), Error> {
        let plan = self.plan().clone();
        let recorded = std::mem::take(&mut self.records);
        let sweep = Sweep {
            runner,
            sink: &mut self.folder,
            observer,
            cancel,
            clock: clock::unix_ms,
        };
        let Swept { records, tally } = sweep.run(&plan, recorded, rule)?;
        self.records = records;
        match tally.complete {
            true => Ok(()),
            false => Err(Error::Interrupted(self.folder().to_owned())),
        }
    }

    /// Gives the folder up and says what the run means, by the records in memory.
    ///
    /// # Errors
    ///
    /// If there are none.
    pub fn close(self) -> Result<Run, Error> {
        let Self { folder, records } = self;
        Run::of(folder.path(), folder.header().clone(), records, &[])
    }
}

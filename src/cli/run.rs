//! How is a run folder that the user names read and understood?

use std::path::{Path, PathBuf};

use super::{UsageError, screen};
use crate::analysis::{Analysis, Disturbances, Setting, Trial, Trust, changes, share_of_others};
use crate::experiment::Condition;
use crate::experiment::{Cell, Modelled, Runtime};
use crate::record::{FolderError, Record, RunFolder, RunHeader};
use crate::runner::Completeness;
use crate::view::disturbed;

/// A run with what its records say.
pub(super) struct Run {
    pub(super) folder: PathBuf,
    pub(super) header: RunHeader,
    pub(super) records: Vec<Record>,
    pub(super) analysis: Analysis,
    /// How much of its plan is recorded, whatever the conditions.
    pub(super) completeness: Completeness,
    conditions: Vec<Condition>,
}

impl Run {
    /// The run in `folder`. Says so where it is not complete.
    pub(super) fn read(folder: &Path) -> anyhow::Result<Self> {
        Self::read_where(folder, &[])
    }

    /// The run in `folder` as if it had only the cells that `conditions` admit.
    pub(super) fn read_where(folder: &Path, conditions: &[Condition]) -> anyhow::Result<Self> {
        let (header, mut records) = RunFolder::read(folder).map_err(|error| match error {
            FolderError::NoRun(_) => anyhow::Error::new(UsageError(error.to_string())),
            other => other.into(),
        })?;
        anyhow::ensure!(
            !records.is_empty(),
            "{} has no samples yet; run its command again to measure them",
            folder.display()
        );
        let completeness = Completeness::of(&header.plan, &records);
        if !completeness.is_complete() {
            screen::note(format_args!("note: {}: {completeness}", folder.display()));
        }
        records.retain(|record| Condition::all_admit(conditions, &record.visit.cell));
        if records.is_empty() {
            let conditions: Vec<String> = conditions.iter().map(Condition::to_string).collect();
            let conditions = conditions.join(",");
            return Err(UsageError(format!("no cell of the run has {conditions}")).into());
        }
        Ok(Self {
            folder: folder.to_owned(),
            analysis: analysis(folder, &header, &records),
            completeness,
            header,
            records,
            conditions: conditions.to_vec(),
        })
    }

    /// This run as if it had been made with the models of its libraries in their place, where there
    /// are such.
    pub(super) fn with_models(mut self) -> Self {
        let models = |runtime: Runtime| {
            let facts = self.header.blas.get(&runtime.blas()?.to_string())?;
            Modelled::of(facts).map(Runtime::Modelled)
        };
        let stand_in = |runtime: &mut Runtime| *runtime = models(*runtime).unwrap_or(*runtime);
        let mut cells = self.header.plan.cells.clone();
        for cell in &mut cells {
            stand_in(&mut cell.runtime);
        }
        for record in &mut self.records {
            stand_in(&mut record.visit.cell.runtime);
        }
        self.header.plan.cells = cells;
        self.analysis = analysis(&self.folder, &self.header, &self.records);
        self
    }

    /// Whether nothing of it was measured.
    pub(super) fn is_simulated(&self) -> bool {
        are_simulated(&self.records)
    }

    /// How far it can be relied on.
    pub(super) fn trust(&self) -> Trust {
        let budget = &self.header.budget;
        let others = share_of_others(&self.records, budget.cpus, budget.online() as f64);
        Trust::of(&Trial {
            analysis: &self.analysis,
            completeness: self.completeness,
            others: others.filter(|_| !self.is_simulated()),
            changes: &changes(&self.header, &self.records),
            simulated: self.is_simulated(),
        })
    }

    /// What disturbed it. Nothing disturbs a simulation.
    pub(super) fn disturbances(&self) -> Disturbances {
        match self.is_simulated() {
            true => Disturbances::default(),
            false => Disturbances {
                changes: changes(&self.header, &self.records),
                ..Disturbances::of(&self.records, self.header.budget.cpus)
            },
        }
    }

    /// Says what changed around the run while it was made, for verbs that show no disturbances.
    pub(super) fn note_changes(&self) {
        for one in changes(&self.header, &self.records) {
            screen::note(format_args!("note: {}", disturbed::change(&one)));
        }
    }

    /// The cells of its plan.
    pub(super) fn cells(&self) -> Vec<Cell> {
        let mut cells = self.header.plan.cells.clone();
        cells.retain(|cell| Condition::all_admit(&self.conditions, cell));
        cells
    }
}

/// What the records of the run in `folder` mean.
fn analysis(folder: &Path, header: &RunHeader, records: &[Record]) -> Analysis {
    let analysis = Analysis::of_run(&header.plan, header.budget.cpus, records);
    let mut setting = Setting::of(header);
    setting.origin.folder = Some(folder.display().to_string());
    setting.origin.simulated = are_simulated(records);
    analysis.explained(records, &setting)
}

fn are_simulated(records: &[Record]) -> bool {
    records.iter().all(|record| record.runner == "sim")
}

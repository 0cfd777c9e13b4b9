//! How is a run read and understood?

use std::path::{Path, PathBuf};

use super::{Error, UsageError};
use crate::analysis::{
    Analysis, Disturbances, RunContext, Series, Trial, Trust, changes, share_of_others,
};
use crate::experiment::{Cell, Condition, Runtime, RuntimeModel};
use crate::record::{FolderError, Record, RunFolder, RunHeader};
use crate::runner::Completeness;
use crate::view::canvas::Canvas;
use crate::view::caption::Caption;
use crate::view::facet::{Facets, natural_axes};
use crate::view::heatmap;
use crate::view::size::Size;

/// A run with what its records say.
pub struct Run {
    /// Where it is kept.
    pub folder: PathBuf,
    /// How it came about.
    pub header: RunHeader,
    /// Its records that count and that the conditions admit.
    pub records: Vec<Record>,
    /// What they mean.
    pub analysis: Analysis,
    /// How much of its plan is recorded, whatever the conditions.
    pub completeness: Completeness,
    conditions: Vec<Condition>,
}

impl Run {
    /// The run in `folder` as if it had only the cells that `conditions` admit.
    ///
    /// # Errors
    ///
    /// If there is no run, it cannot be read, or it has no samples of these cells.
    pub fn open(folder: &Path, conditions: &[Condition]) -> Result<Self, Error> {
        let (header, records) = RunFolder::read(folder).map_err(|error| match error {
            FolderError::NoRun(_) => Error::Usage(UsageError::of(error)),
            other => other.into(),
        })?;
        Self::of(folder, header, records, conditions)
    }

    /// The run in `folder` with `header`, whose `records` are all that count.
    ///
    /// # Errors
    ///
    /// If there are none, or none of the cells that `conditions` admit.
    pub(super) fn of(
        folder: &Path,
        header: RunHeader,
        mut records: Vec<Record>,
        conditions: &[Condition],
    ) -> Result<Self, Error> {
        if records.is_empty() {
            let run = folder.display();
            return Err(Error::Failed(format!(
                "{run} has no samples yet; run its command again to measure them"
            )));
        }
        let completeness = Completeness::of(&header.plan, &records);
        records.retain(|record| Condition::all_admit(conditions, &record.visit.cell));
        if records.is_empty() {
            return Err(UsageError::no_cell(conditions).into());
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
    #[must_use]
    pub fn with_models(mut self) -> Self {
        let models = |runtime: Runtime| {
            let facts = self.header.blas.get(&runtime.blas()?.to_string())?;
            RuntimeModel::of(facts).map(Runtime::Modelled)
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
    pub fn is_simulated(&self) -> bool {
        are_simulated(&self.records)
    }

    /// How far it can be relied on.
    pub fn trust(&self) -> Trust {
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
    pub fn disturbances(&self) -> Disturbances {
        match self.is_simulated() {
            true => Disturbances::default(),
            false => Disturbances {
                changes: changes(&self.header, &self.records),
                ..Disturbances::of(&self.records, self.header.budget.cpus)
            },
        }
    }

    /// `series` of its cells as a picture with `caption`.
    pub fn heatmap(&self, series: &Series, caption: &Caption) -> Canvas {
        let cells = self.cells();
        let facets = Facets::of(&cells, &series.points, natural_axes(&cells));
        heatmap::heatmap(&series.quantity, &facets, caption, Size::Readme)
    }

    /// The cells of its plan.
    pub fn cells(&self) -> Vec<Cell> {
        let mut cells = self.header.plan.cells.clone();
        cells.retain(|cell| Condition::all_admit(&self.conditions, cell));
        cells
    }
}

/// What the records of the run in `folder` mean.
fn analysis(folder: &Path, header: &RunHeader, records: &[Record]) -> Analysis {
    let analysis = Analysis::of_run(&header.plan, header.budget.cpus, records);
    let mut setting = RunContext::of(header);
    setting.origin.folder = Some(folder.display().to_string());
    setting.origin.simulated = are_simulated(records);
    analysis.explained(records, &setting)
}

fn are_simulated(records: &[Record]) -> bool {
    records.iter().all(|record| record.runner == "sim")
}

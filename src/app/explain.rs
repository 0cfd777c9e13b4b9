//! Of which cells is the cause wanted?

use super::{Error, Run, UsageError};
use crate::analysis::Diagnosis;
use crate::experiment::{Cell, Condition, PartialCell};

/// Which cells of a run are meant; all where nothing is said.
#[derive(Clone, Debug, Default)]
pub struct ExplainRequest {
    /// The text of a cell, or a part of it.
    pub cell: String,
    /// All that a cell is asked to have.
    pub conditions: Vec<Condition>,
}

/// Why each of the cells of `run` that `request` means is slower than the best.
///
/// # Errors
///
/// If there is no such cell, or nothing is known of why.
pub fn explain<'a>(run: &'a Run, request: &ExplainRequest) -> Result<Vec<&'a Diagnosis>, Error> {
    let text = &request.cell;
    let part = match text.is_empty() {
        true => PartialCell::default(),
        false => text.parse().map_err(UsageError::of)?,
    };
    let cells: Vec<Cell> = run.analysis.cells.iter().map(|one| one.cell).collect();
    // The whole text of a cell means that cell, also where others have all that it says.
    let whole = cells.iter().any(|cell| cell.to_string() == *text);
    let meant = |cell: &Cell| match whole {
        true => cell.to_string() == *text,
        false => part.admits(cell),
    };
    let admits = |cell: &&Cell| Condition::all_admit(&request.conditions, cell) && meant(cell);
    let asked: Vec<&Cell> = cells.iter().filter(admits).collect();
    let Some(first) = asked.first() else {
        let run = run.folder.display();
        return Err(UsageError(format!(
            "no measured cell of {run} is like that; `oversub explain {run}` lists them"
        ))
        .into());
    };
    let diagnoses = asked.iter().filter_map(|c| run.analysis.diagnoses.get(c));
    let diagnoses: Vec<&Diagnosis> = diagnoses.collect();
    match diagnoses.is_empty() {
        false => Ok(diagnoses),
        true => Err(Error::Failed(format!(
            "{first} failed, or no cell of its work was timed to its end: there is nothing to hold it \
             against (see the column `reason`)"
        ))),
    }
}

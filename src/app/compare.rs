//! What changed from one run to another?

use std::path::{Path, PathBuf};

use super::{Error, Run, UsageError, output};
use crate::analysis::{self, Comparison, Disturbances};
use crate::experiment::{Condition, Difference};
use crate::view::caption::{Caption, provenance};
use crate::view::comparison::{self, Outcome};
use crate::view::facet::{Facets, natural_axes};
use crate::view::size::Size;
use crate::view::{heatmap, points};

/// What to compare, and how strictly.
#[derive(Clone, Debug, Default)]
pub struct CompareRequest {
    /// Compare only the cells that all of these admit.
    pub conditions: Vec<Condition>,
    /// The condition that no cell takes more than so many times as long.
    pub limit: Option<f64>,
}

/// How two runs of the same cells differ.
pub struct CompareOutcome {
    /// The cells.
    pub comparison: Comparison,
    /// The circumstances.
    pub differences: Vec<Difference>,
    /// What disturbed the first run and the second.
    pub disturbances: [Disturbances; 2],
    /// Whether the condition holds, if there is one.
    pub alarm: Option<comparison::Condition>,
}

/// Compares the run `to` with the run `from`.
///
/// # Errors
///
/// If they have no cells in common.
pub fn compare(from: &Run, to: &Run, request: &CompareRequest) -> Result<CompareOutcome, Error> {
    let compared = Comparison::of(&from.analysis, &to.analysis, &request.conditions);
    let comparison = compared.map_err(|error| {
        let (from, to) = (from.folder.display(), to.folder.display());
        UsageError(format!("cannot compare {from} with {to}: {error}"))
    })?;
    let [first, second] = [from, to].map(|run| (&run.header, &run.records[..]));
    let disturbances = [from.disturbances(), to.disturbances()];
    let others = (disturbances[0].may_decide(), disturbances[1].may_decide());
    let alarm = request.limit.map(|limit| alarm(limit, &comparison, others));
    Ok(CompareOutcome {
        differences: analysis::differences(first, second),
        comparison,
        disturbances,
        alarm,
    })
}

fn alarm(limit: f64, compared: &Comparison, others: (bool, bool)) -> comparison::Condition {
    let slower = compared.slower_than(limit);
    let holds = !slower.is_empty();
    comparison::Condition {
        condition: format!("slowdown>{limit}"),
        holds,
        outcome: Outcome::of(holds, others),
        cells: slower.iter().map(|change| change.cell).collect(),
    }
}

impl CompareOutcome {
    /// Draws it into the file `picture` and returns that of its points, which stands beside it.
    ///
    /// # Errors
    ///
    /// If a file is there and not to be replaced, or cannot be written.
    pub fn draw(
        &self,
        from: &Run,
        to: &Run,
        picture: &Path,
        force: bool,
    ) -> Result<PathBuf, Error> {
        let csv = picture.with_extension("csv");
        output::keep([picture, &*csv], force)?;
        output::make_folder_of(picture)?;
        let cells = self.comparison.compared_cells();
        let series = self.comparison.series();
        let facets = Facets::of(&cells, &series.points, natural_axes(&cells));
        let folder = |run: &Run| {
            let name = run.folder.file_name().unwrap_or(run.folder.as_os_str());
            name.display().to_string()
        };
        let mut sources = vec![format!("first: {}", folder(from))];
        sources.extend(provenance(&[&from.header]));
        sources.push(format!("second: {}", folder(to)));
        sources.extend(provenance(&[&to.header]));
        let caption = Caption {
            method: sources,
            second: Some(folder(to)),
            ..Caption::of(&[&to.header])
        };
        let canvas = heatmap::heatmap(&series.quantity, &facets, &caption, Size::Readme);
        canvas.save(picture).map_err(Error::because)?;
        points::save(&series.quantity, &facets, &csv).map_err(Error::because)?;
        Ok(csv)
    }
}

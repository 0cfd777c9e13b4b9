//! `oversub report`: runs as one page that one can explore.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::explain::of_evidence;
use super::findings::findings;
use super::run::Run;
use super::{UsageError, output, screen};
use crate::analysis::{Diagnosis, Evidence, split};
use crate::experiment::Cell;
use crate::record::breakdown;
use crate::text::Named;
use crate::view::paste::{self, Place, Target};
use crate::view::report::{Advice, Chapter, Explanation, Form, page};

/// Writes one page about one run or several beside each other, which works without a network.
///
/// Heatmaps with a picker for every further axis and metric, the numbers of every cell, what to
/// set, machine and method, and all data.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  oversub report runs/matmul -o report.html
  oversub report runs/matmul runs/sim-matmul -o both.html     measured beside simulated
  oversub report runs/before runs/after -o change.html        one colour scale for both")]
pub(super) struct Args {
    /// Folders of the runs.
    #[arg(required = true)]
    runs: Vec<PathBuf>,
    /// Page to write.
    #[arg(short, long, value_name = "FILE.html")]
    output: PathBuf,
    /// Overwrite the file if it exists.
    #[arg(long)]
    force: bool,
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<()> {
        may_be_html(&self.output)?;
        output::claim(&self.output, self.force)?;
        let runs: Vec<Run> = self
            .runs
            .iter()
            .map(|folder| Run::read(folder))
            .collect::<anyhow::Result<_>>()?;
        let cells: Vec<Vec<Cell>> = runs.iter().map(Run::cells).collect();
        let chapters = runs.iter().zip(&cells).zip(names(&runs));
        let chapters: Vec<Chapter<'_>> = chapters
            .map(|((run, cells), name)| chapter(run, cells, name))
            .collect();
        let page = page(&chapters).map_err(|error| UsageError(error.to_string()))?;
        output::write(&self.output, page.as_bytes())?;
        let name = self.output.display();
        screen::say(format!("{name} ({} kB)", page.len() / 1000))
    }
}

/// Refuses a file whose ending promises something else than a page.
pub(super) fn may_be_html(file: &Path) -> Result<(), UsageError> {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("html" | "htm") => Ok(()),
        _ => {
            let (file, page) = (file.display(), file.with_extension("html"));
            Err(UsageError(format!(
                "{file} is no name of a page; it is written as HTML, so call it {}",
                page.display()
            )))
        }
    }
}

/// What the runs are called: by name where that tells them apart, else by folder.
fn names(runs: &[Run]) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for run in runs {
        *counts.entry(&run.header.name).or_default() += 1;
    }
    let name = |run: &Run| match counts[run.header.name.as_str()] {
        1 => run.header.name.clone(),
        _ => run.folder.display().to_string(),
    };
    runs.iter().map(name).collect()
}

fn chapter<'a>(run: &'a Run, cells: &'a [Cell], name: String) -> Chapter<'a> {
    let budget = run.header.plan.budget;
    let simulated = breakdown(&run.folder);
    let explain = move |cell: &Cell| {
        let diagnosis = run.analysis.diagnoses.get(cell);
        Explanation {
            cause: diagnosis.map(|diagnosis| diagnosis.cause.words().to_owned()),
            evidence: diagnosis.map_or_else(Vec::new, evidence),
            split: match simulated.get(cell) {
                Some(parts) => parts.clone(),
                None => split(&run.records, cell, run.analysis.budget),
            },
        }
    };
    Chapter {
        header: &run.header,
        name,
        cells,
        analysis: &run.analysis,
        completeness: run.completeness,
        disturbances: run.disturbances(),
        findings: format!(
            "{}\n{}",
            run.trust().headline(),
            findings(&run.analysis, cells, budget).trim_end()
        ),
        advice: advice(run),
        explain: Box::new(explain),
    }
}

/// The numbers that speak for the cause of a cell, a line each.
fn evidence(diagnosis: &Diagnosis) -> Vec<String> {
    let found = diagnosis.findings.iter();
    let decisive = found.filter(|finding| finding.cause == diagnosis.cause);
    let line = |number: &Evidence| of_evidence(number).trim_start().replacen("  ", ": ", 1);
    decisive
        .flat_map(|finding| finding.evidence.iter().map(line))
        .collect()
}

/// For each work the split to set, as lines to copy; none where others decided what was fastest.
fn advice(run: &Run) -> Vec<Advice> {
    let trust = run.trust();
    let place = Place::of(&run.header);
    let verdicts = run.analysis.verdicts.iter();
    let verdicts = verdicts.filter(|_| !trust.others_decide);
    let splits = verdicts.map(|verdict| {
        let cell = &verdict.recommended;
        let elsewhere = Target::all().filter(|target| *target != Target::Shell);
        Advice {
            why: format!(
                "{}: outer {}, inner {}, {}",
                verdict.work, cell.outer, cell.inner, cell.runtime
            ),
            lines: paste::lines(Target::Shell, cell, place)
                .trim_end()
                .to_owned(),
            elsewhere: elsewhere
                .map(|target| Form {
                    name: target.to_string(),
                    lines: paste::lines(target, cell, place).trim_end().to_owned(),
                })
                .collect(),
        }
    });
    let again = Advice {
        why: "These figures again, as pictures:".to_owned(),
        lines: format!("oversub plot {}", run.folder.display()),
        elsewhere: Vec::new(),
    };
    splits.chain([again]).collect()
}

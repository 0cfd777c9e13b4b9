//! What does a page about runs hold?

use std::collections::BTreeMap;

use super::{Error, Run, UsageError};
use crate::analysis::{Diagnosis, Evidence, split};
use crate::experiment::Cell;
use crate::record::breakdown;
use crate::text::Named;
use crate::view::evidence::of_evidence;
use crate::view::findings::findings;
use crate::view::paste::{self, Place, Target};
use crate::view::report::{Advice, Chapter, Explanation, Form, page};

/// One page about `runs`, which works without a network, as HTML.
///
/// # Errors
///
/// If the runs do not go on one page, or the breakdown of a simulated one cannot be read.
pub fn report(runs: &[Run]) -> Result<String, Error> {
    let cells: Vec<Vec<Cell>> = runs.iter().map(Run::cells).collect();
    let chapters = runs.iter().zip(&cells).zip(names(runs));
    let chapters = chapters.map(|((run, cells), name)| chapter(run, cells, name));
    let chapters: Vec<Chapter<'_>> = chapters.collect::<Result<_, _>>()?;
    Ok(page(&chapters).map_err(UsageError::of)?)
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

fn chapter<'a>(run: &'a Run, cells: &'a [Cell], name: String) -> Result<Chapter<'a>, Error> {
    let budget = run.header.plan.budget;
    let simulated = breakdown(&run.folder)?;
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
    Ok(Chapter {
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
    })
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

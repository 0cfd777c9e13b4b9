//! What did one run or several find, as a page that one can explore?
//!
//! The page is one file without any reference to another: it holds its data as JSON, a style, and a
//! script that draws heatmaps from them (`templates/report.*`). Everything the page says was computed
//! before, the colour scales too; the script only picks.

mod data;

use serde::Serialize;

use crate::analysis::{Analysis, Disturbances};
use crate::experiment::Cell;
use crate::record::RunHeader;
use crate::runner::Completeness;
use crate::view::disturbed;

use data::Data;

const PAGE: &str = include_str!("../../templates/report.html");
const STYLE: &str = include_str!("../../templates/report.css");
const SCRIPT: &str = include_str!("../../templates/report.js");

/// Lines to copy, and what for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// What follows from the run.
    pub why: String,
    /// What to type or to paste.
    pub lines: String,
    /// The same for other systems.
    pub elsewhere: Vec<Form>,
}

/// Lines to copy for one system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Form {
    /// The system.
    pub name: String,
    /// What to paste there.
    pub lines: String,
}

/// Time of a part of what PUs did, as shares of anything.
pub type Split = Vec<(String, f64)>;

/// What was found out about why a cell is slow.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Explanation {
    /// The cause in words; none where nothing stands out.
    pub cause: Option<String>,
    /// What speaks for it, a line each.
    pub evidence: Vec<String>,
    /// What the PUs' time was spent on.
    pub split: Split,
}

/// A run, ready to be shown.
pub struct Chapter<'a> {
    /// How the run came about.
    pub header: &'a RunHeader,
    /// How it is called on the page; no two are called the same.
    pub name: String,
    /// Its cells.
    pub cells: &'a [Cell],
    /// What they mean.
    pub analysis: &'a Analysis,
    /// How much of its plan is recorded.
    pub completeness: Completeness,
    /// What disturbed the run.
    pub disturbances: Disturbances,
    /// What the run says, in a few lines.
    pub findings: String,
    /// What to set.
    pub advice: Vec<Advice>,
    /// Why a cell is as it is.
    pub explain: Box<dyn Fn(&Cell) -> Explanation + 'a>,
}

/// Why runs cannot stand on one page.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// Nothing in them is comparable.
    #[error(
        "{first} and {other} have no work in common (workload, size and number of tasks), so no scale fits \
         both; give each a report of its own"
    )]
    NoCommonWork {
        /// Name of the first run.
        first: String,
        /// Name of the other.
        other: String,
    },
    /// Their cells are compared by different numbers.
    #[error(
        "{first} and {other} judge their cells by different numbers, so no scale fits both; give each a \
         report of its own"
    )]
    OtherJudge {
        /// Name of the first run.
        first: String,
        /// Name of the other.
        other: String,
    },
}

/// What stands on the page beside the data.
#[derive(Serialize)]
struct Page<'a> {
    title: String,
    subtitle: &'a str,
    runs: Vec<Words<'a>>,
    data: String,
    style: &'a str,
    script: &'a str,
    version: &'a str,
}

#[derive(Serialize)]
struct Words<'a> {
    name: &'a str,
    disturbed: String,
    findings: &'a str,
    advice: &'a [Advice],
    facts: Vec<(&'static str, String)>,
}

/// The page about `chapters`.
///
/// # Errors
///
/// If the runs cannot share a scale.
pub fn page(chapters: &[Chapter<'_>]) -> Result<String, ReportError> {
    if let Some((first, others)) = chapters.split_first() {
        others
            .iter()
            .try_for_each(|other| comparable(first, other))?;
    }
    let names: Vec<&str> = chapters
        .iter()
        .map(|chapter| chapter.name.as_str())
        .collect();
    let json = serde_json::to_string(&Data::of(chapters)).unwrap_or_default();
    let page = Page {
        title: format!("Nested threads: {}", names.join(" and ")),
        subtitle: "What every outer x inner split of the threads costs on a machine.",
        runs: chapters.iter().map(words).collect(),
        // So that nothing in the data ends the script element that holds it.
        data: json.replace('<', "\\u003c"),
        style: STYLE,
        script: SCRIPT,
        version: env!("CARGO_PKG_VERSION"),
    };
    let mut templates = minijinja::Environment::new();
    templates
        .add_template("report.html", PAGE)
        .expect("the template is part of the program and tested");
    let template = templates.get_template("report.html");
    let rendered = template.and_then(|template| template.render(page));
    Ok(rendered.expect("the template is part of the program and tested"))
}

fn comparable(first: &Chapter<'_>, other: &Chapter<'_>) -> Result<(), ReportError> {
    use crate::analysis::Work;
    let (a, b) = (first.name.clone(), other.name.clone());
    if first.analysis.objective != other.analysis.objective {
        return Err(ReportError::OtherJudge { first: a, other: b });
    }
    let mut works = first.cells.iter().map(Work::of);
    let common = works.any(|work| other.cells.iter().any(|cell| Work::of(cell) == work));
    if common {
        Ok(())
    } else {
        Err(ReportError::NoCommonWork { first: a, other: b })
    }
}

fn words<'a>(chapter: &'a Chapter<'a>) -> Words<'a> {
    let header = chapter.header;
    let protocol = &header.plan.protocol;
    let budget = format!(
        "{} on PUs {}",
        header.budget.phrase(),
        header.budget.allowed
    );
    let visits = format!(
        "{} rounds of {} repetitions after {} warm-ups, limit {} s, seed {}",
        protocol.rounds,
        protocol.reps,
        protocol.warmups,
        protocol.limit().as_secs_f64(),
        protocol.seed
    );
    let facts = [
        ("processor", header.processor.clone()),
        ("budget", Some(budget)),
        ("kernel", header.kernel.release.clone()),
        ("protocol", Some(visits)),
        ("samples", Some(chapter.completeness.to_string())),
        (
            "command",
            Some(header.argv.join(" ")).filter(|line| !line.is_empty()),
        ),
        ("started", Some(header.started.clone())),
        ("commit", header.git_revision.clone()),
    ];
    let facts = facts
        .into_iter()
        .filter_map(|(name, fact)| Some((name, fact?)));
    Words {
        name: &chapter.name,
        disturbed: disturbed::words(&chapter.disturbances),
        findings: &chapter.findings,
        advice: &chapter.advice,
        facts: facts.collect(),
    }
}

//! What does a class get of a lesson on paper?

use std::fs;
use std::path::Path;

use minijinja::{Environment, context};

use super::script::Lesson;
use crate::analysis::Metric;
use crate::app::Run;
use crate::view::caption::Caption;

const PAGE: &str = include_str!("../../../templates/handout.html");
const STYLE: &str = include_str!("../../../templates/report.css");

/// The page of `lesson`, whose runs are in `folder`: what was asked, predicted, seen and explained.
pub(super) fn page(
    lesson: &Lesson,
    folder: &Path,
    prediction: Option<&str>,
    explanation: &str,
) -> anyhow::Result<String> {
    let mut figures = Vec::new();
    for part in ["measured", "simulated"] {
        let folder = folder.join(part);
        if fs::exists(folder.join("run.json"))? {
            figures
                .push(context! { part, svg => figure(&Run::open(&folder, &[])?, lesson.shows()?) });
        }
    }
    let mut templates = Environment::new();
    templates.add_template("handout.html", PAGE)?;
    let paragraphs =
        |text: &str| -> Vec<String> { text.split("\n\n").map(str::to_owned).collect() };
    let page = context! {
        number => lesson.number,
        title => lesson.title,
        question => paragraphs(&lesson.question),
        predict => lesson.predict,
        prediction,
        figures,
        explanation => paragraphs(explanation),
        next => lesson.next,
        style => STYLE,
    };
    Ok(templates.get_template("handout.html")?.render(page)?)
}

/// The heatmap of `run` as an element of a page.
fn figure(run: &Run, metric: Metric) -> String {
    let series = run.analysis.series(metric);
    let svg = run.heatmap(&series, &Caption::of(&[&run.header])).svg();
    // What comes before the element is for files.
    svg.find("<svg")
        .map_or(svg.clone(), |start| svg[start..].to_owned())
}

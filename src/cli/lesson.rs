//! `oversub lesson`: predict, measure, understand.
//!
//! A lesson is a file under `lessons/` ([`script::Lesson`]): texts, and the arguments of a sweep that
//! anybody can type too. It is run by this program's own verbs, so that a lesson shows nothing that
//! its reader could not do alone.

mod counts;
mod handout;
mod measure;
mod number;
mod script;

use std::fs::{self, OpenOptions};
use std::io::{BufRead, Write, stderr, stdin};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;

use super::report::may_be_html;
use super::{UsageError, reading, screen};
use crate::analysis::Metric;
use crate::app::{Run, itself, output};
use crate::clock;
use crate::machine::CpuBudget;
use crate::record::RunFolder;
use crate::text::wrapped;
use crate::view::disturbed;
use crate::view::facet::{Facets, natural_axes};
use crate::view::terminal;
use script::{Lesson, Outcome, lessons};

/// What a disturbance means for a lesson.
const CAUTION: &str = "That may hide an effect, or look like one: repeat the lesson when the machine is quiet, with \
                       another --out.";

/// Longest lines of text [columns].
const WIDEST: usize = 96;

/// Lists the lessons, or runs one: a question, your prediction, a short sweep, and what it showed.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  oversub lesson                              the list
  oversub lesson two-pools                    asks for a prediction, then measures for a minute or two
  oversub lesson two-pools --yes --handout two-pools.html    unattended, with a page for a class")]
pub(super) struct Args {
    /// Name or number of a lesson.
    name: Option<String>,
    /// Go on without a prediction.
    #[arg(long, requires = "name")]
    yes: bool,
    /// Write what is shown also as a page to print.
    #[arg(long, value_name = "FILE.html", requires = "name")]
    handout: Option<PathBuf>,
    /// Folder of the lesson's runs [default: runs/lesson-NAME].
    #[arg(long, value_name = "DIR", requires = "name")]
    out: Option<PathBuf>,
    /// Overwrite the handout if it exists.
    #[arg(long)]
    force: bool,
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let lessons = lessons()?;
        let Some(name) = &self.name else {
            return list(&lessons);
        };
        let named = |lesson: &&Lesson| lesson.name == *name || lesson.number.to_string() == *name;
        let Some(lesson) = lessons.iter().find(named) else {
            let names: Vec<&str> = lessons.iter().map(|lesson| lesson.name.as_str()).collect();
            let message = match nearest(name, &names) {
                Some(nearest) => format!("no lesson is called '{name}'; did you mean {nearest}?"),
                None => format!(
                    "no lesson is called '{name}'; there are {}",
                    names.join(", ")
                ),
            };
            return Err(UsageError(message).into());
        };
        if let Some(page) = &self.handout {
            may_be_html(page)?;
            output::claim(page, self.force)?;
        }
        let default = || PathBuf::from("runs").join(format!("lesson-{}", lesson.name));
        let folder = self.out.clone().unwrap_or_else(default);
        self.teach(lesson, &folder)
    }

    fn teach(&self, lesson: &Lesson, folder: &Path) -> anyhow::Result<()> {
        heading(&format!("Lesson {}: {}", lesson.number, lesson.title))?;
        say(&lesson.question)?;
        let prediction = self.prediction(lesson, folder)?;
        let cpus = CpuBudget::discover().whole();
        let mut outcome = Outcome::before(cpus);
        let mut disturbed = String::new();
        let refused = lesson.refused(cpus);
        if let Some(why) = &refused {
            say(&format!("\nThis cannot be measured here: {why}."))?;
        }
        if let Some(sweep) = lesson.sweep.as_ref().filter(|_| refused.is_none()) {
            let run = walk(
                "sweep",
                &script::arguments(sweep, cpus),
                &folder.join("measured"),
            )?;
            show(&run, lesson.shows()?)?;
            disturbed = disturbed::words(&lesson.disturbances(&run));
            outcome.measured(lesson, &run)?;
        }
        if let Some(simulate) = lesson
            .elsewhere
            .as_ref()
            .filter(|_| lesson.goes_elsewhere(&outcome))
        {
            say(lesson.why_elsewhere(&outcome))?;
            let run = walk(
                "simulate",
                &script::arguments(simulate, cpus),
                &folder.join("simulated"),
            )?;
            show(&run, lesson.shows()?)?;
            outcome.simulated(lesson, &run)?;
        }
        let mut explanation = lesson.explanation(&outcome)?;
        if !disturbed.is_empty() {
            explanation.push_str(&format!(
                "\n\nThe run was {}\n\n{CAUTION}",
                disturbed.trim()
            ));
        }
        heading("What happened, and why")?;
        if let Some(prediction) = &prediction {
            say(&format!("You predicted: {prediction}"))?;
        }
        say(&explanation)?;
        heading("What to try next")?;
        say(&lesson.next)?;
        if let Some(page) = &self.handout {
            let html = handout::page(lesson, folder, prediction.as_deref(), &explanation)?;
            output::write(page, html.as_bytes())?;
            screen::say(format!("\n{}", page.display()))?;
        }
        Ok(())
    }

    /// What the reader expects, kept in the folder before anything runs.
    fn prediction(&self, lesson: &Lesson, folder: &Path) -> anyhow::Result<Option<String>> {
        if self.yes {
            return Ok(None);
        }
        heading("Your prediction")?;
        say(&lesson.predict)?;
        eprint!("> ");
        stderr().flush()?;
        let mut line = String::new();
        stdin().lock().read_line(&mut line)?;
        let line = line.trim();
        if line.is_empty() {
            let message =
                "a lesson begins with a prediction: type one, or give --yes to go on without";
            return Err(UsageError(message.to_owned()).into());
        }
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        let file = folder.join("predictions.csv");
        let write = || -> anyhow::Result<()> {
            let file = OpenOptions::new().create(true).append(true).open(&file)?;
            let mut rows = csv::Writer::from_writer(file);
            rows.write_record([clock::unix_ms().to_string().as_str(), line])?;
            Ok(rows.flush()?)
        };
        write().with_context(|| format!("cannot write {}", file.display()))?;
        Ok(Some(line.to_owned()))
    }
}

/// The one of `names` that is most like `name`, if any is.
fn nearest<'a>(name: &str, names: &[&'a str]) -> Option<&'a str> {
    const LIKE: f64 = 0.8;
    let likeness = |other: &str| strsim::jaro_winkler(&name.to_lowercase(), other);
    let rated = names.iter().map(|other| (likeness(other), *other));
    let (rating, nearest) = rated.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (rating > LIKE).then_some(nearest)
}

fn list(lessons: &[Lesson]) -> anyhow::Result<()> {
    for lesson in lessons {
        let Lesson {
            number,
            name,
            title,
            ..
        } = lesson;
        screen::say(format!("{number:>2}  {name:<16} {title}"))?;
    }
    screen::say("\noversub lesson NAME runs one, in at most two minutes on two CPUs.")
}

/// Runs a verb of this program with `arguments` into `folder` and reads what came of it.
fn walk(verb: &str, arguments: &[String], folder: &Path) -> anyhow::Result<Run> {
    let words: Vec<String> = arguments.iter().map(|word| quoted(word)).collect();
    heading(&format!("$ oversub {verb} {}", words.join(" ")))?;
    if RunFolder::read(folder).is_ok() {
        let folder = folder.display();
        say(&format!(
            "What {folder} already holds is not measured again; for that, give another --out."
        ))?;
    }
    let program = itself()?;
    let status = Command::new(program)
        .arg(verb)
        .args(arguments)
        .arg("--out")
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .context("cannot start this program again")?;
    anyhow::ensure!(
        status.success(),
        "the lesson stopped with its {verb} ({status}); what was recorded is kept in {}, and the same command goes \
         on from there",
        folder.display()
    );
    reading::run(folder)
}

/// `word` as a shell would want it.
fn quoted(word: &str) -> String {
    if word.contains([' ', '[', '*']) {
        format!("'{word}'")
    } else {
        word.to_owned()
    }
}

/// The heatmap of `run` here, and where it stands as a picture.
fn show(run: &Run, metric: Metric) -> anyhow::Result<()> {
    let cells = run.cells();
    let series = run.analysis.series(metric);
    let facets = Facets::of(&cells, &series.points, natural_axes(&cells));
    let ink = screen::ink(&std::io::stdout());
    screen::say(terminal::heatmap(
        &series.quantity,
        &facets,
        screen::columns(),
        ink,
    ))?;
    let picture = run.folder.join("figures").join(format!("{metric}.png"));
    if picture.exists() {
        screen::say(format!("as a picture: {}", picture.display()))?;
    }
    Ok(())
}

fn heading(words: &str) -> anyhow::Result<()> {
    say(&format!("\n{words}\n"))
}

/// Prints `text`, its paragraphs in lines that fit.
fn say(text: &str) -> anyhow::Result<()> {
    screen::say(wrapped(text, screen::columns().min(WIDEST)))
}

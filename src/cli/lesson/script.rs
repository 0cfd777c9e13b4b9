//! What is a lesson made of?
//!
//! A TOML file: texts, the arguments of a sweep, those of a simulation for machines that show what
//! this one may not, and *measures*, the numbers that its explanation speaks of. The explanation is
//! a template that says one thing where the run showed the effect and another where it did not;
//! numbers come from the run alone.

use std::collections::BTreeMap;

use anyhow::Context;
use minijinja::context;
use minijinja::value::Value;
use serde::Deserialize;

use super::counts::{counted, half};
use super::measure::Measure;
use super::number::{Number, language};
use crate::analysis::{Disturbance, Disturbances, Metric};
use crate::app::Run;
use crate::machine::OwnQuota;

/// Every lesson as it is compiled in.
const FILES: [&str; 10] = [
    include_str!("../../../lessons/01-two-pools.toml"),
    include_str!("../../../lessons/02-spinning.toml"),
    include_str!("../../../lessons/03-memory.toml"),
    include_str!("../../../lessons/04-chunks.toml"),
    include_str!("../../../lessons/05-temporaries.toml"),
    include_str!("../../../lessons/06-race.toml"),
    include_str!("../../../lessons/07-quota.toml"),
    include_str!("../../../lessons/08-compositions.toml"),
    include_str!("../../../lessons/09-lock.toml"),
    include_str!("../../../lessons/10-elsewhere.toml"),
];

/// A lesson.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lesson {
    pub(super) number: u32,
    pub(super) name: String,
    pub(super) title: String,
    pub(super) question: String,
    /// What the reader is asked to predict.
    pub(super) predict: String,
    /// Arguments of `oversub sweep`; `<P>` and `<2P>` stand for counts of this machine, `<Q>` for
    /// half of P, at least 1, and `<2Q>` for twice that. In measures they are counts of the run,
    /// whose P a quota may have lowered.
    pub(super) sweep: Option<String>,
    /// Whether the sweep runs under a quota of `<Q>` CPUs, which not every process may set.
    #[serde(default)]
    throttled: bool,
    /// Arguments of `oversub simulate`.
    pub(super) elsewhere: Option<String>,
    /// What the heatmap shows; the slowdown, if nothing is said.
    #[serde(default)]
    pub(super) metric: Option<String>,
    /// Whether the simulation is run even where this machine showed the effect.
    #[serde(default)]
    always_elsewhere: bool,
    /// An expression over the measures: whether this run showed the effect.
    shown: String,
    pub(super) measures: BTreeMap<String, Measure>,
    explanation: String,
    pub(super) next: String,
}

/// The measures of a run by name; one whose cells have no number is missing.
type Numbers = BTreeMap<String, Option<Number>>;

/// What is known when the explanation is given.
#[derive(Debug)]
pub(super) struct Outcome {
    /// P of this machine in whole CPUs.
    cpus: u32,
    /// Whether the run here showed the effect.
    shown: bool,
    /// What was measured here.
    here: Numbers,
    /// What was simulated.
    there: Numbers,
}

/// Every lesson, by number.
///
/// # Errors
///
/// If one of them is malformed.
pub(super) fn lessons() -> anyhow::Result<Vec<Lesson>> {
    let parse = |text: &&str| toml::from_str(text).context("a lesson is malformed");
    FILES.iter().map(parse).collect()
}

/// `text` as arguments: words, and in single quotes what holds blanks.
pub(super) fn arguments(text: &str, cpus: u32) -> Vec<String> {
    let text = counted(text, cpus);
    let mut words = Vec::new();
    for (i, part) in text.split('\'').enumerate() {
        match i % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    words
}

impl Outcome {
    /// Before anything ran, on a machine with P = `cpus`.
    pub(super) fn before(cpus: u32) -> Self {
        Self {
            cpus,
            shown: false,
            here: Numbers::new(),
            there: Numbers::new(),
        }
    }

    /// Takes in what was measured here.
    pub(super) fn measured(&mut self, lesson: &Lesson, run: &Run) -> anyhow::Result<()> {
        self.here = lesson.numbers(run)?;
        self.shown = lesson.is_shown(&self.here)?;
        Ok(())
    }

    /// Takes in what was simulated.
    pub(super) fn simulated(&mut self, lesson: &Lesson, run: &Run) -> anyhow::Result<()> {
        self.there = lesson.numbers(run)?;
        Ok(())
    }
}

impl Lesson {
    /// Why its sweep cannot be run here, where P = `cpus`.
    pub(super) fn refused(&self, cpus: u32) -> Option<String> {
        let quota = self.throttled.then(|| f64::from(half(cpus)))?;
        let entered = OwnQuota::enter(quota);
        Some(entered.err()?.to_string())
    }

    /// What disturbed its `run`; throttling is what some lessons are about.
    pub(super) fn disturbances(&self, run: &Run) -> Disturbances {
        let mut all = run.disturbances();
        all.unknown.clear();
        all.found
            .retain(|one| one.by != Disturbance::Throttling || !self.throttled);
        all
    }

    /// Whether the simulator has to show what this machine did not.
    pub(super) fn goes_elsewhere(&self, outcome: &Outcome) -> bool {
        self.always_elsewhere || !outcome.shown
    }

    /// What its heatmaps show.
    pub(super) fn shows(&self) -> anyhow::Result<Metric> {
        Ok(self.metric.as_deref().unwrap_or("slowdown").parse()?)
    }

    /// Why it does.
    pub(super) fn why_elsewhere(&self, outcome: &Outcome) -> &'static str {
        match (self.always_elsewhere, outcome.here.is_empty()) {
            (_, true) => "The machine of this lesson is simulated.",
            (true, false) => "And on a machine that is not here, as the simulator sees it:",
            (false, false) => {
                "This machine did not show the effect. Here is the simulator's picture of another:"
            }
        }
    }

    fn numbers(&self, run: &Run) -> anyhow::Result<Numbers> {
        let number = |(name, measure): (&String, &Measure)| {
            let value = measure
                .value(run)
                .with_context(|| format!("measure {name}"))?;
            Ok((name.clone(), value))
        };
        self.measures.iter().map(number).collect()
    }

    fn is_shown(&self, numbers: &Numbers) -> anyhow::Result<bool> {
        // What has no number was not shown.
        if numbers.values().any(Option::is_none) {
            return Ok(false);
        }
        let language = language();
        let expression = language.compile_expression(&self.shown)?;
        Ok(expression.eval(values(numbers))?.is_true())
    }

    /// What happened and why, in words.
    pub(super) fn explanation(&self, outcome: &Outcome) -> anyhow::Result<String> {
        let values = context! {
            P => outcome.cpus,
            shown => outcome.shown,
            here => values(&outcome.here),
            there => values(&outcome.there),
        };
        Ok(language().render_str(&self.explanation, values)?)
    }
}

/// `numbers` as texts can speak of them.
fn values(numbers: &Numbers) -> Value {
    let value = |number: &Option<Number>| number.map_or(Value::from(()), Value::from_object);
    numbers
        .iter()
        .map(|(name, number)| (name.clone(), value(number)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The explanation where every measure is `number`, shown or not.
    fn explained(lesson: &Lesson, number: Option<Number>, shown: bool) -> String {
        let numbers: Numbers = lesson
            .measures
            .keys()
            .map(|name| (name.clone(), number))
            .collect();
        let outcome = Outcome {
            cpus: 2,
            shown,
            here: numbers.clone(),
            there: numbers,
        };
        lesson.explanation(&outcome).unwrap()
    }

    #[test]
    fn every_lesson_says_something_else_where_its_effect_was_not_shown() {
        let lessons = lessons().unwrap();
        let numbers: Vec<u32> = lessons.iter().map(|lesson| lesson.number).collect();
        assert_eq!(numbers, (1..=10).collect::<Vec<_>>());
        for lesson in &lessons {
            let yes = explained(lesson, Some(Number::exact(7.25)), true);
            let no = explained(lesson, Some(Number::exact(7.25)), false);
            assert!(yes.contains("7.25"), "{} tells no number", lesson.name);
            assert!(lesson.sweep.is_none() || yes != no, "{}", lesson.name);
            // A cell without a number must not stop a lesson.
            explained(lesson, None, false);
        }
    }

    #[test]
    fn an_effect_without_numbers_is_not_shown() {
        for lesson in lessons().unwrap() {
            let numbers = |number| {
                lesson
                    .measures
                    .keys()
                    .map(|name| (name.clone(), number))
                    .collect()
            };
            assert!(!lesson.is_shown(&numbers(None)).unwrap(), "{}", lesson.name);
        }
    }

    /// Whatever a lesson measures here, there is a result that shows its effect and one that does not.
    #[test]
    fn what_was_measured_decides_whether_an_effect_is_shown() {
        let measured = |lesson: &Lesson| lesson.sweep.is_some();
        for lesson in lessons().unwrap().into_iter().filter(measured) {
            let shown = |number: f64| {
                let names = lesson.measures.keys();
                let number = Some(Number::exact(number));
                let numbers = names.map(|name| (name.clone(), number)).collect();
                lesson.is_shown(&numbers).unwrap()
            };
            let outcomes = [0.0, 1.0, 100.0].map(shown);
            assert!(outcomes.contains(&true), "{} is never shown", lesson.name);
            assert!(outcomes.contains(&false), "{} is always shown", lesson.name);
        }
    }

    #[test]
    fn arguments_keep_what_is_quoted_together_and_count_the_machine() {
        let words = arguments("--outer 1,<P>,<2P> --machine 'pack:1 core:4' -n", 3);
        assert_eq!(
            words,
            ["--outer", "1,3,6", "--machine", "pack:1 core:4", "-n"]
        );
    }
}

//! Which program of the user's is a cell, and what is it told?
//!
//! A [`CommandSpec`] is part of the plan, not of a cell: a run sweeps one command. What differs
//! from cell to cell is substituted into its arguments (`{outer}`, `{inner}`, `{rank}`) and set in
//! its environment, where thread pools look for their size.

mod variables;

use std::num::NonZeroU32;

use regex::Regex;
use serde::{Deserialize, Serialize};

use variables::thread_variables;

use super::Cell;
use crate::text::{ParseError, quoted};

/// A program of the user's and how it is run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandSpec {
    /// Program and arguments, not empty; no shell reads them.
    pub argv: Vec<String>,
    /// What the outer level is made of.
    pub outer_kind: OuterKind,
    /// Run by `sh -c` before the first execution of a visit, untimed.
    pub setup: Option<String>,
    /// Run by `sh -c` before every execution, untimed.
    pub prepare: Option<String>,
    /// Run by `sh -c` after the last execution of a visit, untimed.
    pub cleanup: Option<String>,
    /// The exit code of a run that went well.
    pub exit_code: i32,
    /// What is read from the output; `None` where only the wall time counts.
    pub metric: Option<OutputMetric>,
}

/// What the outer level of a command is made of. Text forms: `thread`, `process`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::VariantArray, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum OuterKind {
    /// Whatever the program makes of `{outer}`; it is started once.
    #[default]
    Thread,
    /// As many copies of the program, released at the same moment.
    Process,
}

/// A number that the program says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputMetric {
    /// What figures call it.
    pub name: String,
    /// Where it stands: the first group of the last match. Runs of earlier versions may have no group; the
    /// whole match is the number then.
    pub pattern: String,
    /// Which end is to be wished for.
    pub better: Goal,
}

/// Which end of a metric is to be wished for. Text forms: `higher`, `lower`.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::VariantArray,
    strum::IntoStaticStr,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Goal {
    /// The more the better: a rate.
    #[default]
    Higher,
    /// The less the better: a time, an error.
    Lower,
}

/// One copy of the program of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandCopy {
    /// Which copy, from 0.
    pub rank: u32,
    /// The cell's outer workers.
    pub outer: NonZeroU32,
    /// The cell's inner threads.
    pub inner: NonZeroU32,
}

impl CommandSpec {
    /// Whether it has a set-up, prepare or clean-up command.
    pub fn has_hooks(&self) -> bool {
        [&self.setup, &self.prepare, &self.cleanup]
            .into_iter()
            .any(Option::is_some)
    }

    /// A line for each copy of the program that `cell` starts, which a shell can run.
    pub fn shell_lines(&self, cell: &Cell) -> Vec<String> {
        let line = |copy: &CommandCopy| {
            let set = copy.environment().into_iter();
            let set = set.map(|(name, value)| format!("{name}={value}"));
            let words = self.argv.iter().map(|word| quoted(&copy.fill(word)));
            let all = ["env".to_owned()].into_iter().chain(set).chain(words);
            all.collect::<Vec<_>>().join(" ")
        };
        self.copies(cell).iter().map(line).collect()
    }

    /// The copies of the program that `cell` starts at once.
    pub fn copies(&self, cell: &Cell) -> Vec<CommandCopy> {
        let (outer, inner) = (cell.outer, cell.inner);
        let count = match self.outer_kind {
            OuterKind::Thread => 1,
            OuterKind::Process => outer.get(),
        };
        let copy = |rank| CommandCopy { rank, outer, inner };
        (0..count).map(copy).collect()
    }
}

impl CommandCopy {
    /// `text` with every `{outer}`, `{inner}` and `{rank}` replaced; other braces stay.
    pub fn fill(&self, text: &str) -> String {
        text.replace("{outer}", &self.outer.to_string())
            .replace("{inner}", &self.inner.to_string())
            .replace("{rank}", &self.rank.to_string())
    }

    /// What is set in its environment: every thread variable, and who it is.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let mut variables = thread_variables(self.inner);
        variables.push(("OVERSUB_OUTER", self.outer.to_string()));
        variables.push(("OVERSUB_INNER", self.inner.to_string()));
        variables.push(("OVERSUB_RANK", self.rank.to_string()));
        variables
    }
}

impl OutputMetric {
    /// The pattern, ready to search with.
    ///
    /// # Errors
    ///
    /// If it is not a regular expression.
    pub fn regex(&self) -> Result<Regex, ParseError> {
        const FORM: &str = "a regular expression such as 'img/s: ([0-9.]+)'";
        let bad = |error: regex::Error| {
            let said = error.to_string();
            let cause = said.lines().last().unwrap_or_default().trim().to_owned();
            ParseError::new("metric", &self.pattern, format!("{FORM} ({cause})"))
        };
        Regex::new(&self.pattern).map_err(bad)
    }

    /// Refuses a pattern that does not say where in it the number stands.
    ///
    /// # Errors
    ///
    /// If it is not a regular expression, or has no group.
    pub fn grouped(&self) -> Result<(), ParseError> {
        match self.regex()?.captures_len() {
            ..2 => {
                let expected = "the number in parentheses, such as 'img/s: ([0-9.]+)'";
                Err(ParseError::new("metric", &self.pattern, expected))
            }
            _ => Ok(()),
        }
    }

    /// What several copies together say: rates add up, times last as long as the longest.
    pub fn combined(&self, values: &[f64]) -> Option<f64> {
        let values = values.iter().copied();
        match self.better {
            Goal::Higher => values.reduce(|a, b| a + b),
            Goal::Lower => values.reduce(f64::max),
        }
    }
}

crate::named!(OuterKind, "outer kind");
crate::named!(Goal, "direction");

#[cfg(test)]
mod tests {
    use super::*;

    fn copy() -> CommandCopy {
        let count = |n| NonZeroU32::new(n).unwrap();
        CommandCopy {
            rank: 1,
            outer: count(3),
            inner: count(4),
        }
    }

    #[test]
    fn only_the_three_names_are_replaced() {
        let text = "--w={outer}x{inner}:{rank} {n} {outer}";
        assert_eq!(copy().fill(text), "--w=3x4:1 {n} 3");
    }

    #[test]
    fn every_pool_is_told_the_inner_count() {
        let environment = copy().environment();
        for name in ["OMP_NUM_THREADS", "POLARS_MAX_THREADS", "GOTO_NUM_THREADS"] {
            assert!(environment.contains(&(name, "4".to_owned())), "{name}");
        }
        assert!(environment.contains(&("TOKENIZERS_PARALLELISM", "true".to_owned())));
        assert!(environment.contains(&("OVERSUB_RANK", "1".to_owned())));
    }

    /// Two copies at 10 and 30 images a second do 40 together; if they took 10 s and 30 s, the work
    /// took 30 s.
    #[test]
    fn rates_add_up_and_times_do_not() {
        let metric = |better| OutputMetric {
            name: "x".to_owned(),
            pattern: "x".to_owned(),
            better,
        };
        assert_eq!(metric(Goal::Higher).combined(&[10.0, 30.0]), Some(40.0));
        assert_eq!(metric(Goal::Lower).combined(&[10.0, 30.0]), Some(30.0));
        assert_eq!(metric(Goal::Lower).combined(&[]), None);
    }
}

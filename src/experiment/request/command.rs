//! What was asked for of a command, before it is complete?

use serde::{Deserialize, Serialize};

use super::{Request, RequestError};
use crate::experiment::{CommandSpec, Goal, OuterKind, OutputMetric};
use crate::units::range;

/// A command as asked for; what is not said is `None` or empty. In a file, the table `[command]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct CommandRequest {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// What the outer level is made of.
    pub outer_kind: Option<OuterKind>,
    /// Run before the first execution of a visit.
    pub setup: Option<String>,
    /// Run before every execution.
    pub prepare: Option<String>,
    /// Run after the last execution of a visit.
    pub cleanup: Option<String>,
    /// The exit code of a run that went well.
    pub exit_code: Option<i32>,
    /// Pattern of a number in the output.
    pub metric: Option<String>,
    /// Which end of it is to be wished for.
    pub metric_better: Option<Goal>,
    /// What figures call it.
    pub metric_name: Option<String>,
}

impl From<&CommandSpec> for CommandRequest {
    /// The request that means this command.
    fn from(spec: &CommandSpec) -> Self {
        let metric = spec.metric.as_ref();
        Self {
            argv: spec.argv.clone(),
            outer_kind: Some(spec.outer_kind),
            setup: spec.setup.clone(),
            prepare: spec.prepare.clone(),
            cleanup: spec.cleanup.clone(),
            exit_code: Some(spec.exit_code),
            metric: metric.map(|metric| metric.pattern.clone()),
            metric_better: metric.map(|metric| metric.better),
            metric_name: metric.map(|metric| metric.name.clone()),
        }
    }
}

impl CommandRequest {
    /// How a file says a command.
    pub(super) const FORM: &str = "a table [command] with argv = [\"PROGRAM\", \"ARGUMENT\"]";

    /// This request with everything that `over` says laid over it.
    #[must_use]
    pub fn overlaid(self, over: Self) -> Self {
        let argv = if over.argv.is_empty() {
            self.argv
        } else {
            over.argv
        };
        Self {
            argv,
            outer_kind: over.outer_kind.or(self.outer_kind),
            setup: over.setup.or(self.setup),
            prepare: over.prepare.or(self.prepare),
            cleanup: over.cleanup.or(self.cleanup),
            exit_code: over.exit_code.or(self.exit_code),
            metric: over.metric.or(self.metric),
            metric_better: over.metric_better.or(self.metric_better),
            metric_name: over.metric_name.or(self.metric_name),
        }
    }

    /// The command this means.
    ///
    /// # Errors
    ///
    /// If there is no program, or the metric is not a pattern.
    pub fn spec(&self) -> Result<CommandSpec, RequestError> {
        if self.argv.first().is_none_or(String::is_empty) {
            return Err(RequestError::NoProgram);
        }
        let exit_code = self.exit_code.unwrap_or(0);
        range::EXIT_CODE.check(f64::from(exit_code))?;
        Ok(CommandSpec {
            argv: self.argv.clone(),
            outer_kind: self.outer_kind.unwrap_or_default(),
            setup: self.setup.clone(),
            prepare: self.prepare.clone(),
            cleanup: self.cleanup.clone(),
            exit_code,
            metric: self.metric()?,
        })
    }

    fn metric(&self) -> Result<Option<OutputMetric>, RequestError> {
        let Some(pattern) = self.metric.clone() else {
            let better = self.metric_better.map(|better| better.to_string());
            return match self.metric_name.clone().or(better) {
                Some(said) => Err(RequestError::NoMetric(said)),
                None => Ok(None),
            };
        };
        let name = self.metric_name.clone().unwrap_or_else(|| "metric".into());
        if name.trim().is_empty() || name.contains(char::is_control) {
            return Err(RequestError::MetricName(name.escape_default().to_string()));
        }
        let metric = OutputMetric {
            name,
            pattern,
            better: self.metric_better.unwrap_or_default(),
        };
        metric.grouped()?;
        Ok(Some(metric))
    }
}

/// The first key of `request` that only work of our own has, with its value.
pub(super) fn idle_with_a_command(request: &Request) -> Option<(&'static str, String)> {
    let mut idle = request
        .axes
        .iter()
        .filter(|(axis, _)| !axis.is_of_programs());
    idle.next()
        .map(|(axis, values)| (axis.key(), values.to_string()))
}

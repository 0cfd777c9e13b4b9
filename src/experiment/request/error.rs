//! Why is a request no plan?

use crate::experiment::NoSuchType;
use crate::experiment::cell::MAX_CELLS;
use crate::text::ParseError;
use crate::units::range::OutOfRange;

/// A request that is no plan.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RequestError {
    /// A number that is not in its range.
    #[error(transparent)]
    Range(#[from] OutOfRange),
    /// A name that is no name of a folder.
    #[error(
        "name must be one folder name, without a slash and not empty (got '{0}'); to write elsewhere, give --out"
    )]
    Name(String),
    /// Every combination of the axes was illegal.
    #[error("no cell is left to measure: {0}")]
    NoCell(String),
    /// The product of the axes is beyond use.
    #[error("{0} cells are more than {MAX_CELLS}; shorten an axis")]
    TooManyCells(usize),
    /// Two keys of one source that do not go together.
    #[error(
        "'{key} = {value}' says nothing, because no {of} asked for with it has one; drop it, or ask for {remedy}"
    )]
    Contradiction {
        /// The key without effect.
        key: &'static str,
        /// Its value.
        value: String,
        /// What would have to have it.
        of: &'static str,
        /// What has it.
        remedy: &'static str,
    },
    /// A number type that no workload asked for has, or a workload that has none of them.
    #[error(transparent)]
    Type(#[from] NoSuchType),
    /// A command without a program.
    #[error("no program to run; give it and its arguments after --")]
    NoProgram,
    /// A property of a metric without its pattern.
    #[error("'{0}' describes a metric, but none is read from the output; add --metric PATTERN")]
    NoMetric(String),
    /// A name of a metric that figures cannot show.
    #[error("--metric-name must be one line of text (got '{0}')")]
    MetricName(String),
    /// A metric that is not a pattern.
    #[error(transparent)]
    Metric(#[from] ParseError),
}

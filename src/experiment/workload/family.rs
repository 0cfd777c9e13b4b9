//! Which families of workloads are there, and how are they called?

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use super::account::{Account, Description};
use super::{Computation, Dtype};
use super::{distance, dot, fill, matmul, squared_difference, sum, uneven, weak};
use crate::text::ParseError;

/// A kind of work, whatever its size. Each is described in a module of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// A square matrix product.
    Matmul,
    /// A dot product.
    Dot,
    /// Writing one value all over the same memory.
    FillAgain,
    /// The same, to memory that nobody touched before.
    FillFresh,
    /// Euclidean distance of two vectors.
    Euclidean,
    /// Minkowski distance of two vectors; the parameter is the exponent.
    Minkowski,
    /// Cosine distance of two vectors.
    Cosine,
    /// Sum of squared differences by way of arrays for the differences and for their squares.
    SquaredDifferenceTemporaries,
    /// The same in one pass.
    SquaredDifferenceFused,
    /// Such a sum added up in one cell that all threads of the process write, without a reduction.
    SumRacy,
    /// The same sum with a reduction.
    SumReduced,
    /// Arithmetic of which the team shares only a part; the parameter is the rest [%].
    Weak,
    /// Arithmetic in tasks of different sizes; the parameter is sigma of their logarithms [%].
    Uneven,
}

impl Family {
    /// Every family, in the order of the help.
    pub const ALL: [Self; 13] = [
        Self::Matmul,
        Self::Dot,
        Self::FillAgain,
        Self::FillFresh,
        Self::Euclidean,
        Self::Minkowski,
        Self::Cosine,
        Self::SquaredDifferenceTemporaries,
        Self::SquaredDifferenceFused,
        Self::SumRacy,
        Self::SumReduced,
        Self::Weak,
        Self::Uneven,
    ];

    fn description(self) -> &'static Description {
        match self {
            Self::Matmul => &matmul::MATMUL,
            Self::Dot => &dot::DOT,
            Self::FillAgain => &fill::AGAIN,
            Self::FillFresh => &fill::FRESH,
            Self::Euclidean => &distance::EUCLIDEAN,
            Self::Minkowski => &distance::MINKOWSKI,
            Self::Cosine => &distance::COSINE,
            Self::SquaredDifferenceTemporaries => &squared_difference::TEMPORARIES,
            Self::SquaredDifferenceFused => &squared_difference::FUSED,
            Self::SumRacy => &sum::RACY,
            Self::SumReduced => &sum::REDUCED,
            Self::Weak => &weak::WEAK,
            Self::Uneven => &uneven::UNEVEN,
        }
    }

    /// Name of its work on numbers of type `dtype`, as in the names of parameters: `dot_f64`.
    pub fn key(self, dtype: Dtype) -> String {
        format!("{}_{dtype}", self.description().name)
    }

    /// Number types of its data, the default first.
    pub fn dtypes(self) -> &'static [Dtype] {
        self.description().dtypes
    }

    /// The one of its computations on numbers of type `dtype` of which most is known: of the
    /// default size and, where it has a parameter, of the usual one.
    pub fn usual(self, dtype: Dtype) -> Option<Computation> {
        let Description { parameter, n, .. } = self.description();
        let name = WorkloadName {
            family: self,
            parameter: parameter.as_ref().map(|parameter| parameter.usual),
        };
        Computation::new(name, dtype, NonZeroU32::new(*n)?).ok()
    }

    pub(super) fn steps(self) -> Option<fn(&Computation, NonZeroU32) -> Vec<u32>> {
        self.description().steps
    }

    pub(super) fn account(self, computation: &Computation, width: u32) -> Account {
        (self.description().account)(computation, width)
    }

    /// Name, with a letter where a parameter goes.
    fn form(self) -> String {
        let Description {
            name, parameter, ..
        } = self.description();
        match parameter {
            Some(parameter) => format!("{name}-{}", parameter.letter),
            None => (*name).to_owned(),
        }
    }
}

/// Name of a workload without size and number type. Text forms: `dot`, `minkowski-3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkloadName {
    family: Family,
    /// Some just where the family has a parameter, and then in its range.
    parameter: Option<u32>,
}

impl WorkloadName {
    /// What is computed where nobody says what.
    pub const DEFAULT: Self = Self {
        family: Family::Matmul,
        parameter: None,
    };

    /// The family.
    pub fn family(self) -> Family {
        self.family
    }

    /// The number in the name, where the family has one.
    pub fn parameter(self) -> Option<u32> {
        self.parameter
    }

    /// Number types of its data, the default first.
    pub fn dtypes(self) -> &'static [Dtype] {
        self.family.dtypes()
    }

    /// Default size.
    pub fn default_n(self) -> u32 {
        self.family.description().n
    }

    /// All names, with letters where parameters go.
    pub fn forms() -> String {
        Family::ALL.map(Family::form).join(", ")
    }

    /// Every workload as two lines of a help text: name, number types and default size; what a task
    /// is. Both fit into 70 columns, which leaves room for an indentation.
    pub fn help() -> String {
        let line = |family: Family| {
            let Description {
                dtypes, n, task, ..
            } = family.description();
            let dtypes: Vec<String> = dtypes.iter().map(Dtype::to_string).collect();
            let form = family.form();
            let dtypes = dtypes.join(", ");
            format!("{form}: {dtypes}; n = {n}\n    {task}\n")
        };
        Family::ALL.map(line).concat()
    }
}

impl fmt::Display for WorkloadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.family.description().name)?;
        self.parameter.map_or(Ok(()), |value| write!(f, "-{value}"))
    }
}

impl FromStr for WorkloadName {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let unknown = || ParseError::new("workload", text, Self::forms());
        let (family, rest) = Family::ALL
            .into_iter()
            .filter_map(|family| Some((family, text.strip_prefix(family.description().name)?)))
            .find(|(_, rest)| rest.is_empty() || rest.starts_with('-'))
            .ok_or_else(unknown)?;
        let parameter = match (&family.description().parameter, rest.strip_prefix('-')) {
            (None, None) => None,
            (None, Some(_)) => return Err(unknown()),
            (Some(parameter), given) => {
                let value = given
                    .and_then(|value| value.parse().ok())
                    .filter(|value| parameter.range.contains(value));
                let (low, high) = (parameter.range.start(), parameter.range.end());
                let (form, letter) = (family.form(), parameter.letter);
                let form = format!("{form} with {letter} from {low} to {high}");
                Some(value.ok_or_else(|| ParseError::new("workload", text, form))?)
            }
        };
        Ok(Self { family, parameter })
    }
}

crate::serde_as_text!(WorkloadName);

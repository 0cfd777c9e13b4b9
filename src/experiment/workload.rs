//! What work does one task do?
//!
//! A description only: flops, bytes, phases and sync points, per task. Kernels in `host` carry it
//! out; a simulator predicts its time. Both follow the same account.

mod matmul;

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

pub use matmul::Matmul;

use crate::serde_as_text;
use crate::text::ParseError;

/// Number type of a workload's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dtype {
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary64.
    F64,
}

impl Dtype {
    /// Size of one element [bytes].
    pub fn bytes(self) -> u64 {
        match self {
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::F64 => "f64",
        })
    }
}

impl FromStr for Dtype {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text {
            "f32" => Ok(Self::F32),
            "f64" => Ok(Self::F64),
            _ => Err(ParseError::new("dtype", text, "f32 or f64")),
        }
    }
}

serde_as_text!(Dtype);

/// What one task computes. Text forms: `matmul.f64.256`, `command`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Workload {
    /// A square matrix product.
    Matmul(Matmul),
    /// A program of the user's, run once; what it does is its own.
    Command,
}

impl Workload {
    /// The names a user can ask for.
    pub const NAMES: [&'static str; 1] = ["matmul"];

    /// The workload called `name` at size `n`, or `None` where there is none of that name with
    /// these properties.
    pub fn named(name: &str, n: Option<NonZeroU32>, dtype: Option<Dtype>) -> Option<Self> {
        match (name, n, dtype) {
            ("matmul", Some(n), Some(dtype)) => Some(Self::Matmul(Matmul { n, dtype })),
            ("command", None, None) => Some(Self::Command),
            _ => None,
        }
    }

    /// Name, as in the record column `workload`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Matmul(_) => "matmul",
            Self::Command => "command",
        }
    }

    /// Number type of the data, where it is known.
    pub fn dtype(&self) -> Option<Dtype> {
        match self {
            Self::Matmul(matmul) => Some(matmul.dtype),
            Self::Command => None,
        }
    }

    /// Problem size, where it is known; its meaning is the workload's own (matrix order of a
    /// matmul).
    pub fn n(&self) -> Option<NonZeroU32> {
        match self {
            Self::Matmul(matmul) => Some(matmul.n),
            Self::Command => None,
        }
    }

    /// Floating-point operations of one task, where they are known.
    pub fn flops(&self) -> Option<u64> {
        match self {
            Self::Matmul(matmul) => Some(matmul.flops()),
            Self::Command => None,
        }
    }

    /// Data one worker is known to keep for its tasks [bytes].
    pub fn footprint(&self) -> u64 {
        match self {
            Self::Matmul(matmul) => matmul.footprint(),
            Self::Command => 0,
        }
    }

    /// Phases of one task on a team of `width` threads; every member does its share of each, and
    /// the team meets after each. A command counts as one.
    pub fn phases(&self, width: u32) -> u32 {
        match self {
            Self::Matmul(matmul) => matmul.phases(width),
            Self::Command => 1,
        }
    }

    /// Times the team meets in one task: a fork, a barrier between phases and a join; none alone.
    pub fn sync_points(&self, width: u32) -> u32 {
        if width == 1 {
            0
        } else {
            self.phases(width) + 1
        }
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        self.dtype().map_or(Ok(()), |dtype| write!(f, ".{dtype}"))?;
        self.n().map_or(Ok(()), |n| write!(f, ".{n}"))
    }
}

impl FromStr for Workload {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let bad = || {
            ParseError::new(
                "workload",
                text,
                "NAME.DTYPE.N such as matmul.f64.256, or command",
            )
        };
        if let Some(workload) = Self::named(text, None, None) {
            return Ok(workload);
        }
        let mut fields = text.split('.');
        let (Some(name), Some(dtype), Some(n), None) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            return Err(bad());
        };
        let n = n.parse().map_err(|_| bad())?;
        Self::named(name, Some(n), Some(dtype.parse()?)).ok_or_else(bad)
    }
}

serde_as_text!(Workload);

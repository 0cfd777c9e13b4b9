//! What work does one task do?
//!
//! A description only, no code: operations, bytes, phases and sync points of a task. Kernels in
//! `host` carry it out; a simulator predicts its time. Both follow the same [`Account`].
//!
//! A [`Family`] is a kind of work, described in a module of its own; a [`Computation`] is one of them
//! at a size and in a number type; a [`Workload`] is that or a program of the user's.

mod account;
mod distance;
mod dot;
mod dtype;
mod family;
mod fill;
mod matmul;
mod ring;
mod squared_difference;
mod steps;
mod sum;
mod uneven;
mod weak;

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

pub use account::Account;
pub use dtype::Dtype;
pub use family::{Family, WorkloadName};
pub use matmul::{PANEL, TILE};
pub use ring::{RING, pairs};
pub use steps::SUMS;
pub use uneven::task_steps;
pub use weak::serial_steps;

use crate::serde_as_text;
use crate::text::ParseError;

/// What one task computes. Text forms: `matmul.f64.256`, `minkowski-3.f64.10000`, `command`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Workload {
    /// Work of our own.
    Computation(Computation),
    /// A program of the user's, run once; what it does is its own.
    Command,
}

/// Work of our own at a size. Built by [`Computation::new`], so that its type is one that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Computation {
    name: WorkloadName,
    dtype: Dtype,
    n: NonZeroU32,
}

/// A number type that a workload does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("workload '{name}' has no data of type {dtype}; it has {}", join(name.dtypes()))]
pub struct NoSuchType {
    /// The workload.
    pub name: WorkloadName,
    /// The type asked for.
    pub dtype: Dtype,
}

fn join(dtypes: &[Dtype]) -> String {
    let dtypes: Vec<String> = dtypes.iter().map(Dtype::to_string).collect();
    dtypes.join(", ")
}

impl Computation {
    /// The workload called `name` on numbers of type `dtype` at size `n`.
    ///
    /// # Errors
    ///
    /// If it has no such data.
    pub fn new(name: WorkloadName, dtype: Dtype, n: NonZeroU32) -> Result<Self, NoSuchType> {
        if name.dtypes().contains(&dtype) {
            Ok(Self { name, dtype, n })
        } else {
            Err(NoSuchType { name, dtype })
        }
    }

    /// The workload called `name` of its default size and its first number type.
    pub fn usual(name: WorkloadName) -> Self {
        let n = NonZeroU32::new(name.default_n()).unwrap_or(NonZeroU32::MIN);
        let dtype = name.dtypes()[0];
        Self { name, dtype, n }
    }

    /// Name, with its parameter.
    pub fn name(&self) -> WorkloadName {
        self.name
    }

    /// Number type of the data.
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// Problem size; its meaning is the workload's own.
    pub fn n(&self) -> NonZeroU32 {
        self.n
    }

    /// The problem size as a number to reckon with.
    pub fn elements(&self) -> u64 {
        u64::from(self.n.get())
    }

    /// How large each of `tasks` tasks is, in tasks of size n; `None` where all are that large.
    pub fn task_sizes(&self, tasks: NonZeroU32) -> Option<Vec<f64>> {
        let steps = self.name.family().steps()?(self, tasks);
        let size = |steps: &u32| f64::from(*steps) / f64::from(self.n.get());
        Some(steps.iter().map(size).collect())
    }

    /// What a task asks of a team of `width` threads.
    pub fn account(&self, width: u32) -> Account {
        self.name.family().account(self, width)
    }
}

impl Workload {
    /// The workload called `name`, with the properties that a record holds of it.
    ///
    /// # Errors
    ///
    /// If there is none of that name with these properties.
    pub fn named(
        name: &str,
        n: Option<NonZeroU32>,
        dtype: Option<Dtype>,
    ) -> Result<Self, ParseError> {
        match (name, n, dtype) {
            ("command", None, None) => Ok(Self::Command),
            (_, Some(n), Some(dtype)) => Computation::new(name.parse()?, dtype, n)
                .map(Self::Computation)
                .map_err(|error| ParseError::new("workload", name, error)),
            _ => Err(ParseError::new("workload", name, FORM)),
        }
    }

    /// What is computed; `None` of a command.
    pub fn computation(&self) -> Option<&Computation> {
        match self {
            Self::Computation(computation) => Some(computation),
            Self::Command => None,
        }
    }

    /// Name with its parameter, as in the record column `workload`.
    pub fn name(&self) -> String {
        self.computation()
            .map_or_else(|| "command".to_owned(), |c| c.name().to_string())
    }

    /// The kind of work, where it is ours.
    pub fn family(&self) -> Option<Family> {
        self.computation().map(|c| c.name().family())
    }

    /// Number type of the data, where it is known.
    pub fn dtype(&self) -> Option<Dtype> {
        self.computation().map(Computation::dtype)
    }

    /// Problem size, where it is known; its meaning is the workload's own (matrix order of a
    /// matmul).
    pub fn n(&self) -> Option<NonZeroU32> {
        self.computation().map(Computation::n)
    }

    /// Floating-point operations of one task, where they are known and there are any.
    pub fn flops(&self) -> Option<u64> {
        let computation = self.computation().filter(|c| c.dtype().is_float())?;
        Some(computation.account(1).operations).filter(|operations| *operations > 0)
    }

    /// Bytes that one task reads and writes, where they are known and there are any.
    pub fn bytes(&self) -> Option<u64> {
        Some(self.computation()?.account(1).bytes).filter(|bytes| *bytes > 0)
    }

    /// Data one worker is known to keep for its tasks [bytes].
    pub fn footprint(&self) -> u64 {
        self.computation().map_or(0, |c| c.account(1).footprint)
    }

    /// Phases of one task on a team of `width` threads; every member does its share of each, and
    /// the team meets after each. A command counts as one.
    pub fn phases(&self, width: u32) -> u32 {
        self.computation().map_or(1, |c| c.account(width).phases)
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

const FORM: &str = "NAME.DTYPE.N such as matmul.f64.256, or command";

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())?;
        self.dtype().map_or(Ok(()), |dtype| write!(f, ".{dtype}"))?;
        self.n().map_or(Ok(()), |n| write!(f, ".{n}"))
    }
}

impl FromStr for Workload {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let bad = || ParseError::new("workload", text, FORM);
        match text.split('.').collect::<Vec<_>>()[..] {
            [name] => Self::named(name, None, None),
            [name, dtype, n] => {
                let n = n.parse().map_err(|_| bad())?;
                Self::named(name, Some(n), Some(dtype.parse()?))
            }
            _ => Err(bad()),
        }
    }
}

serde_as_text!(Workload);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workload_reads_what_it_writes() {
        for text in [
            "matmul.f64.256",
            "minkowski-3.f32.10000",
            "squared-difference-fused.i64.100000",
            "uneven-150.f64.1000",
            "command",
        ] {
            assert_eq!(text.parse::<Workload>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_workload_is_named_with_what_is() {
        for (text, why) in [
            ("mat.f64.8", "squared-difference-fused"),
            ("minkowski.f64.8", "minkowski-P with P from 1 to 15"),
            ("minkowski-16.f64.8", "minkowski-P with P from 1 to 15"),
            ("dot-2.f64.8", "dot, "),
            ("dot.i64.8", "it has f64, f32"),
            ("dot.f64.0", "NAME.DTYPE.N"),
            ("dot.f64", "NAME.DTYPE.N"),
            ("dot", "NAME.DTYPE.N"),
        ] {
            let error = text.parse::<Workload>().unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }

    /// Every number below is counted by hand for n = 1000 and two threads.
    #[test]
    fn accounts_are_those_of_the_definitions() {
        let ring = 32 << 20;
        for (text, flops, bytes, footprint, phases) in [
            ("matmul.f64.1000", 2_000_000_000, 24_000_000, 24_000_000, 2),
            ("dot.f64.4194304", 8_388_608, 67_108_864, 67_108_864, 1),
            ("dot.f64.1024", 2048, 16_384, ring, 1),
            ("minkowski-3.f32.1024", 4096, 8192, ring, 1),
            ("cosine.f64.1024", 6144, 16_384, ring, 1),
            (
                "squared-difference-temporaries.f64.1024",
                3072,
                49_152,
                ring + 16_384,
                1,
            ),
            ("weak-30.f64.1000", 32_000, 0, 0, 2),
        ] {
            let workload: Workload = text.parse().unwrap();
            let known = |count: Option<u64>| count.unwrap_or(0);
            assert_eq!(known(workload.flops()), flops, "{text}");
            assert_eq!(known(workload.bytes()), bytes, "{text}");
            assert_eq!(workload.footprint(), footprint, "{text}");
            assert_eq!(workload.phases(2), phases, "{text}");
        }
    }

    #[test]
    fn operations_on_whole_numbers_are_no_flops() {
        let fused: Workload = "squared-difference-fused.i64.1000".parse().unwrap();
        assert_eq!((fused.flops(), fused.bytes()), (None, Some(16_000)));
    }
}

//! What does one task of a family of workloads ask for?

use std::num::NonZeroU32;
use std::ops::RangeInclusive;

use super::{Computation, Dtype};

/// What one task asks for. Counts are nominal: what the definition of the task needs, not what a
/// kernel happens to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Account {
    /// Arithmetic operations on elements of the data; 0 where nothing is computed.
    pub operations: u64,
    /// Elements read and written, each as often as one pass over it needs it, by their size [bytes].
    /// What a cache saves of it, or a write adds to it, is not counted.
    pub bytes: u64,
    /// Data that a worker keeps for its tasks [bytes].
    pub footprint: u64,
    /// Part of the bytes that lie in pages which the system maps anew for each task [bytes].
    pub fresh: u64,
    /// Pieces among which the members divide a phase; none does a part of a piece.
    pub pieces: u64,
    /// Phases on a team of the given width. Every member does its share of each, and the team meets
    /// after each.
    pub phases: u32,
    /// Part of the operations that member 0 does alone, in the first phase, while the others wait
    /// [1].
    pub serial: f64,
}

impl Account {
    /// The account of a task of one phase in which all members share, piece by piece of n.
    pub(super) fn flat(this: &Computation, operations: u64, bytes: u64, footprint: u64) -> Self {
        Self {
            operations,
            bytes,
            footprint,
            fresh: 0,
            pieces: this.elements(),
            phases: 1,
            serial: 0.0,
        }
    }
}

/// What is said of a family, the same for every size.
pub(super) struct Description {
    /// Its name; where it has a parameter, the name ends in `-` and a number.
    pub(super) name: &'static str,
    /// The number in its name, where it has one.
    pub(super) parameter: Option<Parameter>,
    /// Number types of its data, the default first.
    pub(super) dtypes: &'static [Dtype],
    /// Default size.
    pub(super) n: u32,
    /// What one task is, in terms of n; for the help.
    pub(super) task: &'static str,
    /// What a task asks of a team of a given width [threads].
    pub(super) account: fn(&Computation, u32) -> Account,
    /// How large each of a number of tasks is, where they differ; in all as many times n.
    pub(super) steps: Option<fn(&Computation, NonZeroU32) -> Vec<u32>>,
}

/// The number in the name of a family.
pub(super) struct Parameter {
    /// What stands for it in the help.
    pub(super) letter: char,
    /// Its values.
    pub(super) range: RangeInclusive<u32>,
    /// The value of which most is known.
    pub(super) usual: u32,
}

/// Number types of workloads that compute with floating-point numbers.
pub(super) const FLOATS: &[Dtype] = &[Dtype::F64, Dtype::F32];

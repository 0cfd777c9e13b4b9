//! What does a sum ask of a team that may race for it?
//!
//! The sum of squared differences again. *Racy* adds every term to one cell that all threads of the
//! process share, by a read and a write with nothing to hold them together, as a program does that
//! forgot the reduction: terms get lost. *Reduced* gives each member a sum of its own.

use super::account::{Account, Description};
use super::{Computation, Dtype, ring};

pub(super) const RACY: Description = Description {
    name: "sum-racy",
    parameter: None,
    dtypes: &[Dtype::I64],
    n: 100_000,
    task: "sum of (a - b)^2 in a cell that all threads share, unprotected",
    account,
    steps: None,
};

pub(super) const REDUCED: Description = Description {
    name: "sum-reduced",
    task: "the same sum with a reduction",
    ..RACY
};

fn account(this: &Computation, _width: u32) -> Account {
    Account::flat(
        this,
        3 * this.elements(),
        ring::pair(this),
        ring::footprint(this),
    )
}

//! What does a sum of squared differences ask of a team?
//!
//! With *temporaries*, as an array language computes it: an array of the differences, an array of
//! their squares, their sum; the arrays are allocated anew for every task. *Fused*, in one pass
//! without any. A long array cut into chunks is as many tasks of a chunk's size.

use super::account::{Account, Description};
use super::{Computation, Dtype, ring};

pub(super) const FUSED: Description = Description {
    name: "squared-difference-fused",
    parameter: None,
    dtypes: &[Dtype::I64, Dtype::I32, Dtype::F64],
    n: 100_000,
    task: "sum of (a - b)^2 over n numbers, in one pass",
    account: |this, _| account(this, 0),
    steps: None,
};

pub(super) const TEMPORARIES: Description = Description {
    name: "squared-difference-temporaries",
    task: "the same, by arrays of differences and squares",
    // Each is written once and read once.
    account: |this, _| account(this, 2),
    ..FUSED
};

/// A subtraction, a multiplication and an addition for each pair of elements, with `temporaries`
/// arrays on the way.
fn account(this: &Computation, temporaries: u64) -> Account {
    let array = this.elements() * this.dtype().bytes();
    Account {
        fresh: temporaries * array,
        ..Account::flat(
            this,
            3 * this.elements(),
            ring::pair(this) + 2 * temporaries * array,
            ring::footprint(this) + temporaries * array,
        )
    }
}

//! What does filling a matrix ask of a team?
//!
//! Nothing is computed. *Fresh* maps new memory for every task, so that the kernel has to find and
//! clear pages at the first touch; *again* writes the same memory over and over.

use super::Computation;
use super::account::{Account, Description, FLOATS};

pub(super) const AGAIN: Description = Description {
    name: "fill-again",
    parameter: None,
    dtypes: FLOATS,
    n: 1000,
    task: "fill the same matrix of order n with one value",
    account,
    steps: None,
};

pub(super) const FRESH: Description = Description {
    name: "fill-fresh",
    task: "map memory for a matrix of order n, fill it (first touch)",
    account: |this, width| Account {
        fresh: account(this, width).bytes,
        ..account(this, width)
    },
    ..AGAIN
};

fn account(this: &Computation, _width: u32) -> Account {
    let elements = this.elements().saturating_pow(2);
    let data = elements.saturating_mul(this.dtype().bytes());
    Account::flat(this, 0, data, data)
}

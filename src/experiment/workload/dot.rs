//! What does a dot product ask of a team?
//!
//! One multiplication and one addition for two numbers from memory: the memory decides.

use super::Computation;
use super::account::{Account, Description, FLOATS};
use super::ring;

pub(super) const DOT: Description = Description {
    name: "dot",
    parameter: None,
    dtypes: FLOATS,
    n: 1_000_000,
    task: "dot product of two vectors of n numbers",
    account,
    steps: None,
};

fn account(this: &Computation, _width: u32) -> Account {
    Account::flat(
        this,
        2 * this.elements(),
        ring::pair(this),
        ring::footprint(this),
    )
}

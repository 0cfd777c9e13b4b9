//! What does the distance of two vectors ask of a team?
//!
//! As a program asks for it that calls a distance function pair by pair, each pair a task of its
//! own: far too small to be handed out one at a time.

use super::Computation;
use super::account::{Account, Description, FLOATS, Parameter};
use super::ring;

pub(super) const EUCLIDEAN: Description = Description {
    name: "euclidean",
    parameter: None,
    dtypes: FLOATS,
    n: 10_000,
    task: "distance of two vectors of n numbers",
    account: |this, _| account(this, 3),
    steps: None,
};

pub(super) const MINKOWSKI: Description = Description {
    name: "minkowski",
    // Beyond 15 the sums of the known data are no longer exact.
    parameter: Some(Parameter {
        letter: 'P',
        range: 1..=15,
        usual: 3,
    }),
    task: "the same, of exponent P (1 to 15)",
    // A subtraction, P - 1 multiplications, an addition; the sign costs nothing.
    account: |this, _| account(this, u64::from(this.name().parameter().unwrap_or(1)) + 1),
    ..EUCLIDEAN
};

pub(super) const COSINE: Description = Description {
    name: "cosine",
    task: "the same, one minus the cosine of their angle",
    // Three dot products.
    account: |this, _| account(this, 6),
    ..EUCLIDEAN
};

fn account(this: &Computation, operations: u64) -> Account {
    Account::flat(
        this,
        operations * this.elements(),
        ring::pair(this),
        ring::footprint(this),
    )
}

//! What does a region ask for of which its team shares only a part?
//!
//! Member 0 does the serial part alone while the team waits; then all share the rest. By Amdahl's
//! law a team of w makes it at most 1 / (s + (1 - s) / w) times faster.

use super::Computation;
use super::account::{Account, Description, FLOATS, Parameter};
use super::steps::SUMS;

const PERCENT: f64 = 100.0;

pub(super) const WEAK: Description = Description {
    name: "weak",
    parameter: Some(Parameter {
        letter: 'S',
        range: 0..=100,
        usual: 0,
    }),
    dtypes: FLOATS,
    n: 100_000,
    task: "n steps of arithmetic, S % of them by one thread alone",
    account,
    steps: None,
};

fn account(this: &Computation, _width: u32) -> Account {
    Account {
        phases: 2,
        serial: f64::from(this.name().parameter().unwrap_or(0)) / PERCENT,
        ..Account::flat(this, SUMS * this.elements(), 0, 0)
    }
}

/// Steps of `computation` that member 0 does alone, rounded up.
pub fn serial_steps(computation: &Computation) -> u32 {
    let percent = u64::from(computation.name().parameter().unwrap_or(0));
    (computation.elements() * percent).div_ceil(100) as u32
}

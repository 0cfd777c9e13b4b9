//! What does a region ask for of which its team shares only a part?
//!
//! Member 0 does the serial part alone while the team waits; then all share the rest. By Amdahl's
//! law a team of w makes it at most 1 / (s + (1 - s) / w) times faster.

use super::Computation;
use super::account::{Account, Description};
use super::steps::{of_steps, percent, shared};

const TASK: &str = "n steps of arithmetic, S % of them by one thread alone";

pub(super) const WEAK: Description = of_steps("weak", 100, TASK, |this, _width| Account {
    phases: 2,
    serial: f64::from(percent(this)) / 100.0,
    ..shared(this)
});

/// Steps of `computation` that member 0 does alone, rounded up.
pub fn serial_steps(computation: &Computation) -> u32 {
    let percent = u64::from(percent(computation));
    (computation.elements() * percent).div_ceil(100) as u32
}

//! What is arithmetic without data?
//!
//! A *step* adds 1 to each of a few sums that stay in registers. Its time depends on nothing but
//! the clock of the core, so that what is seen of such a workload is the nesting.

use super::Computation;
use super::account::{Account, Description, FLOATS, Parameter};

/// Sums that a step adds to.
pub const SUMS: u64 = 32;

/// The description of a workload of such steps, of which parameter S [%] is at most `most`.
pub(super) const fn of_steps(
    name: &'static str,
    most: u32,
    task: &'static str,
    account: fn(&Computation, u32) -> Account,
) -> Description {
    Description {
        name,
        parameter: Some(Parameter {
            letter: 'S',
            range: 0..=most,
            usual: 0,
        }),
        dtypes: FLOATS,
        n: 100_000,
        task,
        account,
        steps: None,
    }
}

/// Parameter S of `computation` [%].
pub(super) fn percent(computation: &Computation) -> u32 {
    computation.name().parameter().unwrap_or(0)
}

/// The account of n steps, all shared.
pub(super) fn shared(computation: &Computation) -> Account {
    Account::flat(computation, SUMS * computation.elements(), 0, 0)
}

//! What is arithmetic without data?
//!
//! A *step* adds 1 to each of a few sums that stay in registers. Its time depends on nothing but
//! the clock of the core, so that what is seen of such a workload is the nesting.

/// Sums that a step adds to.
pub const SUMS: u64 = 32;

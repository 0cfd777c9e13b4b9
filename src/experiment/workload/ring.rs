//! How much data do the tasks of a worker walk over?
//!
//! A *ring* is a row of pairs of vectors; task after task takes the next pair. So a task finds its
//! vectors in none of a core's own caches, as in a program that has all its data in memory, unless
//! two vectors alone fill the ring.

use super::Computation;

/// Least size of a ring [bytes]: more than the caches of one core on any processor we know.
pub const RING: u64 = 32 << 20;

/// Pairs in the ring of a worker.
pub fn pairs(computation: &Computation) -> u64 {
    RING.div_ceil(pair(computation)).max(1)
}

/// Two vectors [bytes].
pub(super) fn pair(computation: &Computation) -> u64 {
    2 * computation.elements() * computation.dtype().bytes()
}

/// A worker's ring [bytes].
pub(super) fn footprint(computation: &Computation) -> u64 {
    pairs(computation) * pair(computation)
}

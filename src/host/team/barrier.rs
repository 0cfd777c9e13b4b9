//! Where do the members of a team meet between two phases?
//!
//! Arrivals are counted, never reset; meeting number m is complete with arrival m x width. The
//! last to arrive opens the door: it writes m, which the others are waiting to see. The two numbers
//! lie on cache lines of their own, so that arrivals do not disturb those who look at the door.
//!
//! A member that panics opens the door for good by writing [`BROKEN`]. No later write hides that:
//! the door is otherwise written only by the last arrival at a meeting, the member that panicked
//! left every earlier meeting, and none after it can be complete without that member.

use std::sync::atomic::Ordering;

use crossbeam::utils::CachePadded;

use super::sync::AtomicU64;

/// What the door says when a member will never come again.
const BROKEN: u64 = u64::MAX;

/// A member will never come again; the region is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken;

pub(super) struct Barrier {
    width: u64,
    arrivals: CachePadded<AtomicU64>,
    door: CachePadded<AtomicU64>,
}

impl Barrier {
    pub(super) fn new(width: u32) -> Self {
        Self {
            width: width.into(),
            arrivals: CachePadded::new(AtomicU64::new(0)),
            door: CachePadded::new(AtomicU64::new(0)),
        }
    }

    /// Arrives at `meeting` (from 1, one higher each time) and returns whether it is now complete;
    /// if so, the caller wakes the others.
    pub(super) fn arrive(&self, meeting: u64) -> bool {
        // Acquire and Release: the last arrival has seen the work of all, and passes it on.
        let last = self.arrivals.fetch_add(1, Ordering::AcqRel) + 1 == meeting * self.width;
        if last {
            self.door.store(meeting, Ordering::Release);
        }
        last
    }

    /// Whether the wait for `meeting` is over, because all have come or because one never will.
    pub(super) fn is_open(&self, meeting: u64) -> bool {
        self.door.load(Ordering::Acquire) >= meeting
    }

    /// Opens the door for good; the caller wakes the others.
    pub(super) fn break_open(&self) {
        self.door.store(BROKEN, Ordering::Release);
    }

    /// # Errors
    ///
    /// If a member has broken the door open.
    pub(super) fn intact(&self) -> Result<(), Broken> {
        if self.door.load(Ordering::Acquire) == BROKEN {
            Err(Broken)
        } else {
            Ok(())
        }
    }

    /// Meetings complete so far.
    #[cfg(test)]
    pub(super) fn complete(&self) -> u64 {
        self.door.load(Ordering::Acquire)
    }
}

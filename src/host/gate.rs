//! Which regions may run at the same time?
//!
//! The run-time side of a [`Composition`]: a worker passes the gate before its region and leaves it
//! after. Waiting workers block; they do not spin, and the time they wait is told.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::trace;
use crate::clock;
use crate::experiment::Composition;
use crate::record::trace::Place;

/// Lets regions in.
pub(super) enum Gate {
    /// Every region, at once.
    Open,
    /// Regions whose threads together are at most a number of permits.
    Counting {
        /// Permits not taken [threads].
        free: Mutex<u32>,
        /// Told when permits come back.
        freed: Condvar,
    },
}

impl Gate {
    /// The gate of `composition` under a budget of `budget` whole CPUs.
    pub(super) fn new(composition: Composition, budget: u32) -> Self {
        match composition {
            Composition::Independent
            | Composition::SerialInner
            | Composition::Partitioned(_)
            | Composition::Shared => Self::Open,
            Composition::Exclusive => Self::counting(1),
            Composition::Counting => Self::counting(budget.max(1)),
        }
    }

    /// Permits that a region of `width` threads needs.
    pub(super) fn permits(composition: Composition, width: u32) -> u32 {
        if composition == Composition::Exclusive {
            1
        } else {
            width
        }
    }

    fn counting(permits: u32) -> Self {
        Self::Counting {
            free: Mutex::new(permits),
            freed: Condvar::new(),
        }
    }

    /// Whether anybody may ever have to wait.
    pub(super) fn holds(&self) -> bool {
        !matches!(self, Self::Open)
    }

    /// Waits until `permits` are free, takes them, runs `region`, and gives them back. Returns what
    /// the region returned and how long it had to wait.
    pub(super) fn pass<T>(&self, permits: u32, region: impl FnOnce() -> T) -> (T, Duration) {
        let Self::Counting { free, freed } = self else {
            return (region(), Duration::ZERO);
        };
        let take = || {
            let mut guard = free.lock().unwrap_or_else(PoisonError::into_inner);
            let mut waited = Duration::ZERO;
            if *guard < permits {
                let since = clock::now();
                guard = freed
                    .wait_while(guard, |free| *free < permits)
                    .unwrap_or_else(PoisonError::into_inner);
                waited = clock::now() - since;
            }
            *guard -= permits;
            waited
        };
        let waited = match trace::log() {
            None => take(),
            Some(log) => log.block(Place::Gate, take),
        };
        let _taken = Taken {
            permits,
            free,
            freed,
        };
        (region(), waited)
    }
}

/// Permits that were taken and come back when this is dropped, also by a region that panics.
struct Taken<'a> {
    permits: u32,
    free: &'a Mutex<u32>,
    freed: &'a Condvar,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        *self.free.lock().unwrap_or_else(PoisonError::into_inner) += self.permits;
        self.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::thread;

    /// Runs eight regions of `width` through the gate and returns the most threads seen inside.
    fn most_inside(composition: Composition, budget: u32, width: u32) -> u32 {
        let gate = Gate::new(composition, budget);
        let (inside, most) = (AtomicU32::new(0), AtomicU32::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    gate.pass(Gate::permits(composition, width), || {
                        let now = inside.fetch_add(width, Ordering::SeqCst) + width;
                        most.fetch_max(now, Ordering::SeqCst);
                        thread::sleep(std::time::Duration::from_millis(2));
                        inside.fetch_sub(width, Ordering::SeqCst);
                    });
                });
            }
        });
        most.into_inner()
    }

    #[test]
    fn exclusive_lets_one_region_in() {
        assert_eq!(most_inside(Composition::Exclusive, 4, 3), 3);
    }

    #[test]
    fn counting_never_exceeds_the_budget() {
        assert!(most_inside(Composition::Counting, 4, 2) <= 4);
        assert_eq!(most_inside(Composition::Counting, 4, 3), 3);
    }

    #[test]
    fn a_region_that_panics_gives_its_permits_back() {
        let gate = Gate::new(Composition::Exclusive, 1);
        let panics = || gate.pass(1, || panic!("on purpose"));
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics)).is_err());
        assert_eq!(gate.pass(1, || 7).0, 7);
    }

    #[test]
    fn an_open_gate_holds_nobody() {
        let gate = Gate::new(Composition::Independent, 1);
        let inner = (7, Duration::ZERO);
        assert_eq!(gate.pass(1, || gate.pass(1, || 7)), (inner, Duration::ZERO));
    }

    #[test]
    fn the_time_before_a_closed_gate_is_told() {
        let gate = Gate::new(Composition::Exclusive, 1);
        let (came, inside) = std::sync::mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(|| {
                gate.pass(1, || {
                    came.send(()).unwrap();
                    thread::sleep(std::time::Duration::from_millis(20));
                })
            });
            inside.recv().unwrap();
            let ((), waited) = gate.pass(1, || ());
            assert!(waited > Duration::ZERO);
        });
    }
}

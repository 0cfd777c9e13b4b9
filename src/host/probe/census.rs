//! How many threads are there while somebody else starts and ends them?

use std::fs;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Counts threads on a thread of its own: a library may have threads only for as long as a call
/// takes. It disturbs, so never while a clock runs.
pub(crate) struct Census {
    over: Arc<AtomicBool>,
    counter: JoinHandle<u32>,
}

/// Time between two counts.
const STEP: Duration = Duration::from_micros(500);

impl Census {
    /// Starts to count.
    pub(crate) fn start() -> io::Result<Self> {
        let over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&over);
        let counter = thread::Builder::new().spawn(move || {
            let mut most = 0;
            while !seen.load(Ordering::Relaxed) {
                most = most.max(fs::read_dir("/proc/self/task").map_or(0, Iterator::count));
                thread::sleep(STEP);
            }
            // Without the main thread and the counting one.
            u32::try_from(most).unwrap_or(u32::MAX).saturating_sub(2)
        })?;
        Ok(Self { over, counter })
    }

    /// The most threads seen beside the main one.
    pub(crate) fn finish(self) -> Option<u32> {
        self.over.store(true, Ordering::Relaxed);
        self.counter.join().ok()
    }
}

//! What did the kernel count for this process?
//!
//! Read before and after a timed execution, outside the clock. Parsing is a pure function of the
//! text; a counter that is not there is `None`.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::sys::resource::{Usage as Rusage, UsageWho, getrusage};
use nix::sys::time::TimeValLike;

/// Counters at one moment, summed over all threads of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) cpu: Option<Duration>,
    pub(super) voluntary_switches: Option<u64>,
    pub(super) involuntary_switches: Option<u64>,
    pub(super) run_queue_wait: Option<Duration>,
}

impl Usage {
    /// What all children that have exited and were waited for used.
    pub(super) fn of_children() -> Self {
        Self::of(UsageWho::RUSAGE_CHILDREN)
    }

    fn of(who: UsageWho) -> Self {
        let rusage = getrusage(who).ok();
        let count =
            |read: fn(&Rusage) -> i64| rusage.as_ref().map(read).and_then(|n| n.try_into().ok());
        Self {
            cpu: rusage.as_ref().map(cpu_time),
            voluntary_switches: count(|usage| usage.voluntary_context_switches()),
            involuntary_switches: count(|usage| usage.involuntary_context_switches()),
            run_queue_wait: None,
        }
    }

    /// What was counted between `earlier` and this moment.
    pub(super) fn since(self, earlier: Self) -> Self {
        fn gone<T>(now: Option<T>, then: Option<T>, minus: fn(T, T) -> T) -> Option<T> {
            now.zip(then).map(|(now, then)| minus(now, then))
        }
        Self {
            cpu: gone(self.cpu, earlier.cpu, Duration::saturating_sub),
            voluntary_switches: gone(
                self.voluntary_switches,
                earlier.voluntary_switches,
                u64::saturating_sub,
            ),
            involuntary_switches: gone(
                self.involuntary_switches,
                earlier.involuntary_switches,
                u64::saturating_sub,
            ),
            run_queue_wait: gone(
                self.run_queue_wait,
                earlier.run_queue_wait,
                Duration::saturating_sub,
            ),
        }
    }
}

/// Open counters of every thread of this process but its main thread, as they stood when they were
/// opened.
///
/// The main thread measures. It is about to block when the workers it has woken take its PU, and may
/// stand in the run queue for all of the execution; that wait is not the nest's.
pub(super) struct Probes {
    schedstats: Option<Vec<File>>,
}

impl Probes {
    /// Opens the counters of all threads that exist now.
    pub(super) fn open() -> Self {
        Self {
            schedstats: open_schedstats().ok(),
        }
    }

    /// Threads whose counters are open.
    pub(super) fn threads(&self) -> Option<u32> {
        u32::try_from(self.schedstats.as_ref()?.len()).ok()
    }

    /// The counters now.
    pub(super) fn read(&self) -> Usage {
        Usage {
            run_queue_wait: self.run_queue_wait(),
            ..Usage::of(UsageWho::RUSAGE_SELF)
        }
    }

    fn run_queue_wait(&self) -> Option<Duration> {
        let mut text = [0; 96];
        let mut sum = Duration::ZERO;
        for file in self.schedstats.as_ref()? {
            let read = file.read_at(&mut text, 0).ok()?;
            sum += wait_of(std::str::from_utf8(&text[..read]).ok()?)?;
        }
        Some(sum)
    }
}

/// Counts threads while somebody else starts and ends them, on a thread of its own: a library may
/// have threads only for as long as a call takes. It disturbs, so never while a clock runs.
pub(super) struct Census {
    over: Arc<AtomicBool>,
    counter: JoinHandle<u32>,
}

/// Time between two counts.
const CENSUS_STEP: Duration = Duration::from_micros(500);

impl Census {
    /// Starts to count.
    pub(super) fn start() -> io::Result<Self> {
        let over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&over);
        let counter = thread::Builder::new().spawn(move || {
            let mut most = 0;
            while !seen.load(Ordering::Relaxed) {
                most = most.max(fs::read_dir("/proc/self/task").map_or(0, Iterator::count));
                thread::sleep(CENSUS_STEP);
            }
            // Without the main thread and the counting one.
            u32::try_from(most).unwrap_or(u32::MAX).saturating_sub(2)
        })?;
        Ok(Self { over, counter })
    }

    /// The most threads seen beside the main one.
    pub(super) fn finish(self) -> Option<u32> {
        self.over.store(true, Ordering::Relaxed);
        self.counter.join().ok()
    }
}

fn cpu_time(usage: &Rusage) -> Duration {
    let micros = (usage.user_time() + usage.system_time()).num_microseconds();
    Duration::from_micros(micros.try_into().unwrap_or(0))
}

fn open_schedstats() -> io::Result<Vec<File>> {
    let main = std::process::id().to_string();
    fs::read_dir("/proc/self/task")?
        .filter(|task| !task.as_ref().is_ok_and(|task| task.file_name() == *main))
        .map(|task| File::open(task?.path().join("schedstat")))
        .collect()
}

/// Run-queue wait of one thread from its schedstat line: `run_ns wait_ns slices`.
// Source: Linux Documentation/scheduler/sched-stats.rst, "/proc/<pid>/schedstat".
fn wait_of(schedstat: &str) -> Option<Duration> {
    schedstat
        .split_ascii_whitespace()
        .nth(1)?
        .parse()
        .ok()
        .map(Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_field_of_schedstat_is_the_wait() {
        assert_eq!(
            wait_of("816313 52641 7\n"),
            Some(Duration::from_nanos(52_641))
        );
        assert_eq!(wait_of("816313"), None);
        assert_eq!(wait_of(""), None);
    }

    #[test]
    fn a_counter_that_is_missing_once_is_missing_in_the_difference() {
        let full = Usage {
            voluntary_switches: Some(9),
            cpu: Some(Duration::ZERO),
            ..Usage::default()
        };
        let bare = Usage {
            voluntary_switches: Some(4),
            ..Usage::default()
        };
        let gone = full.since(bare);
        assert_eq!((gone.voluntary_switches, gone.cpu), (Some(5), None));
    }
}

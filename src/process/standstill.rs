//! Did this process stand still while it was timed?
//!
//! A process that is stopped (`SIGSTOP`, a debugger), frozen (the freezer of a control group, a container that
//! is paused), or on a machine that is suspended does nothing, but the clock on the wall goes on, so that
//! the time is no answer. Three signs together cover them:
//!
//! - A stopped process is continued by `SIGCONT`, which the kernel keeps for it before it goes on: exact,
//!   however short the stop was.
//! - The clock that counts suspended time went ahead of the one that does not: exact too.
//! - The measuring thread, which only waits, wakes at every *beat*. One that wakes late although it was
//!   neither running nor waiting for a CPU could not wake: nothing of its process could.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use crate::clock;
use crate::counter::SchedStat;
use crate::units::human_span;

/// Time between two beats: ten wake-ups of some 10 us a second are 0.01 % of a CPU.
const BEAT: Duration = Duration::from_millis(100);

/// Lateness of a beat from which on the process stood still. Timers of a kernel that runs are late by
/// milliseconds, a virtual machine that has to wait for its host by tens of them.
const LATE: Duration = Duration::from_millis(250);

/// Time suspended from which on the machine was: far more than reading two clocks takes.
const SUSPENDED: Duration = Duration::from_millis(1);

/// Has the kernel keep every `SIGCONT` of this process until it is looked for. To be called before there
/// is any other thread; programs that it starts are not concerned.
#[cfg(target_os = "linux")]
pub fn keep_continues() {
    // Where it cannot be kept, the other signs remain.
    let _ = continues().thread_block();
}

#[cfg(not(target_os = "linux"))]
pub fn keep_continues() {}

#[cfg(target_os = "linux")]
fn continues() -> nix::sys::signal::SigSet {
    nix::sys::signal::SigSet::from_iter([nix::sys::signal::Signal::SIGCONT])
}

/// Whether this process was continued since it was last asked.
#[cfg(target_os = "linux")]
fn was_continued() -> bool {
    use nix::sys::signalfd::{SfdFlags, SignalFd};
    let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
    let kept = SignalFd::with_flags(&continues(), flags).and_then(|fd| fd.read_signal());
    kept.is_ok_and(|signal| signal.is_some())
}

#[cfg(not(target_os = "linux"))]
fn was_continued() -> bool {
    false
}

/// Watches whether the process of the calling thread stands still. That thread waits and does little
/// else meanwhile.
pub(crate) struct Standstill {
    suspended: Option<Duration>,
    /// What the scheduler counted for this thread; `None` where the kernel does not tell.
    schedstat: Option<File>,
    beats: Beats,
}

impl Standstill {
    /// Begins to watch.
    pub(crate) fn watch() -> Self {
        was_continued();
        let schedstat = File::open("/proc/thread-self/schedstat").ok();
        Self {
            suspended: clock::suspended(),
            beats: Beats::from(clock::now(), accounted(schedstat.as_ref())),
            schedstat,
        }
    }

    /// When the thread is to wake next, at the latest, and call [`Standstill::beat`].
    pub(crate) fn due(&self) -> Instant {
        self.beats.due
    }

    /// The thread is awake.
    pub(crate) fn beat(&mut self) {
        let accounted = accounted(self.schedstat.as_ref());
        self.beats.beat(clock::now(), accounted);
    }

    /// How the process is known to have stood still, as one line. `throttled` is how long a quota held
    /// it back meanwhile, which is not standing still.
    pub(crate) fn told(mut self, throttled: Option<Duration>) -> Option<String> {
        self.beat();
        if was_continued() {
            return Some("the process was stopped and continued (SIGCONT)".to_owned());
        }
        let asleep = clock::suspended()
            .zip(self.suspended)
            .map(|(now, before)| now.saturating_sub(before));
        if let Some(asleep) = asleep.filter(|asleep| *asleep >= SUSPENDED) {
            return Some(format!(
                "the machine was suspended for {}",
                human_span(asleep)
            ));
        }
        let stood = self
            .beats
            .stood
            .saturating_sub(throttled.unwrap_or_default());
        (stood >= LATE).then(|| {
            let stood = human_span(stood);
            format!("the process stood still for {stood} (frozen, paused or in a debugger)")
        })
    }
}

/// Time for which this thread ran or waited for a CPU, since it was started.
fn accounted(schedstat: Option<&File>) -> Option<Duration> {
    let mut text = [0; 64];
    let length = schedstat?.read_at(&mut text, 0).ok()?;
    let counted = SchedStat::parse(&text[..length])?;
    Some(counted.run + counted.wait)
}

/// How late a thread woke that wakes at every beat.
struct Beats {
    due: Instant,
    /// Time for which it ran or waited for a CPU, at the last beat.
    accounted: Option<Duration>,
    /// Lateness that this does not account for, of all beats that were late enough.
    stood: Duration,
}

impl Beats {
    fn from(now: Instant, accounted: Option<Duration>) -> Self {
        Self {
            due: now + BEAT,
            accounted,
            stood: Duration::ZERO,
        }
    }

    fn beat(&mut self, now: Instant, accounted: Option<Duration>) {
        let late = now.saturating_duration_since(self.due);
        let excused = accounted.zip(self.accounted);
        let excused = excused.map(|(now, before)| now.saturating_sub(before));
        // Where nobody accounts for the thread, it may just have waited for a CPU.
        let stood = excused.map_or(Duration::ZERO, |excused| late.saturating_sub(excused));
        if stood >= LATE {
            self.stood += stood;
        }
        (self.due, self.accounted) = (now + BEAT, accounted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Wakes at these moments with these accounts [ms]; what is found [ms].
    fn stood(beats: &[(u32, Option<u32>)]) -> u128 {
        let start = clock::now();
        let mut all = Beats::from(start, Some(Duration::ZERO));
        for (at, accounted) in beats {
            all.beat(start + *at * MS, accounted.map(|ms| ms * MS));
        }
        all.stood.as_millis()
    }

    #[test]
    fn a_beat_that_is_late_for_nothing_stood_still() {
        assert_eq!(
            stood(&[(100, Some(0)), (3200, Some(1)), (3300, Some(1))]),
            2999
        );
        assert_eq!(stood(&[(1100, Some(0)), (2200, Some(0))]), 2000);
    }

    #[test]
    fn waiting_for_a_cpu_or_running_is_not_standing_still() {
        assert_eq!(stood(&[(100, Some(0)), (3200, Some(2990))]), 0);
    }

    #[test]
    fn small_delays_do_not_add_up() {
        let late: Vec<(u32, Option<u32>)> = (1..50).map(|n| (n * 300, Some(0))).collect();
        assert_eq!(stood(&late), 0);
    }

    #[test]
    fn without_an_account_nothing_is_told() {
        assert_eq!(stood(&[(9000, None), (18_000, Some(0))]), 0);
    }
}

//! What time is it?
//!
//! The only reader of clocks on the measuring side.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A point of the monotonic clock by which regions are timed (`CLOCK_MONOTONIC` on Linux).
pub fn now() -> Instant {
    Instant::now()
}

/// Now, RFC 3339 in UTC, to the second.
pub fn timestamp() -> String {
    let now = jiff::Timestamp::now();
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Milliseconds since 1970 [ms]; 0 where the system clock stands before it.
pub fn unix_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Smallest step between two different readings, of a thousand tries.
pub fn resolution() -> Duration {
    let step = || {
        let start = now();
        std::iter::repeat_with(|| now() - start).find(|step| !step.is_zero())
    };
    (0..1000).filter_map(|_| step()).min().unwrap_or_default()
}

/// Time for which the machine has been suspended since it was started; `None` where nobody counts it.
#[cfg(target_os = "linux")]
pub fn suspended() -> Option<Duration> {
    use nix::time::{ClockId, clock_gettime};
    let read = |clock| clock_gettime(clock).ok().map(Duration::from);
    // In this order their difference is never too large by the time between the readings.
    let with = read(ClockId::CLOCK_BOOTTIME)?;
    Some(with.saturating_sub(read(ClockId::CLOCK_MONOTONIC)?))
}

/// Time for which the machine has been suspended since it was started; `None` where nobody counts it.
#[cfg(not(target_os = "linux"))]
pub fn suspended() -> Option<Duration> {
    None
}

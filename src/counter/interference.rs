//! What happens around this process: throttling, pressure, steal, other programs?
//
// --- Implementation ---
// Source: Linux, Documentation/scheduler/sched-bwc.rst (cpu.stat), admin-guide/cgroup-v2.rst,
// accounting/psi.rst; proc(5), /proc/stat.

use std::fs;
use std::time::Duration;

use crate::machine::CounterFiles;
use crate::machine::kernel_text::{count, lines, number, words};
use crate::record::Interference;

/// A tick of `/proc/stat`: `USER_HZ` is 100 on every architecture that Linux still runs on but Alpha.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// A number of ticks as a time; `None` where it is beyond every time.
pub(crate) fn ticks(count: u64) -> Option<Duration> {
    let millis = u64::try_from(TICK.as_millis()).ok()?;
    Some(Duration::from_millis(count.checked_mul(millis)?))
}

/// The counters now.
pub(crate) fn interference(files: &CounterFiles) -> Interference {
    let text = |path| fs::read(path).unwrap_or_default();
    let throttling = files.throttling.as_ref().map(text).unwrap_or_default();
    let host = host_time(&text(&files.host));
    Interference {
        quota_periods: count(&throttling, "nr_periods"),
        throttled_periods: count(&throttling, "nr_throttled"),
        throttled: throttled(&throttling),
        cpu_pressure: pressure(&text(&files.pressure)),
        steal: host.map(|host| host.steal),
        host_busy: host.map(|host| host.busy),
    }
}

/// In nanoseconds in version 1 of cgroups, in microseconds in version 2.
fn throttled(cpu_stat: &[u8]) -> Option<Duration> {
    let v1 = count(cpu_stat, "throttled_time").map(Duration::from_nanos);
    v1.or_else(|| count(cpu_stat, "throttled_usec").map(Duration::from_micros))
}

/// The total of the line `some`, in microseconds.
fn pressure(text: &[u8]) -> Option<Duration> {
    let some = lines(text).find_map(|line| line.strip_prefix(b"some "))?;
    let total = words(some).find_map(|word| word.strip_prefix(b"total="))?;
    number(total).map(Duration::from_micros)
}

/// Share of the time in which PUs of the host were wanted that the hypervisor gave to others [1].
pub(crate) fn share_stolen(stat: &[u8]) -> Option<f64> {
    let host = host_time(stat)?;
    let [busy, stolen] = [host.busy, host.steal].map(|span| span.as_secs_f64());
    Some(stolen / (busy + stolen).max(f64::MIN_POSITIVE))
}

/// What the PUs of the host did, summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct HostTime {
    busy: Duration,
    steal: Duration,
}

/// The first line: user, nice, system, idle, iowait, irq, softirq, steal; guests are in user.
fn host_time(stat: &[u8]) -> Option<HostTime> {
    let all = lines(stat).next()?.strip_prefix(b"cpu ")?;
    let counts: Vec<u64> = words(all).map(number).collect::<Option<_>>()?;
    let [user, nice, system, _idle, _iowait, irq, softirq, steal, ..] = counts[..] else {
        return None;
    };
    let busy = [user, nice, system, irq, softirq];
    let busy = busy.into_iter().try_fold(0_u64, u64::checked_add)?;
    Some(HostTime {
        busy: ticks(busy)?,
        steal: ticks(steal)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_of_cgroups_tell_the_time_throttled() {
        let v1 = b"nr_periods 9\nnr_throttled 4\nthrottled_time 2000000";
        let v2 = b"usage_usec 7\nnr_periods 9\nnr_throttled 4\nthrottled_usec 2000";
        for text in [&v1[..], v2] {
            assert_eq!(throttled(text), Some(Duration::from_millis(2)));
        }
        assert_eq!(throttled(b""), None);
    }

    #[test]
    fn pressure_is_the_total_of_the_line_some() {
        let text = b"some avg10=0.31 avg60=0.77 avg300=2.24 total=43\nfull avg10=0.00 total=9";
        assert_eq!(pressure(text), Some(Duration::from_micros(43)));
        assert_eq!(pressure(b"full total=9"), None);
    }

    /// 1 + 2 + 3 + 6 + 7 = 19 ticks busy, 8 stolen.
    #[test]
    fn idle_and_stolen_time_are_not_busy() {
        let host = host_time(b"cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1").unwrap();
        assert_eq!(host.busy, Duration::from_millis(190));
        assert_eq!(host.steal, Duration::from_millis(80));
        assert_eq!(host_time(b"cpu0 1 2 3 4 5 6 7 8"), None);
    }

    /// 256 PUs have been idle for 5e9 ticks after 2.3 days, 2^32 are no bound.
    #[test]
    fn counts_beyond_32_bits_shift_no_field() {
        let host = host_time(b"cpu  5000000000 0 0 5000000000 0 0 0 6000000000 1 0\n").unwrap();
        assert_eq!(host.busy, Duration::from_secs(50_000_000));
        assert_eq!(host.steal, Duration::from_secs(60_000_000));
    }

    #[test]
    fn a_field_that_is_no_number_leaves_all_of_them_unknown() {
        for text in [
            "cpu  1 2 3 x 5 6 7 8",
            "cpu  1 2 3 4 5 6 7 -8",
            "cpu  1 2 3",
        ] {
            assert_eq!(host_time(text.as_bytes()), None, "{text}");
        }
        let most = u64::MAX;
        let beyond = format!("cpu  {most} {most} 3 4 5 6 7 8");
        assert_eq!(host_time(beyond.as_bytes()), None);
    }
}

//! What happens around this process: throttling, pressure, steal, other programs?
//
// --- Implementation ---
// Source: Linux, Documentation/scheduler/sched-bwc.rst (cpu.stat), admin-guide/cgroup-v2.rst,
// accounting/psi.rst; proc(5), /proc/stat.

use std::fs;
use std::time::Duration;

use crate::machine::Accounts;
use crate::record::Surroundings;

/// A tick of `/proc/stat`: `USER_HZ` is 100 on every architecture that Linux still runs on but Alpha.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// The counters now.
pub(crate) fn surroundings(accounts: &Accounts) -> Surroundings {
    let text = |path| fs::read_to_string(path).unwrap_or_default();
    let throttling = accounts.throttling.as_ref().map(text).unwrap_or_default();
    let host = host_time(&text(&accounts.host));
    Surroundings {
        quota_periods: field(&throttling, "nr_periods"),
        throttled_periods: field(&throttling, "nr_throttled"),
        throttled: throttled(&throttling),
        cpu_pressure: pressure(&text(&accounts.pressure)),
        steal: host.map(|host| host.steal),
        host_busy: host.map(|host| host.busy),
    }
}

fn field(text: &str, key: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let (name, value) = line.split_once(' ')?;
        (name == key).then(|| value.trim().parse().ok())?
    })
}

/// In nanoseconds in version 1 of cgroups, in microseconds in version 2.
fn throttled(cpu_stat: &str) -> Option<Duration> {
    let v1 = field(cpu_stat, "throttled_time").map(Duration::from_nanos);
    v1.or_else(|| field(cpu_stat, "throttled_usec").map(Duration::from_micros))
}

/// The total of the line `some`, in microseconds.
fn pressure(text: &str) -> Option<Duration> {
    let some = text.lines().find(|line| line.starts_with("some"))?;
    let total = some
        .split(' ')
        .find_map(|word| word.strip_prefix("total="))?;
    total.trim().parse().ok().map(Duration::from_micros)
}

/// Share of the time in which PUs of the host were wanted that the hypervisor gave to others [1].
pub(super) fn share_stolen(stat: &str) -> Option<f64> {
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
fn host_time(stat: &str) -> Option<HostTime> {
    let all = stat.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<u32> = all.split_whitespace().flat_map(str::parse).collect();
    let [user, nice, system, _idle, _iowait, irq, softirq, steal, ..] = ticks[..] else {
        return None;
    };
    Some(HostTime {
        busy: TICK * [user, nice, system, irq, softirq].iter().sum(),
        steal: TICK * steal,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_of_cgroups_tell_the_time_throttled() {
        let v1 = "nr_periods 9\nnr_throttled 4\nthrottled_time 2000000";
        let v2 = "usage_usec 7\nnr_periods 9\nnr_throttled 4\nthrottled_usec 2000";
        for text in [v1, v2] {
            assert_eq!(field(text, "nr_periods"), Some(9));
            assert_eq!(field(text, "nr_throttled"), Some(4));
            assert_eq!(throttled(text), Some(Duration::from_millis(2)));
        }
        assert_eq!(throttled(""), None);
    }

    #[test]
    fn pressure_is_the_total_of_the_line_some() {
        let text = "some avg10=0.31 avg60=0.77 avg300=2.24 total=43\nfull avg10=0.00 total=9";
        assert_eq!(pressure(text), Some(Duration::from_micros(43)));
        assert_eq!(pressure("full total=9"), None);
    }

    /// 1 + 2 + 3 + 6 + 7 = 19 ticks busy, 8 stolen.
    #[test]
    fn idle_and_stolen_time_are_not_busy() {
        let host = host_time("cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1").unwrap();
        assert_eq!(host.busy, Duration::from_millis(190));
        assert_eq!(host.steal, Duration::from_millis(80));
        assert_eq!(host_time("cpu0 1 2 3 4 5 6 7 8"), None);
    }
}

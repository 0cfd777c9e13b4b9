//! How busy do others keep the CPUs, and who?
//!
//! Asked while nothing of our own runs, so that whatever keeps a CPU busy is somebody else's: a program
//! here, or, as stolen time, another guest of the host.
//
// --- Implementation ---
// Source: proc(5), /proc/stat and /proc/pid/stat: times in ticks.

use std::collections::BTreeMap;
use std::fs;
use std::time::Instant;

use bstr::ByteSlice;

use crate::clock;
use crate::machine::kernel_text::{number, stat_fields};
use crate::machine::{CpuSet, PuId};

/// Ticks in a second: `USER_HZ` is 100 on every architecture that Linux still runs on but Alpha.
const TICKS: f64 = 100.0;

/// CPU time of a process so far [ticks], by its name.
type Processes = BTreeMap<i32, (String, u64)>;

/// What others keep busy.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    /// CPUs of those that this process may use, the part stolen by the hypervisor included [CPUs].
    pub cpus: f64,
    /// The process here that kept most of them busy, by name and process id, and how many [CPUs].
    pub most: Option<(String, i32, f64)>,
}

/// What was counted at one moment.
#[derive(Clone, Debug)]
pub struct LoadReading {
    at: Instant,
    /// Ticks for which the CPUs were busy or stolen, summed.
    busy: u64,
    processes: Processes,
}

impl LoadReading {
    /// What is counted now for the PUs of `allowed`; `None` where the kernel does not tell.
    pub fn now(allowed: &CpuSet) -> Option<Self> {
        let busy = busy(&fs::read_to_string("/proc/stat").ok()?, allowed)?;
        Some(Self {
            at: clock::now(),
            busy,
            processes: processes(),
        })
    }

    /// What was kept busy between `earlier` and this reading.
    pub fn since(&self, earlier: &Self) -> Load {
        let seconds = (self.at - earlier.at).as_secs_f64().max(f64::MIN_POSITIVE);
        let cpus = |ticks: u64| ticks as f64 / TICKS / seconds;
        let used = |(pid, (name, ticks)): (&i32, &(String, u64))| {
            let before = earlier.processes.get(pid).map_or(0, |(_, ticks)| *ticks);
            (name.clone(), *pid, ticks.saturating_sub(before))
        };
        let most = self.processes.iter().map(used).max_by_key(|(.., t)| *t);
        Load {
            cpus: cpus(self.busy.saturating_sub(earlier.busy)),
            most: most
                .filter(|(.., ticks)| *ticks > 0)
                .map(|(name, pid, ticks)| (name, pid, cpus(ticks))),
        }
    }
}

/// Ticks for which the PUs of `allowed` were busy or stolen, by `/proc/stat`: user, nice, system, idle,
/// iowait, irq, softirq, steal.
fn busy(stat: &str, allowed: &CpuSet) -> Option<u64> {
    let mut sum = None;
    for line in stat.lines() {
        let Some((name, ticks)) = line.split_once(' ') else {
            continue;
        };
        let Some(pu) = name.strip_prefix("cpu").and_then(|n| n.parse().ok()) else {
            continue;
        };
        if allowed.contains(PuId(pu)) {
            let ticks: Vec<u64> = ticks
                .split_ascii_whitespace()
                .flat_map(str::parse)
                .collect();
            let idle: u64 = ticks.get(3..5)?.iter().sum();
            let all: u64 = ticks.get(..8)?.iter().sum();
            *sum.get_or_insert(0) += all - idle;
        }
    }
    sum
}

/// All processes but this one.
fn processes() -> Processes {
    let own = std::process::id().to_string();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let process = |entry: fs::DirEntry| {
        let pid = entry.file_name().into_string().ok().filter(|n| *n != own)?;
        let pid: i32 = pid.parse().ok()?;
        let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
        Some((pid, process(&stat)?))
    };
    entries.filter_map(process).collect()
}

/// Name and CPU time of a process by its `stat`: the 14th and 15th field are user and system time.
fn process(stat: &[u8]) -> Option<(String, u64)> {
    let (before, _) = stat.rsplit_once_str(")")?;
    let name = before.split_once_str("(")?.1;
    let times: Option<Vec<u64>> = stat_fields(stat, 14)?.take(2).map(number).collect();
    Some((name.to_str_lossy().into_owned(), times?.iter().sum()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const BEFORE: &str = "cpu  9 9 9 9 9 9 9 9 0 0\ncpu0 10 0 5 100 3 0 0 0 0 0\n\
                          cpu1 0 0 0 100 0 0 0 5 0 0\nintr 1";
    const AFTER: &str = "cpu  9 9 9 9 9 9 9 9 0 0\ncpu0 60 10 15 120 3 5 5 0 0 0\n\
                         cpu1 0 0 0 180 0 0 0 25 0 0\nintr 1";

    fn reading(stat: &str, at: Instant, programs: &[(&str, i32, u64)]) -> LoadReading {
        let process = |(name, pid, ticks): &(&str, i32, u64)| (*pid, ((*name).to_owned(), *ticks));
        LoadReading {
            at,
            busy: busy(stat, &"0-1".parse().unwrap()).unwrap(),
            processes: programs.iter().map(process).collect(),
        }
    }

    /// CPU 0 is busy for 50 + 10 + 10 + 5 + 5 = 80 ticks of a second, CPU 1 stolen for 20.
    #[test]
    fn busy_and_stolen_time_of_the_cpus_is_foreign() {
        let start = clock::now();
        let before = reading(BEFORE, start, &[("a", 1, 5), ("b", 2, 7)]);
        let later = start + Duration::from_secs(1);
        let after = reading(AFTER, later, &[("a", 1, 6), ("b", 2, 57), ("c", 3, 20)]);
        let load = after.since(&before);
        assert!((load.cpus - 1.0).abs() < 1e-9, "{load:?}");
        assert_eq!(load.most, Some(("b".to_owned(), 2, 0.5)));
    }

    #[test]
    fn only_the_cpus_that_may_be_used_count() {
        let of = |cpus: &str| busy(AFTER, &cpus.parse().unwrap());
        assert_eq!((of("0"), of("1"), of("2")), (Some(95), Some(25), None));
        assert_eq!(busy("cpu0 1 2", &"0".parse().unwrap()), None);
    }

    #[test]
    fn a_name_may_hold_anything() {
        let stat = b"7 (a) b (c) S 1 7 7 0 -1 4194304 1 2 3 4 55 66 0 0 20 0 1 0 9 1 1";
        assert_eq!(process(stat), Some(("a) b (c".to_owned(), 121)));
    }
}

//! Which counters can be read here, and which columns does each fill?
//!
//! Every source is asked once, by the code that reads it for a sample. What does not answer leaves
//! its columns empty, and here is why.

use bstr::ByteSlice;

use super::threads;
use crate::counter::{HardwareEvents, Resident, SchedStat, Usage, interference, share_stolen};
use crate::machine::{CounterFiles, CpuBudget, System};
use crate::record::columns::columns;

/// One source of counters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Where it is read.
    pub name: &'static str,
    /// What it tells.
    pub tells: &'static str,
    /// The columns of `samples.csv` that it fills.
    pub columns: Vec<&'static str>,
    /// Whether it can be read here.
    pub state: ProbeState,
}

/// Whether a source can be read here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeState {
    /// It can; perhaps with a remark.
    Works(Option<String>),
    /// It cannot, and why.
    Missing(String),
}

impl ProbeState {
    fn of(works: bool, why_not: &str) -> Self {
        match works {
            true => Self::Works(None),
            false => Self::Missing(why_not.to_owned()),
        }
    }
}

/// Every source with its state on this machine.
pub fn probes() -> Vec<Probe> {
    let system = System::here();
    let events = HardwareEvents::open();
    SOURCES
        .iter()
        .map(|source| Probe {
            name: source.name,
            tells: source.tells,
            columns: columns_of(source.name),
            state: (source.ask)(&system, &events),
        })
        .collect()
}

/// The columns that the probe `name` fills.
fn columns_of(name: &str) -> Vec<&'static str> {
    let filled = columns().iter().filter(|column| column.probe == Some(name));
    filled.map(|column| column.name).collect()
}

struct Source {
    name: &'static str,
    tells: &'static str,
    ask: fn(&System, &HardwareEvents) -> ProbeState,
}

const SOURCES: [Source; 11] = [
    Source {
        name: "getrusage",
        tells: "CPU time, switches and faults of a process",
        ask: |_, _| ProbeState::of(Usage::of_self().cpu.is_some(), "getrusage(2) fails"),
    },
    Source {
        name: "schedstat",
        tells: "run and wait time of every thread",
        ask: |system, _| schedstat(system),
    },
    Source {
        name: "sched",
        tells: "migrations of every thread",
        ask: |system, _| sched(system),
    },
    Source {
        name: "stat",
        tells: "the last PU of every thread",
        ask: |system, _| stat(system),
    },
    Source {
        name: "cgroup cpu.stat",
        tells: "throttling by the CPU quota",
        ask: |system, _| cpu_stat(system),
    },
    Source {
        name: "PSI",
        tells: "time in which a thread waited for a CPU",
        ask: |system, _| pressure(system),
    },
    Source {
        name: "steal",
        tells: "time of other guests, and of other programs",
        ask: |system, _| steal(system),
    },
    Source {
        name: "resident memory",
        tells: "most memory resident in each process",
        ask: |_, _| {
            let known = Resident::of("self").is_some();
            ProbeState::of(known, "no VmHWM in /proc/self/status")
        },
    },
    Source {
        name: "perf events",
        tells: "cycles, instructions, cache misses",
        ask: |_, events| hardware(events),
    },
    Source {
        name: "frequency",
        tells: "changes of the clock, as cycles / user time",
        ask: |_, events| frequency(events),
    },
    Source {
        name: "teams of our own",
        tells: "spinning, yields, parks and waits",
        ask: |_, _| ProbeState::Works(None),
    },
];

/// All 0 where the kernel does not account.
fn schedstat(system: &System) -> ProbeState {
    let text = system.bytes("/proc/self/schedstat").unwrap_or_default();
    let counted = SchedStat::parse(&text).is_some_and(|counted| counted != SchedStat::default());
    ProbeState::of(counted, "no run time in /proc/self/schedstat")
}

fn sched(system: &System) -> ProbeState {
    let text = system.bytes("/proc/self/sched").unwrap_or_default();
    let works = threads::migrations_of(&text).is_some();
    ProbeState::of(
        works,
        "no migrations in /proc/self/sched (CONFIG_SCHED_DEBUG)",
    )
}

fn stat(system: &System) -> ProbeState {
    let text = system.bytes("/proc/self/stat").unwrap_or_default();
    ProbeState::of(
        threads::last_pu_of(&text).is_some(),
        "no PU in /proc/self/stat",
    )
}

fn cpu_stat(system: &System) -> ProbeState {
    let files = CounterFiles::read(system);
    let Some(file) = &files.throttling else {
        return ProbeState::Missing(match CpuBudget::read(system).unknown_quota() {
            Some(why) => format!("a CPU quota is not seen: {why}"),
            None => "no CPU quota, so nothing to throttle".to_owned(),
        });
    };
    // Version 2 names its fields with their unit.
    let text = std::fs::read(file).unwrap_or_default();
    let version = match text.contains_str("throttled_usec") {
        true => 2,
        false => 1,
    };
    match interference(&files).throttled_periods {
        Some(_) => ProbeState::Works(Some(format!("cgroup v{version}"))),
        None => ProbeState::Missing(format!("no nr_throttled in {}", file.display())),
    }
}

fn pressure(system: &System) -> ProbeState {
    let files = CounterFiles::read(system);
    match interference(&files).cpu_pressure {
        Some(_) if files.pressure.ends_with("proc/pressure/cpu") => {
            ProbeState::Works(Some("of the host".to_owned()))
        }
        Some(_) => ProbeState::Works(Some("of this cgroup".to_owned())),
        None => ProbeState::Missing("no /proc/pressure/cpu (boot with psi=1)".to_owned()),
    }
}

fn steal(system: &System) -> ProbeState {
    match share_stolen(&system.bytes("/proc/stat").unwrap_or_default()) {
        Some(share) => ProbeState::Works(Some(format!("{:.2} % stolen so far", 100.0 * share))),
        None => ProbeState::Missing("no steal time in /proc/stat".to_owned()),
    }
}

fn hardware(events: &HardwareEvents) -> ProbeState {
    let missing = events.missing();
    match &missing[..] {
        [] => ProbeState::Works(None),
        [(_, why), _, _] => ProbeState::Missing(why.to_string()),
        some => {
            let some = some
                .iter()
                .map(|(column, why)| format!("not {column}: {why}"));
            ProbeState::Works(Some(some.collect::<Vec<_>>().join(", ")))
        }
    }
}

fn frequency(events: &HardwareEvents) -> ProbeState {
    let missing = events.missing();
    let cycles = missing.iter().find(|(column, _)| *column == "cycles");
    match cycles {
        None => ProbeState::Works(None),
        Some(_) => ProbeState::Missing("without a counter of cycles".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The states on a machine with these files, where no hardware counts.
    fn ask(name: &str, files: &[(&str, &str)]) -> ProbeState {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path.trim_start_matches('/'));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let source = SOURCES.iter().find(|source| source.name == name).unwrap();
        (source.ask)(&System::below(folder.path()), &HardwareEvents::open())
    }

    fn works(state: &ProbeState) -> bool {
        matches!(state, ProbeState::Works(_))
    }

    #[test]
    fn a_source_is_found_by_its_file_and_its_absence_is_told() {
        let numbers: Vec<String> = (3..=41).map(|n: u32| n.to_string()).collect();
        let stat = format!("17 (a) {}", numbers.join(" "));
        for (name, path, text) in [
            ("schedstat", "/proc/self/schedstat", "100 20 3"),
            ("sched", "/proc/self/sched", "se.nr_migrations : 4"),
            ("stat", "/proc/self/stat", stat.as_str()),
            ("PSI", "/proc/pressure/cpu", "some avg10=0.00 total=7"),
            ("steal", "/proc/stat", "cpu 50 0 30 10 0 0 0 20 0 0\ncpu0 1"),
        ] {
            assert!(works(&ask(name, &[(path, text)])), "{name}");
            let absent = ask(name, &[]);
            assert!(matches!(absent, ProbeState::Missing(why) if why.contains("/proc/")));
        }
        // 20 of 100 ticks in which somebody wanted a PU.
        let stolen = ask("steal", &[("/proc/stat", "cpu 50 0 30 10 0 0 0 20 0 0")]);
        assert_eq!(
            stolen,
            ProbeState::Works(Some("20.00 % stolen so far".to_owned()))
        );
    }

    #[test]
    fn throttling_is_told_by_either_version_and_only_under_a_quota() {
        let v2 = |quota| {
            [
                ("/sys/devices/system/cpu/online", "0-7"),
                ("/proc/self/cgroup", "0::/a"),
                (
                    "/proc/self/mountinfo",
                    "1 0 0:1 / /cg rw - cgroup2 cgroup2 rw",
                ),
                ("/cg/a/cpu.max", quota),
                (
                    "/cg/a/cpu.stat",
                    "nr_periods 9\nnr_throttled 4\nthrottled_usec 8",
                ),
            ]
        };
        let two = ask("cgroup cpu.stat", &v2("200000 100000"));
        assert_eq!(two, ProbeState::Works(Some("cgroup v2".to_owned())));
        assert!(!works(&ask("cgroup cpu.stat", &v2("max 100000"))));
        let v1 = [
            ("/sys/devices/system/cpu/online", "0-7"),
            ("/proc/self/cgroup", "3:cpu:/a"),
            (
                "/proc/self/mountinfo",
                "1 0 0:1 / /cpu rw - cgroup cgroup rw,cpu",
            ),
            ("/cpu/a/cpu.cfs_quota_us", "200000"),
            ("/cpu/a/cpu.cfs_period_us", "100000"),
            (
                "/cpu/a/cpu.stat",
                "nr_periods 9\nnr_throttled 4\nthrottled_time 8",
            ),
        ];
        let one = ask("cgroup cpu.stat", &v1);
        assert_eq!(one, ProbeState::Works(Some("cgroup v1".to_owned())));
    }

    #[test]
    fn every_probe_of_a_column_is_asked() {
        for column in columns() {
            let mut known = SOURCES.iter().map(|source| source.name);
            let asked = column
                .probe
                .is_none_or(|probe| known.any(|name| name == probe));
            assert!(asked, "{}", column.name);
        }
        // That of the clock's frequency has no column of its own.
        let without = SOURCES
            .iter()
            .filter(|source| columns_of(source.name).is_empty());
        assert_eq!(
            without.map(|source| source.name).collect::<Vec<_>>(),
            ["frequency"]
        );
    }
}

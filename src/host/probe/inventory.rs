//! Which counters can be read here, and which columns does each fill?
//!
//! Every source is asked once, by the code that reads it for a sample. What does not answer leaves
//! its columns empty, and here is why.

use bstr::ByteSlice;

use super::events::HardwareEvents;
use super::surroundings::{share_stolen, surroundings};
use super::threads::{self, Counted};
use super::usage::Usage;
use crate::machine::{Accounts, CpuBudget, System};

/// One source of counters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Where it is read.
    pub name: &'static str,
    /// What it tells.
    pub tells: &'static str,
    /// The columns of `samples.csv` that it fills.
    pub columns: &'static [&'static str],
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
            columns: source.columns,
            state: (source.ask)(&system, &events),
        })
        .collect()
}

struct Source {
    name: &'static str,
    tells: &'static str,
    columns: &'static [&'static str],
    ask: fn(&System, &HardwareEvents) -> ProbeState,
}

const SOURCES: [Source; 10] = [
    Source {
        name: "getrusage",
        tells: "CPU time, switches and faults of a process",
        columns: &[
            "cpu_ns",
            "system_ns",
            "voluntary_switches",
            "involuntary_switches",
            "minor_faults",
            "major_faults",
        ],
        ask: |_, _| ProbeState::of(Usage::of_self().cpu.is_some(), "getrusage(2) fails"),
    },
    Source {
        name: "schedstat",
        tells: "run and wait time of every thread",
        columns: &["run_queue_wait_ns", "busiest_thread_ns", "threads"],
        ask: |system, _| schedstat(system),
    },
    Source {
        name: "sched",
        tells: "migrations of every thread",
        columns: &["migrations"],
        ask: |system, _| sched(system),
    },
    Source {
        name: "stat",
        tells: "the last PU of every thread",
        columns: &["pus_used"],
        ask: |system, _| stat(system),
    },
    Source {
        name: "cgroup cpu.stat",
        tells: "throttling by the CPU quota",
        columns: &["quota_periods", "throttled_periods", "throttled_ns"],
        ask: |system, _| cpu_stat(system),
    },
    Source {
        name: "PSI",
        tells: "time in which a thread waited for a CPU",
        columns: &["cpu_pressure_ns"],
        ask: |system, _| pressure(system),
    },
    Source {
        name: "steal",
        tells: "time of other guests, and of other programs",
        columns: &["steal_ns", "host_busy_ns"],
        ask: |system, _| steal(system),
    },
    Source {
        name: "perf events",
        tells: "cycles, instructions, cache misses",
        columns: &["cycles", "instructions", "llc_misses"],
        ask: |_, events| hardware(events),
    },
    Source {
        name: "frequency",
        tells: "changes of the clock, as cycles / user time",
        columns: &[],
        ask: |_, events| frequency(events),
    },
    Source {
        name: "teams of our own",
        tells: "spinning, yields, parks and waits",
        columns: &[
            "spin_ns",
            "yield_ns",
            "yields",
            "parks",
            "waits",
            "gate_wait_ns",
            "gaps_ns",
            "tail_ns",
        ],
        ask: |_, _| ProbeState::Works(None),
    },
];

/// All 0 where the kernel does not account.
fn schedstat(system: &System) -> ProbeState {
    let text = system.bytes("/proc/self/schedstat").unwrap_or_default();
    let counted = Counted::parse(&text).is_some_and(|counted| counted != Counted::default());
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
    let accounts = Accounts::read(system);
    let Some(file) = &accounts.throttling else {
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
    match surroundings(&accounts).throttled_periods {
        Some(_) => ProbeState::Works(Some(format!("cgroup v{version}"))),
        None => ProbeState::Missing(format!("no nr_throttled in {}", file.display())),
    }
}

fn pressure(system: &System) -> ProbeState {
    let accounts = Accounts::read(system);
    match surroundings(&accounts).cpu_pressure {
        Some(_) if accounts.pressure.ends_with("proc/pressure/cpu") => {
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
    use std::collections::BTreeSet;
    use std::fs;

    use super::*;
    use crate::experiment::Visit;
    use crate::record::{Answer, Record, Row};

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

    /// What says which sample it is, what came of it and what it worked on is no counter.
    const NOT_COUNTED: [&str; 25] = [
        "runner",
        "workload",
        "dtype",
        "n",
        "outer",
        "inner",
        "runtime",
        "wait",
        "composition",
        "placement",
        "dispatch",
        "chunk",
        "tasks",
        "round",
        "rep",
        "status",
        "wall_ns",
        "tasks_done",
        "flops",
        "bytes",
        "peak_temporary_bytes",
        "lost_updates",
        "metric",
        "unix_ms",
        "reason",
    ];

    /// What a library says of itself.
    const OF_LIBRARIES: [&str; 2] = ["granted_by_environment", "granted"];

    #[test]
    fn every_column_that_is_counted_has_exactly_one_source() {
        let probed = SOURCES.iter().flat_map(|source| source.columns);
        let probed: Vec<&str> = probed.copied().collect();
        let others = NOT_COUNTED.iter().chain(&OF_LIBRARIES).copied();
        let named: BTreeSet<&str> = probed.iter().copied().chain(others).collect();
        let count = probed.len() + NOT_COUNTED.len() + OF_LIBRARIES.len();
        assert_eq!(named.len(), count, "a column is named twice");
        let record = Record {
            runner: "host".to_owned(),
            visit: Visit {
                round: 1,
                cell: "matmul.f64.8_1x1_rayon_independent_unbound_static_t1"
                    .parse()
                    .unwrap(),
            },
            rep: 1,
            unix_ms: 0,
            answer: Answer::Failed(String::new()),
        };
        let mut table = csv::Writer::from_writer(Vec::new());
        table.serialize(Row::from(&record)).unwrap();
        let table = String::from_utf8(table.into_inner().unwrap()).unwrap();
        let columns = table.lines().next().unwrap().split(',');
        assert_eq!(named, columns.collect());
    }
}

//! Which probes of a running program work here?
//!
//! What the kernel counts, and for whom it counts, differs between configurations and containers.
//! A probe that does not work leaves its columns empty.

use super::System;
use super::cgroup;
use super::system::field;

/// One source of counters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Where it is read.
    pub name: &'static str,
    /// What it tells.
    pub tells: &'static str,
    /// Whether it works here.
    pub state: ProbeState,
}

/// Whether a probe works here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeState {
    /// It works; perhaps with a remark.
    Works(Option<String>),
    /// It does not, and why.
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

/// Every probe with its state on this machine.
pub fn probes() -> Vec<Probe> {
    read(&System::here())
}

fn read(system: &System) -> Vec<Probe> {
    let probe = |name, tells, state| Probe { name, tells, state };
    vec![
        probe(
            "schedstat",
            "run-queue wait of every thread",
            schedstat(system),
        ),
        probe(
            "sched",
            "time slice and switches of every thread",
            sched(system),
        ),
        probe(
            "cgroup cpu.stat",
            "throttling by the CPU quota",
            cpu_stat(system),
        ),
        probe("PSI", "how long threads waited for a CPU", pressure(system)),
        probe("perf events", "hardware counters", perf(system)),
        probe("steal", "time lost to other guests", steal(system)),
    ]
}

/// Run time, wait time [ns], slices; all 0 where the kernel does not account.
fn schedstat(system: &System) -> ProbeState {
    let text = system.text("/proc/self/schedstat").unwrap_or_default();
    let counted = text.split_whitespace().any(|number| number != "0");
    ProbeState::of(counted, "no run-queue wait in /proc/self/schedstat")
}

fn sched(system: &System) -> ProbeState {
    let text = system.text("/proc/self/sched").unwrap_or_default();
    let works = field(&text, "nr_switches").is_some();
    ProbeState::of(works, "no /proc/self/sched (no CONFIG_SCHED_DEBUG)")
}

fn cpu_stat(system: &System) -> ProbeState {
    let ancestries = cgroup::ancestries(system, "cpu");
    let mut folders = ancestries.iter().flat_map(|ancestry| &ancestry.folders);
    let counted = folders.any(|folder| {
        let text = system.text(folder.join("cpu.stat")).unwrap_or_default();
        text.lines().any(|line| line.starts_with("nr_throttled"))
    });
    ProbeState::of(counted, "no nr_throttled in a cgroup's cpu.stat")
}

fn pressure(system: &System) -> ProbeState {
    let works = system
        .text("/proc/pressure/cpu")
        .is_some_and(|text| text.starts_with("some"));
    ProbeState::of(works, "no /proc/pressure/cpu (boot with psi=1)")
}

/// Opening an event is the only proof; these files say why it would fail.
//
// Source: perf_event_open(2), "perf_event related configuration files".
fn perf(system: &System) -> ProbeState {
    let Some(paranoid) = system.value::<i32>("/proc/sys/kernel/perf_event_paranoid") else {
        return ProbeState::Missing("the kernel has no perf events".to_owned());
    };
    // Core PMUs: cpu, or cpu_core and cpu_atom on hybrid x86; armv8_... on Arm.
    let devices = std::fs::read_dir(system.locate("/sys/bus/event_source/devices"));
    let mut names = devices
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name());
    let counters = names.any(|name| {
        let name = name.to_string_lossy();
        name == "cpu" || name.starts_with("cpu_") || name.starts_with("armv")
    });
    match (counters, paranoid) {
        (false, _) => ProbeState::Missing("counters are hidden (virtual machine?)".to_owned()),
        (true, 3..) => ProbeState::Missing(format!(
            "kernel.perf_event_paranoid is {paranoid}; set it to 2 or lower"
        )),
        (true, _) => ProbeState::Works(Some(format!("kernel.perf_event_paranoid is {paranoid}"))),
    }
}

/// The eighth number of the first line, in ticks; the remark is its share since the start.
//
// Source: proc(5), /proc/stat.
fn steal(system: &System) -> ProbeState {
    let text = system.text("/proc/stat").unwrap_or_default();
    let first = text.lines().next().unwrap_or_default();
    let ticks: Vec<f64> = first
        .split_whitespace()
        .skip(1)
        .flat_map(str::parse)
        .collect();
    match ticks.get(7) {
        Some(stolen) => {
            let all: f64 = ticks.iter().take(8).sum();
            let share = 100.0 * stolen / all.max(1.0);
            ProbeState::Works(Some(format!("{share:.2} % so far")))
        }
        None => ProbeState::Missing("no steal time in /proc/stat".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::system::tests::machine;

    fn states(files: &[(&str, &str)]) -> Vec<ProbeState> {
        let (_folder, system) = machine(files);
        read(&system).into_iter().map(|probe| probe.state).collect()
    }

    #[test]
    fn a_system_without_files_has_no_probe_and_says_why() {
        for state in states(&[]) {
            assert!(matches!(state, ProbeState::Missing(why) if why.len() > 10));
        }
    }

    #[test]
    fn every_probe_is_found_by_its_file() {
        let found = states(&[
            ("/proc/self/schedstat", "100 20 3"),
            ("/proc/self/sched", "nr_switches : 4"),
            ("/proc/self/cgroup", "0::/a"),
            (
                "/proc/self/mountinfo",
                "1 0 0:1 / /cg rw - cgroup2 cgroup2 rw",
            ),
            ("/cg/a/cpu.stat", "usage_usec 5\nnr_throttled 0"),
            ("/proc/pressure/cpu", "some avg10=0.00"),
            ("/proc/sys/kernel/perf_event_paranoid", "2"),
            ("/sys/bus/event_source/devices/cpu/type", "4"),
            ("/proc/stat", "cpu 50 0 30 10 0 0 0 10 0 0\ncpu0 1"),
        ]);
        assert!(
            found
                .iter()
                .all(|state| matches!(state, ProbeState::Works(_))),
            "{found:?}"
        );
        assert_eq!(found[5], ProbeState::Works(Some("10.00 % so far".into())));
    }

    #[test]
    fn counters_may_be_hidden_or_forbidden() {
        let paranoid = ("/proc/sys/kernel/perf_event_paranoid", "4");
        let hidden = states(&[paranoid])[4].clone();
        assert!(matches!(hidden, ProbeState::Missing(why) if why.contains("hidden")));
        let core = ("/sys/bus/event_source/devices/cpu_core/type", "4");
        let forbidden = states(&[paranoid, core])[4].clone();
        assert!(matches!(forbidden, ProbeState::Missing(why) if why.contains("is 4")));
    }
}

//! How do Python and what is written in it count?

use super::quota::rounded_up;
use super::{Program, Said, Surroundings, Version, read, set_to};

/// The version that brought `process_cpu_count` and `PYTHON_CPU_COUNT`.
const COUNTING: Version = Version::new(3, 13, 0);

/// All online PUs, whatever this process may use.
//
// Source: CPython 3.13, Modules/posixmodule.c, `os_cpu_count_impl`: what PYTHON_CPU_COUNT or
// `-X cpu_count` configured (new in 3.13), else _SC_NPROCESSORS_ONLN.
pub(super) fn cpu_count(here: &Surroundings<'_>) -> Said {
    configured(here).unwrap_or_else(|| here.online())
}

/// The affinity mask.
//
// Source: CPython 3.13, Lib/os.py, `process_cpu_count`: `sched_getaffinity`, unless a count was
// configured.
pub(super) fn process_cpu_count(here: &Surroundings<'_>) -> Said {
    match newer(here) {
        false => Said::none("there is none before Python 3.13"),
        true => configured(here).unwrap_or_else(|| here.affinity()),
    }
}

/// Four more than the PUs, at most 32: it is meant for calls that wait.
//
// Source: CPython, Lib/concurrent/futures/thread.py: by `os.cpu_count` up to 3.12, by
// `os.process_cpu_count` from 3.13 on.
pub(super) fn thread_pool(here: &Surroundings<'_>) -> Said {
    let (said, of) = match newer(here) {
        true => (process_cpu_count(here), "process_cpu_count"),
        false => (cpu_count(here), "cpu_count"),
    };
    match said.threads {
        None => said,
        Some(count) => {
            let threads = count.saturating_add(4).min(32);
            Said::new(
                threads,
                format!("{of} + 4, at most 32; for calls that wait"),
            )
        }
    }
}

/// The smallest of `os.cpu_count`, the affinity mask, the quota rounded up and `LOKY_MAX_CPU_COUNT`.
//
// Source: joblib 1.6, externals/loky/backend/context.py, `cpu_count`; the quota is that of the group
// mounted at /sys/fs/cgroup.
pub(super) fn joblib(here: &Surroundings<'_>) -> Said {
    let online = cpu_count(here);
    if online.threads.is_none() {
        return online;
    }
    let loky = match here.variable("LOKY_MAX_CPU_COUNT") {
        None => None,
        Some(value) => {
            let set = set_to("LOKY_MAX_CPU_COUNT", value);
            match read::python_int(value) {
                None => return Said::none(format!("joblib raises ValueError: {set}")),
                Some(most) => Some(Said::new(u64::try_from(most).unwrap_or(1).max(1), set)),
            }
        }
    };
    let quota = rounded_up(here.quota.outermost, 1);
    let allowed = here.affinity().at_most(Some(online));
    allowed.at_most(quota).at_most(loky)
}

fn newer(here: &Surroundings<'_>) -> bool {
    here.versions.at_least(Program::Python, COUNTING)
}

/// What `PYTHON_CPU_COUNT` says to a Python that reads it; a bad value keeps it from starting.
fn configured(here: &Surroundings<'_>) -> Option<Said> {
    const NAME: &str = "PYTHON_CPU_COUNT";
    let value = here.variable(NAME).filter(|_| newer(here))?;
    match value {
        "" | "default" => None,
        value => Some(match read::python_setting(value) {
            Some(number) => Said::new(number, set_to(NAME, value)),
            None => Said::none(format!("Python does not start: {}", set_to(NAME, value))),
        }),
    }
}

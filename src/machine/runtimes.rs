//! How many threads would each runtime start here by default?
//!
//! Every runtime asks the system in its own way: few know of CPU quotas, one not even of affinity
//! masks. Each rule below is a function of the budget and the environment, with the place where it
//! is written down; what the runtimes really did here was compared by hand.

use std::collections::BTreeMap;

use super::CpuBudget;

/// What a runtime decides by default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadChoice {
    /// The runtime, as its users call it.
    pub runtime: &'static str,
    /// Threads it would start, or tell its caller to start [threads].
    pub threads: u32,
    /// What decides.
    pub because: String,
    /// The environment variable that sets it.
    pub remedy: &'static str,
}

impl ThreadChoice {
    /// Whether these are more threads than `budget` can run at once. One thread is never too many.
    pub fn overshoots(&self, budget: &CpuBudget) -> bool {
        f64::from(self.threads) > budget.cpus.max(1.0)
    }
}

/// What every runtime decides under `budget` with these environment variables.
pub fn thread_choices(
    budget: &CpuBudget,
    environment: &BTreeMap<String, String>,
) -> Vec<ThreadChoice> {
    let here = Here {
        budget,
        environment,
    };
    let choice = |(runtime, remedy, rule): &(&'static str, &'static str, Rule)| {
        let Said { threads, because } = rule(&here);
        ThreadChoice {
            runtime,
            threads,
            because,
            remedy,
        }
    };
    RULES.iter().map(choice).collect()
}

type Rule = fn(&Here<'_>) -> Said;

const RULES: [(&str, &str, Rule); 7] = [
    ("nproc", "OMP_NUM_THREADS", nproc),
    ("Rust std", "", rust_std),
    ("rayon", "RAYON_NUM_THREADS", rayon),
    ("OpenMP (libgomp)", "OMP_NUM_THREADS", openmp),
    ("OpenBLAS", "OPENBLAS_NUM_THREADS", openblas),
    ("Python os.cpu_count", "PYTHON_CPU_COUNT", python_cpu_count),
    (
        "Python os.process_cpu_count",
        "PYTHON_CPU_COUNT",
        python_process_cpu_count,
    ),
];

struct Here<'a> {
    budget: &'a CpuBudget,
    environment: &'a BTreeMap<String, String>,
}

struct Said {
    threads: u32,
    because: String,
}

impl Said {
    fn new(threads: u32, because: impl Into<String>) -> Self {
        let because = because.into();
        Self { threads, because }
    }
}

impl Here<'_> {
    fn online(&self) -> Said {
        Said::new(self.budget.online() as u32, "PUs online")
    }

    fn affinity(&self) -> Said {
        Said::new(self.budget.allowed.len() as u32, "affinity mask")
    }

    /// The first of `names` whose value `read` understands.
    fn variable(&self, names: &[&str], read: fn(&str) -> Option<u32>) -> Option<Said> {
        names.iter().find_map(|name| {
            let value = self.environment.get(*name)?;
            Some(Said::new(read(value)?, format!("{name}={value}")))
        })
    }

    /// OpenMP's variables: a number of threads, and a limit on it.
    fn openmp(&self, default: Said) -> Said {
        let asked = self
            .variable(&["OMP_NUM_THREADS"], omp_number)
            .unwrap_or(default);
        match self.variable(&["OMP_THREAD_LIMIT"], omp_number) {
            Some(limit) if limit.threads < asked.threads => limit,
            _ => asked,
        }
    }
}

/// The affinity mask, unless OpenMP's variables say otherwise.
//
// Source: coreutils 9.1, `info nproc`; gnulib, lib/nproc.c. From coreutils 9.8 on, nproc also keeps
// to cgroup v2 quotas (its NEWS, tests/nproc/nproc-quota.sh).
fn nproc(here: &Here<'_>) -> Said {
    here.openmp(here.affinity())
}

/// The affinity mask and the tightest quota, rounded down but not to 0.
//
// Source: Rust 1.95, library/std/src/sys/thread/unix.rs, `available_parallelism` and `cgroups`.
fn rust_std(here: &Here<'_>) -> Said {
    let mask = here.affinity();
    match here.budget.quota().map(|quota| (quota as u32).max(1)) {
        Some(quota) if quota < mask.threads => Said::new(quota, "CPU quota, rounded down"),
        _ => mask,
    }
}

/// `RAYON_NUM_THREADS`, else as std; 0 is std's number at once, any other text is passed over.
//
// Source: rayon-core 1.13, src/lib.rs, `ThreadPoolBuilder::get_num_threads`.
fn rayon(here: &Here<'_>) -> Said {
    let count = |text: &str| text.parse().ok();
    match here.variable(&["RAYON_NUM_THREADS"], count) {
        Some(Said { threads: 0, .. }) => rust_std(here),
        Some(said) => said,
        None => {
            let old = here.variable(&["RAYON_RS_NUM_CPUS"], |text| positive(text.parse().ok()));
            old.unwrap_or_else(|| rust_std(here))
        }
    }
}

/// `OMP_NUM_THREADS` up to `OMP_THREAD_LIMIT`, else the affinity mask.
//
// Source: GCC, libgomp/config/linux/proc.c, `gomp_init_num_threads` (the mask); OMP_NUM_THREADS and
// OMP_THREAD_LIMIT: libgomp manual. All three as libgomp of gcc 12 answered.
fn openmp(here: &Here<'_>) -> Said {
    here.openmp(here.affinity())
}

/// A variable may lower the number, but never beyond the affinity mask (or the library's
/// build-time NUM_THREADS, which nothing tells from outside).
//
// Source: OpenBLAS 0.3.21, driver/others/memory.c, `blas_get_cpu_number` and `get_num_procs`, for a
// library with threads of its own; built for OpenMP, it follows OpenMP.
fn openblas(here: &Here<'_>) -> Said {
    let names = [
        "OPENBLAS_NUM_THREADS",
        "GOTO_NUM_THREADS",
        "OMP_NUM_THREADS",
    ];
    let mask = here.affinity();
    match here.variable(&names, leading_number) {
        Some(asked) if asked.threads < mask.threads => asked,
        _ => mask,
    }
}

/// All online PUs, whatever this process may use.
//
// Source: CPython 3.13, Modules/posixmodule.c, `os_cpu_count_impl`: what PYTHON_CPU_COUNT or
// `-X cpu_count` configured (new in 3.13), else _SC_NPROCESSORS_ONLN.
fn python_cpu_count(here: &Here<'_>) -> Said {
    here.variable(&["PYTHON_CPU_COUNT"], whole)
        .unwrap_or_else(|| here.online())
}

/// The affinity mask.
//
// Source: CPython 3.13, Lib/os.py, `process_cpu_count`: `sched_getaffinity`, unless a count was
// configured.
fn python_process_cpu_count(here: &Here<'_>) -> Said {
    here.variable(&["PYTHON_CPU_COUNT"], whole)
        .unwrap_or_else(|| here.affinity())
}

fn positive(number: Option<u32>) -> Option<u32> {
    number.filter(|number| *number > 0)
}

fn whole(text: &str) -> Option<u32> {
    positive(text.trim().parse().ok())
}

/// The first of a comma-separated list.
fn omp_number(text: &str) -> Option<u32> {
    whole(text.split(',').next().unwrap_or_default())
}

/// As C's `atoi` reads it: the digits it begins with.
fn leading_number(text: &str) -> Option<u32> {
    let text = text.trim_start();
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    positive(text[..end].parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::{CpuSet, Limit, LimitSource};

    /// 8 PUs online, 4 allowed, 2.5 CPUs of quota.
    fn budget() -> CpuBudget {
        let limit = |source, cpus| Limit { source, cpus };
        CpuBudget {
            allowed: "0-3".parse::<CpuSet>().unwrap(),
            cpus: 2.5,
            limits: vec![
                limit(LimitSource::Online, 8.0),
                limit(LimitSource::Affinity, 4.0),
                limit(LimitSource::CgroupQuota("/cg".to_owned()), 2.5),
            ],
            unknown: Vec::new(),
        }
    }

    fn choices(variables: &[(&str, &str)]) -> Vec<u32> {
        let pairs = variables
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let choices = thread_choices(&budget(), &pairs.collect());
        choices.iter().map(|choice| choice.threads).collect()
    }

    #[test]
    fn only_std_and_rayon_know_of_the_quota_and_cpu_count_not_even_of_the_mask() {
        assert_eq!(choices(&[]), [4, 2, 2, 4, 4, 8, 4]);
    }

    /// As nproc 9.1, libgomp 12 and OpenBLAS 0.3.21 answered with two PUs.
    #[test]
    fn variables_decide_as_their_runtimes_read_them() {
        for (variables, expected) in [
            (vec![("OMP_NUM_THREADS", "3")], [3, 2, 2, 3, 3, 8, 4]),
            (vec![("OMP_NUM_THREADS", "16,2")], [16, 2, 2, 16, 4, 8, 4]),
            (
                vec![("OMP_NUM_THREADS", "8"), ("OMP_THREAD_LIMIT", "3")],
                [3, 2, 2, 3, 4, 8, 4],
            ),
            (vec![("OMP_THREAD_LIMIT", "1")], [1, 2, 2, 1, 4, 8, 4]),
            (vec![("OMP_NUM_THREADS", "x")], [4, 2, 2, 4, 4, 8, 4]),
            (vec![("OMP_NUM_THREADS", "0")], [4, 2, 2, 4, 4, 8, 4]),
            (vec![("RAYON_NUM_THREADS", "7")], [4, 2, 7, 4, 4, 8, 4]),
            (
                vec![("RAYON_NUM_THREADS", "0"), ("RAYON_RS_NUM_CPUS", "5")],
                [4, 2, 2, 4, 4, 8, 4],
            ),
            (vec![("RAYON_RS_NUM_CPUS", "5")], [4, 2, 5, 4, 4, 8, 4]),
            (vec![("OPENBLAS_NUM_THREADS", "1x")], [4, 2, 2, 4, 1, 8, 4]),
            (
                vec![("OPENBLAS_NUM_THREADS", "0"), ("GOTO_NUM_THREADS", "2")],
                [4, 2, 2, 4, 2, 8, 4],
            ),
            (
                vec![("OPENBLAS_NUM_THREADS", "3"), ("OMP_NUM_THREADS", "1")],
                [1, 2, 2, 1, 3, 8, 4],
            ),
            (vec![("PYTHON_CPU_COUNT", "6")], [4, 2, 2, 4, 4, 6, 6]),
        ] {
            assert_eq!(choices(&variables), expected, "{variables:?}");
        }
    }

    #[test]
    fn more_threads_than_the_budget_overshoot_but_one_thread_never_does() {
        let mut small = budget();
        small.cpus = 0.5;
        let overshoot = |budget: &CpuBudget, threads| {
            let choice = ThreadChoice {
                runtime: "x",
                threads,
                because: String::new(),
                remedy: "",
            };
            choice.overshoots(budget)
        };
        assert!(overshoot(&budget(), 3) && !overshoot(&budget(), 2));
        assert!(overshoot(&small, 2) && !overshoot(&small, 1));
    }

    #[test]
    fn std_answers_here_as_its_rule_says() {
        let here = CpuBudget::discover();
        let rule = thread_choices(&here, &BTreeMap::new())[1].threads;
        assert_eq!(
            rule as usize,
            std::thread::available_parallelism().unwrap().get()
        );
    }
}

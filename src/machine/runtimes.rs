//! How many threads would each runtime start here by default?
//!
//! Every runtime asks the system in its own way: few know of CPU quotas, some not even of affinity
//! masks, and each reads its environment variables by rules of its own. Each rule below is a function
//! of the [`Surroundings`], with the place where it is written down, at the version that is here.

mod openmp;
mod python;
mod quota;
mod read;
mod rust;
#[cfg(test)]
mod tests;
mod version;
mod vm;

use std::collections::BTreeMap;

use super::{BlasFacts, CpuBudget};

pub use quota::GroupQuota;
pub use version::{Program, Version, Versions};

/// What a runtime decides by default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadChoice {
    /// The runtime, as its users call it.
    pub runtime: &'static str,
    /// Threads it would start, or tell its caller to start [threads]; `None` where it would start
    /// none, because it refuses what it was told or has no such call at this version.
    pub threads: Option<u64>,
    /// What decides.
    pub because: String,
    /// The environment variable that sets it, with `{}` for the number.
    pub remedy: &'static str,
    /// What its threads are for.
    pub pool: Pool,
}

/// What the threads of a pool are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pool {
    /// They compute: more of them than CPUs cost time.
    Compute,
    /// They mostly wait for files and sockets.
    Blocking,
}

impl ThreadChoice {
    /// Whether these are more computing threads than `budget` can run at once. One is never too many.
    pub fn overshoots(&self, budget: &CpuBudget) -> bool {
        let threads = self.threads.unwrap_or_default() as f64;
        self.pool == Pool::Compute && threads > budget.cpus.max(1.0)
    }
}

/// All that runtimes look at when they decide.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// What this process may use.
    pub budget: &'a CpuBudget,
    /// The CPU quotas of its control groups.
    pub quota: GroupQuota,
    /// Its environment variables.
    pub environment: &'a BTreeMap<String, String>,
    /// The versions that are here.
    pub versions: &'a Versions,
    /// The OpenBLAS that programs here would load.
    pub openblas: Option<&'a BlasFacts>,
}

/// What every runtime decides in these surroundings.
pub fn thread_choices(here: &Surroundings<'_>) -> Vec<ThreadChoice> {
    RULES.iter().map(|rule| rule.choice(here)).collect()
}

/// What `runtime` decides in these surroundings, if there is a rule for it.
pub fn thread_choice(runtime: &str, here: &Surroundings<'_>) -> Option<ThreadChoice> {
    let rule = RULES.iter().find(|rule| rule.runtime == runtime)?;
    Some(rule.choice(here))
}

/// One row of the table.
struct Rule {
    runtime: &'static str,
    remedy: &'static str,
    pool: Pool,
    /// The program whose version the rule follows.
    version: Option<Program>,
    decide: fn(&Surroundings<'_>) -> Said,
}

impl Rule {
    fn choice(&self, here: &Surroundings<'_>) -> ThreadChoice {
        let Said { threads, because } = (self.decide)(here);
        let version = self.version.map_or_else(String::new, |program| {
            format!(" ({})", here.versions.words(program))
        });
        ThreadChoice {
            runtime: self.runtime,
            threads,
            because: format!("{because}{version}"),
            remedy: self.remedy,
            pool: self.pool,
        }
    }
}

const fn rule(
    runtime: &'static str,
    remedy: &'static str,
    version: Option<Program>,
    decide: fn(&Surroundings<'_>) -> Said,
) -> Rule {
    Rule {
        runtime,
        remedy,
        pool: Pool::Compute,
        version,
        decide,
    }
}

const fn blocking(rule: Rule) -> Rule {
    Rule {
        pool: Pool::Blocking,
        ..rule
    }
}

const JAVA_REMEDY: &str = "JAVA_TOOL_OPTIONS=-XX:ActiveProcessorCount={}";

const RULES: [Rule; 18] = [
    rule(
        "nproc",
        "OMP_NUM_THREADS={}",
        Some(Program::Nproc),
        openmp::nproc,
    ),
    rule("Rust std", "", None, rust::std),
    rule("rayon", "RAYON_NUM_THREADS={}", None, rust::rayon),
    rule("Tokio", "TOKIO_WORKER_THREADS={}", None, rust::tokio),
    rule(
        "OpenMP (libgomp)",
        "OMP_NUM_THREADS={}",
        None,
        openmp::libgomp,
    ),
    rule(
        "OpenMP (libomp)",
        "OMP_NUM_THREADS={}",
        None,
        openmp::libomp,
    ),
    rule(
        "OpenBLAS",
        "OPENBLAS_NUM_THREADS={}",
        None,
        openmp::openblas,
    ),
    rule(
        "Python os.cpu_count",
        "PYTHON_CPU_COUNT={}",
        Some(Program::Python),
        python::cpu_count,
    ),
    rule(
        "Python os.process_cpu_count",
        "PYTHON_CPU_COUNT={}",
        Some(Program::Python),
        python::process_cpu_count,
    ),
    blocking(rule(
        "Python ThreadPoolExecutor",
        "",
        Some(Program::Python),
        python::thread_pool,
    )),
    rule(
        "joblib n_jobs=-1",
        "LOKY_MAX_CPU_COUNT={}",
        Some(Program::Python),
        python::joblib,
    ),
    rule("Go", "GOMAXPROCS={}", Some(Program::Go), vm::go),
    rule("Java", JAVA_REMEDY, Some(Program::Java), vm::java),
    rule(
        "Java common pool",
        JAVA_REMEDY,
        Some(Program::Java),
        vm::java_common_pool,
    ),
    rule("Java GC", JAVA_REMEDY, Some(Program::Java), vm::java_gc),
    rule(
        ".NET",
        "DOTNET_PROCESSOR_COUNT={}",
        Some(Program::DotNet),
        vm::dotnet,
    ),
    rule("Node", "", Some(Program::Libuv), vm::node),
    blocking(rule("Node libuv pool", "", None, vm::libuv_pool)),
];

/// A decision and what made it.
struct Said {
    threads: Option<u64>,
    because: String,
}

impl Said {
    fn new(threads: u64, because: impl Into<String>) -> Self {
        Self {
            threads: Some(threads),
            because: because.into(),
        }
    }

    fn none(because: impl Into<String>) -> Self {
        Self {
            threads: None,
            because: because.into(),
        }
    }

    /// The smaller of both; this one of two equal ones.
    fn at_most(self, limit: Option<Self>) -> Self {
        match limit {
            Some(limit) if limit.threads < self.threads => limit,
            _ => self,
        }
    }
}

impl<'a> Surroundings<'a> {
    /// Those of a process with this `budget` and `environment`, of which no more is known.
    pub fn of(budget: &'a CpuBudget, environment: &'a BTreeMap<String, String>) -> Self {
        Self {
            budget,
            quota: GroupQuota::everywhere(budget.quota()),
            environment,
            versions: &version::UNKNOWN,
            openblas: None,
        }
    }

    fn online(&self) -> Said {
        Said::new(self.budget.online() as u64, "PUs online")
    }

    fn affinity(&self) -> Said {
        Said::new(self.budget.allowed.len() as u64, "affinity mask")
    }

    fn variable(&self, name: &str) -> Option<&'a str> {
        self.environment.get(name).map(String::as_str)
    }

    /// The first of `names` whose value `read` understands.
    fn first(&self, names: &[&str], read: fn(&str) -> Option<u64>) -> Option<Said> {
        names.iter().find_map(|name| {
            let value = self.variable(name)?;
            Some(Said::new(read(value)?, set_to(name, value)))
        })
    }
}

/// `NAME=value`, a long value cut.
fn set_to(name: &str, value: &str) -> String {
    const LONGEST: usize = 40;
    let short: String = value.chars().take(LONGEST).collect();
    let more = if short.len() < value.len() { "..." } else { "" };
    format!("{name}={short}{more}")
}

//! Which libraries with threads of their own do the processes use, and how many does each start?

use std::collections::BTreeMap;

use serde::Serialize;

use super::libraries::{Library, libraries_in};
use super::snapshot::read;
use crate::machine::{CpuBudget, PuId, Surroundings, thread_choice};

/// The threads that a library of a process starts for each thread that calls it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LibraryPool {
    /// The library.
    pub library: Library,
    /// Threads of one team, with the caller [threads].
    pub threads: u32,
    /// What says so.
    pub because: String,
}

/// What a process was started with.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Program {
    /// Its libraries with threads of their own.
    pub pools: Vec<LibraryPool>,
    /// The variable that has a runtime bind its threads, with its value.
    pub binding: Option<String>,
}

/// Variables by which OpenMP runtimes bind threads to PUs.
const BINDING: [&str; 4] = [
    "OMP_PLACES",
    "OMP_PROC_BIND",
    "GOMP_CPU_AFFINITY",
    "KMP_AFFINITY",
];

impl Program {
    /// What process `pid`, whose budget is `budget`, was started with; `None` if it has ended, or is
    /// about to and has given its memory back.
    pub(super) fn of(pid: i32, budget: &CpuBudget) -> Option<Self> {
        let file = |name: &str| read(format!("/proc/{pid}/{name}"));
        let maps = file("maps").filter(|maps| !maps.is_empty())?;
        let environment = environment(&file("environ").unwrap_or_default());
        Some(Self::read(&maps, &environment, budget))
    }

    fn read(maps: &str, environment: &BTreeMap<String, String>, budget: &CpuBudget) -> Self {
        let said = |name: &&str| Some(format!("{name}={}", environment.get(*name)?));
        let binding = BINDING.iter().find_map(said);
        // A runtime that binds its threads has counted the PUs before it did.
        let unbound = CpuBudget {
            allowed: (0..budget.online() as u32).map(PuId).collect(),
            ..budget.clone()
        };
        let budget = binding.as_ref().map_or(budget, |_| &unbound);
        let pool = |library| pool(library, budget, environment);
        Self {
            pools: libraries_in(maps).into_iter().map(pool).collect(),
            binding,
        }
    }
}

/// What the library makes of the environment that its process was started with; a call of the
/// program that sets another number is not seen.
fn pool(
    library: Library,
    budget: &CpuBudget,
    environment: &BTreeMap<String, String>,
) -> LibraryPool {
    let known = thread_choice(library.name, &Surroundings::of(budget, environment));
    let known = known.and_then(|choice| {
        let threads = u32::try_from(choice.threads?).ok()?;
        Some((threads, choice.because))
    });
    let variables = [library.variable, "OMP_NUM_THREADS"];
    let set = variables.iter().find_map(|name| {
        let value = environment.get(*name)?;
        Some((first_number(value)?, format!("{name}={value}")))
    });
    let every_pu = || (budget.allowed.len() as u32, "affinity mask".to_owned());
    let (threads, because) = known.or(set).unwrap_or_else(every_pu);
    LibraryPool {
        library,
        threads,
        because,
    }
}

/// `4` of `4`, and of `4,2`, which has a number for each level of nesting.
fn first_number(value: &str) -> Option<u32> {
    let number = value.split(',').next()?.trim().parse().ok()?;
    (number > 0).then_some(number)
}

/// The variables in an `environ` file.
fn environment(text: &str) -> BTreeMap<String, String> {
    let variables = text.split('\0').filter_map(|entry| entry.split_once('='));
    variables
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget() -> CpuBudget {
        CpuBudget::all_of((0..8).map(PuId).collect())
    }

    fn library(name: &'static str, variable: &'static str) -> Library {
        Library {
            name,
            variable,
            file: String::new(),
        }
    }

    #[test]
    fn a_library_starts_what_its_environment_says() {
        for (name, variable, environ, threads) in [
            (
                "OpenMP (libgomp)",
                "OMP_NUM_THREADS",
                "A=1\0OMP_NUM_THREADS=3\0",
                3,
            ),
            (
                "OpenMP (libgomp)",
                "OMP_NUM_THREADS",
                "OMP_NUM_THREADS=4,2\0",
                4,
            ),
            ("OpenMP (libgomp)", "OMP_NUM_THREADS", "", 8),
            (
                "OpenBLAS",
                "OPENBLAS_NUM_THREADS",
                "OPENBLAS_NUM_THREADS=2\0OMP_NUM_THREADS=5\0",
                2,
            ),
            (
                "MKL",
                "MKL_NUM_THREADS",
                "MKL_NUM_THREADS=2\0OMP_NUM_THREADS=5\0",
                2,
            ),
            ("MKL", "MKL_NUM_THREADS", "OMP_NUM_THREADS=5\0", 5),
            ("BLIS", "BLIS_NUM_THREADS", "BLIS_NUM_THREADS=0\0", 8),
        ] {
            let pool = pool(library(name, variable), &budget(), &environment(environ));
            assert_eq!(
                pool.threads, threads,
                "{name} {environ:?}: {}",
                pool.because
            );
        }
    }

    /// A main thread that is bound to PU 0 of eight says nothing of the team that it starts.
    #[test]
    fn a_runtime_that_binds_its_threads_has_counted_the_pus_before() {
        let bound = CpuBudget {
            allowed: "0".parse().unwrap(),
            cpus: 1.0,
            ..budget()
        };
        let maps = "7f00-7f01 r-xp 0 08:01 11 /usr/lib/libgomp.so.1.0.0";
        let threads = |environ| {
            let program = Program::read(maps, &environment(environ), &bound);
            (program.pools[0].threads, program.binding)
        };
        assert_eq!(threads(""), (1, None));
        let places = "OMP_PLACES={0}".to_owned();
        assert_eq!(threads("OMP_PLACES={0}\0"), (8, Some(places)));
    }
}

//! How do OpenMP runtimes count, and what reads OpenMP's variables beside them?

use super::super::blas::BlasThreading;
use super::quota::rounded;
use super::{Program, Said, Surroundings, Version, read, set_to};

/// The affinity mask, unless OpenMP's variables say otherwise.
//
// Source: gnulib, lib/nproc.c, `num_processors`; coreutils 9.1 and 9.10. From coreutils 9.8 on, it
// also keeps to quotas of control groups v2, rounded to the nearest (its NEWS).
pub(super) fn nproc(here: &Surroundings<'_>) -> Said {
    let limit = here.first(&["OMP_THREAD_LIMIT"], read::nproc_number);
    let asked = here.first(&["OMP_NUM_THREADS"], read::nproc_number);
    let default = || {
        let quotas = here
            .versions
            .at_least(Program::Nproc, Version::new(9, 8, 0));
        let quota = here.quota.if_unified().tightest.filter(|_| quotas);
        here.affinity().at_most(rounded(quota))
    };
    asked.unwrap_or_else(default).at_most(limit)
}

/// `OMP_NUM_THREADS` up to `OMP_THREAD_LIMIT`, else the affinity mask. A value that is spoilt anywhere
/// is passed over. With `OMP_DYNAMIC` no more than PUs that are idle.
//
// Source: GCC 12, libgomp/env.c (how values are read), config/linux/proc.c (the mask,
// `gomp_dynamic_max_threads`); from GCC 13 on NAME_ALL stands for a NAME that is not set. As libgomp
// of gcc 12, 14 and 16 answered.
pub(super) fn libgomp(here: &Surroundings<'_>) -> Said {
    let of = |name: &'static str, all: &'static str| {
        let newer = here
            .versions
            .at_least(Program::Libgomp, Version::new(13, 0, 0));
        let plain = here.variable(name).map(|value| (name, value));
        plain.or_else(|| {
            here.variable(all)
                .filter(|_| newer)
                .map(|value| (all, value))
        })
    };
    let asked = of("OMP_NUM_THREADS", "OMP_NUM_THREADS_ALL");
    let asked = asked.and_then(|(name, value)| {
        let list = read::gomp_list(value)?;
        let nested = match list.get(1) {
            Some(nested) => format!(" ({nested} in a nested region)"),
            None => String::new(),
        };
        Some(Said::new(list[0], set_to(name, value) + &nested))
    });
    let limit = of("OMP_THREAD_LIMIT", "OMP_THREAD_LIMIT_ALL")
        .and_then(|(name, value)| Some(Said::new(read::gomp_number(value)?, set_to(name, value))));
    let dynamic = of("OMP_DYNAMIC", "OMP_DYNAMIC_ALL");
    let dynamic = dynamic.is_some_and(|(_, value)| read::gomp_bool(value) == Some(true));
    region(here, asked, limit, dynamic)
}

/// As libgomp, with LLVM's own reading of the variables and its own limits.
//
// Source: LLVM 14, openmp/runtime/src/kmp_settings.cpp and kmp_runtime.cpp,
// `__kmp_reserve_threads`. As libomp 14, 19 and 23 answered.
pub(super) fn libomp(here: &Surroundings<'_>) -> Said {
    let asked = match here.variable("OMP_NUM_THREADS") {
        None => None,
        Some(value) => {
            let set = set_to("OMP_NUM_THREADS", value);
            match read::libomp_list(value) {
                Ok(first) => first.map(|number| Said::new(number, set)),
                Err(()) => return Said::none(format!("libomp cannot run: {set}")),
            }
        }
    };
    let limits = [
        "OMP_THREAD_LIMIT",
        "KMP_DEVICE_THREAD_LIMIT",
        "KMP_ALL_THREADS",
    ];
    let limits = limits
        .iter()
        .filter_map(|name| here.first(&[name], read::libomp_limit));
    let limit = limits.min_by_key(|limit| limit.threads);
    let dynamic = here.variable("OMP_DYNAMIC").is_some_and(read::libomp_bool);
    region(here, asked, limit, dynamic)
}

/// Threads of a first parallel region.
fn region(
    here: &Surroundings<'_>,
    asked: Option<Said>,
    limit: Option<Said>,
    dynamic: bool,
) -> Said {
    if let Some(levels @ "0") = here.variable("OMP_MAX_ACTIVE_LEVELS").map(str::trim) {
        return Said::new(1, set_to("OMP_MAX_ACTIVE_LEVELS", levels));
    }
    let said = asked.unwrap_or_else(|| here.affinity()).at_most(limit);
    if !dynamic {
        return said;
    }
    let idle = Said::new(
        here.budget.allowed.len() as u64,
        "OMP_DYNAMIC: at most the mask, less the load",
    );
    let because = format!("{}, less the load (OMP_DYNAMIC)", said.because);
    Said { because, ..said }.at_most(Some(idle))
}

/// A variable may lower the number, but never beyond the affinity mask (or the library's
/// build-time NUM_THREADS, which nothing tells from outside). Built for OpenMP, it follows OpenMP.
//
// Source: OpenBLAS 0.3.28, driver/others/openblas_env.c (the order of variables, `atoi`) and memory.c,
// `blas_get_cpu_number` and `get_num_procs`; blas_server_omp.c for builds with OpenMP.
// OPENBLAS_DEFAULT_NUM_THREADS is new in 0.3.22 (Changelog.txt). As 0.3.21 and 0.3.34 answered.
pub(super) fn openblas(here: &Surroundings<'_>) -> Said {
    let version = here.openblas.and_then(|facts| facts.version.as_deref());
    let version = version.and_then(Version::find);
    let threading = here.openblas.and_then(|facts| facts.threading);
    let words = [
        version.map(|version| version.to_string()),
        threading.map(|threading| threading.to_string()),
    ];
    let words: Vec<String> = words.into_iter().flatten().collect();
    let said = match threading {
        Some(BlasThreading::Serial) => Said::new(1, "built without threads"),
        Some(BlasThreading::OpenMp) => libgomp(here),
        _ => own_threads(here, version),
    };
    match words.is_empty() {
        true => said,
        false => Said {
            because: format!("{} ({})", said.because, words.join(", ")),
            ..said
        },
    }
}

/// The rule of an OpenBLAS with threads of its own.
fn own_threads(here: &Surroundings<'_>, version: Option<Version>) -> Said {
    const DEFAULT: &str = "OPENBLAS_DEFAULT_NUM_THREADS";
    const SINCE: Version = Version::new(0, 3, 22);
    let names = [
        "OPENBLAS_NUM_THREADS",
        DEFAULT,
        "GOTO_NUM_THREADS",
        "OMP_NUM_THREADS",
    ];
    let known = |name: &&str| *name != DEFAULT || version.is_none_or(|version| version >= SINCE);
    let names: Vec<&str> = names.into_iter().filter(known).collect();
    here.affinity().at_most(here.first(&names, read::atoi))
}

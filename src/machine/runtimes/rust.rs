//! How do Rust's own runtimes count?

use super::quota::rounded_down;
use super::{Said, Surroundings, read, set_to};

/// The affinity mask and the tightest quota, rounded down but not to 0.
//
// Source: Rust 1.95, library/std/src/sys/thread/unix.rs, `available_parallelism` and `cgroups`.
pub(super) fn std(here: &Surroundings<'_>) -> Said {
    here.affinity().at_most(rounded_down(here.quota.tightest))
}

/// `RAYON_NUM_THREADS`, else as std; 0 is std's number at once, any other text is passed over.
//
// Source: rayon-core 1.13, src/lib.rs, `ThreadPoolBuilder::get_num_threads`; src/sleep/counters.rs,
// `THREADS_MAX` caps it.
pub(super) fn rayon(here: &Surroundings<'_>) -> Said {
    const MOST: u64 = (1 << 16) - 1;
    let asked = match here.first(&["RAYON_NUM_THREADS"], read::rust_number) {
        Some(Said {
            threads: Some(0), ..
        }) => return std(here),
        Some(asked) => Some(asked),
        None => here.first(&["RAYON_RS_NUM_CPUS"], |text| {
            read::rust_number(text).filter(|number| *number > 0)
        }),
    };
    let most = Said::new(MOST, format!("rayon starts at most {MOST}"));
    asked.unwrap_or_else(|| std(here)).at_most(Some(most))
}

/// `TOKIO_WORKER_THREADS`, else as std; any other text ends the program.
//
// Source: Tokio 1.53, tokio/src/loom/std/mod.rs, `num_cpus`.
pub(super) fn tokio(here: &Surroundings<'_>) -> Said {
    let Some(value) = here.variable("TOKIO_WORKER_THREADS") else {
        return std(here);
    };
    let set = set_to("TOKIO_WORKER_THREADS", value);
    match read::rust_number(value).filter(|number| *number > 0) {
        Some(number) => Said::new(number, set),
        None => Said::none(format!("Tokio panics: {set}")),
    }
}

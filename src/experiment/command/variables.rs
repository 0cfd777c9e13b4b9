//! Which environment variables size the thread pools of a program?

use std::num::NonZeroU32;

/// Variables whose value is a number of threads.
//
// Sources: OpenMP 5.2, section 21.1.2 (OMP); OpenBLAS README, "Setting the number of threads using
// environment variables" (OPENBLAS, GOTO); oneMKL developer guide, "Setting the Number of Threads
// Using an OpenMP Environment Variable" (MKL); BLIS docs/Multithreading.md; Apple Accelerate,
// vecLib man page (VECLIB_MAXIMUM_THREADS); NumExpr user guide, "Threadpool Configuration"; Numba
// reference manual, "Environment variables"; rayon-core, `ThreadPoolBuilder::num_threads`; Polars,
// `thread_pool_size`; Julia manual, "Environment Variables"; R data.table, `setDTthreads`.
//
// oneTBB reads no variable of its own (it is told by `global_control`); TBB_NUM_THREADS is a
// convention that some programs built on it follow, and harmless to the rest.
const COUNTS: [&str; 15] = [
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "GOTO_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    // NumExpr refuses a number above this one, whose default is 64 at most.
    "NUMEXPR_MAX_THREADS",
    "NUMBA_NUM_THREADS",
    "RAYON_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "TBB_NUM_THREADS",
    "JULIA_NUM_THREADS",
    "R_DATATABLE_NUM_THREADS",
    "RCPP_PARALLEL_NUM_THREADS",
];

/// Every variable that sizes a thread pool, with the value that means `inner` threads.
pub(super) fn thread_variables(inner: NonZeroU32) -> Vec<(&'static str, String)> {
    let mut variables: Vec<_> = COUNTS
        .into_iter()
        .map(|name| (name, inner.to_string()))
        .collect();
    // Hugging Face tokenizers: a switch; the number is rayon's.
    let parallel = inner.get() > 1;
    variables.push(("TOKENIZERS_PARALLELISM", parallel.to_string()));
    variables
}

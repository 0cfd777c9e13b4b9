//! Which environment variables size the thread pools of a program?

use std::num::NonZeroU32;

/// Variables whose value is a number of threads.
//
// Sources: OpenMP 5.2, section 21.1.2 (OMP); OpenBLAS, driver/others/openblas_env.c, which reads
// GOTO's too; oneMKL 2025.2 Developer Guide, "Techniques to Set the Number of Threads" (MKL); BLIS,
// docs/Multithreading.md; Apple developer forums, thread 666635 (VECLIB); NumExpr 2.14,
// numexpr/utils.py, `_init_num_threads`; Numba 0.68, numba/core/config.py; rayon-core 1.13,
// src/lib.rs, `ThreadPoolBuilder::get_num_threads`; Polars, `polars.thread_pool_size`; Julia,
// doc/src/manual/environment-variables.md; data.table, src/openmp-utils.c, `initDTthreads`;
// RcppParallel 5.1, inst/include/RcppParallel.h, `resolveValue`; tokenizers 0.21,
// src/utils/parallelism.rs. NumExpr 2.14.2, Polars 2.1.0 and Numba 0.68.1 were asked here, too.
//
// oneTBB reads no variable of its own (it is told by `global_control`); TBB_NUM_THREADS is a
// convention that some programs built on it follow, and harmless to the rest. data.table goes no
// higher than the processors that OpenMP sees, OpenBLAS no higher than the affinity mask: such a
// program must ask by the library's own call for more. Julia 1.12 adds an interactive thread of its
// own where the number is above 1.
const COUNTS: [&str; 15] = [
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "GOTO_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    // NumExpr 2.14 refuses a number above this one, which is 64 if nothing sets it.
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

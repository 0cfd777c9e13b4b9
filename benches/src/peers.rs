//! How do the peers compute C = A B (f64, square, column-major)?

use std::ffi::{c_char, c_int, c_void};
use std::mem;
use std::ptr::NonNull;

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};

use crate::library::symbol;
use crate::turn;

const OPENBLAS: &std::ffi::CStr = c"libopenblas.so.0";
const INSTALL: &str = "Debian, Ubuntu: apt-get install libopenblas0-pthread";

/// What the peers' processes are started with. OpenBLAS up to 0.3.21 does not know processors from
/// 2023 on and takes its oldest kernels for them, five times slower here; it is told better unless
/// the user already did.
pub fn environment() -> &'static [(&'static str, &'static str)] {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f") && std::env::var_os("OPENBLAS_CORETYPE").is_none() {
        return &[("OPENBLAS_CORETYPE", "SkylakeX")];
    }
    &[]
}

type SetThreads = unsafe extern "C" fn(c_int);

/// `dgemm_` of the Fortran BLAS.
type Dgemm = unsafe extern "C" fn(
    *const c_char,
    *const c_char,
    *const c_int,
    *const c_int,
    *const c_int,
    *const f64,
    *const f64,
    *const c_int,
    *const f64,
    *const c_int,
    *const f64,
    *mut f64,
    *const c_int,
);

fn elements(n: usize) -> Vec<f64> {
    (0..n * n).map(|i| (i % 13) as f64).collect()
}

/// OpenBLAS [s].
pub fn openblas(threads: u32, n: u32) -> Result<f64, String> {
    let set_threads = symbol(OPENBLAS, c"openblas_set_num_threads", INSTALL)?;
    let dgemm = symbol(OPENBLAS, c"dgemm_", INSTALL)?;
    // SAFETY: the types are those of OpenBLAS's cblas.h and of the reference BLAS.
    let (set_threads, dgemm) = unsafe {
        (
            mem::transmute::<NonNull<c_void>, SetThreads>(set_threads),
            mem::transmute::<NonNull<c_void>, Dgemm>(dgemm),
        )
    };
    // SAFETY: takes any positive number.
    unsafe { set_threads(threads as c_int) };
    let order = n as usize;
    let (a, b, mut c) = (elements(order), elements(order), elements(order));
    let (n, no, one, zero) = (n as c_int, b'N' as c_char, 1.0, 0.0);
    Ok(turn::repeat(|| {
        // SAFETY: three n x n matrices with leading dimension n; C overlaps neither A nor B.
        unsafe {
            dgemm(
                &no,
                &no,
                &n,
                &n,
                &n,
                &one,
                a.as_ptr(),
                &n,
                b.as_ptr(),
                &n,
                &zero,
                c.as_mut_ptr(),
                &n,
            );
        }
    }))
}

/// Runs `timing` on a rayon pool of `threads`, or here for one, as the library's users would.
fn within_pool(threads: u32, timing: impl FnOnce() -> f64 + Send) -> Result<f64, String> {
    if threads == 1 {
        return Ok(timing());
    }
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads as usize)
        .build()
        .map_err(|error| error.to_string())?;
    Ok(pool.install(timing))
}

/// faer [s].
pub fn faer(threads: u32, n: u32) -> Result<f64, String> {
    let par = if threads == 1 {
        Par::Seq
    } else {
        Par::rayon(threads as usize)
    };
    let n = n as usize;
    let fill = |i: usize, j: usize| ((i + j) % 13) as f64;
    let (a, b, mut c) = (
        Mat::from_fn(n, n, fill),
        Mat::from_fn(n, n, fill),
        Mat::from_fn(n, n, fill),
    );
    within_pool(threads, || {
        turn::repeat(|| matmul(&mut c, Accum::Replace, &a, &b, 1.0, par))
    })
}

/// gemm [s].
pub fn gemm(threads: u32, n: u32) -> Result<f64, String> {
    let par = if threads == 1 {
        gemm::Parallelism::None
    } else {
        gemm::Parallelism::Rayon(threads as usize)
    };
    let n = n as usize;
    let (a, b, mut c) = (elements(n), elements(n), elements(n));
    within_pool(threads, move || {
        turn::repeat(|| {
            let stride = n as isize;
            // SAFETY: three n x n matrices with stride n; C overlaps neither A nor B.
            unsafe {
                gemm::gemm(
                    n,
                    n,
                    n,
                    c.as_mut_ptr(),
                    stride,
                    1,
                    false,
                    a.as_ptr(),
                    stride,
                    1,
                    b.as_ptr(),
                    stride,
                    1,
                    0.0,
                    1.0,
                    false,
                    false,
                    false,
                    par,
                );
            }
        })
    })
}

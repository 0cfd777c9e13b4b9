//! What is each function of a BLAS library called, and how is it called?
//!
//! The one file in which foreign code is. Every function that is used stands in a table with its C
//! prototype; [`Symbols::find`] looks one up under the prefix and suffix that the library was built
//! with: NumPy's wheels rename `dgemm_` to `scipy_dgemm_64_`, others to `dgemm_64_`.
//!
//! The product is Fortran's, which every BLAS has. It takes its integers by address, so one call
//! serves 32-bit and 64-bit libraries: on a little-endian machine a small number is the same in the
//! first 4 bytes and in all 8.

#![expect(
    unsafe_code,
    reason = "dlsym gives addresses, and a BLAS takes pointers"
)]

use std::ffi::{CStr, c_char, c_int};
use std::marker::PhantomData;
use std::path::Path;

use dlopen2::raw::Library;

use super::BlasError;
use crate::machine::{BlasFamily, BlasThreading};

/// A function by its plain name; `F` is its C prototype.
pub(super) struct Symbol<F>(&'static str, PhantomData<F>);

impl<F> Symbol<F> {
    const fn new(name: &'static str) -> Self {
        Self(name, PhantomData)
    }
}

/// `int f(void)`.
pub(super) type GetInt = extern "C" fn() -> c_int;
/// `void f(int)`.
pub(super) type SetInt = extern "C" fn(c_int);
/// `gint_t f(void)`, BLIS's integer, 64 bits wide on 64-bit machines.
pub(super) type GetLong = extern "C" fn() -> i64;
/// `void f(dim_t)`, the same integer.
pub(super) type SetLong = extern "C" fn(i64);
/// `char *f(void)`: a text that lives as long as the library.
type GetText = extern "C" fn() -> *const c_char;
/// `void f(char *buffer, int length)`.
type FillText = unsafe extern "C" fn(*mut c_char, c_int);
/// `dgemm_` and `sgemm_`; the last two are the lengths of the first two, which a Fortran compiler
/// expects and a C function passes over.
type Product<T> = unsafe extern "C" fn(
    *const c_char,
    *const c_char,
    *const i64,
    *const i64,
    *const i64,
    *const T,
    *const T,
    *const i64,
    *const T,
    *const i64,
    *const T,
    *mut T,
    *const i64,
    usize,
    usize,
);

// Source: OpenBLAS 0.3.21, cblas.h.
pub(super) const OPENBLAS_GET_THREADS: Symbol<GetInt> = Symbol::new("openblas_get_num_threads");
pub(super) const OPENBLAS_SET_THREADS: Symbol<SetInt> = Symbol::new("openblas_set_num_threads");
const OPENBLAS_PARALLEL: Symbol<GetInt> = Symbol::new("openblas_get_parallel");
const OPENBLAS_CONFIG: Symbol<GetText> = Symbol::new("openblas_get_config");
// Source: BLIS 0.9.0, frame/thread/bli_thread.h and frame/base/bli_info.h.
pub(super) const BLIS_GET_THREADS: Symbol<GetLong> = Symbol::new("bli_thread_get_num_threads");
pub(super) const BLIS_SET_THREADS: Symbol<SetLong> = Symbol::new("bli_thread_set_num_threads");
const BLIS_VERSION: Symbol<GetText> = Symbol::new("bli_info_get_version_str");
const BLIS_OPENMP: Symbol<GetLong> = Symbol::new("bli_info_get_enable_openmp");
const BLIS_PTHREADS: Symbol<GetLong> = Symbol::new("bli_info_get_enable_pthreads");
const BLIS_INTEGER: Symbol<GetLong> = Symbol::new("bli_info_get_blas_int_type_size");
// Source: oneMKL Developer Reference for C, "Threading Control" and "mkl_get_version_string".
pub(super) const MKL_GET_THREADS: Symbol<GetInt> = Symbol::new("MKL_Get_Max_Threads");
pub(super) const MKL_SET_THREADS: Symbol<SetInt> = Symbol::new("MKL_Set_Num_Threads");
const MKL_VERSION: Symbol<FillText> = Symbol::new("MKL_Get_Version_String");

/// An element type that BLAS libraries have a product of.
pub trait BlasNumber: Copy + From<i8> + 'static {
    #[doc(hidden)]
    const PRODUCT: &'static str;
    /// Its product among those found.
    #[doc(hidden)]
    fn product(products: &Products) -> Product<Self>;
}

/// The products of a library.
#[derive(Clone, Copy)]
pub struct Products {
    double: Product<f64>,
    single: Product<f32>,
}

impl BlasNumber for f64 {
    const PRODUCT: &'static str = "dgemm_";
    fn product(products: &Products) -> Product<Self> {
        products.double
    }
}

impl BlasNumber for f32 {
    const PRODUCT: &'static str = "sgemm_";
    fn product(products: &Products) -> Product<Self> {
        products.single
    }
}

/// What a library puts before and after the names of its functions.
#[derive(Clone, Copy)]
struct Decoration {
    prefix: &'static str,
    suffix: &'static str,
}

/// Every decoration seen: none; NumPy's and SciPy's wheels; OpenBLAS with SYMBOLSUFFIX=64_ (Julia,
/// Fedora) or _64.
// Source: OpenBLAS 0.3.21, Makefile.rule, SYMBOLPREFIX and SYMBOLSUFFIX; scipy-openblas.pc of the
// scipy-openblas64 wheel, BLAS_SYMBOL_PREFIX and BLAS_SYMBOL_SUFFIX.
const DECORATIONS: [Decoration; 5] = [
    Decoration {
        prefix: "",
        suffix: "",
    },
    Decoration {
        prefix: "scipy_",
        suffix: "",
    },
    Decoration {
        prefix: "scipy_",
        suffix: "64_",
    },
    Decoration {
        prefix: "",
        suffix: "64_",
    },
    Decoration {
        prefix: "",
        suffix: "_64",
    },
];

impl Decoration {
    fn of(self, name: &str) -> String {
        format!("{}{name}{}", self.prefix, self.suffix)
    }
}

/// The functions of a loaded library.
pub(super) struct Symbols {
    library: &'static Library,
    decoration: Decoration,
    products: Products,
}

impl Symbols {
    /// Loads `path`, for as long as the process lives.
    pub(super) fn open(path: &Path) -> Result<Self, BlasError> {
        let refused = |reason: String| BlasError::Load {
            path: path.to_owned(),
            reason,
        };
        if cfg!(target_endian = "big") {
            return Err(refused("integers are passed little-endian".to_owned()));
        }
        let library = Library::open(path).map_err(|error| refused(error.to_string()))?;
        let library: &'static Library = Box::leak(Box::new(library));
        let products = |decoration: Decoration| {
            let products = Products {
                double: lookup(library, decoration, &Symbol::new(f64::PRODUCT))?,
                single: lookup(library, decoration, &Symbol::new(f32::PRODUCT))?,
            };
            Some((decoration, products))
        };
        let found = DECORATIONS.into_iter().find_map(products);
        let (decoration, products) = found.ok_or_else(|| BlasError::NoBlas {
            path: path.to_owned(),
            missing: missing(library),
        })?;
        Ok(Self {
            library,
            decoration,
            products,
        })
    }

    /// The function `symbol`, where the library has it.
    pub(super) fn find<F>(&self, symbol: &Symbol<F>) -> Option<F> {
        lookup(self.library, self.decoration, symbol)
    }

    /// Name of the double-precision product, as found.
    pub(super) fn product_name(&self) -> String {
        self.decoration.of(f64::PRODUCT)
    }

    /// The family by a function that only it has.
    pub(super) fn family(&self) -> Option<BlasFamily> {
        let openblas = self.find(&OPENBLAS_CONFIG).map(|_| BlasFamily::OpenBlas);
        let blis = || self.find(&BLIS_VERSION).map(|_| BlasFamily::Blis);
        let mkl = || self.find(&MKL_GET_THREADS).map(|_| BlasFamily::Mkl);
        openblas.or_else(blis).or_else(mkl)
    }

    /// Version, and what the library adds to it.
    pub(super) fn version(&self, family: Option<BlasFamily>) -> Option<String> {
        match family? {
            BlasFamily::OpenBlas => {
                let config = text(self.find(&OPENBLAS_CONFIG)?)?;
                Some(config.trim_start_matches("OpenBLAS").trim().to_owned())
            }
            BlasFamily::Blis => text(self.find(&BLIS_VERSION)?),
            BlasFamily::Mkl => filled(self.find(&MKL_VERSION)?),
        }
    }

    /// What runs its threads, where it says so.
    pub(super) fn threading(&self, family: Option<BlasFamily>) -> Option<BlasThreading> {
        let on = |symbol: &Symbol<GetLong>| self.find(symbol).is_some_and(|enabled| enabled() != 0);
        match family? {
            BlasFamily::OpenBlas => match self.find(&OPENBLAS_PARALLEL)?() {
                0 => Some(BlasThreading::Serial),
                1 => Some(BlasThreading::Pthreads),
                2 => Some(BlasThreading::OpenMp),
                _ => None,
            },
            BlasFamily::Blis if on(&BLIS_OPENMP) => Some(BlasThreading::OpenMp),
            BlasFamily::Blis if on(&BLIS_PTHREADS) => Some(BlasThreading::Pthreads),
            BlasFamily::Blis => Some(BlasThreading::Serial),
            BlasFamily::Mkl => None,
        }
    }

    /// Width of its integers [bits], where it says so.
    pub(super) fn integer_bits(&self, family: Option<BlasFamily>) -> Option<u32> {
        if self.decoration.suffix.contains("64") {
            return Some(64);
        }
        match family? {
            BlasFamily::OpenBlas => {
                let config = self.version(family)?;
                Some(if config.contains("USE64BITINT") {
                    64
                } else {
                    32
                })
            }
            BlasFamily::Blis => self.find(&BLIS_INTEGER)?().try_into().ok(),
            BlasFamily::Mkl => None,
        }
    }

    /// C = A B.
    pub(super) fn multiply<T: BlasNumber>(
        &self,
        c: DenseMut<'_, T>,
        a: Dense<'_, T>,
        b: Dense<'_, T>,
    ) {
        assert!(c.shape.rows == a.shape.rows && c.shape.columns == b.shape.columns);
        assert!(a.shape.columns == b.shape.rows);
        let [m, n, k] = [a.shape.rows, b.shape.columns, a.shape.columns].map(|x| x as i64);
        let [lda, ldb, ldc] = [a.shape.stride, b.shape.stride, c.shape.stride].map(|x| x as i64);
        assert!(
            [m, n, k, lda, ldb, ldc]
                .iter()
                .all(|x| *x <= i32::MAX.into())
        );
        let (zero, one) = (T::from(0), T::from(1));
        let plain: *const c_char = c"N".as_ptr();
        let product = T::product(&self.products);
        // SAFETY: the prototype is the BLAS standard's, found under its name. All addresses are of
        // live values that outlast the call; `Dense` and `DenseMut` hold whole matrices of these
        // shapes and strides, of initialised elements; C is borrowed exclusively. The integers read the
        // same as 4 and as 8 bytes: they are small, and `open` refuses big-endian machines.
        unsafe {
            product(
                plain,
                plain,
                &raw const m,
                &raw const n,
                &raw const k,
                &raw const one,
                a.elements.as_ptr(),
                &raw const lda,
                b.elements.as_ptr(),
                &raw const ldb,
                &raw const zero,
                c.elements.as_mut_ptr(),
                &raw const ldc,
                1,
                1,
            );
        }
    }
}

/// The function `symbol` of `library` under `decoration`.
fn lookup<F>(library: &'static Library, decoration: Decoration, symbol: &Symbol<F>) -> Option<F> {
    // SAFETY: only this module makes a `Symbol`, each with the prototype that its source gives the
    // function of that name, so the address is that of an `F`. The library is never unloaded.
    unsafe { library.symbol(&decoration.of(symbol.0)) }.ok()
}

/// What `library` lacks: the single-precision product beside a double-precision one, or any product.
fn missing(library: &'static Library) -> String {
    let has = |decoration: &Decoration| {
        let double: Symbol<Product<f64>> = Symbol::new(f64::PRODUCT);
        lookup(library, *decoration, &double).is_some()
    };
    match DECORATIONS.iter().find(|decoration| has(decoration)) {
        Some(found) => {
            let [double, single] = [f64::PRODUCT, f32::PRODUCT].map(|name| found.of(name));
            format!("{single} beside its {double}")
        }
        None => DECORATIONS.map(|d| d.of(f64::PRODUCT)).join(", "),
    }
}

/// What `get` returns, as one line.
fn text(get: GetText) -> Option<String> {
    let address = get();
    if address.is_null() {
        return None;
    }
    // SAFETY: a NUL-terminated text in the library's static memory, by the function's contract.
    let text = unsafe { CStr::from_ptr(address) };
    Some(text.to_string_lossy().trim().to_owned())
}

/// What `fill` writes, as one line.
fn filled(fill: FillText) -> Option<String> {
    // Source: oneMKL Developer Reference for C, "mkl_get_version_string", whose example has 198.
    let mut buffer = [0_u8; 256];
    // SAFETY: the function writes at most the length it is told, one byte less than there is.
    unsafe { fill(buffer.as_mut_ptr().cast(), buffer.len() as c_int - 1) };
    let text = CStr::from_bytes_until_nul(&buffer).ok()?;
    Some(text.to_string_lossy().trim().to_owned())
}

/// Rows, columns, and the distance between columns [elements].
#[derive(Clone, Copy)]
struct Shape {
    rows: usize,
    columns: usize,
    stride: usize,
}

impl Shape {
    /// This shape, if it lies within `length` elements.
    fn within(rows: usize, columns: usize, stride: usize, length: usize) -> Self {
        assert!(rows > 0 && columns > 0 && stride >= rows);
        assert!((columns - 1) * stride + rows <= length);
        Self {
            rows,
            columns,
            stride,
        }
    }
}

/// A column-major matrix to read.
pub struct Dense<'a, T> {
    elements: &'a [T],
    shape: Shape,
}

impl<'a, T> Dense<'a, T> {
    /// The matrix whose columns begin every `stride` of `elements`.
    ///
    /// # Panics
    ///
    /// If it is empty or does not fit.
    pub fn new(elements: &'a [T], rows: usize, columns: usize, stride: usize) -> Self {
        let shape = Shape::within(rows, columns, stride, elements.len());
        Self { elements, shape }
    }
}

/// A column-major matrix to write.
pub struct DenseMut<'a, T> {
    elements: &'a mut [T],
    shape: Shape,
}

impl<'a, T> DenseMut<'a, T> {
    /// The matrix whose columns begin every `stride` of `elements`.
    ///
    /// # Panics
    ///
    /// If it is empty or does not fit.
    pub fn new(elements: &'a mut [T], rows: usize, columns: usize, stride: usize) -> Self {
        let shape = Shape::within(rows, columns, stride, elements.len());
        Self { elements, shape }
    }
}

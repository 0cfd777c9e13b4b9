//! Whose threading does the simulator imitate?
//!
//! The way in which a known library runs and waits with its threads, as its sources have it. Such a
//! runtime is a description only: it can be simulated for a machine where the library is not, and
//! measured nowhere. What is measured is the library itself.

use std::fmt;
use std::str::FromStr;

use crate::machine::{BlasFacts, BlasFamily, BlasThreading};
use crate::serde_as_text;
use crate::text::ParseError;

/// A library's threading. Text forms: `libgomp`, `libgomp.active`, `libgomp.passive`, `libomp`,
/// `libomp.MS`, `openblas-VERSION`, `openblas-openmp-VERSION`, `blis`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuntimeModel {
    /// OpenMP of GCC under an `OMP_WAIT_POLICY`.
    Libgomp(OmpWait),
    /// OpenMP of LLVM and Intel, whose threads block after so long (`KMP_BLOCKTIME`) [ms].
    Libomp(u32),
    /// OpenBLAS with threads of its own.
    OpenBlas(BlasVersion),
    /// OpenBLAS on OpenMP of GCC.
    OpenBlasOpenMp(BlasVersion),
    /// BLIS with threads of its own.
    Blis,
}

/// What `OMP_WAIT_POLICY` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OmpWait {
    /// Nothing.
    Unset,
    /// `active`.
    Active,
    /// `passive`.
    Passive,
}

/// A version of OpenBLAS, from 0.3.4 on, whose locking is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlasVersion([u32; 3]);

impl BlasVersion {
    /// Version `major.minor.patch`.
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self([major, minor, patch])
    }

    /// The first version that spins on x86-64 where those before yield.
    // Source: OpenMathLib/OpenBLAS 07b1c0bc (2024-03-11), common.h YIELDING, in 0.3.27.
    pub const SPINS: Self = Self::new(0, 3, 27);

    /// The first version whose threaded products may be called by several threads.
    // Source: OpenMathLib/OpenBLAS 2e6fae2a (2018-11-19), in 0.3.4.
    const OLDEST: Self = Self::new(0, 3, 4);
}

/// Time after which a thread of libomp blocks unless said [ms].
// Source: llvm-project openmp/runtime/src/kmp.h, KMP_DEFAULT_BLOCKTIME.
const BLOCKTIME: u32 = 200;

const FORMS: &str = "libgomp, libgomp.active, libgomp.passive, libomp, libomp.MS (KMP_BLOCKTIME), \
                     openblas-VERSION (0.3.4 and later), openblas-openmp-VERSION or blis";

impl RuntimeModel {
    /// The model of a library that has said what it is, where there is one.
    pub fn of(library: &BlasFacts) -> Option<Self> {
        let version = || {
            let number = library.version.as_deref()?.split_whitespace().next()?;
            number.parse().ok()
        };
        match (library.family?, library.threading?) {
            (BlasFamily::OpenBlas, BlasThreading::Pthreads) => version().map(Self::OpenBlas),
            (BlasFamily::OpenBlas, BlasThreading::OpenMp) => version().map(Self::OpenBlasOpenMp),
            (BlasFamily::Blis, BlasThreading::Pthreads) => Some(Self::Blis),
            _ => None,
        }
    }

    /// Whether it is a library for products of matrices and nothing else.
    pub fn is_blas(&self) -> bool {
        match self {
            Self::Libgomp(_) | Self::Libomp(_) => false,
            Self::OpenBlas(_) | Self::OpenBlasOpenMp(_) | Self::Blis => true,
        }
    }

    /// How the real one is measured, as a phrase.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::OpenBlas(_) | Self::OpenBlasOpenMp(_) => {
                "--runtime blas:openblas, or blas:/path/lib.so for a certain version"
            }
            Self::Blis => "--runtime blas:blis",
            Self::Libgomp(_) | Self::Libomp(_) => {
                "a program of yours that uses it, as in oversub sweep -- ./program {outer}"
            }
        }
    }
}

impl fmt::Display for RuntimeModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Libgomp(OmpWait::Unset) => f.write_str("libgomp"),
            Self::Libgomp(OmpWait::Active) => f.write_str("libgomp.active"),
            Self::Libgomp(OmpWait::Passive) => f.write_str("libgomp.passive"),
            Self::Libomp(BLOCKTIME) => f.write_str("libomp"),
            Self::Libomp(blocktime) => write!(f, "libomp.{blocktime}"),
            Self::OpenBlas(version) => write!(f, "openblas-{version}"),
            Self::OpenBlasOpenMp(version) => write!(f, "openblas-openmp-{version}"),
            Self::Blis => f.write_str("blis"),
        }
    }
}

impl FromStr for RuntimeModel {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let bad = || ParseError::new("runtime that can be simulated", text, FORMS);
        let known = match text {
            "libgomp" => Some(Self::Libgomp(OmpWait::Unset)),
            "libgomp.active" => Some(Self::Libgomp(OmpWait::Active)),
            "libgomp.passive" => Some(Self::Libgomp(OmpWait::Passive)),
            "libomp" => Some(Self::Libomp(BLOCKTIME)),
            "blis" => Some(Self::Blis),
            _ => None,
        };
        let blocktime = || text.strip_prefix("libomp.")?.parse().ok().map(Self::Libomp);
        let openmp = || text.strip_prefix("openblas-openmp-")?.parse().ok();
        let pthreads = || text.strip_prefix("openblas-")?.parse().ok();
        known
            .or_else(blocktime)
            .or_else(|| openmp().map(Self::OpenBlasOpenMp))
            .or_else(|| pthreads().map(Self::OpenBlas))
            .ok_or_else(bad)
    }
}

serde_as_text!(RuntimeModel);

impl fmt::Display for BlasVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

impl FromStr for BlasVersion {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let bad = || {
            ParseError::new(
                "version of OpenBLAS",
                text,
                "0.3.4 or later, such as 0.3.26",
            )
        };
        let numbers: Option<Vec<u32>> = text.split('.').map(|part| part.parse().ok()).collect();
        match numbers.as_deref() {
            Some([major, minor, patch]) => Some(Self::new(*major, *minor, *patch)),
            _ => None,
        }
        .filter(|version| *version >= Self::OLDEST)
        .ok_or_else(bad)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_modelled_runtime_reads_what_it_writes() {
        for text in [
            "libgomp",
            "libgomp.active",
            "libgomp.passive",
            "libomp",
            "libomp.0",
            "openblas-0.3.26",
            "openblas-openmp-0.3.21",
            "blis",
        ] {
            assert_eq!(text.parse::<RuntimeModel>().unwrap().to_string(), text);
        }
        assert_eq!("libomp.200".parse(), "libomp".parse::<RuntimeModel>());
    }

    #[test]
    fn a_library_is_told_by_what_it_says_of_itself() {
        let facts = |family, version: &str, threading| BlasFacts {
            path: "/lib.so".into(),
            family: Some(family),
            version: Some(version.to_owned()),
            threading: Some(threading),
            integer_bits: Some(32),
            symbol: "dgemm_".to_owned(),
            threads: Some(2),
        };
        let model = |family, version, threading| {
            let model = RuntimeModel::of(&facts(family, version, threading));
            model.map(|modelled| modelled.to_string())
        };
        let (own, openmp) = (BlasThreading::Pthreads, BlasThreading::OpenMp);
        let openblas = |version, threading| model(BlasFamily::OpenBlas, version, threading);
        assert_eq!(openblas("0.3.21", own).unwrap(), "openblas-0.3.21");
        let on_openmp = openblas("0.3.29 (Prescott kernels)", openmp).unwrap();
        assert_eq!(on_openmp, "openblas-openmp-0.3.29");
        assert_eq!(openblas("0.3.3", own), None);
        assert_eq!(model(BlasFamily::Blis, "0.9.0", own).unwrap(), "blis");
        assert_eq!(model(BlasFamily::Mkl, "2024.1", openmp), None);
    }

    #[test]
    fn what_is_not_known_is_refused_with_what_is() {
        for text in [
            "libgomp.yield",
            "libomp.x",
            "openblas",
            "openblas-0.3.3",
            "mkl",
        ] {
            let error = text.parse::<RuntimeModel>().unwrap_err().to_string();
            assert!(error.contains(text) && error.contains("0.3.4"), "{error}");
        }
    }
}

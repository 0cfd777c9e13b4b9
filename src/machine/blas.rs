//! Which BLAS libraries are here, and what is each?
//!
//! A *family* is the code base a library is built from; a library is one file. Finding them reads
//! folders only: to load a library is to run its code, which `host` does in a process of its own.

mod find;

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize, Serializer};

pub use find::BlasFolders;

/// The environment variables by which libraries and the OpenMP runtimes below them take a number of
/// threads.
// Source: OpenBLAS 0.3.21, README.md, "Setting the number of threads using environment variables";
// BLIS 0.9.0, docs/Multithreading.md; oneMKL Developer Guide, "Techniques
// to Set the Number of Threads".
pub const THREAD_VARIABLES: [&str; 5] = [
    "OPENBLAS_NUM_THREADS",
    "GOTO_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OMP_NUM_THREADS",
];

/// A code base that libraries are built from and whose own thread calls are known.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::VariantArray,
    strum::IntoStaticStr,
)]
#[strum(serialize_all = "kebab-case")]
pub enum BlasFamily {
    /// OpenBLAS, also under the names that NumPy's and SciPy's wheels give it.
    #[strum(serialize = "openblas")]
    OpenBlas,
    /// BLIS.
    Blis,
    /// Intel's Math Kernel Library, by its single dynamic library.
    Mkl,
}

impl BlasFamily {
    /// What the names of its files begin with.
    fn beginnings(self) -> &'static [&'static str] {
        match self {
            Self::OpenBlas => &["libopenblas", "libscipy_openblas"],
            Self::Blis => &["libblis"],
            Self::Mkl => &["libmkl_rt"],
        }
    }

    /// How to install it, as a phrase.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::OpenBlas => {
                "Debian, Ubuntu: apt-get install libopenblas0-pthread (or -openmp); \
                 Python: pip install scipy-openblas32"
            }
            Self::Blis => "Debian, Ubuntu: apt-get install libblis4-pthread",
            Self::Mkl => "Python: pip install mkl; Debian: apt-get install libmkl-rt (non-free)",
        }
    }
}

crate::named!(BlasFamily, "BLAS family");

/// What runs a library's threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BlasThreading {
    /// It has none.
    Serial,
    /// Threads of its own.
    Pthreads,
    /// An OpenMP runtime.
    OpenMp,
    /// Threading Building Blocks.
    Tbb,
}

impl fmt::Display for BlasThreading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Serial => "serial",
            Self::Pthreads => "pthreads",
            Self::OpenMp => "OpenMP",
            Self::Tbb => "TBB",
        })
    }
}

/// What a library said of itself when it was loaded. `None` is "does not say".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlasFacts {
    /// The file; a record of it holds a replacement character for what is no UTF-8 in its name.
    #[serde(serialize_with = "lossy")]
    pub path: PathBuf,
    /// Its family, by the calls it has.
    pub family: Option<BlasFamily>,
    /// Version, and whatever the library adds to it.
    pub version: Option<String>,
    /// What runs its threads.
    pub threading: Option<BlasThreading>,
    /// Width of the integers that its calls take [bits].
    pub integer_bits: Option<u32>,
    /// Name of its double-precision product, with the prefix and suffix it was built with.
    pub symbol: String,
    /// Threads it would use by default, by its own getter [threads].
    pub threads: Option<u32>,
}

/// Serde refuses a path that is no UTF-8.
fn lossy<S: Serializer>(path: &Path, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn a_library_in_a_folder_that_is_no_utf_8_has_its_facts_told() {
        let facts = BlasFacts {
            path: OsStr::from_bytes(b"/caf\xe9/libopenblas.so").into(),
            family: Some(BlasFamily::OpenBlas),
            version: None,
            threading: None,
            integer_bits: None,
            symbol: "dgemm_".to_owned(),
            threads: Some(2),
        };
        let told: BlasFacts = serde_json::from_value(serde_json::to_value(facts).unwrap()).unwrap();
        assert_eq!(told.path, Path::new("/caf\u{fffd}/libopenblas.so"));
        assert_eq!(told.threads, Some(2));
    }
}

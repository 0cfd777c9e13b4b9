//! How is a BLAS library loaded, asked what it is, and called?
//!
//! Loading runs the library's own code, which may crash or hang: only processes that are there for
//! it do so, `cell` and [`crate::process::inspect`]'s. A process holds one instance for all its outer workers. That is
//! what a program has, and part of what is under study: the workers share the library's thread
//! count, its pool where it has one (OpenBLAS on pthreads), and its locks.

mod symbols;
mod threads;

use std::path::{Path, PathBuf};

use bstr::ByteSlice;

use crate::machine::{BlasFacts, BlasFamily, BlasThreading, System};

use symbols::Symbols;
pub use symbols::{BlasNumber, Dense, DenseMut};
pub use threads::Threads;

/// Why a file cannot serve as a BLAS library.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlasError {
    /// The loader refused it.
    #[error("cannot load {}: {reason}", path.display())]
    Load {
        /// The file.
        path: PathBuf,
        /// What the loader said.
        reason: String,
    },
    /// It is a library of something else, or has only some of the products.
    #[error("{} cannot serve as a BLAS library: it has no {missing}", path.display())]
    NoBlas {
        /// The file.
        path: PathBuf,
        /// The functions that are missing, as they were looked for.
        missing: String,
    },
}

/// A loaded library. It is never unloaded: its threads would lose their code.
pub struct BlasLibrary {
    path: PathBuf,
    family: Option<BlasFamily>,
    symbols: Symbols,
    threads: Threads,
}

impl BlasLibrary {
    /// Loads the library at `path` into this process.
    ///
    /// # Errors
    ///
    /// If the loader refuses it, or it has no matrix product.
    pub fn load(path: &Path) -> Result<Self, BlasError> {
        let symbols = Symbols::open(path)?;
        let family = symbols.family();
        Ok(Self {
            path: path.to_owned(),
            family,
            threads: Threads::of(&symbols, family),
            symbols,
        })
    }

    /// What it says of itself.
    pub fn facts(&self) -> BlasFacts {
        let threading = match self.family {
            Some(BlasFamily::Mkl) => mkl_threading(),
            _ => self.symbols.threading(self.family),
        };
        BlasFacts {
            path: self.path.clone(),
            family: self.family,
            version: self.symbols.version(self.family),
            threading,
            integer_bits: self.symbols.integer_bits(self.family),
            symbol: self.symbols.product_name(),
            threads: self.threads.by_environment(),
        }
    }

    /// How many threads it runs a call on.
    pub fn threads(&self) -> &Threads {
        &self.threads
    }

    /// C = A B.
    ///
    /// # Panics
    ///
    /// If the shapes do not go together.
    pub fn multiply<T: BlasNumber>(&self, c: DenseMut<'_, T>, a: Dense<'_, T>, b: Dense<'_, T>) {
        self.symbols.multiply(c, a, b);
    }
}

/// The threading layer that MKL's single library has loaded, by its file.
// Source: oneMKL Developer Guide for Linux, "Dynamically Selecting the Interface and Threading
// Layer".
fn mkl_threading() -> Option<BlasThreading> {
    let maps = System::here().bytes("/proc/self/maps").ok()?;
    [
        ("libmkl_intel_thread", BlasThreading::OpenMp),
        ("libmkl_gnu_thread", BlasThreading::OpenMp),
        ("libmkl_tbb_thread", BlasThreading::Tbb),
        ("libmkl_sequential", BlasThreading::Serial),
    ]
    .into_iter()
    .find_map(|(file, threading)| maps.contains_str(file).then_some(threading))
}

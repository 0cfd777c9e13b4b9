//! Which BLAS library is the inner pool?

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use crate::machine::BlasFamily;
use crate::serde_as_text;
use crate::text::ParseError;

/// A BLAS library as asked for. Text forms: `blas:openblas` (`blis`, `mkl`), `blas:/path/to/lib.so`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Blas {
    /// The first one of a family that is found.
    Family(BlasFamily),
    /// This file.
    File(LibraryPath),
}

/// An absolute path, kept as text for as long as the process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LibraryPath(&'static str);

impl LibraryPath {
    /// This path.
    pub fn path(self) -> &'static Path {
        Path::new(self.0)
    }

    /// Keeps one copy of every path ever named, so that a cell stays as small and as easy to copy as
    /// a number. What is never freed is bounded by the different paths that a user typed or a run
    /// holds, not by cells or records: each is kept once.
    fn interned(text: &str) -> Self {
        static KEPT: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.get(text) {
            return Self(known);
        }
        let new: &'static str = Box::leak(text.into());
        kept.insert(new);
        Self(new)
    }
}

impl Blas {
    /// What the text form of every library begins with.
    pub const PREFIX: &'static str = "blas:";
}

impl fmt::Display for Blas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Family(family) => write!(f, "{}{family}", Self::PREFIX),
            Self::File(path) => write!(f, "{}{}", Self::PREFIX, path.0),
        }
    }
}

impl FromStr for Blas {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        const FORMS: &str = "blas:openblas, blas:blis, blas:mkl or blas:/absolute/path/to/lib.so";
        let bad = || ParseError::new("BLAS library", text, FORMS);
        let library = text.strip_prefix(Self::PREFIX).ok_or_else(bad)?;
        if library.starts_with('/') {
            return Ok(Self::File(LibraryPath::interned(library)));
        }
        library.parse().map(Self::Family).map_err(|_| bad())
    }
}

serde_as_text!(Blas);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_reads_what_it_writes_and_is_kept_once() {
        for text in ["blas:openblas", "blas:mkl", "blas:/opt/my lib_64.so"] {
            assert_eq!(text.parse::<Blas>().unwrap().to_string(), text);
        }
        let [one, two] = ["blas:/a/b.so"; 2].map(|text| match text.parse() {
            Ok(Blas::File(path)) => path.0.as_ptr(),
            other => panic!("{other:?}"),
        });
        assert_eq!(one, two);
    }

    #[test]
    fn what_names_no_library_is_refused_by_value() {
        for text in ["blas:", "blas:atlas", "blas:lib.so", "openblas"] {
            let error = text.parse::<Blas>().unwrap_err();
            assert_eq!(error.text, text, "{error}");
        }
    }
}

//! Which file does a library's name stand for, and what does the library say of itself?

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{UsageError, variables};
use crate::experiment::{Blas, Plan, Runtime};
use crate::machine::{BlasFacts, BlasFolders};
use crate::process::inspect;

/// The folders where this process finds libraries.
pub fn folders() -> BlasFolders {
    BlasFolders::discover(&variables())
}

/// The file that `blas` stands for here.
///
/// # Errors
///
/// If there is none.
pub fn locate(blas: Blas) -> Result<PathBuf, UsageError> {
    match blas {
        Blas::File(library) if library.path().is_file() => Ok(library.path().to_owned()),
        Blas::File(library) => {
            let path = library.path().display();
            Err(UsageError(format!(
                "there is no file {path} (--runtime {blas}); `oversub doctor` lists the libraries here"
            )))
        }
        Blas::Family(family) => folders().first(family).ok_or_else(|| {
            UsageError(format!(
                "no library for --runtime {blas} here; install one ({}) or name a file: blas:/path/lib.so",
                family.remedy()
            ))
        }),
    }
}

/// The files of all libraries that `plan` calls.
pub(super) fn locate_all(plan: &Plan) -> Result<BTreeMap<Blas, PathBuf>, UsageError> {
    let runtimes = plan.runtimes();
    let libraries = runtimes.iter().filter_map(Runtime::blas);
    libraries.map(|blas| Ok((blas, locate(blas)?))).collect()
}

/// What each of `libraries` says of itself.
///
/// # Errors
///
/// The first that says nothing, or is no BLAS library: nothing could be measured with it.
pub(super) fn facts(
    program: &Path,
    libraries: &BTreeMap<Blas, PathBuf>,
) -> Result<BTreeMap<String, BlasFacts>, UsageError> {
    let paths: Vec<PathBuf> = libraries.values().cloned().collect();
    let said = libraries.keys().zip(inspect(program, &paths));
    let named = |(blas, said): (&Blas, Result<BlasFacts, String>)| match said {
        Ok(facts) => Ok((blas.to_string(), facts)),
        Err(why) => Err(UsageError(format!(
            "--runtime {blas} cannot be measured: {why}; `oversub doctor` lists the libraries here"
        ))),
    };
    said.map(named).collect()
}

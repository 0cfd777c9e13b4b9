//! Which BLAS libraries are here, and what does each say of itself?

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::page::pair;
use crate::app::folders;
use crate::machine::{BlasFacts, BlasFamily};
use crate::process::inspect;

/// A library that was found.
pub(super) struct Library {
    family: BlasFamily,
    path: PathBuf,
    /// What it said in a process of its own, or why it did not.
    said: Result<BlasFacts, String>,
}

impl Library {
    /// What it said, if it is an OpenBLAS.
    pub(super) fn openblas(&self) -> Option<&BlasFacts> {
        let said = self.said.as_ref().ok();
        said.filter(|_| self.family == BlasFamily::OpenBlas)
    }
}

/// Every library here, asked in child processes that run `program`.
pub(super) fn libraries(program: &Path) -> Vec<Library> {
    let (families, paths): (Vec<BlasFamily>, Vec<PathBuf>) =
        folders().libraries().into_iter().unzip();
    let said = inspect(program, &paths).into_iter();
    let found = families.into_iter().zip(paths).zip(said);
    let library = |((family, path), said)| Library { family, path, said };
    found.map(library).collect()
}

/// The lines of the section: what it is, and where.
pub(super) fn lines(libraries: &[Library]) -> Vec<String> {
    if libraries.is_empty() {
        return vec!["none found, in the loader's folders or a Python's".to_owned()];
    }
    let two_lines = |library: &Library| {
        let (said, kernels) = match &library.said {
            Ok(facts) => (summary(facts), kernels(facts)),
            Err(reason) => (format!("does not load: {reason}"), None),
        };
        let kernels = kernels.map_or_else(String::new, |name| format!(" ({name} kernels)"));
        let place = format!("  {}{kernels}", library.path.display());
        [pair(&library.family.to_string(), &said), place]
    };
    libraries.iter().flat_map(two_lines).collect()
}

fn summary(facts: &BlasFacts) -> String {
    let version = facts.version.as_deref().unwrap_or("no version");
    // `0.3.21 NO_LAPACKE ..`, `Intel(R) oneAPI Math Kernel Library Version 2025.3-Product ..`.
    let number = version
        .split_whitespace()
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    let mut parts = vec![number.unwrap_or(version).to_owned()];
    parts.extend(facts.threading.map(|threading| threading.to_string()));
    parts.extend(facts.integer_bits.map(|bits| match bits {
        64 => "ILP64".to_owned(),
        _ => "LP64".to_owned(),
    }));
    parts.push(match facts.threads {
        Some(1) => "1 thread".to_owned(),
        Some(threads) => format!("{threads} threads"),
        None => "threads unknown".to_owned(),
    });
    parts.join(", ")
}

/// The processor whose kernels an OpenBLAS has chosen here: the last word of its configuration but
/// one, `.. DYNAMIC_ARCH NO_AFFINITY SkylakeX MAX_THREADS=64`. A processor that is newer than the
/// library gets those of an old one.
fn kernels(facts: &BlasFacts) -> Option<&str> {
    let mut words = facts.version.as_deref()?.rsplit(' ');
    let last = words.next()?;
    words.next().filter(|_| last.starts_with("MAX_THREADS="))
}

/// The same for programs.
pub(super) fn json(libraries: &[Library]) -> Vec<Value> {
    let one = |library: &Library| {
        json!({
            "family": library.family,
            "path": library.path.to_string_lossy(),
            "facts": library.said.as_ref().ok(),
            "error": library.said.as_ref().err(),
        })
    };
    libraries.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::BlasThreading;

    #[test]
    fn a_library_is_told_in_a_line_and_its_failure_too() {
        let path = PathBuf::from("/usr/lib/libopenblas.so.0");
        let facts = BlasFacts {
            path: path.clone(),
            family: Some(BlasFamily::OpenBlas),
            version: Some("0.3.21 DYNAMIC_ARCH SkylakeX MAX_THREADS=64".to_owned()),
            threading: Some(BlasThreading::Pthreads),
            integer_bits: Some(32),
            symbol: "dgemm_".to_owned(),
            threads: Some(2),
        };
        let library = |said| Library {
            family: BlasFamily::OpenBlas,
            path: path.clone(),
            said,
        };
        let told = lines(&[library(Ok(facts)), library(Err("signal: 6".to_owned()))]);
        assert!(told[0].ends_with(" 0.3.21, pthreads, LP64, 2 threads"));
        assert_eq!(told[1], "  /usr/lib/libopenblas.so.0 (SkylakeX kernels)");
        assert!(told[2].ends_with("does not load: signal: 6"));
        assert_eq!(lines(&[]).len(), 1);
    }
}

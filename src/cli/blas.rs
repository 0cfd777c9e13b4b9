//! `oversub blas`: load one BLAS library and say what it is. Hidden; what asks it does so in a child
//! process, because a library may crash when it is loaded. Also: which file does a library's name
//! stand for?

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;

use super::{UsageError, header, screen};
use crate::experiment::{Blas, Cell, Plan, Runtime};
use crate::host::blas::BlasLibrary;
use crate::machine::{BlasFacts, BlasFolders};
use crate::process::{end_with_parent, inspect};
use crate::record::Record;

/// Loads a BLAS library and prints what it says of itself, as JSON.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The library.
    library: PathBuf,
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<()> {
        end_with_parent(Signal::SIGKILL, None)?;
        let mut out = screen::claim_stdout()?;
        let facts = BlasLibrary::load(&self.library)?.facts();
        Ok(writeln!(out, "{}", serde_json::to_string(&facts)?)?)
    }
}

/// The folders where this process finds libraries.
pub(super) fn folders() -> BlasFolders {
    BlasFolders::discover(&header::variables())
}

/// The file that `blas` stands for here.
pub(super) fn locate(blas: Blas) -> Result<PathBuf, UsageError> {
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

/// A line for every library that ran on other widths than its cells asked for.
pub(super) fn deviations(records: &[Record]) -> String {
    let mut granted = BTreeMap::<String, BTreeSet<(u32, u32)>>::new();
    for record in records {
        let Cell { runtime, inner, .. } = record.visit.cell;
        let got = record.answer.sample().and_then(|sample| sample.granted);
        if let Some(got) = got.filter(|got| *got != inner.get()) {
            let widths = granted.entry(runtime.to_string()).or_default();
            widths.insert((inner.get(), got));
        }
    }
    let line = |(runtime, widths): (String, BTreeSet<(u32, u32)>)| {
        let widths = widths
            .iter()
            .map(|(asked, got)| format!("{got} for {asked}"));
        let widths: Vec<String> = widths.collect();
        let widths = widths.join(", ");
        format!("note: {runtime} granted other team widths than asked (column granted): {widths}\n")
    };
    granted.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Visit;
    use crate::record::{Answer, Sample};

    #[test]
    fn widths_that_were_not_granted_are_named_once_for_each_library() {
        let record = |inner: u32, granted: Option<u32>| {
            let cell = format!("matmul.f64.8_2x{inner}_blas:mkl_independent_unbound_static_t4");
            let visit = Visit {
                round: 1,
                cell: cell.parse().unwrap(),
            };
            let sample = Sample {
                granted,
                ..Sample::default()
            };
            Record {
                runner: "host".to_owned(),
                visit,
                rep: 1,
                unix_ms: 0,
                answer: Answer::Ok(sample),
            }
        };
        let records = [
            record(2, Some(2)),
            record(4, Some(2)),
            record(8, Some(2)),
            record(8, Some(2)),
            record(3, None),
        ];
        let text = deviations(&records);
        assert!(text.contains("blas:mkl granted"), "{text}");
        assert!(text.ends_with(": 2 for 4, 2 for 8\n"), "{text}");
        assert_eq!(deviations(&records[..1]), "");
    }
}

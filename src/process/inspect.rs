//! What does a library say of itself, asked in a process that it may crash?

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit};

use super::question::{Question, Reply};
use super::start_error::cannot_start;
use crate::clock;
use crate::machine::BlasFacts;
use crate::units::human_bytes;

/// Longest that libraries may take to load, all together. MKL's files of half a gigabyte come from
/// disk in seconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// What each of `libraries` says of itself, or one line: why it does not. Each is loaded by a child
/// process of its own that runs `program` with the hidden verb `blas`, all at the same time.
pub fn inspect(program: &Path, libraries: &[PathBuf]) -> Vec<Result<BlasFacts, String>> {
    let deadline = clock::now() + PATIENCE;
    let ask = |library: &PathBuf| {
        let question = Question::ask(Command::new(program).arg("blas").arg(library));
        question.map_err(|error| cannot_start(program, &error))
    };
    let questions: Vec<Result<Question, String>> = libraries.iter().map(ask).collect();
    let facts = |question: Result<Question, String>| {
        let said = question?.answer(deadline);
        facts(&said.ok_or_else(|| too_late(address_space()))?)
    };
    questions.into_iter().map(facts).collect()
}

fn facts(said: &Reply) -> Result<BlasFacts, String> {
    serde_json::from_str(&said.out).map_err(|_| {
        let complaint = said.err.lines().last().unwrap_or_default().trim();
        match complaint.trim_start_matches("error: ") {
            "" => format!("its process ended with {}", said.status),
            complaint => complaint.to_owned(),
        }
    })
}

/// Why a library may not load in time under a limit of its address space [bytes].
// Source: OpenBLAS, driver/others/memory.c: what finds no memory for its buffers tries again, for ever.
fn too_late(address_space: Option<u64>) -> String {
    let late = format!("it did not load within {PATIENCE:?}");
    match address_space {
        Some(limit) => format!(
            "{late}; the address space is limited to {} (ulimit -v), and OpenBLAS waits for ever \
             where it gets no memory: raise the limit",
            human_bytes(limit)
        ),
        None => late,
    }
}

/// The limit of this process's address space, if there is one [bytes].
fn address_space() -> Option<u64> {
    let (soft, _) = getrlimit(Resource::RLIMIT_AS).ok()?;
    (soft != RLIM_INFINITY).then_some(soft)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_memory_is_named_where_a_library_does_not_load() {
        assert_eq!(too_late(None), "it did not load within 10s");
        let limited = too_late(Some(200 << 20));
        assert!(limited.contains("200 MiB (ulimit -v)"), "{limited}");
    }

    #[test]
    fn every_library_has_its_answer_in_its_place() {
        let libraries = ["a.so", "b.so"].map(PathBuf::from);
        let nobody = inspect(Path::new("/no/such/program"), &libraries);
        assert_eq!(nobody.len(), 2);
        let reason = nobody[1].as_ref().unwrap_err();
        assert!(reason.contains("cannot start /no/such/program"), "{reason}");
        let silent = inspect(Path::new("false"), &libraries);
        let reason = silent[0].as_ref().unwrap_err();
        assert!(reason.contains("exit status: 1"), "{reason}");
    }
}

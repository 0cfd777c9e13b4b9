//! Is what the samples of a sweep depend on still the same?
//!
//! Looked at once a round: the CPUs that may be used, the files of the program and of the libraries, and the
//! file of oversub. What changed is told at once and kept in the header.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::clock;
use crate::experiment::{Blas, CommandSpec};
use crate::machine::{CpuBudget, WatchedFile};
use crate::record::{Change, OWN_FILE, RunHeader};

/// What the samples of a sweep depend on.
pub(super) struct Ground {
    files: BTreeMap<String, WatchedFile>,
    /// Every field as it was when last looked at.
    known: BTreeMap<String, String>,
}

impl Ground {
    /// The files of the program of `command` and of `libraries`.
    pub(super) fn of(command: Option<&CommandSpec>, libraries: &BTreeMap<Blas, PathBuf>) -> Self {
        let programs = command.map_or_else(Vec::new, |spec| program_files(&spec.argv));
        let programs = programs.into_iter().map(|path| {
            let name = format!("program {}", path.display());
            (name, WatchedFile::at(&path))
        });
        let libraries = libraries
            .iter()
            .map(|(blas, path)| (format!("library {blas}"), WatchedFile::at(path)));
        Self {
            files: programs.chain(libraries).collect(),
            known: BTreeMap::new(),
        }
    }

    /// What the files hold, for the header of a run that begins now.
    pub(super) fn contents(&mut self) -> BTreeMap<String, String> {
        let files = self.files.iter_mut();
        files
            .map(|(name, file)| (name.clone(), file.look().to_string()))
            .collect()
    }

    /// This ground, known as the run with `header` left it; `own` is the file of this program.
    pub(super) fn since(mut self, header: &RunHeader, own: &Path) -> Self {
        let own = WatchedFile::at(own);
        self.files.insert(OWN_FILE.to_owned(), own);
        self.known = self.fields();
        for (field, known) in &mut self.known {
            if field != OWN_FILE
                && let Some(latest) = header.latest(field)
            {
                *known = latest;
            }
        }
        self
    }

    fn fields(&mut self) -> BTreeMap<String, String> {
        let budget = CpuBudget::discover();
        let mut fields = budget_fields(&budget);
        fields.extend(self.contents());
        fields
    }

    /// What has changed since the last look, before round `round`.
    pub(super) fn look(&mut self, round: u32) -> Vec<Change> {
        let fields = self.fields();
        let changed = differences(&self.known, &fields);
        self.known = fields;
        let changes = changed.into_iter().map(|(field, from, to)| Change {
            round,
            at: clock::timestamp(),
            field,
            from,
            to,
        });
        changes.collect()
    }
}

/// The fields of the header that tell of `budget`.
fn budget_fields(budget: &CpuBudget) -> BTreeMap<String, String> {
    let fields = RunHeader::of_budget(budget);
    fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// Field, old and new value of everything that `now` has otherwise than `before`.
fn differences(
    before: &BTreeMap<String, String>,
    now: &BTreeMap<String, String>,
) -> Vec<(String, String, String)> {
    let other = now.iter().filter_map(|(field, to)| {
        let from = before.get(field).filter(|from| *from != to)?;
        Some((field.clone(), from.clone(), to.clone()))
    });
    other.collect()
}

/// `change` in a line for whoever follows the sweep.
pub(super) fn said(change: &Change) -> String {
    let Change {
        round,
        field,
        from,
        to,
        ..
    } = change;
    let what = format!("before round {round}: {field} changed from {from} to {to}");
    match field == OWN_FILE {
        true => format!("{what}; this sweep goes on with the program that was started"),
        false => format!(
            "{what}; run.json notes it, and medians over all rounds mix both: undo it, or measure again \
             with --out another folder"
        ),
    }
}

/// The files that are the program `argv`: what is run, and those of its words that are programs or
/// scripts. A word that is a file of data is left out.
fn program_files(argv: &[String]) -> Vec<PathBuf> {
    let mut words = argv.iter();
    let program = words.next().and_then(|word| found(word));
    let others = words.map(PathBuf::from).filter(|path| is_code(path));
    program.into_iter().chain(others).collect()
}

/// The file that a shell would run as `word`.
pub(super) fn found(word: &str) -> Option<PathBuf> {
    if word.contains('/') {
        return Some(PathBuf::from(word));
    }
    // Source: execvp(3), which looks there where PATH is not set.
    let folders = std::env::var_os("PATH").unwrap_or_else(|| "/bin:/usr/bin".into());
    let mut files = std::env::split_paths(&folders).map(|folder| folder.join(word));
    files.find(|file| is_executable(file))
}

pub(super) fn is_executable(path: &Path) -> bool {
    let meta = fs::metadata(path);
    meta.is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// Endings of the names of scripts.
const SCRIPTS: [&str; 9] = ["py", "sh", "R", "r", "jl", "js", "rb", "pl", "m"];

fn is_code(path: &Path) -> bool {
    let ending = path.extension().and_then(OsStr::to_str);
    let script = ending.is_some_and(|ending| SCRIPTS.contains(&ending)) && path.is_file();
    script || is_executable(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Content;

    #[test]
    fn scripts_and_programs_are_watched_and_data_is_not() {
        let place = tempfile::tempdir().unwrap();
        let file = |name: &str| {
            let path = place.path().join(name);
            fs::write(&path, "").unwrap();
            path.to_str().unwrap().to_owned()
        };
        let (script, data) = (file("train.py"), file("data.bin"));
        let argv = ["sh", &script, "--data", &data, "{outer}"].map(str::to_owned);
        let files = program_files(&argv);
        assert_eq!(files.len(), 2, "{files:?}");
        assert!(files[0].ends_with("sh") && files[0].is_absolute());
        assert_eq!(files[1], PathBuf::from(script));
        assert_eq!(
            program_files(&["no-such-program-anywhere".to_owned()]),
            [] as [PathBuf; 0]
        );
    }

    #[test]
    fn what_became_another_is_named_with_both_values() {
        let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            let pair = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
            pairs.iter().map(pair).collect()
        };
        let before = map(&[("budget.cpus", "2"), ("program a", "x")]);
        let now = map(&[("budget.cpus", "1"), ("program a", "x"), ("new", "y")]);
        let expected = ("budget.cpus".to_owned(), "2".to_owned(), "1".to_owned());
        assert_eq!(differences(&before, &now), [expected]);
    }

    /// A program that is replaced between two looks is a change of the next round, and only of that.
    #[test]
    fn a_program_that_is_replaced_is_seen_once() {
        let place = tempfile::tempdir().unwrap();
        let script = place.path().join("run.sh");
        fs::write(&script, "one").unwrap();
        let path = script.to_str().unwrap().to_owned();
        let name = format!("program {path}");
        let files = BTreeMap::from([(name.clone(), WatchedFile::at(&script))]);
        let mut ground = Ground {
            files,
            known: BTreeMap::new(),
        };
        ground.known = ground.fields();
        assert_eq!(ground.look(2), []);
        fs::write(&script, "two!").unwrap();
        let changes = ground.look(3);
        assert_eq!((changes.len(), changes[0].round), (1, 3));
        assert_eq!(changes[0].field, name);
        assert!(changes[0].from.starts_with("3 bytes") && changes[0].to.starts_with("4 bytes"));
        assert_eq!(ground.look(4), []);
        fs::remove_file(&script).unwrap();
        assert_eq!(ground.look(5)[0].to, Content::Missing.to_string());
    }
}

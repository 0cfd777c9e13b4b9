//! Which versions of the runtimes are here?
//!
//! Every program is asked once, all at the same time; one that is not here, or does not answer soon,
//! is left out.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::question::Question;
use crate::clock;
use crate::machine::{Program, Version, Versions};

/// Longest that a program may take to say its version.
const PATIENCE: Duration = Duration::from_secs(3);

/// How each program is asked.
const QUESTIONS: [(Program, &[&str]); 6] = [
    (Program::Nproc, &["nproc", "--version"]),
    (Program::Python, &["python3", "--version"]),
    (Program::Java, &["java", "-version"]),
    (Program::Go, &["go", "version"]),
    (Program::DotNet, &["dotnet", "--list-runtimes"]),
    (Program::Libuv, &["node", "-p", "process.versions.uv"]),
];

/// Variables that would keep a program from saying its version.
const DISTURBING: [&str; 6] = [
    "PYTHON_CPU_COUNT",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "_JAVA_OPTIONS",
    "NODE_OPTIONS",
    "GOMAXPROCS",
];

/// A version entry in libgomp that gcc 13 brought.
// Source: GCC 13, libgomp/libgomp.map; seen in libgomp of gcc 14 and 16, not in that of gcc 12.
const GCC_13: &[u8] = b"GOMP_5.1.1";

/// The versions of the programs on `PATH`, and of the `libgomp` that the loader takes.
pub fn versions(libgomp: Option<&Path>) -> Versions {
    let end = clock::now() + PATIENCE;
    // All are started before the first answer is awaited.
    let asked = QUESTIONS.map(|(program, words)| (program, ask(words)));
    let answers = asked.into_iter().filter_map(|(program, asked)| {
        let said = asked.ok()?.answer(end)?;
        // What fails complains, and there are numbers in that too.
        let well = said.status.success();
        let version = Version::find(&(said.out + &said.err));
        Some((program, version.filter(|_| well)?))
    });
    let library = libgomp.and_then(|path| Some((Program::Libgomp, of_libgomp(path).ok()?)));
    answers.chain(library).collect()
}

/// Asks the program that `words` start.
fn ask(words: &[&str]) -> io::Result<Question> {
    let mut command = Command::new(words[0]);
    for name in DISTURBING {
        command.env_remove(name);
    }
    Question::ask(command.args(&words[1..]))
}

/// 13 for a libgomp of that gcc or a later one, 12 for an older one.
fn of_libgomp(path: &Path) -> io::Result<Version> {
    let bytes = fs::read(path)?;
    let newer = bytes.windows(GCC_13.len()).any(|window| window == GCC_13);
    Ok(Version::new(if newer { 13 } else { 12 }, 0, 0))
}

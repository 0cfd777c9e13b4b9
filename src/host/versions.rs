//! Which versions of the runtimes are here?
//!
//! Every program is asked once, all at the same time; one that is not here, or does not answer soon,
//! is left out.

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, bounded};

use super::clock;
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
    let asked = QUESTIONS.map(|(program, words)| (program, Asked::start(words)));
    let answers = asked.into_iter().filter_map(|(program, asked)| {
        let text = asked.ok()?.answer(end)?;
        Some((program, Version::find(&text)?))
    });
    let library = libgomp.and_then(|path| Some((Program::Libgomp, of_libgomp(path).ok()?)));
    answers.chain(library).collect()
}

/// A program that was asked its version.
struct Asked {
    child: Child,
    heard: Receiver<String>,
}

impl Asked {
    /// Starts `words` and listens to its standard output and its standard error.
    fn start(words: &[&str]) -> io::Result<Self> {
        let mut command = Command::new(words[0]);
        for name in DISTURBING {
            command.env_remove(name);
        }
        let mut child = command
            .args(&words[1..])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (say, heard) = bounded(1);
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let listener = move || {
            // Nobody hears it where patience has ended.
            let _ = say.send(all(out) + &all(err));
        };
        match thread::Builder::new().spawn(listener) {
            Ok(_) => Ok(Self { child, heard }),
            Err(error) => {
                end(child);
                Err(error)
            }
        }
    }

    /// All that it said by `deadline`.
    fn answer(self, deadline: Instant) -> Option<String> {
        let left = deadline.saturating_duration_since(clock::now());
        let text = self.heard.recv_timeout(left).ok();
        end(self.child);
        text
    }
}

fn end(mut child: Child) {
    // One that has ended already cannot be killed, which is what was wanted.
    let _ = child.kill();
    let _ = child.wait();
}

fn all(pipe: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        // What a pipe held before it failed is what the program said.
        let _ = pipe.read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// 13 for a libgomp of that gcc or a later one, 12 for an older one.
fn of_libgomp(path: &Path) -> io::Result<Version> {
    let bytes = fs::read(path)?;
    let newer = bytes.windows(GCC_13.len()).any(|window| window == GCC_13);
    Ok(Version::new(if newer { 13 } else { 12 }, 0, 0))
}

//! What does a library say of itself, asked in a process that it may crash?

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crossbeam::channel::bounded;

use super::super::start_error::cannot_start;
use crate::machine::BlasFacts;

/// Longest a library may take to load. MKL's files of half a gigabyte come from disk in seconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// The facts of `library` as seen by a child process that runs `program` with the hidden verb `blas`.
///
/// # Errors
///
/// One line: why there is no answer.
pub fn inspect(program: &Path, library: &Path) -> Result<BlasFacts, String> {
    let child = Command::new(program)
        .arg("blas")
        .arg(library)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.map_err(|error| cannot_start(program, &error))?;
    let answer = listen(&mut child);
    // A child that is gone already cannot be killed, which is what was wanted.
    let _ = child.kill();
    let status = child.wait().map_err(|error| error.to_string())?;
    let (said, complaint) = answer?;
    serde_json::from_str(&said).map_err(|_| {
        let complaint = complaint.lines().last().unwrap_or_default().trim();
        match complaint.trim_start_matches("error: ") {
            "" => format!("its process ended with {status}"),
            complaint => complaint.to_owned(),
        }
    })
}

/// All that `child` writes until it ends or patience does.
fn listen(child: &mut Child) -> Result<(String, String), String> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (heard, answer) = bounded(1);
    let listener = move || {
        // The receiver is gone only when patience has ended.
        let _ = heard.send((all(stdout), all(stderr)));
    };
    let listener = thread::Builder::new().spawn(listener);
    listener.map_err(|error| error.to_string())?;
    let late = |_| format!("it did not load within {PATIENCE:?}");
    answer.recv_timeout(PATIENCE).map_err(late)
}

fn all(pipe: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        // What came before an error is kept: there is no better answer.
        let _ = pipe.read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

//! How do tests run the program and hear what it says?

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// What `oversub` with `arguments` gives.
pub(crate) fn oversub(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_oversub"))
        .args(arguments)
        .output()
        .unwrap()
}

/// What it said on standard error.
pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Writes the samples of the run in `folder` anew with every row edited and its checksum made right.
pub(crate) fn edit_samples(folder: &Path, edit: impl Fn(&str) -> String) {
    let file = folder.join("samples.csv");
    let text = fs::read_to_string(&file).unwrap();
    let (names, rows) = text.split_once('\n').unwrap();
    let row = |row: &str| {
        let (fields, _) = row.rsplit_once(',').unwrap();
        let fields = edit(fields);
        format!("{fields},{}\n", crc32fast::hash(fields.as_bytes()))
    };
    let rows: String = rows.lines().map(row).collect();
    fs::write(file, format!("{names}\n{rows}")).unwrap();
}

/// Waits for what will come on any machine.
pub(crate) fn until(what: &str, mut done: impl FnMut() -> bool) {
    let patience = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < patience, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a process is no more. A zombie has ended; whoever adopted it may not have waited yet.
pub(crate) fn gone(pid: i32) -> bool {
    let state = fs::read(format!("/proc/{pid}/stat")).unwrap_or_default();
    state.is_empty() || String::from_utf8_lossy(&state).contains(") Z ")
}

/// The child of process `parent` with `text` in its command line, once there is one.
pub(crate) fn child_with(parent: u32, text: &str) -> i32 {
    let children = || fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
    let line = |pid: i32| fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let mut found = None;
    until("a child is started", || {
        let children = children().unwrap_or_default();
        let mut pids = children.split(' ').filter_map(|pid| pid.parse().ok());
        found = pids.find(|pid| String::from_utf8_lossy(&line(*pid)).contains(text));
        found.is_some()
    });
    found.unwrap()
}

//! How do tests run the program and hear what it says?

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

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

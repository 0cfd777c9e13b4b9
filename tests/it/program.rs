//! How do tests run the program and hear what it says?

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

//! `oversub watch`: what it says of a program, and what it leaves to it.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::program::{oversub, said};

/// The summary of a watch of `command` with these variables.
fn watched(variables: &[(&str, &str)], command: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_oversub"))
        .args(["watch", "--json", "--"])
        .args(command)
        .env_remove("OMP_NUM_THREADS")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    last["summary"].clone()
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect()
}

/// Builds `tests/data/nested.c`; `None` where the compiler knows no OpenMP.
fn nested(folder: &Path) -> Option<PathBuf> {
    let program = folder.join("nested");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/nested.c");
    let compiler = Command::new("cc")
        .args(["-O1", "-fopenmp", "-pthread", "-o"])
        .arg(&program)
        .arg(source)
        .output();
    compiler
        .is_ok_and(|output| output.status.success())
        .then_some(program)
}

/// Four workers in each of which a team of two runs are eight threads, whose team cannot be smaller
/// than one: where the machine has fewer CPUs than workers, only fewer workers help.
#[test]
fn advice_counts_the_workers_and_repeats_nothing_that_is_set() {
    let folder = tempfile::tempdir().unwrap();
    let Some(program) = nested(folder.path()) else {
        println!("left out: cc has no OpenMP here");
        return;
    };
    // On two PUs, whatever the machine has.
    let two = ["taskset", "-c", "0,1"];
    let command = [&two[..], &[program.to_str().unwrap(), "3"]].concat();
    let teams = watched(&[("OMP_NUM_THREADS", "2")], &command);
    assert_eq!(teams["verdict"], "oversubscribed", "{teams}");
    assert_eq!(texts(&teams["advice"]), ["OMP_NUM_THREADS=1"], "{teams}");
    let single = watched(&[("OMP_NUM_THREADS", "1")], &command);
    assert_eq!(single["verdict"], "oversubscribed", "{single}");
    assert_eq!(texts(&single["advice"]), [""; 0], "{single}");
    let notes = texts(&single["notes"]);
    let said = "OMP_NUM_THREADS=1 is set already; use at most 2 worker threads";
    assert!(notes[0].starts_with(said), "{notes:?}");
}

/// Two loops that may only use PU 0, started by a watcher that may use all.
#[test]
fn the_budget_is_that_of_the_watched_processes() {
    let script =
        "timeout 2 sh -c 'while :; do :; done' & timeout 2 sh -c 'while :; do :; done'; wait";
    let summary = watched(&[], &["taskset", "-c", "0", "sh", "-c", script]);
    assert_eq!(summary["budget"], 1.0, "{summary}");
    assert_eq!(summary["verdict"], "oversubscribed", "{summary}");
    let notes = texts(&summary["notes"]);
    assert_eq!(
        notes,
        ["run at most 1 of these processes at a time; about 2 were busy"]
    );
}

#[test]
fn a_program_that_ends_at_once_is_not_judged() {
    let summary = watched(&[], &["sleep", "0.3"]);
    assert_eq!(summary["verdict"], "too-short", "{summary}");
    assert_eq!(texts(&summary["advice"]), [""; 0]);
}

#[test]
fn the_exit_code_and_the_output_are_the_commands_own() {
    let output = oversub(&["watch", "--", "sh", "-c", "echo out; sleep 0.3; exit 7"]);
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "out\n");
    let killed = oversub(&["watch", "--", "sh", "-c", "kill -9 $$"]);
    assert_eq!(killed.status.code(), Some(128 + 9));
}

#[test]
fn every_line_beside_a_terminal_is_json_and_the_last_is_the_summary() {
    let script = "sleep 1 & sleep 1 & wait";
    let output = oversub(&["watch", "--interval", "0.1", "--", "sh", "-c", script]);
    let said = said(&output);
    let lines: Vec<serde_json::Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let (last, looks) = lines.split_last().unwrap();
    assert!(
        looks
            .iter()
            .any(|look| look["processes"] == 3 && look["threads"] == 3),
        "{said}"
    );
    assert!(!looks[0]["by_name"].as_object().unwrap().is_empty());
    // Nobody wants a CPU, so nobody lacks one, whatever else runs here.
    assert!(last["summary"]["mean"]["running"].as_f64().unwrap() < 1.0);
    for key in ["verdict", "budget", "waiting", "advice"] {
        assert!(!last["summary"][key].is_null(), "{key} in {last}");
    }
}

#[test]
fn a_process_is_watched_for_as_long_as_was_asked_and_goes_on() {
    let mut sleeper = std::process::Command::new("sleep")
        .arg("30")
        .spawn()
        .unwrap();
    let pid = sleeper.id().to_string();
    let output = oversub(&["watch", "--pid", &pid, "--for", "0.2", "--interval", "0.05"]);
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"sleep\""));
    assert!(sleeper.try_wait().unwrap().is_none());
    sleeper.kill().unwrap();
    sleeper.wait().unwrap();
}

#[test]
fn what_cannot_be_watched_is_said_in_one_line() {
    for (arguments, code, words) in [
        (&["watch"][..], 2, "nothing to watch"),
        (
            &["watch", "--pid", "2147483647"],
            2,
            "no process 2147483647",
        ),
        (
            &["watch", "--interval", "0", "--", "true"],
            2,
            "--interval must be between 1e-9 and 1e9 s (got 0)",
        ),
        (
            &["watch", "--", "/nonexistent"],
            2,
            "cannot run '/nonexistent': No such file",
        ),
    ] {
        let output = oversub(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        let said = said(&output);
        assert!(said.contains(words) && said.lines().count() == 1, "{said}");
    }
}

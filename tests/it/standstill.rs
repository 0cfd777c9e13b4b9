//! A process that stood still has no time. Programs here stop themselves or their parents, and go on.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::program::{oversub, said};

/// The column `name` of every row of the run in `folder`.
fn column(folder: &Path, name: &str) -> Vec<String> {
    let mut rows = csv::Reader::from_path(folder.join("samples.csv")).unwrap();
    let at = rows.headers().unwrap().iter().position(|n| n == name);
    let field = |row: csv::StringRecord| row[at.unwrap()].to_owned();
    rows.records().map(|row| field(row.unwrap())).collect()
}

/// A sweep of one cell, one round and one repetition whose program is the shell script `script`: the
/// rows of its folder, and what it said.
fn sweep(place: &Path, script: &str) -> String {
    let run = place.join("run");
    let run = run.to_str().unwrap();
    let cell = ["sweep", "--outer", "1", "--inner", "1", "--rounds", "1"];
    let rest = ["--limit", "60", "--out", run, "--", "sh", "-c", script];
    said(&oversub(&[&cell[..], &rest].concat()))
}

/// Once, and twice more at the end of the round.
const ALL_TRIES: [&str; 3] = ["interrupted"; 3];

#[test]
fn a_program_that_was_stopped_has_no_time_and_is_tried_again() {
    let place = tempfile::tempdir().unwrap();
    let said = sweep(
        place.path(),
        "(sleep 0.2; kill -CONT $$) & kill -STOP $$; wait",
    );
    let run = place.path().join("run");
    assert_eq!(column(&run, "status"), ALL_TRIES, "{said}");
    assert!(column(&run, "reason")[0].contains("was stopped (SIGSTOP)"));
    assert!(said.contains("no cell has a time"), "{said}");
}

#[test]
fn a_program_whose_part_was_stopped_has_no_time() {
    let place = tempfile::tempdir().unwrap();
    let said = sweep(
        place.path(),
        "sleep 2 & kill -STOP $!; sleep 1; kill -CONT $!; wait",
    );
    let run = place.path().join("run");
    assert_eq!(column(&run, "status"), ALL_TRIES, "{said}");
}

/// The parent of the program is its supervisor, which notices its end late.
#[test]
fn a_supervisor_that_was_stopped_gives_no_time() {
    let place = tempfile::tempdir().unwrap();
    let said = sweep(
        place.path(),
        "kill -STOP $PPID; (sleep 0.3; kill -CONT $PPID) & wait",
    );
    let run = place.path().join("run");
    assert_eq!(column(&run, "status"), ALL_TRIES, "{said}");
    assert!(column(&run, "reason")[0].contains("stopped and continued"));
}

/// The sweep only waits for its supervisor.
#[test]
fn a_sweep_that_was_stopped_changes_nothing() {
    let place = tempfile::tempdir().unwrap();
    let said = sweep(
        place.path(),
        "sweep=$(cut -d ' ' -f 4 /proc/$PPID/stat); kill -STOP $sweep; \
         (sleep 0.3; kill -CONT $sweep) & wait",
    );
    assert_eq!(
        column(&place.path().join("run"), "status"),
        ["ok"],
        "{said}"
    );
}

/// The letter of the state of process `pid`, which was not waited for yet.
fn state(pid: Pid) -> char {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit_once(") ").unwrap().1.chars().next().unwrap()
}

fn until(mut done: impl FnMut() -> bool) {
    while !done() {
        thread::sleep(Duration::from_millis(5));
    }
}

/// A cell with far more short executions than there is time for is stopped and continued until it ends:
/// it does as soon as it was stopped in the middle of one.
#[test]
fn a_cell_that_was_stopped_has_no_time() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("answers");
    let cell = "weak-0.f64.10000_1x1_fork-join.passive_independent_unbound_queue.1_t20";
    let mut child = Command::new(env!("CARGO_BIN_EXE_oversub"))
        .args(["cell", cell, "--reps", "1000000", "--limit", "600"])
        .stdout(fs::File::create(&file).unwrap())
        .spawn()
        .unwrap();
    let pid = Pid::from_raw(child.id() as i32);
    until(|| fs::metadata(&file).unwrap().len() > 0);
    let mut running = || child.try_wait().unwrap().is_none();
    while running() {
        kill(pid, Signal::SIGSTOP).unwrap();
        until(|| matches!(state(pid), 'T' | 'Z'));
        kill(pid, Signal::SIGCONT).unwrap();
        thread::sleep(Duration::from_millis(20));
    }
    let text = fs::read_to_string(&file).unwrap();
    let last = text.lines().last().unwrap();
    assert!(
        last.contains(r#""answer":{"interrupted":[{"wall""#),
        "{last}"
    );
    assert!(last.contains("stopped and continued (SIGCONT)"), "{last}");
}

//! Whoever is killed, nothing that a sweep started stays, and nothing that was measured is lost.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use oversub::record::{Record, RunFolder, Status};

use crate::program::{gone, said, until};

/// A folder for a run and for the process ids that scripts write down.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A sweep of one cell, one round, with `flags`, of `sh -c script`, that runs now.
    fn start(&self, flags: &[&str], script: &str) -> Child {
        self.within("exec \"$@\"", flags, script)
    }

    /// The same, as `sh` starts it by `line`.
    fn within(&self, line: &str, flags: &[&str], script: &str) -> Child {
        Command::new("sh")
            .args(["-c", line, "sh", env!("CARGO_BIN_EXE_oversub")])
            .args(["sweep", "--outer", "1", "--inner", "1", "--rounds", "1"])
            .args(["--limit", "60", "--reps", "1", "--out", "run"])
            .args(flags)
            .args(["--", "sh", "-c", script])
            .current_dir(self.0.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn records(&self) -> Vec<Record> {
        RunFolder::read(&self.file("run")).unwrap().1
    }

    /// The process id that a script wrote into `name`, once it has.
    fn pid(&self, name: &str) -> i32 {
        let mut found = None;
        until("a script writes its process id", || {
            let text = fs::read_to_string(self.file(name)).unwrap_or_default();
            found = text.strip_suffix('\n').and_then(|pid| pid.parse().ok());
            found.is_some()
        });
        found.unwrap()
    }
}

/// The only child of a process, once it has one.
fn child_of(pid: i32) -> i32 {
    let mut child = None;
    until("a child is started", || {
        let file = format!("/proc/{pid}/task/{pid}/children");
        let text = fs::read_to_string(file).unwrap_or_default();
        child = text.split(' ').next().and_then(|pid| pid.parse().ok());
        child.is_some()
    });
    child.unwrap()
}

fn send(signal: Signal, pid: i32) {
    // It may have ended a moment ago.
    let _ = kill(Pid::from_raw(pid), signal);
}

fn end(sweep: Child) -> Output {
    sweep.wait_with_output().unwrap()
}

/// Three generations: the program, its child, and a grandchild in a session of its own whose parent
/// has ended.
const FAMILY: &str = "echo $$ > a; sh -c 'echo $$ > b; exec sleep 600' & \
                      (setsid sh -c 'echo $$ > c; exec sleep 600' &); wait";

/// A hook that leaves a server running.
const SERVER: &str = "(setsid sh -c 'echo $$ > server; exec sleep 600' &) ; \
                      until [ -s server ]; do :; done";

#[test]
fn whoever_is_killed_nothing_stays() {
    // Sweep, guard, supervisor, in that order.
    for killed in [
        &[0][..],
        &[1],
        &[2],
        &[0, 1],
        &[1, 0],
        &[0, 2],
        &[2, 0],
        &[1, 2],
        &[2, 1],
    ] {
        let place = Place::new();
        let sweep = place.start(&["--setup", SERVER], FAMILY);
        let family = ["server", "a", "b", "c"].map(|name| place.pid(name));
        let guard = child_of(sweep.id() as i32);
        let chain = [sweep.id() as i32, guard, child_of(guard)];
        for one in killed {
            send(Signal::SIGKILL, chain[*one]);
        }
        let output = end(sweep);
        until("everything ends", || {
            [&family[..], &chain].concat().into_iter().all(gone)
        });
        if !killed.contains(&0) {
            let records = place.records();
            assert_eq!(records.len(), 1, "{killed:?}: {}", said(&output));
            let reason = records[0].answer.reason().unwrap();
            assert!(reason.contains("signal: 9"), "{killed:?}: {reason}");
        }
    }
}

#[test]
fn a_hook_ends_with_the_sweep() {
    for flag in ["--setup", "--prepare", "--cleanup"] {
        for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGKILL] {
            let place = Place::new();
            let hook = "sh -c 'echo $$ > child; exec sleep 600' & echo $$ > hook; wait";
            let sweep = place.start(&[flag, hook], "true");
            let pids = ["hook", "child"].map(|name| place.pid(name));
            send(signal, sweep.id() as i32);
            end(sweep);
            until("the hook ends", || pids.into_iter().all(gone));
            let measured = usize::from(flag == "--cleanup" && signal != Signal::SIGKILL);
            assert_eq!(place.records().len(), measured, "{flag} {signal}");
        }
    }
}

/// The program runs when the signal comes: what the set-up made is taken back.
#[test]
fn a_stopped_visit_is_cleaned_up() {
    let place = Place::new();
    let hooks = ["--setup", "echo > made", "--cleanup", "rm made"];
    let sweep = place.start(&hooks, FAMILY);
    let family = ["a", "b", "c"].map(|name| place.pid(name));
    send(Signal::SIGTERM, sweep.id() as i32);
    let output = end(sweep);
    assert_eq!(output.status.code(), Some(143));
    assert!(family.into_iter().all(gone) && !place.file("made").exists());
    assert!(place.records().is_empty());
}

#[test]
fn a_server_of_the_set_up_lives_as_long_as_its_visit() {
    let place = Place::new();
    let flags = ["--setup", SERVER, "--reps", "2"];
    let sweep = place.start(&flags, "kill -0 $(cat server)");
    let output = end(sweep);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(place.records().len(), 2);
    assert!(gone(place.pid("server")));
}

#[test]
fn a_signal_that_was_ignored_at_the_start_stays_ignored() {
    let place = Place::new();
    let line = "trap '' INT HUP QUIT; exec \"$@\"";
    let sweep = place.within(
        line,
        &[],
        "echo $$ > a; until [ -e go ]; do sleep 0.01; done",
    );
    place.pid("a");
    for signal in [Signal::SIGINT, Signal::SIGHUP, Signal::SIGQUIT] {
        send(signal, sweep.id() as i32);
    }
    fs::write(place.file("go"), "").unwrap();
    let output = end(sweep);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(place.records()[0].answer.status(), Status::Ok);
}

#[test]
fn each_signal_that_asks_for_the_end_ends_the_sweep_and_keeps_its_rows() {
    for signal in [
        Signal::SIGINT,
        Signal::SIGTERM,
        Signal::SIGHUP,
        Signal::SIGQUIT,
    ] {
        let place = Place::new();
        let script = "[ -e first ] && { echo $$ > a; exec sleep 600; }; echo > first";
        let sweep = place.start(&["--reps", "2"], script);
        let program = place.pid("a");
        send(signal, sweep.id() as i32);
        let output = end(sweep);
        let code = Some(128 + signal as i32);
        assert_eq!(output.status.code(), code, "{signal}: {}", said(&output));
        assert!(gone(program));
        let records = place.records();
        assert_eq!(records.len(), 1, "{signal}: {}", said(&output));
        assert_eq!(records[0].answer.status(), Status::Ok);
    }
}

#[test]
fn no_descriptors_stop_the_sweep_with_one_line() {
    let place = Place::new();
    // Enough to open a run folder, too few to start a process with three pipes.
    let sweep = place.within("ulimit -n 9; exec \"$@\"", &[], "true");
    let output = end(sweep);
    assert_eq!(output.status.code(), Some(1));
    let told = said(&output);
    let last = told.lines().last().unwrap();
    assert!(last.starts_with("error: cannot start"), "{told}");
    assert!(
        last.contains("ulimit -n") && last.contains("to resume"),
        "{told}"
    );
    assert!(told.contains("trying again in"), "{told}");
    assert!(place.records().is_empty());
    let output = end(place.start(&[], "true"));
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn a_watched_command_gets_the_signals_and_gives_the_exit_code() {
    let place = Place::new();
    let script = "trap 'exit 7' TERM; echo $$ > a; while :; do sleep 0.01; done";
    let watch = |script: &str| {
        Command::new(env!("CARGO_BIN_EXE_oversub"))
            .args(["watch", "--", "sh", "-c", script])
            .current_dir(place.0.path())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let watched = watch(script);
    place.pid("a");
    send(Signal::SIGTERM, watched.id() as i32);
    assert_eq!(end(watched).status.code(), Some(7));

    fs::remove_file(place.file("a")).unwrap();
    let watched = watch("echo $$ > a; exec sleep 600");
    let pid = place.pid("a");
    send(Signal::SIGHUP, watched.id() as i32);
    let status = end(watched).status;
    assert_eq!((status.code(), status.signal()), (Some(129), None));
    assert!(gone(pid));
}

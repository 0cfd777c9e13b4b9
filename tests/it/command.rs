//! `oversub sweep -- PROGRAM`: whatever the user's program does, the sweep gets rows, and nothing
//! of the program is left.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use oversub::record::{Answer, Record, RunFolder, Status};

use crate::program::said;

/// A folder for a run and for what scripts leave as proof.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A sweep of one cell, one round, with `flags`, of `sh -c script`.
    fn sweep(&self, flags: &[&str], script: &str) -> Output {
        self.command(flags, &["sh", "-c", script]).output().unwrap()
    }

    fn command(&self, flags: &[&str], program: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_oversub"));
        command
            .args(["sweep", "--outer", "1", "--inner", "1", "--rounds", "1"])
            .arg("--out")
            .arg(self.file("run"))
            .args(flags)
            .arg("--")
            .args(program)
            .current_dir(self.0.path());
        command
    }

    fn records(&self) -> Vec<Record> {
        RunFolder::read(&self.file("run")).unwrap().1
    }

    /// The only answer of the run.
    fn answer(&self) -> Answer {
        let records = self.records();
        assert_eq!(records.len(), 1, "{records:?}");
        records[0].answer.clone()
    }

    fn reason(&self) -> String {
        match self.answer() {
            Answer::Failed(reason) => reason,
            other => panic!("{other:?}"),
        }
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap_or_default()
    }
}

/// Whether the process whose id stands in `file` is gone.
fn gone(file: &Path) -> bool {
    let pid = fs::read_to_string(file).unwrap();
    let state = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    // A zombie has ended; whoever adopted it may not have waited for it yet.
    state.is_empty() || state.contains(") Z ")
}

#[test]
fn every_cell_is_told_its_counts_by_arguments_and_environment() {
    let place = Place::new();
    let script = "echo {outer} {inner} $OMP_NUM_THREADS $OVERSUB_OUTER >> seen; : '{other}'";
    let grid = ["--outer", "1,2", "--inner", "3,4"];
    let output = place.sweep(&grid, script);
    assert!(output.status.success(), "{}", said(&output));
    let seen = place.text("seen");
    let mut seen: Vec<&str> = seen.lines().collect();
    seen.sort_unstable();
    assert_eq!(seen, ["1 3 3 1", "1 4 4 1", "2 3 3 2", "2 4 4 2"]);
    let records = place.records();
    assert_eq!(records.len(), 4);
    for record in records {
        let sample = record.answer.sample().unwrap().clone();
        assert_eq!(record.answer.status(), Status::Ok);
        assert_eq!(sample.tasks_done, Some(1));
        assert!(sample.cpu.is_some() && sample.voluntary_switches.is_some());
    }
}

#[test]
fn a_dry_run_prints_lines_that_a_shell_can_run() {
    let place = Place::new();
    let output = place.sweep(
        &["--dry-run", "--inner", "3"],
        "echo {inner} \"it's\" $OMP_NUM_THREADS",
    );
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("POLARS_MAX_THREADS=3"), "{told}");
    assert!(!place.file("run").exists());
    let run = Command::new("sh").args(["-c", &told]).output().unwrap();
    assert_eq!(String::from_utf8(run.stdout).unwrap(), "3 it's 3\n");
}

#[test]
fn copies_start_together_and_each_knows_its_rank() {
    let place = Place::new();
    // Each copy waits until all three have come: only copies that run at once get through.
    let script = "echo {rank} > here.$OVERSUB_RANK; \
                  until [ -e here.0 ] && [ -e here.1 ] && [ -e here.2 ]; do :; done";
    let flags = ["--outer", "3", "--outer-kind", "process", "--limit", "20"];
    let output = place.sweep(&flags, script);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(place.answer().status(), Status::Ok);
    assert_eq!(place.text("here.2"), "2\n");
}

#[test]
fn set_up_prepare_and_clean_up_run_in_their_places() {
    let place = Place::new();
    let flags = [
        "--setup",
        "echo setup >> log",
        "--prepare",
        "echo prepare >> log",
        "--cleanup",
        "echo cleanup {inner} >> log",
        "--warmups",
        "1",
        "--reps",
        "2",
    ];
    let output = place.sweep(&flags, "echo run >> log");
    assert!(output.status.success(), "{}", said(&output));
    let log = place.text("log");
    let words: Vec<&str> = log.lines().collect();
    let run = ["prepare", "run"];
    let expected = [&["setup"][..], &run, &run, &run, &["cleanup 1"]].concat();
    assert_eq!(words, expected);
    assert_eq!(place.records().len(), 2);
}

#[test]
fn a_failed_set_up_is_the_reason_and_nothing_runs() {
    let place = Place::new();
    let line = "echo 'no such server' >&2; exit 9";
    place.sweep(&["--setup", line], "echo run > log");
    let reason = format!("set-up command '{line}' ended with exit status: 9: no such server");
    assert_eq!(place.reason(), reason);
    assert_eq!(place.text("log"), "");
}

#[test]
fn a_program_that_cannot_be_run_is_refused_before_anything_runs() {
    let place = Place::new();
    fs::write(place.file("plain"), "#!/bin/sh\n").unwrap();
    for (program, why) in [
        ("/no/such/program", "'/no/such/program': No such file"),
        ("/no/such/{outer}", "'/no/such/1': No such file"),
        ("no-such-program", "'no-such-program': it is not on PATH"),
        ("./plain", "'./plain': it may not be executed"),
        ("plain", "is called ./plain"),
        ("/", "'/': it is not a file"),
    ] {
        let output = place.command(&[], &[program]).output().unwrap();
        let said = said(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(why), "{said}");
        assert!(!place.file("run").exists(), "{said}");
    }
}

/// A hook may build the program, and may fail to.
#[test]
fn a_program_that_the_set_up_builds_is_run_and_one_that_it_does_not_is_a_failed_row() {
    let build = "printf '#!/bin/sh\\n' > built && chmod +x built";
    for (setup, code) in [(build, 0), ("true", 1)] {
        let place = Place::new();
        let output = place.command(&["--setup", setup], &["./built"]).output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        assert_eq!(place.records().len(), 1);
    }
}

#[test]
fn a_sweep_without_an_execution_that_ended_well_fails_and_says_why() {
    for (script, why) in [
        ("false", "no cell has a time: ended with exit code 1"),
        ("[ {inner} = 2 ]", ""),
        (
            "[ {inner} = 2 ] && sleep 600; false",
            "1 of 2 rows took longer than the limit of 0.5 s (raise --limit); another failed: ended",
        ),
        (
            "sleep 600",
            "2 of 2 rows took longer than the limit of 0.5 s (raise --limit)",
        ),
    ] {
        let place = Place::new();
        let output = place.sweep(&["--inner", "1,2", "--limit", "0.5"], script);
        let told = said(&output);
        let code = i32::from(!why.is_empty());
        assert_eq!(output.status.code(), Some(code), "{told}");
        assert!(told.contains(why), "{told}");
        assert_eq!(place.records().len(), 2);
    }
}

#[test]
fn a_wrong_exit_code_is_a_failed_row_with_the_last_words() {
    let place = Place::new();
    place.sweep(&[], "echo out of luck >&2; exit 3");
    assert_eq!(place.reason(), "ended with exit code 3: out of luck");
    let place = Place::new();
    place.sweep(&["--exit-code", "3"], "exit 3");
    assert_eq!(place.answer().status(), Status::Ok);
    let place = Place::new();
    place.sweep(&[], "kill -9 $$");
    assert!(place.reason().contains("was ended by SIGKILL"));
}

#[test]
fn what_is_left_behind_is_noticed_and_ended() {
    let place = Place::new();
    // Twice removed and in a session of its own, so that no process group holds it.
    place.sweep(
        &[],
        "setsid sh -c 'echo $$ > pid; exec sleep 600' & until [ -s pid ]; do :; done",
    );
    assert!(
        place.reason().contains("left 1 process behind"),
        "{}",
        place.reason()
    );
    assert!(gone(&place.file("pid")));
}

#[test]
fn a_program_that_never_ends_is_censored_with_all_its_children() {
    let place = Place::new();
    let script = "setsid sh -c 'echo $$ > child; exec sleep 600' & echo $$ > pid; wait";
    place.sweep(&["--limit", "0.5"], script);
    assert_eq!(place.answer().status(), Status::Censored);
    assert!(gone(&place.file("pid")) && gone(&place.file("child")));
}

#[test]
fn a_flood_neither_blocks_nor_hides_the_metric_at_its_end() {
    let place = Place::new();
    let script = "head -c 20000000 /dev/zero | tr '\\0' 'x'; echo; echo 'img/s: 12.5'";
    place.sweep(&["--metric", "img/s: ([0-9.]+)"], script);
    assert_eq!(place.answer().sample().unwrap().metric, Some(12.5));
}

#[test]
fn a_metric_that_does_not_match_is_a_failed_row() {
    let place = Place::new();
    place.sweep(&["--metric", "img/s: ([0-9.]+)"], "echo nothing to see");
    let reason = place.reason();
    assert!(
        reason.contains("'img/s: ([0-9.]+)' matches nothing") && reason.contains("nothing to see"),
        "{reason}"
    );
}

#[test]
fn a_program_that_wants_a_terminal_finds_none_and_no_input() {
    let place = Place::new();
    place.sweep(&[], "read line && exit 1; : < /dev/tty");
    let reason = place.reason();
    assert!(reason.contains("/dev/tty"), "{reason}");
}

#[test]
fn a_bad_cell_does_not_stop_the_sweep() {
    let place = Place::new();
    place.sweep(&["--inner", "1,2,3"], "[ {inner} = 2 ] && exit 1; exit 0");
    let mut statuses: Vec<Status> = place.records().iter().map(|r| r.answer.status()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [Status::Ok, Status::Ok, Status::Failed]);
}

#[test]
fn a_bound_program_and_its_children_run_where_they_are_told() {
    let place = Place::new();
    let script = "sh -c 'grep Cpus_allowed_list /proc/self/status' > seen";
    let output = place.sweep(&["--placement", "close.pu"], script);
    assert!(output.status.success(), "{}", said(&output));
    let seen = place.text("seen");
    let list = seen.trim().rsplit('\t').next().unwrap();
    // One thread on one PU: a single number.
    assert!(list.parse::<u32>().is_ok(), "{seen}");
}

#[test]
fn a_killed_sweep_takes_the_program_with_it() {
    let place = Place::new();
    let script = "sh -c 'echo $$ > pid; exec sleep 600'; :";
    let mut sweep = place
        .command(&[], &["sh", "-c", script])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let patience = Instant::now() + Duration::from_secs(60);
    let wait_for = |done: &dyn Fn() -> bool, what: &str| {
        while !done() {
            assert!(Instant::now() < patience, "{what}");
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    wait_for(&|| !place.text("pid").trim().is_empty(), "it never started");
    sweep.kill().unwrap();
    sweep.wait().unwrap();
    wait_for(&|| gone(&place.file("pid")), "it outlived the sweep");
}

#[test]
fn another_command_in_the_same_folder_is_refused_by_field() {
    let place = Place::new();
    assert!(place.sweep(&[], "true").status.success());
    let output = place.sweep(&[], "false");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("command.argv is"),
        "{}",
        said(&output)
    );
}

#[test]
fn contradictions_are_usage_errors() {
    let cases: [(&[&str], &[&str], &str); 9] = [
        (
            &["--wait", "active"],
            &["true"],
            "'wait = active' says nothing",
        ),
        (&["--n", "64"], &["true"], "'n = 64' says nothing"),
        (&["--setup", "true"], &[], "no program to run"),
        (&["--metric-name", "img/s"], &["true"], "add --metric"),
        (&["--metric", "(["], &["true"], "'(['"),
        (
            &["--metric", "(.)", "--metric-name", "a\nb"],
            &["true"],
            "must be one line of text (got 'a\\nb')",
        ),
        (
            &["--metric", "(.)", "--metric-name", ""],
            &["true"],
            "must be one line of text (got '')",
        ),
        (
            &["--exit-code", "256"],
            &["true"],
            "exit-code must be between 0 and 255 (got 256)",
        ),
        (
            &["--metric", "img/s"],
            &["true"],
            "'img/s' is not a metric; expected the number in parentheses",
        ),
    ];
    for (flags, program, why) in cases {
        let place = Place::new();
        let output = place.command(flags, program).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains(why), "{}", said(&output));
        assert!(!place.file("run").exists());
    }
}

/// What the kernel counted is read of the process that has exited, before it is waited for.
#[cfg(target_os = "linux")]
#[test]
fn a_program_that_is_over_before_anybody_looks_has_its_run_queue_wait() {
    let place = Place::new();
    let output = place.command(&[], &["true"]).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let answer = place.answer();
    let sample = answer.sample().unwrap();
    assert!(sample.run_queue_wait.is_some(), "{sample:?}");
    assert_ne!(sample.threads, Some(0));
}

#[test]
fn a_metric_decides_instead_of_the_time() {
    let place = Place::new();
    let flags = [
        "--inner",
        "1,4",
        "--rounds",
        "3",
        "--metric",
        "rate ([0-9]+)",
    ];
    let named = [&flags[..], &["--metric-name", "img/s"]].concat();
    // Four threads take longer and have the better rate.
    let output = place.sweep(&named, "[ {inner} = 4 ] && sleep 0.2; echo rate {inner}0");
    assert!(output.status.success(), "{}", said(&output));
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("img/s 40.0"), "{told}");
    assert!(
        told.contains("1 x 1: 4.00 times worse than the best cell by img/s"),
        "{told}"
    );
}

#[test]
fn a_metric_has_a_heatmap_under_its_own_name_and_says_where_it_was_never_said() {
    let place = Place::new();
    let named = ["--metric", "rate ([0-9]+)", "--metric-name", "img/s"];
    let grid = ["--inner", "1,2,4", "--rounds", "3", "--limit", "0.5"];
    let script = "[ {inner} = 4 ] && sleep 600; echo rate {inner}0";
    let output = place.sweep(&[&named[..], &grid[..]].concat(), script);
    assert!(output.status.success(), "{}", said(&output));
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(
        told.contains("without rank or bound") && told.contains("): 1 x 4\n"),
        "{told}"
    );
    assert!(told.contains("figures/metric.png"), "{told}");

    let run = place.file("run");
    let svg = place.file("own.svg");
    let drawn = Command::new(env!("CARGO_BIN_EXE_oversub"))
        .args(["plot", "--metric", "metric", "-o"])
        .args([&svg, &run])
        .output()
        .unwrap();
    assert!(drawn.status.success(), "{}", said(&drawn));
    let picture = fs::read_to_string(&svg).unwrap();
    for words in [
        "img/s",
        "stopped: at the time limit, before it had a number",
        "\"bad\"",
    ] {
        assert!(picture.contains(words), "{words}");
    }
    let points = place.text("own.csv");
    for row in ["img/s,,exact,20.0", ",3,3,0,stopped at the limit"] {
        assert!(points.contains(row), "{row}: {points}");
    }
}

#[test]
fn failed_visits_are_measured_again_when_that_is_asked_for() {
    let place = Place::new();
    let script = "[ -e repaired ] || [ {inner} = 1 ]";
    let grid = ["--inner", "1,2", "--reps", "2"];
    let output = place.sweep(&grid, script);
    assert!(
        said(&output).contains("--retry failed"),
        "{}",
        said(&output)
    );
    fs::write(place.file("repaired"), "").unwrap();
    let statuses = || {
        let mut all: Vec<Status> = place.records().iter().map(|r| r.answer.status()).collect();
        all.sort_unstable();
        all
    };
    place.sweep(&grid, script);
    assert_eq!(statuses(), [Status::Ok, Status::Ok, Status::Failed]);
    let output = place.sweep(&[&grid[..], &["--retry", "failed"]].concat(), script);
    assert!(
        said(&output).contains("measuring 1 failed visit again"),
        "{}",
        said(&output)
    );
    assert_eq!(statuses(), [Status::Ok; 4]);
    let rows = fs::read_to_string(place.file("run/samples.csv")).unwrap();
    assert_eq!(rows.lines().count(), 1 + 5, "{rows}");
}

//! `oversub sweep` and `oversub cell` from the command line, measuring for real on tiny cells.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use oversub::experiment::Seats;
use oversub::machine::{CpuBudget, CpuSet, Topology};
use oversub::record::{Record, RunFolder, Status};

use crate::program::{child_with, gone, oversub, said, until};

/// A sweep of 2 x 2 tiny cells, two rounds of two repetitions, into `out`: 16 rows.
fn tiny<'a>(out: &'a Path, more: &[&'a str]) -> Vec<&'a str> {
    let fixed = [
        "sweep", "--n", "16", "--outer", "1,2", "--inner", "1,2", "--tasks", "4", "--rounds", "2",
        "--reps", "2", "--out",
    ];
    [&fixed[..], &[out.to_str().unwrap()], more].concat()
}

fn statuses(out: &Path) -> Vec<Status> {
    let (_, records) = RunFolder::read(out).unwrap();
    records
        .iter()
        .map(|record| record.answer.status())
        .collect()
}

#[test]
fn a_sweep_measures_every_cell_and_says_the_best_split() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("run");
    let output = oversub(&tiny(
        &out,
        &["--wait", "passive,yield", "--dispatch", "static"],
    ));
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(statuses(&out), [Status::Ok; 32]);
    let (header, records) = RunFolder::read(&out).unwrap();
    assert!(
        records
            .iter()
            .all(|r| r.answer.sample().unwrap().tasks_done == Some(4))
    );
    for record in &records {
        let threads = record.answer.sample().unwrap().threads;
        assert!(threads.is_none_or(|threads| threads == record.visit.cell.threads()));
    }
    assert!(header.argv.contains(&"--wait".to_owned()));
    assert_eq!(header.ruler.empty_regions.len(), 2);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains("best"), "{told}");
    assert!(told.contains(".png"), "{told}");
}

#[test]
fn every_composition_and_runtime_gives_right_results() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("run");
    let all = "independent,serial-inner,partitioned,exclusive,counting,shared";
    let more = [
        "--runtime",
        "fork-join,rayon",
        "--composition",
        all,
        "--dispatch",
        "queue,stealing",
    ];
    let output = oversub(&tiny(&out, &more));
    assert!(output.status.success(), "{}", said(&output));
    assert!(
        said(&output).contains("'shared' needs runtime 'rayon'"),
        "{}",
        said(&output)
    );
    let statuses = statuses(&out);
    assert!(
        statuses.len() > 100 && statuses.iter().all(|s| *s == Status::Ok),
        "{statuses:?}"
    );
}

#[test]
fn bound_cells_are_measured() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("run");
    let all = "close.pu,spread.core,partitioned.pu,close.numa";
    let output = oversub(&tiny(
        &out,
        &["--placement", all, "--runtime", "fork-join,rayon"],
    ));
    assert!(output.status.success(), "{}", said(&output));
    let (_, records) = RunFolder::read(&out).unwrap();
    assert_eq!(records.len(), 128);
    assert!(
        records
            .iter()
            .all(|record| record.answer.status() == Status::Ok),
        "{records:?}"
    );
    let topology = Topology::discover().unwrap();
    let budget = CpuBudget::discover();
    for record in &records {
        let cell = &record.visit.cell;
        let seats = Seats::of(cell, budget.whole(), &topology, &budget.allowed);
        let each: Vec<&CpuSet> = seats.teams.iter().flatten().collect();
        let all: CpuSet = each.iter().flat_map(|seat| seat.iter()).collect();
        let used = record.answer.sample().unwrap().pus_used.unwrap() as usize;
        // Threads with one PU each cannot but use all of these.
        let least = if each.iter().all(|seat| seat.len() == 1) {
            all.len()
        } else {
            1
        };
        assert!(
            (least..=all.len()).contains(&used),
            "{cell}: {used} of {all}"
        );
    }
}

#[test]
fn a_cell_past_its_limit_is_censored_and_keeps_what_it_did() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("run");
    // Four products of this size take many milliseconds on any machine.
    let output = oversub(&tiny(&out, &["--n", "1000", "--limit", "0.000001"]));
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("8 of 8 rows took longer than the limit"));
    assert_eq!(statuses(&out), [Status::Censored; 8]);
    let (_, records) = RunFolder::read(&out).unwrap();
    for record in records {
        let sample = record.answer.sample().unwrap();
        assert!(sample.tasks_done.unwrap() <= 4);
        assert!(sample.wall >= Duration::from_micros(1));
        // No process gets more than all PUs for the time that the row says passed.
        let pus = std::thread::available_parallelism().unwrap().get() as u32;
        assert!(sample.cpu.unwrap() <= pus * sample.wall + Duration::from_millis(1));
    }
}

#[test]
fn a_killed_sweep_is_taken_up_by_the_same_command() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("run");
    let arguments = tiny(&out, &["--rounds", "60", "--n", "23"]);
    let mut sweep = Command::new(env!("CARGO_BIN_EXE_oversub"))
        .args(&arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let csv = out.join("samples.csv");
    until("rows come", || {
        fs::read_to_string(&csv).map_or(0, |text| text.lines().count()) >= 20
    });
    sweep.kill().unwrap();
    sweep.wait().unwrap();
    let before = RunFolder::read(&out).unwrap().1;
    assert!(before.len() >= 19 && before.len() < 480, "{}", before.len());
    // The last row may have been cut short as well.
    let text = fs::read_to_string(&csv).unwrap();
    fs::write(&csv, format!("{text}host,matmul,f6")).unwrap();
    let output = oversub(&arguments);
    assert!(output.status.success(), "{}", said(&output));
    let after = RunFolder::read(&out).unwrap().1;
    // A visit that was cut off was made again; all others are as they were.
    let last = before.last().unwrap().visit;
    let others = |rows: &[Record]| -> Vec<Record> {
        let others = rows.iter().filter(|row| row.visit != last);
        others.cloned().collect()
    };
    let kept = others(&before);
    assert!(others(&after)[..kept.len()] == kept, "a row was lost");
    assert_eq!(after.len(), 4 * 60 * 2);
}

/// A sweep into `out` in the middle of its first sample, whose tasks take minutes, and the child that
/// measures it.
fn endless(out: &Path) -> (Child, i32) {
    let arguments = tiny(
        out,
        &["--n", "29", "--tasks", "400000000", "--limit", "3600"],
    );
    let sweep = Command::new(env!("CARGO_BIN_EXE_oversub"))
        .args(&arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let child = child_with(sweep.id(), "matmul n=29 ");
    let threads = || fs::read_dir(format!("/proc/{child}/task")).map_or(0, Iterator::count);
    until("a worker is there", || threads() > 1);
    (sweep, child)
}

#[test]
fn a_killed_sweep_takes_its_child_with_it_in_the_middle_of_a_sample() {
    let place = tempfile::tempdir().unwrap();
    let (mut sweep, child) = endless(&place.path().join("run"));
    sweep.kill().unwrap();
    sweep.wait().unwrap();
    until("a child ends with its killed parent", || gone(child));
}

#[test]
fn an_interrupted_sweep_records_no_failure_and_ends_its_child_in_the_middle_of_a_sample() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("run");
    let (sweep, child) = endless(&out);
    let interrupt = Command::new("kill")
        .args(["-INT", &sweep.id().to_string()])
        .status();
    assert!(interrupt.unwrap().success());
    let output = sweep.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(said(&output).contains("interrupted"), "{}", said(&output));
    assert!(gone(child));
    assert!(RunFolder::read(&out).unwrap().1.is_empty());
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("run");
    let sweep = tiny(
        &out,
        &["--dry-run", "--outer", "1..=300", "--inner", "1..=20"],
    )
    .join(" ");
    let program = env!("CARGO_BIN_EXE_oversub");
    let line = format!("{{ {program} {sweep}; echo status $? >&2; }} | head -1");
    let output = Command::new("sh").args(["-c", &line]).output().unwrap();
    assert!(said(&output).contains("status 0"), "{}", said(&output));
    assert!(!said(&output).contains("panicked"), "{}", said(&output));
}

#[test]
fn another_plan_in_the_same_folder_is_refused_by_field() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("run");
    assert!(oversub(&tiny(&out, &[])).status.success());
    let before = fs::read(out.join("samples.csv")).unwrap();
    let output = oversub(&tiny(&out, &["--tasks", "5"]));
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("tasks is 4 there and 5 here"),
        "{}",
        said(&output)
    );
    assert_eq!(fs::read(out.join("samples.csv")).unwrap(), before);
}

#[test]
fn bad_input_is_one_line_with_value_and_remedy_and_exit_code_2() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("experiment.toml");
    fs::write(&file, "outer = [1, 2]\ninner = \"1..=0\"\n").unwrap();
    let file = file.to_str().unwrap();
    let cases: [(&[&str], &str); 19] = [
        (&["sweep", "--outer", "0"], "'0'"),
        (&["sweep", "--outer", "-3"], "'-3'"),
        (
            &["sweep", "--limit", "1e-12"],
            "1e-9 and 86400 s (got 1e-12)",
        ),
        (&["sweep", "--outer", "4000000000"], "4000000000 x"),
        (&["sweep", "--inner", "99999999999"], "'99999999999'"),
        (&["sweep", "--inner", "2..1"], "'2..1'"),
        (&["sweep", "--wait", "lazy"], "'lazy'"),
        (&["sweep", "--workload", "fft"], "'fft'"),
        (&["sweep", "--limit", "0"], "limit must be between"),
        (&["sweep", "--limit", "NaN"], "(got NaN)"),
        (&["sweep", "--limit", "1e999"], "(got inf)"),
        (
            &["sweep", "--outer", "1", "--rounds", "4294967295"],
            "process runs (got",
        ),
        (
            &["sweep", "--reps", "4294967295"],
            "reps must be between 1 and 1000000",
        ),
        (
            &["sweep", "--warmups", "4294967295"],
            "'--warmups <N>': expected a whole number from 0 to 1000000",
        ),
        (
            &["simulate", "--set", "tsc=4.9e-324"],
            "parameter 'tsc': must be between",
        ),
        (&["simulate", "--set", "switch=1e999"], "(got inf)"),
        (&["simulate", "--set", "memory_node=nan"], "(got NaN)"),
        (&["sweep", file], "1..=0"),
        (&["sweep", "/no/such/file.toml"], "/no/such/file.toml"),
    ];
    for (arguments, value) in cases {
        let output = oversub(arguments);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{arguments:?}: {}",
            said(&output)
        );
        assert!(
            said(&output).contains(value),
            "{arguments:?}: {}",
            said(&output)
        );
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn more_threads_than_anyone_means_are_refused_before_anything_runs() {
    let output = oversub(&["sweep", "--outer", "60000", "--inner", "60000", "--dry-run"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("60000 x 60000"), "{}", said(&output));
}

/// Where a quota may be set it binds; elsewhere that is said, and nothing is measured without it.
/// Where it is refused, what it was refused is refused to this test too.
#[test]
fn a_sweep_runs_under_the_quota_it_asks_for_or_not_at_all() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("run");
    let output = oversub(&tiny(&out, &["--quota", "0.5"]));
    if output.status.success() {
        let (header, records) = RunFolder::read(&out).unwrap();
        assert_eq!(header.budget.cpus, 0.5);
        let around = records
            .iter()
            .map(|r| r.answer.sample().unwrap().interference);
        assert!(around.map(|a| a.quota_periods).all(|p| p.is_some()));
    } else {
        assert_eq!(output.status.code(), Some(1));
        let said = said(&output);
        assert!(said.contains("docker run --cpus 0.5"), "{said}");
        assert!(!out.exists());
        match said.split_once("cannot set a quota of 0.5 CPUs with ") {
            Some((_, refused)) => {
                let (folder, _) = refused.split_once(": ").unwrap();
                let made = fs::create_dir(folder);
                // Nothing stays of a group that this test may make.
                let _ = fs::remove_dir(folder);
                assert!(made.is_err(), "{said}");
            }
            None => assert!(said.contains("no control group here"), "{said}"),
        }
    }
    let refused = oversub(&tiny(&out, &["--quota", "0"]));
    assert_eq!(refused.status.code(), Some(2));
    assert!(said(&refused).contains("quota must be between 0.01 and 65536 CPUs (got 0)"));
}

#[test]
fn an_unwritable_folder_is_a_set_up_error() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("file");
    fs::write(&file, "").unwrap();
    let output = oversub(&tiny(&file.join("run"), &[]));
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("cannot create"), "{}", said(&output));
}

#[test]
fn a_dry_run_prints_commands_that_can_be_run_by_hand() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("run");
    let output = oversub(&tiny(&out, &["--dry-run"]));
    assert!(!out.exists());
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(told.lines().count(), 4);
    let typed = told.lines().next().unwrap();
    let answer = Command::new("sh").args(["-c", typed]).output().unwrap();
    assert!(answer.status.success(), "{}", said(&answer));
    assert_eq!(String::from_utf8(answer.stdout).unwrap().lines().count(), 2);
}

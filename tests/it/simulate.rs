//! `oversub simulate` from the command line.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use oversub::record::{Answer, RunFolder};

use crate::program::said;

const TWO_PUS: &str = "pack:1 l3:1 core:2 pu:1";

fn simulate(machine: &str, out: &Path, more: &[&str]) -> Output {
    let fixed = [
        "simulate",
        "--machine",
        machine,
        "--preset",
        "epyc-9004",
        "--out",
        out.to_str().unwrap(),
    ];
    Command::new(env!("CARGO_BIN_EXE_oversub"))
        .args([&fixed[..], more].concat())
        .output()
        .unwrap()
}

fn median_wall(out: &Path) -> u128 {
    let (_, records) = RunFolder::read(out).unwrap();
    let mut walls: Vec<u128> = records
        .iter()
        .map(|record| match &record.answer {
            Answer::Ok(sample) => sample.wall.as_nanos(),
            other => panic!("{other:?}"),
        })
        .collect();
    walls.sort_unstable();
    walls[walls.len() / 2]
}

#[test]
fn a_simulation_is_a_run_that_plot_can_draw() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("run");
    let done = simulate(
        TWO_PUS,
        &out,
        &[
            "--n", "64", "--outer", "1,2", "--inner", "1,2", "--reps", "2",
        ],
    );
    assert!(done.status.success(), "{}", said(&done));
    assert!(said(&done).contains("uncalibrated"), "{}", said(&done));
    let (header, records) = RunFolder::read(&out).unwrap();
    assert_eq!(records.len(), 4 * 3 * 2, "cells, rounds, repetitions");
    assert!(records.iter().all(|record| record.runner == "sim"));
    assert!(header.processor.unwrap().contains("uncalibrated"));
    let plot = Command::new(env!("CARGO_BIN_EXE_oversub"))
        .args(["plot", out.to_str().unwrap()])
        .output();
    assert!(
        plot.as_ref().unwrap().status.success(),
        "{}",
        said(&plot.unwrap())
    );
}

/// The six categories of a row add up to PUs x wall time.
#[test]
fn the_breakdown_accounts_for_all_time() {
    let place = tempfile::tempdir().unwrap();
    simulate(
        TWO_PUS,
        place.path(),
        &[
            "--n", "128", "--outer", "2", "--inner", "2", "--wait", "active", "--rounds", "1",
        ],
    );
    let wall = median_wall(place.path());
    let text = fs::read_to_string(place.path().join("breakdown.csv")).unwrap();
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let row: Vec<&str> = lines.next().unwrap().split(',').collect();
    let times = names
        .iter()
        .zip(&row)
        .filter(|(name, _)| name.ends_with("_ns"));
    let sum: u128 = times.map(|(_, value)| value.parse::<u128>().unwrap()).sum();
    assert_eq!((names.len(), sum), (row.len(), 2 * wall));
}

#[test]
fn the_same_command_twice_adds_nothing_and_other_numbers_are_refused() {
    let place = tempfile::tempdir().unwrap();
    let cell = ["--n", "64", "--outer", "2", "--inner", "2", "--reps", "2"];
    simulate(TWO_PUS, place.path(), &cell);
    let before = fs::read(place.path().join("samples.csv")).unwrap();
    let breakdown = fs::read(place.path().join("breakdown.csv")).unwrap();
    assert!(simulate(TWO_PUS, place.path(), &cell).status.success());
    assert_eq!(fs::read(place.path().join("samples.csv")).unwrap(), before);
    assert_eq!(
        fs::read(place.path().join("breakdown.csv")).unwrap(),
        breakdown
    );
    let other = simulate(
        TWO_PUS,
        place.path(),
        &[&cell[..], &["--hz", "1000"]].concat(),
    );
    assert_eq!(other.status.code(), Some(1));
    assert!(
        said(&other).contains("--out another folder"),
        "{}",
        said(&other)
    );
    assert_eq!(fs::read(place.path().join("samples.csv")).unwrap(), before);
}

/// A quota of half a CPU for work that keeps two busy for about 5 ms: 50 ms in each 100 ms are
/// enough; a quota of 0.05 CPUs gives 5 ms of CPU time in each 100 ms for 10 ms of work.
#[test]
fn a_quota_stretches_what_it_throttles() {
    let place = tempfile::tempdir().unwrap();
    let wall = |name: &str, quota: &[&str]| {
        let out = place.path().join(name);
        let cell = [
            "--outer", "2", "--inner", "1", "--tasks", "16", "--reps", "1",
        ];
        let done = simulate(TWO_PUS, &out, &[&cell[..], quota].concat());
        assert!(done.status.success(), "{}", said(&done));
        median_wall(&out)
    };
    let free = wall("free", &[]);
    assert_eq!(wall("half", &["--quota", "0.5"]), free);
    assert!((100_000_000..400_000_000).contains(&wall("tight", &["--quota", "0.05"])));
}

/// Until the simulator knows speeds of kinds of core, it says that it does not.
#[test]
fn kinds_of_core_taken_as_alike_are_said_so() {
    let place = tempfile::tempdir().unwrap();
    let cell = ["--n", "64", "--outer", "2", "--rounds", "1"];
    let note = "several kinds of core";
    for (machine, hybrid) in [("tests/data/three-kinds.xml", true), (TWO_PUS, false)] {
        let out = place.path().join(if hybrid { "hybrid" } else { "alike" });
        let done = simulate(machine, &out, &cell);
        assert!(done.status.success(), "{}", said(&done));
        assert_eq!(said(&done).contains(note), hybrid, "{}", said(&done));
        let (header, _) = RunFolder::read(&out).unwrap();
        let processor = header.processor.unwrap();
        assert_eq!(
            processor.contains("kinds of core taken as alike"),
            hybrid,
            "{processor}"
        );
    }
}

#[test]
fn a_simulated_machine_has_the_pus_that_its_file_allows() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("run");
    let cell = ["--n", "64", "--outer", "3", "--rounds", "1"];
    let done = simulate("tests/data/disallowed.xml", &out, &cell);
    assert!(done.status.success(), "{}", said(&done));
    let (header, _) = RunFolder::read(&out).unwrap();
    assert_eq!(header.budget.allowed.to_string(), "0-1,3");
    assert_eq!(header.budget.cpus, 3.0);
}

#[test]
fn what_cannot_be_simulated_is_one_line_and_code_two() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("none");
    for (machine, more, why) in [
        ("core:0", &[][..], "core:0"),
        ("nonsense", &[], "nonsense"),
        ("missing.xml", &[], "missing.xml"),
        (TWO_PUS, &["--preset", "pdp-11"], "pdp-11"),
        (TWO_PUS, &["--preset", "missing.toml"], "missing.toml"),
        (TWO_PUS, &["--preset", "generic"], "--preset"),
        (TWO_PUS, &["--quota", "-1"], "-1"),
        (TWO_PUS, &["--quota=nan"], "NaN"),
        (TWO_PUS, &["--kernel", "2.4"], "2.4"),
        (TWO_PUS, &["--hz", "0"], "0"),
        (TWO_PUS, &["--tick", "tock"], "tock"),
    ] {
        let output = simulate(machine, &out, more);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{machine} {more:?}: {}",
            said(&output)
        );
        assert!(said(&output).contains(why), "{}", said(&output));
        assert!(!out.exists());
    }
}

/// A fluid has no switches to count; two workers' 16 tasks take as long as 8 of them.
#[test]
fn the_fluid_model_leaves_what_it_does_not_know_empty() {
    let place = tempfile::tempdir().unwrap();
    let cell = [
        "--outer", "2", "--inner", "1", "--tasks", "16", "--reps", "1", "--model", "fluid",
    ];
    let done = simulate(TWO_PUS, place.path(), &cell);
    assert!(done.status.success(), "{}", said(&done));
    let (_, records) = RunFolder::read(place.path()).unwrap();
    let sample = records[0].answer.sample().unwrap();
    assert_eq!(
        (sample.voluntary_switches, sample.run_queue_wait),
        (None, None)
    );
    // 2 x 256^3 flop at 55 flop/ns and 256 / 268 of it, and 50 ns to take the task.
    let task = 2.0 * 256_f64.powi(3) / (55.0 * 256.0 / 268.0) + 50.0;
    assert!(
        (sample.wall.as_nanos() as f64 - 8.0 * task).abs() < 100.0,
        "{:?}",
        sample.wall
    );
}

/// In a spinning team of four on two PUs a trace shows spinning and computing, on both PUs.
#[test]
fn a_trace_shows_one_cell_and_refuses_several() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("trace.json");
    let trace = [
        "--trace",
        file.to_str().unwrap(),
        "--wait",
        "active",
        "--outer",
        "1",
    ];
    let several = simulate(
        TWO_PUS,
        &place.path().join("a"),
        &[&trace[..], &["--inner", "2,4"]].concat(),
    );
    assert_eq!(several.status.code(), Some(2));
    assert!(
        said(&several).contains("one cell, not 2"),
        "{}",
        said(&several)
    );
    let one = simulate(
        TWO_PUS,
        &place.path().join("b"),
        &[&trace[..], &["--inner", "4", "--reps", "1"]].concat(),
    );
    assert!(one.status.success(), "{}", said(&one));
    let json: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let events = json["traceEvents"].as_array().unwrap();
    for (category, pu) in [("spin", 0), ("spin", 1), ("compute", 0), ("compute", 1)] {
        let shown = |event: &&serde_json::Value| event["cat"] == category && event["tid"] == pu;
        assert!(
            events.iter().any(|event| shown(&event)),
            "{category} on PU {pu}"
        );
    }
}

/// A name is bytes: in the argument, and in the variable `PWD` of who stands in such a folder.
#[cfg(target_os = "linux")]
#[test]
fn names_that_are_no_text_are_taken_as_they_are() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join(OsStr::from_bytes(b"nu\xff"));
    fs::create_dir(&folder).unwrap();
    let run = folder.join("run");
    for out in [run.as_os_str(), OsStr::new("here")] {
        let done = Command::new(env!("CARGO_BIN_EXE_oversub"))
            .args(["simulate", "--machine", TWO_PUS, "--preset", "epyc-9004"])
            .args(["--n", "64", "--outer", "1", "--inner", "1", "--out"])
            .arg(out)
            .current_dir(&folder)
            .env("PWD", &folder)
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", said(&done));
        assert_eq!(RunFolder::read(&folder.join(out)).unwrap().1.len(), 3);
    }
}

/// A file with a machine of its own, over which flags win; a sweep does not take it for its own.
#[test]
fn an_experiment_file_sets_the_machine_up() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("experiment.toml");
    let grid = "n = 64\nouter = 3\ninner = 1\nrounds = 1\n[simulate]\nmachine = 'core:4 pu:1'\n";
    let write = |rest: &str| fs::write(&file, format!("{grid}{rest}")).unwrap();
    let run = |verb: &str, more: &[&str]| {
        let out = place.path().join(format!("run{}", more.len()));
        let fixed = [verb, file.to_str().unwrap(), "--out", out.to_str().unwrap()];
        (crate::program::oversub(&[&fixed[..], more].concat()), out)
    };
    write("preset = 'xeon-spr'\nkernel = '5.15'\nset = { flops_f64 = 10 }\n");
    let (done, slow) = run("simulate", &[]);
    assert!(done.status.success(), "{}", said(&done));
    let (header, _) = RunFolder::read(&slow).unwrap();
    assert_eq!(header.topology.pus().len(), 4);
    assert_eq!(header.kernel.release.as_deref(), Some("5.15"));
    let (done, fast) = run("simulate", &["--set", "flops_f64=100"]);
    assert!(done.status.success(), "{}", said(&done));
    assert!(median_wall(&slow) > 5 * median_wall(&fast));
    let (refused, _) = run("sweep", &["--rounds", "1"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(said(&refused).contains("[simulate]"), "{}", said(&refused));
    for (line, why) in [
        ("speed = 3", "unknown field `speed`"),
        ("set = { speed = 3 }", "parameter 'speed': unknown"),
        ("hz = 3", "hz must be between 24 and 10000 Hz (got 3)"),
    ] {
        write(line);
        let (refused, _) = run("simulate", &["--seed", "2", "--reps", "1"]);
        assert_eq!(refused.status.code(), Some(2), "{line}");
        assert!(said(&refused).contains(why), "{}", said(&refused));
    }
}

/// Executions are extrapolated only where that is asked for, which their rows and the figures say.
#[test]
fn equal_tasks_are_extrapolated_and_marked() {
    let place = tempfile::tempdir().unwrap();
    let (part, whole) = (place.path().join("part"), place.path().join("whole"));
    let plan = [
        "--outer", "2", "--inner", "2", "--tasks", "500", "--rounds", "1",
    ];
    let done = simulate(
        TWO_PUS,
        &part,
        &[&plan[..], &["--model", "steady"]].concat(),
    );
    assert!(
        said(&done).contains("1 of 1 executions extrapolated"),
        "{}",
        said(&done)
    );
    let done = simulate(TWO_PUS, &whole, &plan);
    assert!(!said(&done).contains("extrapolated"), "{}", said(&done));
    for (out, marked) in [(&part, true), (&whole, false)] {
        let (header, _) = RunFolder::read(out).unwrap();
        assert_eq!(header.processor.unwrap().contains("extrapolated"), marked);
        let rows = fs::read_to_string(out.join("breakdown.csv")).unwrap();
        let last = rows.lines().nth(1).unwrap().rsplit(',').next().unwrap();
        assert_eq!(last.parse::<u32>().unwrap() > 0, marked, "{rows}");
    }
    let ratio = median_wall(&part) as f64 / median_wall(&whole) as f64;
    assert!((ratio - 1.0).abs() < 0.02, "{ratio}");
}

/// Every cell has an interval around its time, and one of them is the best in each draw.
#[test]
fn draws_say_how_sure_a_prediction_is() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("run");
    let done = simulate(
        TWO_PUS,
        &out,
        &[
            "--n", "64", "--outer", "1,2", "--inner", "1,2", "--draws", "4",
        ],
    );
    let told = String::from_utf8(done.stdout).unwrap();
    assert!(
        told.contains("by 4 draws") && told.contains("best in"),
        "{told}"
    );
    let mut rows = csv::Reader::from_path(out.join("forecast.csv")).unwrap();
    let rows: Vec<[f64; 4]> = rows
        .records()
        .map(|row| {
            let row = row.unwrap();
            [1, 2, 3, 4].map(|column| row[column].parse().unwrap())
        })
        .collect();
    assert_eq!(rows.len(), 4);
    for [wall, low, high, _] in &rows {
        assert!(low < wall && wall < high, "{rows:?}");
    }
    let best: f64 = rows.iter().map(|[.., best]| best).sum();
    assert!((best - 1.0).abs() < 1e-9, "{rows:?}");
}

//! Other load beside a cell: measured, simulated, and gone afterwards.

use std::fs;

use oversub::experiment::Axis;
use oversub::record::{RunFolder, Status};

use crate::program::{oversub, said};

/// Processes of other load whose arguments name this many threads.
fn spinning(threads: u32) -> usize {
    let words = format!("spin\0{threads}\0--parent");
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    let named = lines.filter(|line| String::from_utf8_lossy(line).contains(&words));
    named.count()
}

#[test]
fn cells_beside_other_load_are_measured_compared_among_themselves_and_leave_nothing() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("run");
    let run = out.to_str().unwrap();
    let grid = "sweep --n 16 --tasks 4 --outer 1,2 --inner 1 --rounds 1 --reps 1 --background 0,7";
    let flags: Vec<&str> = grid.split(' ').chain(["--out", run]).collect();
    let swept = oversub(&flags);
    assert!(swept.status.success(), "{}", said(&swept));
    assert_eq!(spinning(7), 0);
    let (header, records) = RunFolder::read(&out).unwrap();
    assert!(
        records
            .iter()
            .all(|record| record.answer.status() == Status::Ok)
    );
    let beside = header.plan.values(Axis::Background);
    let beside: Vec<String> = beside.iter().map(ToString::to_string).collect();
    assert_eq!(beside, ["0", "7"]);
    // None of its threads is one of the cell's.
    let threads = records
        .iter()
        .filter_map(|record| record.answer.sample()?.threads);
    assert!(threads.max().unwrap() <= 2);
    let told = String::from_utf8(oversub(&["recommend", run]).stdout).unwrap();
    for words in ["matmul.f64.16, 4 tasks:", "beside 7 threads of other load:"] {
        assert!(told.contains(words), "{told}");
    }
    let unclear = said(&oversub(&["recommend", run, "--for", "shell"]));
    assert!(unclear.contains("--where background=0"), "{unclear}");
    // The whole text of a cell means that cell, although another has all that it says.
    let one = oversub(&["explain", run, "matmul n=16 outer=2 inner=1 tasks=4"]);
    let text = String::from_utf8(one.stdout).unwrap();
    assert!(
        text.contains("cause: ") && !text.contains("background"),
        "{text}"
    );
}

/// One CPU and two threads that never give it up: each has half of it.
#[test]
fn a_simulated_worker_shares_its_only_cpu_with_other_load() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("run");
    let run = out.to_str().unwrap();
    for model in ["slices", "fluid"] {
        let words = "simulate --workload weak-0 --n 1000000 --tasks 64 --outer 1 --inner 1 --rounds 1 --background 0,1";
        let machine = [
            "--machine",
            "l2:1(size=1MB) core:1 pu:1",
            "--model",
            model,
            "--out",
            run,
        ];
        let flags: Vec<&str> = words.split(' ').chain(machine).collect();
        let simulated = oversub(&flags);
        assert!(simulated.status.success(), "{}", said(&simulated));
        let (_, records) = RunFolder::read(&out).unwrap();
        let wall = |beside: u32| {
            let mut of = records.iter().filter(|r| r.visit.cell.background == beside);
            of.next()
                .unwrap()
                .answer
                .sample()
                .unwrap()
                .wall
                .as_secs_f64()
        };
        let ratio = wall(1) / wall(0);
        assert!((1.9..2.1).contains(&ratio), "{model}: {ratio}");
        fs::remove_dir_all(&out).unwrap();
    }
}

#[test]
fn a_cell_whose_other_load_ends_fails() {
    use std::io::{BufRead, BufReader};

    let cell = "matmul n=64 outer=1 inner=1 tasks=400 background=3";
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_oversub"));
    let mut measured = command
        .args(["cell", cell, "--reps", "100000", "--limit", "60"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut answers = BufReader::new(measured.stdout.take().unwrap()).lines();
    assert!(answers.next().unwrap().unwrap().contains("ok"));
    let children = format!("/proc/{0}/task/{0}/children", measured.id());
    let child = fs::read_to_string(children)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    let child = nix::unistd::Pid::from_raw(child);
    nix::sys::signal::kill(child, nix::sys::signal::Signal::SIGKILL).unwrap();
    let mut rest = answers.map(Result::unwrap);
    assert!(rest.any(|line| line.contains("the other load beside the cell ended")));
    measured.kill().unwrap();
    measured.wait().unwrap();
}

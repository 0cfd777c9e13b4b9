//! `oversub explain`: what it says of a cell of a run, and of cells that are not there.

use std::path::{Path, PathBuf};
use std::time::Duration;

use oversub::record::{Answer, RunFolder, Sample, Waiting};

use crate::program::{oversub, said};
use crate::scripted::{self, Machine, plausible};

const TWO: Machine = Machine {
    cores: 2,
    pus_per_core: 1,
};

/// 1, 2 and 4 threads by two wait policies; whatever is active and beyond two threads spins all the
/// time and takes half a minute.
fn run_that_spins(folder: &Path) -> PathBuf {
    let request = "outer=1\ninner='1,2,4'\nwait='active,passive'\nrounds=6\nreps=1";
    let plan = scripted::plan(request, TWO);
    let run = folder.join("run");
    let mut plausible = plausible(TWO);
    scripted::write(&run, &plan, TWO, |visit, rep| {
        let cell = visit.cell;
        let spins = cell.demand() > 2 && cell.runtime.to_string() == "fork-join.active";
        match plausible(visit, rep) {
            Answer::Ok(sample) if spins => Answer::Ok(Sample {
                wall: Duration::from_secs(30),
                cpu: Some(Duration::from_secs(60)),
                run_queue_wait: Some(Duration::from_secs(60)),
                waiting: Waiting {
                    spin: Some(Duration::from_secs(57)),
                    ..Waiting::default()
                },
                ..sample
            }),
            answer => answer,
        }
    });
    run
}

#[test]
fn a_cell_is_explained_with_numbers_rule_and_a_way_to_check_it() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_that_spins(folder.path());
    let run = run.to_str().unwrap();
    for selection in [
        &["1x4", "--wait", "active"][..],
        &["--inner", "4", "--where", "wait=active"],
    ] {
        let output = oversub(&[&["explain", run], selection].concat());
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        for words in [
            "cause: oversubscribed and spinning",
            "oversubscribed and spinning, 95 % of P",
            "1.90 CPUs  CPUs spent on spinning",
            "rule      more threads than P",
            "this cause is wrong if passive and yield are as slow",
        ] {
            assert!(text.contains(words), "{words} in {text}");
        }
    }
}

#[test]
fn without_one_cell_there_is_a_line_for_each() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_that_spins(folder.path());
    let run = run.to_str().unwrap();
    let list = |arguments: &[&str]| {
        let output = oversub(&[&["explain", run], arguments].concat());
        String::from_utf8(output.stdout).unwrap()
    };
    let all = list(&[]);
    assert_eq!(
        all.lines().filter(|line| line.contains("matmul")).count(),
        6
    );
    assert!(
        all.lines()
            .any(|l| l.starts_with("S ") && l.contains("outer=1 inner=4 wait=active"))
    );
    assert_eq!(
        list(&["1x4"])
            .lines()
            .filter(|l| l.contains("matmul") && !l.contains("oversub explain"))
            .count(),
        2
    );
    let json = list(&["--json"]);
    let causes = json
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    assert_eq!(
        causes
            .filter(|diagnosis| diagnosis["cause"] == "spinning")
            .count(),
        1
    );
}

#[test]
fn the_causes_are_drawn_with_their_letters_and_words() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_that_spins(folder.path());
    let svg = folder.path().join("causes.svg");
    let (run, file) = (run.to_str().unwrap(), svg.to_str().unwrap());
    assert!(
        oversub(&["plot", run, "--metric", "cause", "-o", file])
            .status
            .success()
    );
    let picture = std::fs::read_to_string(&svg).unwrap();
    assert!(picture.contains("oversubscribed and spinning"), "{picture}");
    let points = std::fs::read_to_string(svg.with_extension("csv")).unwrap();
    assert_eq!(points.matches("spinning").count(), 1);
}

#[test]
fn a_cell_that_is_not_there_is_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_that_spins(folder.path());
    let output = oversub(&["explain", run.to_str().unwrap(), "9x9"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("no measured cell"));
    assert_eq!(oversub(&["explain", "/nowhere"]).status.code(), Some(2));
}

/// The commands that `explain` prints for a simulation are run as they stand, from where it was run:
/// each simulates the cell that it explains, on the same machine with the same parameters.
#[test]
fn the_check_of_a_simulated_cell_simulates_that_cell_on_the_same_machine() {
    let folder = tempfile::tempdir().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_oversub")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let shell = |command: &str| {
        let output = std::process::Command::new("sh")
            .args(["-c", command])
            .current_dir(folder.path())
            .env("PATH", &path)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{command}: {said}");
        String::from_utf8(output.stdout).unwrap()
    };
    shell(
        "oversub simulate --machine 'pack:1 core:3 pu:1' --preset xeon-spr --kernel 5.15 --hz 100 \
         --set flops_f64=5 --quota 2.5 --workload dot --n 1000 --runtime libgomp --outer 1,3 \
         --inner 1,3 --chunk pool --tasks 12 --out 'a run'",
    );
    let json = shell("oversub explain 'a run' --json");
    let (there, _) = RunFolder::read(&folder.path().join("a run")).unwrap();
    let assumed =
        |run: &str| std::fs::read_to_string(folder.path().join(run).join("simulation.toml"));
    let mut checked = 0;
    for line in json.lines() {
        let diagnosis: serde_json::Value = serde_json::from_str(line).unwrap();
        for finding in diagnosis["findings"].as_array().unwrap() {
            let command = finding["check"]["command"].as_str().unwrap();
            shell(command);
            let out = command.split("--out ").nth(1).unwrap();
            let out = out.trim_start_matches('\'').split('\'').next().unwrap();
            let (here, records) = RunFolder::read(&folder.path().join(out)).unwrap();
            assert_eq!(
                (&here.topology, &here.budget),
                (&there.topology, &there.budget)
            );
            assert_eq!(assumed(out).unwrap(), assumed("a run").unwrap());
            let cell = diagnosis["cell"].as_str().unwrap();
            let same = records.iter().any(|r| r.visit.cell.to_string() == cell);
            assert!(same, "{cell} is not in {command}");
            checked += 1;
        }
    }
    assert!(checked > 0, "{json}");
}

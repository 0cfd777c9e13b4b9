//! `oversub compare`: what it calls a change, what its exit code says, and what it refuses.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use oversub::record::{Answer, Sample};

use crate::scripted::{self, Machine, plausible};

const TWO: Machine = Machine {
    cores: 2,
    pus_per_core: 1,
};

/// 4 x 4 cells, seven rounds.
const REQUEST: &str = "outer='1,2,3,4'\ninner='1,2,3,4'\nrounds=7\nreps=2";

/// A run in which cells with four outer workers take `factor` times as long.
fn run(folder: &Path, name: &str, request: &str, factor: f64) -> PathBuf {
    let plan = scripted::plan(request, TWO);
    let run = folder.join(name);
    let mut plausible = plausible(TWO);
    scripted::write(&run, &plan, TWO, |visit, rep| match plausible(visit, rep) {
        Answer::Ok(sample) if visit.cell.outer.get() == 4 => Answer::Ok(Sample {
            wall: sample.wall.mul_f64(factor),
            ..sample
        }),
        answer => answer,
    });
    run
}

/// Exit code, standard output and standard error.
fn compare(from: &Path, to: &Path, flags: &[&str]) -> (i32, String, String) {
    let (from, to) = (from.to_str().unwrap(), to.to_str().unwrap());
    let command = &mut Command::cargo_bin("oversub").unwrap();
    let output = command
        .args(["compare", from, to])
        .args(flags)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn only_the_cells_that_became_slower_are_named_and_fail_the_build() {
    let folder = tempfile::tempdir().unwrap();
    let before = run(folder.path(), "before", REQUEST, 1.0);
    let after = run(folder.path(), "after", REQUEST, 1.5);
    let (code, said, _) = compare(&before, &after, &["--fail-if", "slowdown>2"]);
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("16 cells in both: 4 slower, 0 faster, 12 not told apart"),
        "{said}"
    );
    assert!(said.contains("slower     4 x 1: 1.50 times [1.4"), "{said}");
    let (code, _, error) = compare(&before, &after, &["--fail-if", "slowdown>1.3"]);
    assert_eq!(code, 3);
    assert!(
        error.contains("fail: slowdown>1.3 in 4 x 1; 4 x 2; 4 x 3; 4 x 4"),
        "{error}"
    );
    // The other way round they are faster, which fails nothing.
    let (code, said, _) = compare(&after, &before, &["--fail-if", "slowdown>1"]);
    assert_eq!(code, 0);
    assert!(said.contains("0 slower, 4 faster"), "{said}");
}

/// A run beside which another program keeps 0.6 of 2 CPUs busy, and whose cells all take `factor` times
/// as long.
fn disturbed(folder: &Path, name: &str, factor: f64) -> PathBuf {
    let run = folder.join(name);
    let mut plausible = plausible(TWO);
    scripted::write(&run, &scripted::plan(REQUEST, TWO), TWO, |visit, rep| {
        let mut answer = plausible(visit, rep);
        if let Answer::Ok(sample) = &mut answer {
            sample.wall = sample.wall.mul_f64(factor);
            sample.interference.host_busy = sample.cpu.map(|cpu| cpu + sample.wall.mul_f64(0.6));
        }
        answer
    });
    run
}

#[test]
fn a_build_does_not_fail_because_another_program_ran() {
    let folder = tempfile::tempdir().unwrap();
    let quiet = run(folder.path(), "quiet", REQUEST, 1.0);
    let slow = disturbed(folder.path(), "slow", 1.5);
    let equal = disturbed(folder.path(), "equal", 1.0);
    let fail_if = ["--fail-if", "slowdown>1.2"];
    let (code, said, error) = compare(&quiet, &slow, &fail_if);
    assert_eq!(code, 4, "{error}");
    assert!(
        error.starts_with("disturbed: slowdown>1.2 in 1 x 1;"),
        "{error}"
    );
    assert!(
        said.contains("  second run disturbed by foreign load: up to 0."),
        "{said}"
    );
    // Others slow the second run, if anything: what is not slower in spite of them passes.
    assert_eq!(compare(&quiet, &equal, &fail_if).0, 0);
    // A slowed reference may hide a loss.
    let (code, said, _) = compare(&equal, &quiet, &fail_if);
    assert_eq!(code, 4);
    assert!(
        said.contains("  first run  disturbed by foreign load"),
        "{said}"
    );
    let (code, json, _) = compare(&quiet, &slow, &["--json", "--fail-if", "slowdown>1.2"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (code, &json["fail_if"]["outcome"]),
        (4, &"disturbed".into())
    );
    assert_eq!(json["disturbances"]["to"]["found"][0]["by"], "foreign-load");
    assert_eq!(compare(&quiet, &slow, &[]).0, 0);
}

#[test]
fn with_three_rounds_nothing_is_told_apart_and_it_is_said_why() {
    let folder = tempfile::tempdir().unwrap();
    let few = REQUEST.replace("rounds=7", "rounds=3");
    let before = run(folder.path(), "before", &few, 1.0);
    let after = run(folder.path(), "after", &few, 9.0);
    let (code, said, error) = compare(&before, &after, &["--fail-if", "slowdown>1.05"]);
    assert_eq!(code, 1);
    assert!(
        error.contains("error: no cell can be compared: too few rounds"),
        "{error}"
    );
    assert!(said.contains("0 not told apart, 16 unknown"), "{said}");
    assert!(
        said.contains("with 3 rounds no difference can be told"),
        "{said}"
    );
}

/// A run in which every program crashed must not pass for one in which nothing became slower.
#[test]
fn cells_that_failed_do_not_pass_for_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let before = run(folder.path(), "before", REQUEST, 1.0);
    for (name, failing, code, words) in [
        (
            "all",
            1,
            1,
            "error: no cell can be compared: in the second run: boom",
        ),
        (
            "some",
            4,
            0,
            "note: 4 of 16 cells could not be compared: in the second run: boom",
        ),
    ] {
        let after = folder.path().join(name);
        let mut plausible = plausible(TWO);
        scripted::write(
            &after,
            &scripted::plan(REQUEST, TWO),
            TWO,
            |visit, rep| match visit.cell.outer.get() >= failing {
                true => Answer::Failed("boom".to_owned()),
                false => plausible(visit, rep),
            },
        );
        let (exit, _, error) = compare(&before, &after, &["--fail-if", "slowdown>1.05"]);
        assert_eq!(exit, code, "{error}");
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn runs_without_a_common_cell_are_refused_by_what_differs() {
    let folder = tempfile::tempdir().unwrap();
    let small = run(folder.path(), "small", &format!("{REQUEST}\nn=64"), 1.0);
    let large = run(folder.path(), "large", &format!("{REQUEST}\nn=128"), 1.0);
    let (code, _, error) = compare(&small, &large, &[]);
    assert_eq!(code, 2);
    assert!(
        error.contains("no cell in common: n is 64 and 128"),
        "{error}"
    );
    let (code, _, error) = compare(&small, folder.path(), &[]);
    assert_eq!(code, 2);
    assert!(error.contains("is not a run folder"), "{error}");
    let (code, _, error) = compare(&small, &small, &["--fail-if", "slowdown<2"]);
    assert_eq!(code, 2);
    assert!(error.contains("slowdown>1.05"), "{error}");
}

#[test]
fn json_and_picture_hold_every_cell() {
    let folder = tempfile::tempdir().unwrap();
    let before = run(folder.path(), "before", REQUEST, 1.0);
    let after = run(folder.path(), "after", REQUEST, 1.5);
    let picture = folder.path().join("ratio.svg");
    let flags = [
        "--json",
        "--fail-if",
        "slowdown>1.2",
        "-o",
        picture.to_str().unwrap(),
    ];
    let (code, said, _) = compare(&before, &after, &flags);
    assert_eq!(code, 3);
    let json: serde_json::Value = serde_json::from_str(&said).unwrap();
    let cells = json["cells"].as_array().unwrap();
    let count = |word: &str| cells.iter().filter(|cell| cell["verdict"] == word).count();
    assert_eq!((cells.len(), count("slower"), count("same")), (16, 4, 12));
    assert_eq!(json["fail_if"]["holds"], true);
    let svg = fs::read_to_string(&picture).unwrap();
    assert!(
        svg.contains("after is slower in 4 of 16 cells"),
        "the title names the second run"
    );
    let points = fs::read_to_string(picture.with_extension("csv")).unwrap();
    assert_eq!(points.matches(",same,").count(), 12);
    let (code, _, error) = compare(&before, &after, &flags);
    assert_eq!(code, 2, "pictures are not overwritten");
    assert!(error.contains("--force"), "{error}");
}

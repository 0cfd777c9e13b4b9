//! `oversub recommend` and `oversub export`: what they say of a scripted run.

use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;

use oversub::record::Answer;

use crate::scripted::{self, Machine, plausible};

const TWO: Machine = Machine {
    cores: 2,
    pus_per_core: 1,
};

fn run_of(folder: &Path, request: &str) -> PathBuf {
    let run = folder.join("run");
    scripted::write(&run, &scripted::plan(request, TWO), TWO, plausible(TWO));
    run
}

fn oversub(verb: &str, run: &Path, flags: &[&str]) -> Output {
    let command = &mut Command::cargo_bin("oversub").unwrap();
    command
        .args([verb, run.to_str().unwrap()])
        .args(flags)
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Active teams lose by spinning: P x P takes 2^2.6 = 6 times as long as two workers alone.
const REQUEST: &str = "outer='1,2,4'\ninner='1,2,4'\nwait='active'\nrounds=7\nreps=2";

#[test]
fn a_recommendation_names_the_split_and_what_the_defaults_lose() {
    let folder = tempfile::tempdir().unwrap();
    let text = said(&oversub("recommend", &run_of(folder.path(), REQUEST), &[]));
    assert!(text.starts_with("reliable: complete, 7 rounds"), "{text}");
    assert!(text.contains("set        2 x 1 (fewest threads"), "{text}");
    assert!(text.contains("one off    2 x 2 takes 6."), "{text}");
    assert!(
        text.contains("2 x 2 (defaults, P x P; inner left at P): 6."),
        "{text}"
    );
    assert!(!text.contains("break-even"), "{text}");
    // A script has no host around it.
    let unknown = "cannot be told from these records: steal, throttling, foreign load, frequency change, stacking";
    assert!(
        text.contains(unknown) && !text.contains("disturbed"),
        "{text}"
    );
}

#[test]
fn a_run_that_is_not_complete_says_so_first() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_of(folder.path(), REQUEST);
    let file = run.join("samples.csv");
    let all = std::fs::read_to_string(&file).unwrap();
    let first: Vec<&str> = all.lines().take(1 + 4 * 2).collect();
    std::fs::write(&file, first.join("\n") + "\n").unwrap();
    let text = said(&oversub("recommend", &run, &[]));
    assert!(
        text.starts_with("4 of 9 cells measured\nunreliable: a single round"),
        "{text}"
    );
}

/// Others keep 1.5 of 2 CPUs busy in every sample.
#[test]
fn nothing_is_recommended_where_others_held_the_machine() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let mut plausible = plausible(TWO);
    scripted::write(&run, &scripted::plan(REQUEST, TWO), TWO, |visit, rep| {
        let mut answer = plausible(visit, rep);
        if let Answer::Ok(sample) = &mut answer {
            let others = sample.wall.mul_f64(1.5);
            sample.interference.host_busy = sample.cpu.map(|cpu| cpu + others);
        }
        answer
    });
    let text = said(&oversub("recommend", &run, &[]));
    assert!(text.starts_with("unreliable: others held 7"), "{text}");
    assert!(
        text.contains("set        nothing: others decided"),
        "{text}"
    );
    let json = said(&oversub("recommend", &run, &["--json"]));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["verdict"]["level"], "unreliable");
    assert!(json["works"][0]["set"].is_null());
    let lines = oversub("recommend", &run, &["--for", "shell"]);
    assert_eq!((lines.status.code(), said(&lines).as_str()), (Some(1), ""));
}

#[test]
fn the_lines_for_a_shell_run_and_set_every_pool() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_of(folder.path(), REQUEST);
    let lines = said(&oversub("recommend", &run, &["--for", "shell"]));
    let script =
        format!("{lines}\necho $OMP_NUM_THREADS ${{OMP_WAIT_POLICY-none}} $MKL_NUM_THREADS");
    let output = Command::new("sh").args(["-euc", &script]).output().unwrap();
    assert_eq!(said(&output).trim(), "1 none 1");
}

#[test]
fn sizes_have_a_break_even_and_lines_need_one_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_of(folder.path(), &format!("{REQUEST}\nn='64,128'"));
    let text = said(&oversub("recommend", &run, &[]));
    assert!(
        text.contains("break-even 1 x 2: pays from n = 64 (of 64, 128)"),
        "{text}"
    );
    let refused = oversub("recommend", &run, &["--for", "ray"]);
    assert_eq!(refused.status.code(), Some(2));
    let one = oversub("recommend", &run, &["--for", "ray", "--where", "n=64"]);
    assert!(said(&one).contains("ray.init(num_cpus=2"));
}

#[test]
fn an_export_has_a_row_for_each_cell_or_sample() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_of(folder.path(), REQUEST);
    let markdown = said(&oversub("export", &run, &["--as", "markdown"]));
    assert_eq!(markdown.lines().count(), 2 + 9, "{markdown}");
    let json = said(&oversub("export", &run, &["--as", "json", "--samples"]));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 9 * 7 * 2);
    assert_eq!(
        oversub("export", &run, &["--as", "xls"]).status.code(),
        Some(2)
    );
    // The magic number at both ends; what is between, the unit tests read.
    let parquet = oversub("export", &run, &["--as", "parquet"]).stdout;
    assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"));
}

#[test]
fn an_export_says_why_a_cell_has_no_right_answer() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let plan = scripted::plan("outer='1,2,4'\ninner=1\nrounds=2\nreps=1", TWO);
    let mut plausible = plausible(TWO);
    scripted::write(&run, &plan, TWO, |visit, rep| {
        match (visit.cell.outer.get(), plausible(visit, rep)) {
            (2, Answer::Ok(sample)) => Answer::Wrong(sample, "2 is not 3".to_owned()),
            (4, _) => Answer::Failed("no memory".to_owned()),
            (_, answer) => answer,
        }
    });
    let csv = said(&oversub("export", &run, &["--as", "csv"]));
    let reasons: Vec<&str> = csv
        .lines()
        .skip(1)
        .filter_map(|row| row.rsplit(',').next())
        .collect();
    assert_eq!(reasons, ["", "2 is not 3", "no memory"], "{csv}");
}

#[test]
fn a_script_gets_the_split_and_the_losses_as_json() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_of(folder.path(), &format!("{REQUEST}\nn='64,128'"));
    let json = said(&oversub("recommend", &run, &["--json"]));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["format_version"], 1);
    let work = &json["works"][1];
    assert_eq!(
        (&work["workload"], &work["tasks"]),
        (&"matmul.f64.128".into(), &32.into())
    );
    assert_eq!(
        (&work["set"]["outer"], &work["set"]["inner"]),
        (&2.into(), &1.into())
    );
    assert!(
        work["tie_set"]
            .as_array()
            .unwrap()
            .contains(&work["set"]["cell"])
    );
    let losses = work["losses"].as_array().unwrap();
    let defaults = losses
        .iter()
        .find(|loss| loss["usual"][0] == "defaults, P x P");
    let defaults = defaults.unwrap();
    let times = defaults["times_as_long"].as_f64().unwrap();
    assert!((6.0..6.5).contains(&times), "{times}");
    assert_eq!(
        (&defaults["told"], &defaults["bound"]),
        (&true.into(), &"exact".into())
    );
    assert_eq!(json["break_evens"][0]["from"], 64);
    assert!(
        json["disturbances"]["unknown"]
            .as_array()
            .unwrap()
            .contains(&"steal".into())
    );
    let both = oversub("recommend", &run, &["--json", "--for", "shell"]);
    assert_eq!(both.status.code(), Some(2));
}

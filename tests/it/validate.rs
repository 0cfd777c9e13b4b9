//! `oversub validate` from the command line.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::program::{edit_samples, oversub};

/// A run to be validated against: one that the simulator itself made, under the name of a measured one.
fn a_run(out: &Path) {
    simulated(out);
    let text = fs::read_to_string(out.join("samples.csv")).unwrap();
    assert!(text.contains("\nsim,"));
    edit_samples(out, |row| row.replacen("sim,", "host,", 1));
}

fn simulated(out: &Path) {
    let fixed = ["simulate", "--machine", "pack:1 l3:1 core:2 pu:1"];
    let rest =
        "--preset epyc-9004 --n 128 --outer 1,2 --inner 1,2 --wait active,passive --rounds 2";
    let rest: Vec<&str> = rest.split(' ').collect();
    let out = ["--out", out.to_str().unwrap()];
    let done = oversub(&[&fixed[..], &rest, &out].concat());
    assert!(done.status.success());
}

fn validate(run: &Path, out: &Path, more: &[&str]) -> Output {
    let (run, out) = (run.to_str().unwrap(), out.to_str().unwrap());
    oversub(&[&["validate", run, "--out", out][..], more].concat())
}

/// The same machine, kernel, parameters and seed give the same times; and the simulation can be
/// drawn as any other run.
#[test]
fn the_simulator_agrees_with_itself() {
    let place = tempfile::tempdir().unwrap();
    let (run, out) = (place.path().join("run"), place.path().join("scores"));
    a_run(&run);
    let flags = ["--preset", "epyc-9004", "--draws", "3", "--json"];
    let done = validate(&run, &out, &flags);
    assert!(done.status.success(), "{done:?}");
    let scores: Value = serde_json::from_slice(&done.stdout).unwrap();
    let all = &scores["parts"][0];
    assert_eq!((&all["split"], &all["cells"]), (&"all".into(), &8.into()));
    let prediction = &all["prediction"];
    for (score, value) in [
        ("geometric_error", 0.0),
        ("regret", 0.0),
        ("kendall_tau_b", 1.0),
    ] {
        assert_eq!(prediction[score], value, "{score}");
    }
    let written = fs::read_to_string(out.join("validation.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), scores);
    let rows = fs::read_to_string(out.join("validation.csv")).unwrap();
    assert_eq!(rows.lines().count(), 1 + 8);
    assert!(
        fs::read(out.join("validation.png"))
            .unwrap()
            .starts_with(b"\x89PNG")
    );
    let plot = oversub(&["plot", out.join("simulated").to_str().unwrap()]);
    assert!(plot.status.success(), "{plot:?}");
}

#[test]
fn other_parameters_give_other_scores_in_a_table() {
    let place = tempfile::tempdir().unwrap();
    let (run, out) = (place.path().join("run"), place.path().join("scores"));
    a_run(&run);
    let done = validate(&run, &out, &["--preset", "xeon-e5-v4", "--draws", "0"]);
    let table = String::from_utf8(done.stdout).unwrap();
    for word in [
        "spinning",
        "not oversubscribed",
        "tau",
        "nothing was fitted",
    ] {
        assert!(table.contains(word), "{table}");
    }
    let scores = fs::read_to_string(out.join("validation.json")).unwrap();
    let scores: Value = serde_json::from_str(&scores).unwrap();
    let coverage = &scores["parts"][0]["coverage"];
    assert!(coverage.is_null(), "no draws, no intervals: {coverage}");
}

#[test]
fn what_cannot_be_validated_is_one_line_and_code_two() {
    let place = tempfile::tempdir().unwrap();
    let run = place.path().join("run");
    a_run(&run);
    let file = |name: &str, text: &str| {
        let path = place.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let other = file(
        "other.toml",
        "format_version = 9\nname = 'x'\nmachine = 'x'\n[parameters]\n",
    );
    let unit = file(
        "unit.toml",
        "format_version = 2\nname = 'x'\nmachine = 'x'\n[parameters]\n\
         switch = { value = 5, interval = [1, 9], provenance = 'measured', source = 'x' }\n",
    );
    let nowhere = place.path().join("nowhere");
    let no_measurement = place.path().join("simulated");
    simulated(&no_measurement);
    let new = place.path().join("new");
    for (run, out, flags, why) in [
        (&nowhere, &new, vec![], "nowhere"),
        (&run, &run, vec![], "exists"),
        (&no_measurement, &new, vec![], "was simulated"),
        (
            &run,
            &new,
            vec!["--calibration", &other],
            "format version 9",
        ),
        (
            &run,
            &new,
            vec!["--calibration", &unit],
            "missing field `unit`",
        ),
        (
            &run,
            &new,
            vec!["--calibration", "gone.toml"],
            "cannot read gone.toml",
        ),
    ] {
        let done = validate(run, out, &flags);
        let said = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(2), "{said}");
        assert!(said.contains(why) && said.lines().count() == 1, "{said}");
        assert!(!new.exists(), "{why}: nothing is left behind");
    }
}

/// A run of a library is simulated by the model of the version that it recorded. Here the model made
/// the run itself, under the library's name: no cell is off.
#[test]
fn a_library_is_simulated_by_the_model_of_its_version() {
    let place = tempfile::tempdir().unwrap();
    let (run, out) = (place.path().join("run"), place.path().join("scores"));
    let machine = ["simulate", "--machine", "pack:1 l3:1 core:2 pu:1"];
    let rest = "--preset epyc-9004 --n 128 --outer 1,2 --inner 1,2 --runtime openblas-0.3.21 --out";
    let rest: Vec<&str> = rest.split(' ').collect();
    let made = oversub(&[&machine[..], &rest, &[run.to_str().unwrap()]].concat());
    assert!(made.status.success(), "{made:?}");
    let named = |text: &str| text.replace("openblas-0.3.21", "blas:openblas");
    edit_samples(&run, |row| named(row).replacen("sim,", "host,", 1));
    let header = run.join("run.json");
    let text = named(&fs::read_to_string(&header).unwrap());
    let mut json: Value = serde_json::from_str(&text).unwrap();
    json["blas"]["blas:openblas"] = serde_json::json!({
        "path": "/lib/libopenblas.so.0", "family": "openblas", "version": "0.3.21 DYNAMIC_ARCH",
        "threading": "pthreads", "symbol": "dgemm_",
    });
    fs::write(&header, json.to_string()).unwrap();
    let done = validate(
        &run,
        &out,
        &["--preset", "epyc-9004", "--draws", "0", "--json"],
    );
    assert!(done.status.success(), "{done:?}");
    let scores: Value = serde_json::from_slice(&done.stdout).unwrap();
    let all = &scores["parts"][0];
    assert_eq!((&all["split"], &all["cells"]), (&"all".into(), &4.into()));
    let rows = fs::read_to_string(out.join("validation.csv")).unwrap();
    assert!(
        rows.contains("outer=2 inner=2 runtime=openblas-0.3.21"),
        "{rows}"
    );
    assert_eq!(all["prediction"]["geometric_error"], 0.0, "{rows}");
}

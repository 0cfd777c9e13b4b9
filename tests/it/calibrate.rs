//! `oversub calibrate` from the command line.

use std::collections::BTreeSet;
use std::fs;

use crate::program::oversub;

/// The file says of each number what it is and how it was measured, `simulate` takes it, and what
/// is not known is said; a second time nothing is overwritten.
#[test]
fn a_calibration_is_a_file_that_simulate_takes() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("here.toml");
    let (file, out) = (file.to_str().unwrap(), place.path().join("run"));
    let done = oversub(&["calibrate", "--repetitions", "2", "-o", file]);
    assert!(done.status.success(), "{done:?}");
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(
        said.contains("quantum") && said.contains("not known"),
        "{said}"
    );
    let text = fs::read_to_string(file).unwrap();
    for word in [
        "format_version = 2",
        "unit = \"ns\"",
        "provenance = \"measured\"",
        "interval = ",
    ] {
        assert!(text.contains(word), "{text}");
    }
    every_number_is_told_of_once(&text);
    let fixed = ["--n", "64", "--outer", "1", "--inner", "1", "--rounds", "1"];
    let more = ["--calibration", file, "--out", out.to_str().unwrap()];
    let done = oversub(&[&["simulate"][..], &fixed, &more].concat());
    assert!(done.status.success(), "{done:?}");
    let said = String::from_utf8(done.stderr).unwrap();
    assert!(
        said.contains("measured") && !said.contains("uncalibrated"),
        "{said}"
    );
    let again = oversub(&["calibrate", "-o", file]);
    assert_eq!(again.status.code(), Some(2));
    assert_eq!(fs::read_to_string(file).unwrap(), text);
}

/// Every number that is measured has a sound interval, and every parameter stands there once,
/// measured or among those that are not known.
fn every_number_is_told_of_once(text: &str) {
    let file: toml::Table = text.parse().unwrap();
    let numbers = file["parameters"].as_table().unwrap();
    for (name, number) in numbers {
        let value = number["value"].as_float().unwrap();
        let [low, high] = [0, 1].map(|end| number["interval"][end].as_float().unwrap());
        assert!(
            0.0 <= low && low <= value && value <= high,
            "{name}: {number}"
        );
    }
    let unknown = text.lines().filter_map(|line| line.strip_prefix("# "));
    let names = unknown.flat_map(|line| line.split(": ").next().unwrap().split(", "));
    let mut told: BTreeSet<&str> = numbers.keys().map(String::as_str).collect();
    for name in names {
        assert!(told.insert(name), "{name} is both known and not");
    }
    for name in ["quantum", "switch", "yield_share", "flops_f64", "idle_exit"] {
        assert!(told.contains(name), "{name}");
    }
}

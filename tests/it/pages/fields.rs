//! What scripts read of the program: is every field described?

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use super::markdown::root;
use crate::program::oversub;

/// The names of all fields in `value`. Names with a hyphen are variants, whose words the page need not have.
fn names(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if !name.contains('-') {
                    found.insert(name.clone());
                }
                names(value, found);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| names(value, found)),
        _ => {}
    }
}

/// The section of docs/scripting.md below `heading`.
fn section(heading: &str) -> String {
    let page = fs::read_to_string(root().join("docs/scripting.md")).unwrap();
    let (_, rest) = page.split_once(&format!("\n## {heading}\n")).unwrap();
    rest.split("\n## ").next().unwrap().to_owned()
}

/// The folder of a committed run.
fn run(name: &str) -> String {
    let folder = root().join("experiments").join(name);
    folder.to_str().unwrap().to_owned()
}

/// Whether the page describes each field that `oversub` with `arguments` gives.
fn assert_described(heading: &str, arguments: &[&str]) {
    let output = oversub(arguments);
    let text = String::from_utf8(output.stdout).unwrap();
    let values = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
    let mut found = BTreeSet::new();
    for value in values {
        names(&value.unwrap(), &mut found);
    }
    assert!(found.len() > 5, "{text}");
    let section = section(heading);
    let missing: Vec<_> = found
        .iter()
        .filter(|name| !section.contains(&format!("`{name}`")))
        .collect();
    assert!(missing.is_empty(), "{heading}: {missing:?}");
}

#[test]
fn every_field_of_recommend_is_described() {
    for name in [
        "dot/results/2026-11-21-2pu-vm-again-peer",
        "matmul-256-wait/results/2026-11-21-2pu-vm",
        "published-t1/results/2026-11-21-simulated",
    ] {
        assert_described(
            "oversub recommend --json",
            &["recommend", &run(name), "--json"],
        );
    }
}

#[test]
fn every_field_of_compare_is_described() {
    let (a, b) = (
        run("dot/results/2026-11-21-2pu-vm-peer"),
        run("dot/results/2026-11-21-2pu-vm-again-peer"),
    );
    let arguments = ["compare", &a, &b, "--json", "--fail-if", "slowdown>1.05"];
    assert_described("oversub compare --json", &arguments);
}

#[test]
fn every_field_of_explain_is_described() {
    for name in [
        "dot/results/2026-11-21-2pu-vm-again-peer",
        "validation-blas/results/2026-11-21-blis-0.9.0",
    ] {
        assert_described("oversub explain --json", &["explain", &run(name), "--json"]);
    }
}

#[test]
fn every_field_of_doctor_is_described() {
    assert_described("oversub doctor --json", &["doctor", "--json"]);
    let machine = "pack:2 [numa] l3:1(size=1MB) core:2 pu:2";
    assert_described(
        "oversub doctor --json",
        &["doctor", "--machine", machine, "--json"],
    );
}

#[test]
fn every_column_of_an_export_is_described() {
    let run = run("dot/results/2026-11-21-2pu-vm-again-peer");
    let text = String::from_utf8(oversub(&["export", &run, "--as", "csv"]).stdout).unwrap();
    let section = section("Columns of oversub export");
    let columns = fs::read_to_string(root().join("docs/columns.md")).unwrap();
    for name in text.lines().next().unwrap().split(',') {
        let axis = columns.contains(&format!("\n| {name} |"));
        assert!(axis || section.contains(&format!("`{name}`")), "{name}");
    }
}

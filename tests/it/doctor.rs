//! What does `oversub doctor` say, and how does it refuse?

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;

fn doctor(arguments: &[&str]) -> Output {
    let mut command = Command::cargo_bin("oversub").unwrap();
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .arg("doctor")
        .args(arguments);
    for variable in ["OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "RAYON_NUM_THREADS"] {
        command.env_remove(variable);
    }
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Asserts exit code 2, nothing on standard output, and one line that holds every one of `words`.
fn assert_refused(output: &Output, words: &[&str]) {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(output.stdout.is_empty());
    assert_eq!(said.lines().count(), 1, "{said}");
    for word in words {
        assert!(said.contains(word), "'{word}' is not in: {said}");
    }
}

#[test]
fn every_section_is_there_and_no_line_is_wider_than_80_columns() {
    let output = doctor(&[]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    for section in [
        "Machine", "Topology", "Budget", "Threads", "Headroom", "Kernel", "Probes",
    ] {
        assert!(
            said.lines().any(|line| line.starts_with(section)),
            "no {section} in {said}"
        );
    }
    let p = |line: &str| line.starts_with("P = ") || line.starts_with("P at most ");
    assert!(said.lines().any(p), "{said}");
    // Paths of cgroups are as long as they are.
    for line in said.lines().filter(|line| !line.contains('/')) {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn json_says_the_same_in_numbers() {
    let report = json(&doctor(&["--json"]));
    assert_eq!(report["format_version"], 2);
    let p = report["budget"]["cpus"].as_f64().unwrap();
    let pus = report["counts"]["pus"].as_u64().unwrap();
    assert!(p > 0.0 && p <= pus as f64);
    let runtimes = report["runtimes"].as_array().unwrap();
    let std = runtimes
        .iter()
        .find(|runtime| runtime["runtime"] == "Rust std")
        .unwrap();
    let here = std::thread::available_parallelism().unwrap().get();
    assert_eq!(std["threads"].as_u64(), Some(here as u64));
    assert!(
        report["probes"]
            .as_array()
            .unwrap()
            .iter()
            .all(|probe| probe["works"].is_boolean())
    );
}

#[test]
fn a_runtime_told_to_start_too_many_threads_is_named() {
    let mut command = Command::cargo_bin("oversub").unwrap();
    let output = command
        .args(["doctor"])
        .env("OMP_NUM_THREADS", "5000")
        .output()
        .unwrap();
    let said = text(&output.stdout);
    assert!(said.contains("<- more than P"), "{said}");
    let warning = said
        .split("warning: ")
        .nth(1)
        .unwrap_or_else(|| panic!("{said}"));
    for words in ["OpenMP (libgomp)", "5000 threads", "set OMP_NUM_THREADS="] {
        assert!(warning.replace('\n', " ").contains(words), "{warning}");
    }
}

#[test]
fn another_machine_is_shown_from_text_or_file_without_this_machines_budget() {
    for (machine, pus) in [("pack:2 core:4 pu:2", 16), ("tests/data/hybrid.xml", 8)] {
        let report = json(&doctor(&["--machine", machine, "--json"]));
        assert_eq!(report["counts"]["pus"], pus, "{machine}");
        assert!(report["budget"].is_null());
        let said = text(&doctor(&["--machine", machine]).stdout);
        assert!(
            said.contains("left out") && !said.contains("P = "),
            "{said}"
        );
    }
}

#[test]
fn a_machine_that_means_nothing_is_refused_by_its_word() {
    assert_refused(
        &doctor(&["--machine", "pack:2 foo:3 pu:1"]),
        &["'foo:3'", "expected"],
    );
    assert_refused(
        &doctor(&["--machine", "missing.xml"]),
        &["missing.xml", "lstopo"],
    );
    assert_refused(
        &doctor(&["--machine", "Cargo.toml"]),
        &["Cargo.toml", "XML"],
    );
    assert_refused(
        &doctor(&["--machine", "tests/data/hwloc1.xml"]),
        &["lstopo -i tests/data/hwloc1.xml new.xml"],
    );
    assert_refused(
        &doctor(&["--machine", "pack:99999 core:99999 pu:9"]),
        &["65536"],
    );
    assert_refused(
        &doctor(&["--machine", "pu:2(indexes=0,1,2)"]),
        &["3 indexes", "level of 2"],
    );
    assert_refused(
        &doctor(&["--machine", "pack:2\nfoo\u{1b}:3 pu:1"]),
        &["foo\\u{1b}"],
    );
    assert_refused(
        &doctor(&["--machine", "src"]),
        &["src", "lstopo machine.xml"],
    );
}

#[test]
fn a_machine_of_hwloc_3_is_shown() {
    let report = json(&doctor(&["--machine", "tests/data/hwloc3.xml", "--json"]));
    assert_eq!(report["counts"]["cores"], 2);
    assert_eq!(report["counts"]["numa_nodes"], 2);
}

#[test]
fn what_a_file_does_not_allow_is_said_in_text_and_numbers() {
    let machine = ["--machine", "tests/data/disallowed.xml"];
    let said = text(&doctor(&machine).stdout);
    for words in [
        "3 of 6: 0-1,3",
        "NUMA nodes not allowed      1\n",
        "4-5 (offline or not allowed",
        "PUs 2-3 (not allowed: 2)",
    ] {
        assert!(said.contains(words), "{words} is not in: {said}");
    }
    let report = json(&doctor(&[&machine[..], &["--json"]].concat()));
    assert_eq!(report["allowed"], "0-1,3");
    assert_eq!(report["topology"]["disallowed"], "2,6-7");
}

#[test]
fn kinds_of_core_are_listed_slowest_first_by_name() {
    let said = text(&doctor(&["--machine", "tests/data/three-kinds.xml"]).stdout);
    let expected = "slowest kind first: 4-5 (IntelLowPower); 2-3 (IntelAtom); 0-1 (IntelCore)";
    assert!(said.contains(expected), "{said}");
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("alike.xml");
    let file = std::fs::read_to_string("tests/data/three-kinds.xml").unwrap();
    std::fs::write(&path, file.replace("IntelAtom", "Big")).unwrap();
    let said = text(&doctor(&["--machine", path.to_str().unwrap()]).stdout);
    assert!(
        said.contains("not known which kind is faster: 0-1 (IntelCore); 2-3 (Big)"),
        "{said}"
    );
}

#[test]
fn a_file_larger_than_any_machine_is_not_read() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("huge.xml");
    let file = std::fs::File::create(&path).unwrap();
    file.set_len(1 << 40).unwrap(); // sparse: takes no room
    let output = doctor(&["--machine", path.to_str().unwrap()]);
    assert_refused(&output, &["huge.xml", "larger than 32 MiB"]);
}

#[test]
fn a_picture_is_written_once_and_overwritten_only_when_forced() {
    let place = tempfile::tempdir().unwrap();
    for name in ["machine.png", "machine.svg"] {
        let path = place.path().join(name);
        let plot = path.to_str().unwrap();
        let machine = ["--machine", "core:2 pu:2", "--plot", plot];
        assert!(doctor(&machine).status.success());
        let first = std::fs::read(Path::new(plot)).unwrap();
        assert!(first.len() > 500);
        assert_refused(&doctor(&machine), &[name, "--force"]);
        assert!(
            doctor(&[&machine[..], &["--force"]].concat())
                .status
                .success()
        );
        assert_eq!(std::fs::read(Path::new(plot)).unwrap(), first);
    }
    assert_refused(
        &doctor(&["--plot", "machine.pdf"]),
        &["machine.pdf", ".png or .svg"],
    );
}

#[test]
fn a_picture_that_cannot_be_written_is_a_setup_error() {
    let output = doctor(&["--plot", "/nonexistent/machine.png"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("/nonexistent/machine.png"));
}

#[test]
fn hwloc_told_to_describe_another_machine_is_found_out() {
    let mut command = Command::cargo_bin("oversub").unwrap();
    let output = command
        .arg("doctor")
        .env("HWLOC_SYNTHETIC", "pack:1 core:1 pu:2")
        .output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("unset HWLOC_SYNTHETIC"));
}

//! Does a refusal name what is wrong and what to type instead?

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::program::{oversub, said};
use crate::scripted::{self, Machine, plausible};

const TWO: Machine = Machine {
    cores: 2,
    pus_per_core: 1,
};

/// Asserts exit code 2 and that standard error holds every one of `words`.
fn assert_refused(output: &Output, words: &[&str]) {
    let text = said(output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    for word in words {
        assert!(text.contains(word), "'{word}' is not in: {text}");
    }
}

fn in_folder(place: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_oversub"))
        .current_dir(place)
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn an_error_in_a_file_names_its_line_and_what_was_expected() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("e.toml");
    for (text, words) in [
        (
            "outer = 1\n\nbogus = 2\n",
            ["line 3", "unknown key 'bogus'; the keys are workload"],
        ),
        (
            "outer = 1\ninner = 1\nouter = 2\n",
            ["line 3", "duplicate key"],
        ),
        (
            "n = 8\nouter = {a = 1}\n",
            ["line 2", "a text, a number, or a list of them"],
        ),
        (
            "n = 8\nouter = 0\n",
            ["line 2", "'0' is not a list of counts"],
        ),
        (
            "outer = 1\nn = [[32, [33]], 34]\n",
            ["line 2", "a text or a number in the list"],
        ),
        (
            "outer = 1\ncommand = [\"ls\", 3]\n",
            ["line 2", "expected a table [command] with argv"],
        ),
        (
            "outer = 1\nn = 99999999999999999999\n",
            ["line 2", "whole numbers from 1 to 4294967295"],
        ),
        (
            "outer = 1\ncommand = \"ls\"\n",
            ["line 2", "expected a table [command] with argv"],
        ),
        (
            "outer = 1\nwarmups = -1\n",
            ["line 2", "expected a whole number from 0 to 4294967295"],
        ),
        (
            "outer = 1\nlimit = \"x\"\n",
            ["line 2", "expected a number"],
        ),
    ] {
        fs::write(&file, text).unwrap();
        assert_refused(&oversub(&["sweep", file.to_str().unwrap()]), &words);
    }
}

#[test]
fn a_name_that_leads_elsewhere_is_refused_and_a_folder_names_its_experiment() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("mine");
    fs::create_dir_all(folder.join("below")).unwrap();
    let grid = "outer = 1\ninner = 1\nn = 8\nrounds = 1\nreps = 1\ntasks = 1\n";
    for name in ["../../x", "/x/y", "", "..", "a/b"] {
        fs::write(folder.join("e.toml"), format!("name = '{name}'\n{grid}")).unwrap();
        for verb in ["sweep", "simulate"] {
            let refused = in_folder(&folder, &[verb, "e.toml"]);
            assert_refused(&refused, &["one folder name", "--out"]);
        }
    }
    assert!(!folder.join("runs").exists());
    fs::write(folder.join("e.toml"), grid).unwrap();
    let done = in_folder(&folder.join("below"), &["simulate", "../e.toml"]);
    assert!(done.status.success(), "{}", said(&done));
    assert!(folder.join("below/runs/sim-mine").is_dir());
}

#[test]
fn a_program_among_the_flags_is_shown_where_it_goes() {
    let place = tempfile::tempdir().unwrap();
    let sweep = |words: &[&str]| in_folder(place.path(), &[&["sweep"], words].concat());
    let hint = "oversub sweep -- python3 x.py";
    assert_refused(&sweep(&["python3", "x.py"]), &[hint]);
    assert_refused(&sweep(&["--outer", "1,2", "python3", "x.py"]), &[hint]);
    assert_refused(
        &sweep(&["python3", "-u", "x.py"]),
        &["sweep -- python3 -u x.py"],
    );
    assert_refused(&sweep(&["python3"]), &["oversub sweep -- python3"]);
    for words in [
        &["e.toml", "--bogus"][..],
        &["--bogus"],
        &["--outer", "1", "--bogus"],
    ] {
        let refused = sweep(words);
        assert_refused(&refused, &["--bogus"]);
        assert!(!said(&refused).contains("sweep -- "), "{}", said(&refused));
    }
}

#[test]
fn a_command_that_does_not_use_outer_is_warned_of() {
    let warned = |words: &[&str]| {
        let sweep = ["sweep", "--dry-run", "--inner", "1"];
        let output = oversub(&[&sweep[..], words].concat());
        assert!(output.status.success(), "{}", said(&output));
        said(&output).contains("{outer} is nowhere in the command")
    };
    assert!(warned(&["--outer", "1,2", "--", "true"]));
    assert!(!warned(&[
        "--outer",
        "1,2",
        "--",
        "true",
        "--workers={outer}"
    ]));
    assert!(!warned(&["--outer", "2", "--", "true"]));
    assert!(!warned(&[
        "--outer",
        "1,2",
        "--outer-kind",
        "process",
        "--",
        "true"
    ]));
}

#[test]
fn a_number_out_of_its_range_is_told_the_range() {
    for (flags, words) in [
        (
            &["--quota", "0"][..],
            "quota must be between 0.01 and 65536 CPUs (got 0)",
        ),
        (
            &["--quota", "nan"],
            "quota must be between 0.01 and 65536 CPUs (got NaN)",
        ),
        (
            &["--limit", "0"],
            "limit must be between 1e-9 and 86400 s (got 0)",
        ),
        (
            &["--limit", "-1"],
            "limit must be between 1e-9 and 86400 s (got -1)",
        ),
        (
            &["--until", "2%", "--time-limit", "0"],
            "--time-limit must be between 1e-9 and 1e9 s (got 0)",
        ),
        (
            &["--seed", "-1"],
            "'--seed <N>': expected a whole number from 0 to 18446744073709551615",
        ),
        (
            &["--warmups", "1e3"],
            "'--warmups <N>': expected a whole number from 0 to 1000000",
        ),
        (
            &["--limit", "x"],
            "'--limit <SECONDS>': expected a number, such as 2.5",
        ),
    ] {
        assert_refused(&oversub(&[&["sweep"], flags].concat()), &[words]);
    }
    for (flags, words) in [
        (
            ["--for", "1e308"],
            "--for must be between 1e-9 and 1e9 s (got 1e308)",
        ),
        (
            ["--for", "-1"],
            "--for must be between 1e-9 and 1e9 s (got -1)",
        ),
        (
            ["--interval", "nan"],
            "--interval must be between 1e-9 and 1e9 s (got NaN)",
        ),
    ] {
        let watch = [&["watch"], &flags[..], &["--", "true"]].concat();
        assert_refused(&oversub(&watch), &[words]);
    }
}

#[test]
fn a_page_is_written_only_under_the_name_of_a_page() {
    let place = tempfile::tempdir().unwrap();
    let refused = in_folder(place.path(), &["report", "run", "-o", "x.pdf"]);
    assert_refused(&refused, &["x.pdf", "x.html"]);
    let lesson = ["lesson", "two-pools", "--yes", "--handout", "x.pdf"];
    assert_refused(&in_folder(place.path(), &lesson), &["x.html"]);
}

#[test]
fn a_misspelt_lesson_or_axis_is_answered_with_the_right_ones() {
    assert_refused(
        &oversub(&["lesson", "two-pool"]),
        &["did you mean two-pools?"],
    );
    assert_refused(&oversub(&["lesson", "zebra"]), &["there are", "two-pools"]);
    assert_refused(&oversub(&["plot", "x", "--x", "foo"]), &["is not an axis"]);
}

#[test]
fn several_cells_like_that_are_listed_with_the_command_for_one() {
    let place = tempfile::tempdir().unwrap();
    let request = "outer='1,2'\ninner='2'\nwait='active,passive'\nrounds=6\nreps=1";
    let run = place.path().join("my run");
    let plan = scripted::plan(request, TWO);
    scripted::write(&run, &plan, TWO, plausible(TWO));
    let run = run.to_str().unwrap();
    let output = oversub(&["explain", run, "2x2"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("2 cells are like that"), "{text}");
    let line = text
        .lines()
        .find(|line| line.contains("oversub explain"))
        .unwrap();
    assert!(line.contains(&format!("'{run}' matmul n=")), "{line}");
}

#[test]
fn all_metrics_are_all_that_have_a_number() {
    let place = tempfile::tempdir().unwrap();
    let run = place.path().join("run");
    let plan = scripted::plan("outer='1,2'\ninner='1,2'\nrounds=6\nreps=1", TWO);
    scripted::write(&run, &plan, TWO, plausible(TWO));
    let drawn = oversub(&["plot", run.to_str().unwrap(), "--metric", "all"]);
    assert!(drawn.status.success(), "{}", said(&drawn));
    let pictures = fs::read_dir(run.join("figures")).unwrap();
    let pictures: Vec<_> = pictures
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".png"))
        .collect();
    for metric in [
        "throughput",
        "bandwidth",
        "slowdown",
        "time",
        "wait",
        "busy",
        "cause",
    ] {
        assert!(
            pictures.contains(&format!("{metric}.png")),
            "{metric}: {pictures:?}"
        );
    }
    assert!(said(&drawn).contains("no cell has a number for metric"));
}

#[test]
fn a_cell_of_a_command_is_refused_without_its_program() {
    let cell = "command_2x1_program_independent_unbound_static_t1";
    assert_refused(&oversub(&["cell", cell]), &["--command", "--dry-run"]);
    assert_refused(&oversub(&["trace", cell, "-o", "x.json"]), &["command"]);
}

#[test]
fn parts_of_a_cells_name_are_enough_to_trace_it() {
    let place = tempfile::tempdir().unwrap();
    let traced = in_folder(
        place.path(),
        &["trace", "1x2_matmul.f64.16_t2_active", "-o", "t.json"],
    );
    assert!(traced.status.success(), "{}", said(&traced));
    let unclear = in_folder(place.path(), &["trace", "active", "-o", "u.json"]);
    assert_refused(&unclear, &["OUTERxINNER", "4x4"]);
}

#[test]
fn an_argument_that_is_no_text_is_a_usage_error() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let odd = OsStr::from_bytes(b"\xff");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_oversub"));
    let output = command
        .args(["doctor", "--machine"])
        .arg(odd)
        .output()
        .unwrap();
    assert_refused(&output, &["argument 3 is '\\xff'"]);
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("run");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_oversub"));
    let swept = command
        .arg("sweep")
        .arg("--out")
        .arg(&out)
        .args(["--", "true"])
        .arg(OsStr::from_bytes(b"a\xffb"));
    let words = ["argument 6 is 'a\\xffb'", "put the call into a script"];
    assert_refused(&swept.output().unwrap(), &words);
    assert!(!out.exists());
}

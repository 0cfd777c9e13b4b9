//! What becomes of files that a user names: those that are no files, and those that cannot be written?

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::folder::SmallDisk;
use crate::program::{oversub, said};
use crate::scripted::{self, Machine, plausible};

const TWO: Machine = Machine {
    cores: 2,
    pus_per_core: 1,
};

/// A run that can be read, in `place`.
fn run(place: &Path) -> String {
    let run = place.join("run");
    let plan = scripted::plan("outer='1,2'\ninner='1'\nrounds=6\nreps=1", TWO);
    scripted::write(&run, &plan, TWO, plausible(TWO));
    run.to_str().unwrap().to_owned()
}

/// Asserts that `output` is an error of `code` in one line with all of `words`.
fn assert_error(output: &Output, code: i32, words: &[&str]) {
    let told = said(output);
    assert_eq!(output.status.code(), Some(code), "{told}");
    let error: Vec<&str> = told
        .lines()
        .filter(|line| !line.starts_with("note"))
        .collect();
    assert_eq!(error.len(), 1, "{told}");
    for word in words {
        assert!(told.contains(word), "'{word}' is not in: {told}");
    }
}

/// Puts something at a path.
type Make = fn(&Path);

/// What is at `path` after this cannot be read as a file, and why.
const NO_FILES: [(Make, &str); 4] = [
    (|path| symlink("/dev/zero", path).unwrap(), "it is a device"),
    (
        |path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success()),
        "it is a pipe",
    ),
    (|path| fs::create_dir(path).unwrap(), "it is a folder"),
    (
        |path| File::create(path).unwrap().set_len(1 << 40).unwrap(),
        "it is larger than",
    ),
];

#[test]
fn what_is_no_file_is_refused_by_every_reader_of_text() {
    for (make, why) in NO_FILES {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("it.xml");
        make(&path);
        let it = path.to_str().unwrap();
        let out = place.path().join("out");
        let out = out.to_str().unwrap();
        for (code, arguments) in [
            (2, &["sweep", "--out", out, it][..]),
            (2, &["simulate", "--out", out, it]),
            (2, &["simulate", "--out", out, "--calibration", it]),
            (2, &["simulate", "--out", out, "--machine", it]),
            (2, &["doctor", "--machine", it]),
            (1, &["plot", "--timeline", it, "-o", "x.png"]),
        ] {
            let refused = oversub(arguments);
            assert_error(&refused, code, &["it.xml: ", why]);
        }
        assert!(!Path::new(out).exists());
    }
}

#[test]
fn what_is_no_file_is_refused_by_every_reader_of_a_run() {
    for (make, why) in NO_FILES {
        for name in ["samples.csv", "run.json"] {
            let place = tempfile::tempdir().unwrap();
            let run = run(place.path());
            let file = Path::new(&run).join(name);
            fs::remove_file(&file).unwrap();
            make(&file);
            for arguments in [
                &["recommend", &run][..],
                &["plot", &run],
                &["repair", &run],
                &["export", &run, "--as", "csv"],
            ] {
                assert_error(&oversub(arguments), 1, &[name, why]);
            }
        }
    }
}

#[test]
fn a_header_that_is_none_is_said_in_one_line_and_a_byte_order_mark_does_no_harm() {
    let place = tempfile::tempdir().unwrap();
    let run = run(place.path());
    let file = Path::new(&run).join("run.json");
    let whole = fs::read_to_string(&file).unwrap();
    for (text, why) in [
        ("[]", "it is no JSON object (it begins with '[]')"),
        ("null", "(it begins with 'null')"),
        ("", "it is empty"),
        ("\u{0}\u{0}", "(it begins with '\\u{0}\\u{0}')"),
        ("{", "EOF while parsing"),
        ("{}", "has format version 0"),
    ] {
        fs::write(&file, text).unwrap();
        assert_error(&oversub(&["recommend", &run]), 1, &["run.json", why]);
    }
    fs::write(&file, format!("\u{feff}{whole}")).unwrap();
    let read = oversub(&["recommend", &run]);
    assert!(read.status.success(), "{}", said(&read));
}

/// Before anything is measured: the sweeps of a lesson would take a minute.
#[test]
fn a_place_that_cannot_be_written_is_refused_before_the_work() {
    let place = tempfile::tempdir().unwrap();
    let run = run(place.path());
    for (folder, why) in [
        ("no/such", "no such folder"),
        ("run/run.json", "ot a directory"),
    ] {
        let at = |name: &str| {
            let path = place.path().join(folder).join(name);
            path.to_str().unwrap().to_owned()
        };
        let machine = ["--machine", "pack:1 core:2 pu:1", "--preset", "epyc-9004"];
        let one = ["--n", "8", "--outer", "1", "--inner", "1", "--trace"];
        let out = place.path().join("sim");
        for arguments in [
            &["calibrate", "-o", &at("x.toml")][..],
            &["trace", "1x1", "-o", &at("x.json")],
            &["report", &run, "-o", &at("x.html")],
            &["doctor", "--plot", &at("x.svg")],
            &["lesson", "two-pools", "--yes", "--handout", &at("x.html")],
            &[
                &["simulate", "--out", out.to_str().unwrap()][..],
                &machine,
                &one,
                &[&at("x.json")],
            ]
            .concat(),
        ] {
            assert_error(&oversub(arguments), 1, &["cannot write", "/x.", why]);
        }
        assert!(!out.exists());
    }
}

#[test]
fn a_full_disk_is_said_with_the_file_and_leaves_none() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("left out: no file system may be mounted here");
        return;
    };
    let place = tempfile::tempdir().unwrap();
    let run = run(place.path());
    // Its file system ends after this.
    let mut filler = File::create(disk.path().join("filler")).unwrap();
    std::io::copy(&mut std::io::repeat(0), &mut filler).unwrap_err();
    let at = |name: &str| disk.path().join(name).to_str().unwrap().to_owned();
    for (file, arguments) in [
        ("x.html", &["report", &run, "-o", &at("x.html")][..]),
        ("x.png", &["plot", &run, "-o", &at("x.png")]),
        ("x.svg", &["plot", &run, "-o", &at("x.svg")]),
        (
            "y.svg",
            &["plot", &run, "--figure", "distribution", "-o", &at("y.svg")],
        ),
        ("m.svg", &["doctor", "--plot", &at("m.svg")]),
    ] {
        assert_error(
            &oversub(arguments),
            1,
            &["cannot write", file, "No space left"],
        );
        let left: Vec<_> = fs::read_dir(disk.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }
}

#[test]
fn an_output_that_is_full_is_an_error_of_that_output() {
    let place = tempfile::tempdir().unwrap();
    let run = run(place.path());
    for arguments in [
        &["export", &run, "--as", "csv"][..],
        &["recommend", &run],
        &["explain", &run],
        &["plot", &run, "--terminal"],
        &["doctor", "--machine", "core:2 pu:1"],
        &["lesson"],
        &["completions", "bash"],
        &["--help"],
        &["sweep", "--help"],
    ] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_oversub"))
            .args(arguments)
            .stdout(full)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        assert_error(&output, 1, &["cannot write to standard output"]);
    }
}

#[test]
fn a_result_may_go_to_a_device_without_force() {
    let place = tempfile::tempdir().unwrap();
    let traced = Command::new(env!("CARGO_BIN_EXE_oversub"))
        .args(["trace", "1x1_matmul.f64.8_t1", "-o", "/dev/null"])
        .current_dir(place.path())
        .output()
        .unwrap();
    assert!(traced.status.success(), "{}", said(&traced));
    let page = oversub(&["report", &run(place.path()), "-o", "/dev/null"]);
    assert_error(&page, 2, &["/dev/null is no name of a page"]);
}

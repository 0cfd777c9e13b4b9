//! Real BLAS libraries as the inner pool, and files that only look like one.
//!
//! The test needs no library: what is not installed is said on standard error and left out.
//! `make test` installs OpenBLAS with both threading layers and BLIS where it can.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use oversub::machine::{BlasFacts, BlasFolders, BlasThreading};
use oversub::record::{Answer, Record, RunFolder, Status};

use crate::program::{oversub, said};

/// A sweep of 2 x 2 tiny cells on `library` into `out`, which fails where no cell is right.
fn sweep(library: &str, out: &Path, more: &[&str]) -> Vec<Record> {
    let runtime = format!("blas:{library}");
    let fixed = [
        "sweep",
        "--n",
        "96",
        "--outer",
        "1,2",
        "--inner",
        "1,2",
        "--tasks",
        "4",
        "--rounds",
        "1",
        "--reps",
        "2",
        "--runtime",
        &runtime,
        "--out",
        out.to_str().unwrap(),
    ];
    let output = oversub(&[&fixed[..], more].concat());
    let records = RunFolder::read(out).unwrap().1;
    let failed = records
        .iter()
        .all(|record| record.answer.status() != Status::Ok);
    assert_eq!(
        output.status.code(),
        Some(i32::from(failed)),
        "{}",
        said(&output)
    );
    records
}

/// The libraries of the distribution that are here, each with what it says of itself.
fn installed() -> Vec<BlasFacts> {
    let system = |path: &PathBuf| path.starts_with("/usr");
    let libraries = BlasFolders::discover(&std::env::vars().collect()).libraries();
    libraries
        .into_iter()
        .map(|(_, path)| path)
        .filter(system)
        .map(|path| {
            let output = oversub(&["blas", path.to_str().unwrap()]);
            assert!(
                output.status.success(),
                "{}: {}",
                path.display(),
                said(&output)
            );
            serde_json::from_slice(&output.stdout).unwrap()
        })
        .collect()
}

/// Says what is left out, past the capture of the test harness.
fn skip(what: &str) {
    let _ = writeln!(
        std::io::stderr(),
        "note: {what}; its BLAS tests are left out"
    );
}

/// A dynamic library of this C code, or `None` where there is no compiler.
fn compiled(place: &Path, code: &str) -> Option<PathBuf> {
    let library = place.join("libopenblas_fake.so");
    let mut cc = Command::new("cc")
        .args(["-shared", "-fPIC", "-x", "c", "-", "-o"])
        .arg(&library)
        .stdin(Stdio::piped())
        .spawn()
        .ok()?;
    cc.stdin.take().unwrap().write_all(code.as_bytes()).unwrap();
    assert!(cc.wait().unwrap().success());
    Some(library)
}

fn reason(records: &[Record]) -> String {
    let reasons = records.iter().map(|record| record.answer.reason());
    let reasons: Vec<&str> = reasons.collect::<Option<_>>().unwrap();
    assert_eq!(reasons.len(), 4, "one row a cell: {reasons:?}");
    assert!(reasons.iter().all(|reason| !reason.contains('\n')));
    reasons[0].to_owned()
}

#[test]
fn every_installed_library_gives_right_results_under_every_composition() {
    let libraries = installed();
    if libraries.is_empty() {
        skip("no BLAS library of the distribution here");
    }
    for facts in libraries {
        let place = tempfile::tempdir().unwrap();
        let path = facts.path.to_str().unwrap();
        // A library that spins takes its time where PUs are few, so few cells and tasks.
        let all = "independent,serial-inner,partitioned,exclusive,counting,shared";
        let few = ["--inner", "2", "--tasks", "2", "--reps", "1"];
        let more = [&["--composition", all], &few[..]].concat();
        let records = sweep(path, &place.path().join("run"), &more);
        assert!(records.len() >= 8, "{path}: {}", records.len());
        for record in records {
            let Answer::Ok(sample) = &record.answer else {
                panic!("{path}: {record:?}");
            };
            let cell = record.visit.cell;
            if facts.threading != Some(BlasThreading::Serial) {
                assert_eq!(sample.granted, Some(cell.inner.get()), "{path}: {cell}");
            }
            assert!(sample.threads >= Some(cell.outer.get()), "{path}: {cell}");
        }
    }
}

#[test]
fn both_number_types_are_right_in_every_installed_library() {
    for facts in installed() {
        let place = tempfile::tempdir().unwrap();
        let path = facts.path.to_str().unwrap();
        let more = [
            "--dtype", "f32,f64", "--n", "1,97", "--outer", "1", "--inner", "1",
        ];
        let records = sweep(path, &place.path().join("run"), &more);
        assert_eq!(records.len(), 8);
        for record in records {
            assert_eq!(record.answer.status(), Status::Ok, "{path}: {record:?}");
        }
    }
}

#[test]
fn what_a_library_says_of_itself_is_in_the_header_of_the_run() {
    let Some(first) = installed().into_iter().next() else {
        return skip("no BLAS library of the distribution here");
    };
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("run");
    sweep(first.path.to_str().unwrap(), &out, &[]);
    let (header, _) = RunFolder::read(&out).unwrap();
    let facts = header.blas.into_values().next().unwrap();
    assert_eq!((&facts.path, facts.family), (&first.path, first.family));
    assert!(facts.version.is_some_and(|version| !version.is_empty()));
}

/// What a sweep on `library` says when it is refused before anything runs.
fn refused(library: &Path, place: &Path) -> String {
    let runtime = format!("blas:{}", library.display());
    let out = place.join("run");
    let output = oversub(&[
        "sweep",
        "--runtime",
        &runtime,
        "--out",
        out.to_str().unwrap(),
    ]);
    let told = said(&output);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(
        told.contains(&format!("--runtime {runtime} cannot be")),
        "{told}"
    );
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(!out.exists());
    told
}

#[test]
fn a_library_without_both_products_is_refused() {
    for (code, missing) in [
        ("int answer(void) { return 42; }", "it has no dgemm_"),
        ("void dgemm_(void) {}", "it has no sgemm_"),
        ("void sgemm_(void) {}", "it has no dgemm_"),
    ] {
        let place = tempfile::tempdir().unwrap();
        let Some(library) = compiled(place.path(), code) else {
            return skip("no C compiler here");
        };
        let told = refused(&library, place.path());
        let why = format!("cannot serve as a BLAS library: {missing}");
        assert!(told.contains(&why), "{told}");
    }
}

#[test]
fn a_file_that_is_no_library_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let library = place.path().join("lib.so");
    fs::write(&library, "hello").unwrap();
    let told = refused(&library, place.path());
    assert!(told.contains("cannot load"), "{told}");
}

/// OpenBLAS hangs so where it gets no memory for its buffers.
#[test]
fn a_library_that_hangs_on_load_has_a_deadline() {
    let place = tempfile::tempdir().unwrap();
    let code = "#include <unistd.h>\n\
                __attribute__((constructor)) void f(void) { for (;;) pause(); }";
    let Some(library) = compiled(place.path(), code) else {
        return skip("no C compiler here");
    };
    let told = refused(&library, place.path());
    assert!(told.contains("it did not load within 10s"), "{told}");
    let doctor = Command::new("sh")
        .args(["-c", "ulimit -v 1000000; exec \"$0\" doctor"])
        .arg(env!("CARGO_BIN_EXE_oversub"))
        .env("LD_LIBRARY_PATH", place.path())
        .output()
        .unwrap();
    assert!(doctor.status.success(), "{}", said(&doctor));
    let told = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(told.contains("(ulimit -v)"), "{told}");
}

#[test]
fn a_library_that_crashes_on_load_is_refused_and_takes_nothing_with_it() {
    let place = tempfile::tempdir().unwrap();
    let code = "#include <stdlib.h>\n__attribute__((constructor)) void f(void) { abort(); }";
    let Some(library) = compiled(place.path(), code) else {
        return skip("no C compiler here");
    };
    let path = library.to_str().unwrap();
    let told = refused(&library, place.path());
    assert!(told.contains("signal: 6"), "{told}");

    let doctor = Command::new(env!("CARGO_BIN_EXE_oversub"))
        .arg("doctor")
        .env("LD_LIBRARY_PATH", place.path())
        .output()
        .unwrap();
    assert!(doctor.status.success(), "{}", said(&doctor));
    let told = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(told.contains(path) && told.contains("signal: 6"), "{told}");
}

#[test]
fn a_library_that_computes_wrongly_is_a_wrong_row() {
    let place = tempfile::tempdir().unwrap();
    let code = "void dgemm_(void) {} void sgemm_(void) {}";
    let Some(library) = compiled(place.path(), code) else {
        return skip("no C compiler here");
    };
    let records = sweep(library.to_str().unwrap(), &place.path().join("run"), &[]);
    assert!(
        records
            .iter()
            .all(|record| record.answer.status() == Status::Wrong)
    );
    let reason = records[0].answer.reason().unwrap();
    assert!(reason.contains("C(0, 0) is -1"), "{reason}");
}

/// Reference BLAS does so: XERBLA stops the program, with exit status 0.
#[test]
fn a_library_that_ends_the_process_well_is_a_failed_row() {
    let place = tempfile::tempdir().unwrap();
    let code = "#include <stdio.h>\n#include <stdlib.h>\n\
                void dgemm_(void) { fputs(\"illegal value\\n\", stderr); exit(0); } void sgemm_(void) {}";
    let Some(library) = compiled(place.path(), code) else {
        return skip("no C compiler here");
    };
    let records = sweep(library.to_str().unwrap(), &place.path().join("run"), &[]);
    assert_eq!(records.len(), 4);
    let reason = reason(&records);
    assert_eq!(
        reason,
        "cell process ended with exit status 0 but without an answer: illegal value"
    );
}

/// Also where it is loaded only to be asked what it is.
#[test]
fn what_a_library_prints_is_no_part_of_an_answer() {
    let place = tempfile::tempdir().unwrap();
    let code = "#include <stdio.h>\n\
                __attribute__((constructor)) void f(void) { puts(\"{\\\"rep\\\":1}\"); fflush(stdout); }\n\
                void dgemm_(void) { puts(\"hello\"); fflush(stdout); } void sgemm_(void) {}";
    let Some(library) = compiled(place.path(), code) else {
        return skip("no C compiler here");
    };
    let out = place.path().join("run");
    let records = sweep(library.to_str().unwrap(), &out, &[]);
    assert!(
        records
            .iter()
            .all(|record| record.answer.status() == Status::Wrong),
        "{records:?}"
    );
    let (header, _) = RunFolder::read(&out).unwrap();
    assert_eq!(header.blas.len(), 1, "it was understood");
}

#[test]
fn an_absent_library_is_refused_before_anything_runs() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("run");
    let out = out.to_str().unwrap();
    for (runtime, value) in [
        ("blas:/no/such/lib.so", "/no/such/lib.so"),
        ("blas:atlas", "'blas:atlas'"),
        ("blas:lib.so", "'blas:lib.so'"),
        ("openblas-0.3.26", "--runtime blas:openblas"),
        ("libgomp", "oversub sweep -- ./program"),
        ("openblas-0.3.3", "0.3.4 and later"),
    ] {
        let output = oversub(&["sweep", "--runtime", runtime, "--out", out]);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains(value), "{}", said(&output));
    }
    assert!(!Path::new(out).exists());
}

#[test]
fn a_dry_run_shows_the_environment_that_a_library_gets() {
    let Some(library) = installed().into_iter().next() else {
        return skip("no BLAS library of the distribution here");
    };
    let runtime = format!("blas:{}", library.path.display());
    let output = oversub(&[
        "sweep",
        "--runtime",
        &runtime,
        "--outer",
        "1",
        "--inner",
        "3",
        "--dry-run",
    ]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("OPENBLAS_NUM_THREADS=3 "), "{told}");
    assert!(told.contains("--library /"), "{told}");
}

/// Without a signal, OpenBLAS's destructor would wait for threads that a stopped region holds.
#[test]
fn a_censored_cell_of_a_library_ends() {
    let Some(library) = installed().into_iter().next() else {
        return skip("no BLAS library of the distribution here");
    };
    let cell = "matmul.f64.512_2x2_blas:openblas_independent_unbound_queue.1_t400";
    let file = library.path.to_str().unwrap();
    let output = oversub(&["cell", cell, "--library", file, "--limit", "0.001"]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.contains("censored"), "{told}");
}

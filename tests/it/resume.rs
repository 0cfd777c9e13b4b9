//! A run that is interrupted, or goes on under other circumstances.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use oversub::record::{Change, Record, RunFolder};

use crate::program::said;

const TWO_PUS: &str = "l3:1 core:2 pu:1";

/// A simulation of 2 x 2 cells in 60 rounds of two executions each: 480 rows.
fn simulation(out: &Path) -> Command {
    let arguments = "simulate --preset epyc-9004 --n 64 --tasks 64 --outer 1,2 --inner 1,2 \
                     --wait yield --rounds 60 --reps 2 --out";
    let mut command = Command::new(env!("CARGO_BIN_EXE_oversub"));
    command.args(arguments.split_whitespace()).arg(out);
    command.args(["--machine", TWO_PUS]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Such a simulation that has written `rows` rows into its breakdown and goes on.
fn under_way(out: &Path, rows: usize) -> Child {
    let simulation = simulation(out).spawn().unwrap();
    let patience = Instant::now() + Duration::from_secs(120);
    let csv = out.join("breakdown.csv");
    while fs::read_to_string(&csv).map_or(0, |text| text.lines().count()) <= rows {
        assert!(Instant::now() < patience, "no rows came");
        std::thread::sleep(Duration::from_millis(1));
    }
    simulation
}

/// The records of the run in `out`, whenever they were made.
fn timeless(out: &Path) -> Vec<Record> {
    let (_, mut records) = RunFolder::read(out).unwrap();
    records.iter_mut().for_each(|record| record.unix_ms = 0);
    records
}

/// By a signal that nobody can hear, by one that is heard, and by both in turn.
#[test]
fn an_interrupted_simulation_ends_with_the_breakdown_of_one_that_was_not() {
    let place = tempfile::tempdir().unwrap();
    let whole = place.path().join("whole");
    assert!(simulation(&whole).status().unwrap().success());
    let breakdown = |out: &Path| fs::read_to_string(out.join("breakdown.csv")).unwrap();
    assert_eq!(breakdown(&whole).lines().count(), 1 + 480);
    for signals in [&["KILL"][..], &["INT"], &["KILL", "INT", "KILL"]] {
        let out = place.path().join(signals.join("-"));
        let mut cut_off = 0;
        for (signal, rows) in signals.iter().zip([15, 101, 220]) {
            let mut simulation = under_way(&out, rows);
            let pid = simulation.id().to_string();
            let sent = Command::new("kill").args(["-s", signal, &pid]).status();
            assert!(sent.unwrap().success());
            cut_off += usize::from(!simulation.wait().unwrap().success());
        }
        assert!(cut_off > 0, "none was interrupted");
        assert!(simulation(&out).status().unwrap().success());
        assert_eq!(breakdown(&out), breakdown(&whole), "{signals:?}");
        assert_eq!(timeless(&out), timeless(&whole), "{signals:?}");
    }
}

#[test]
fn a_damaged_breakdown_is_an_error_with_its_line_for_whoever_needs_it() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("run");
    assert!(
        simulation(&out)
            .arg("--rounds=1")
            .status()
            .unwrap()
            .success()
    );
    let csv = out.join("breakdown.csv");
    let text = fs::read_to_string(&csv).unwrap();
    let third = text.lines().nth(2).unwrap();
    fs::write(&csv, text.replace(third, &third.replacen(",1,", ",,", 1))).unwrap();
    let run = out.to_str().unwrap();
    let page = out.join("page.html");
    for verb in [
        &["plot", run, "--figure", "split"][..],
        &["report", run, "-o", page.to_str().unwrap()],
    ] {
        let refused = crate::program::oversub(verb);
        assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
        let told = said(&refused);
        assert!(told.contains("breakdown.csv line 3: column"), "{told}");
    }
    assert!(
        !simulation(&out)
            .arg("--rounds=2")
            .status()
            .unwrap()
            .success()
    );
    assert!(
        crate::program::oversub(&["recommend", run])
            .status
            .success()
    );
}

/// `arguments` into `out` where OPENBLAS_CORETYPE is `coretype`.
fn under(arguments: &str, out: &Path, coretype: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oversub"));
    command
        .args(arguments.split_whitespace())
        .arg("--out")
        .arg(out);
    if arguments.starts_with("simulate") {
        command.args(["--machine", TWO_PUS, "--preset", "epyc-9004"]);
    }
    command.env_remove("OPENBLAS_CORETYPE");
    command.envs(coretype.map(|value| ("OPENBLAS_CORETYPE", value)));
    command.output().unwrap()
}

#[test]
fn a_run_goes_on_under_other_circumstances_only_as_is_and_keeps_what_changed() {
    for verb in ["sweep", "simulate"] {
        let place = tempfile::tempdir().unwrap();
        let out = place.path().join("run");
        let cells = format!("{verb} --n 16 --tasks 4 --outer 1,2 --inner 1 --reps 1 --rounds");
        let run = |rest: &str, coretype| under(&format!("{cells} {rest}"), &out, coretype);
        let begun = run("2", None);
        assert!(begun.status.success(), "{}", said(&begun));
        let refused = run("3", Some("Haswell"));
        assert_eq!(refused.status.code(), Some(1));
        let field = "environment OPENBLAS_CORETYPE";
        for words in [
            &*format!("{field} is unset there and Haswell here"),
            "--as-is",
            "--out",
        ] {
            assert!(said(&refused).contains(words), "{}", said(&refused));
        }
        let (before, records) = RunFolder::read(&out).unwrap();
        assert_eq!((before.changes, records.len()), (Vec::new(), 4));
        let resumed = run("3 --as-is", Some("Haswell"));
        assert!(resumed.status.success(), "{}", said(&resumed));
        let told = format!("before round 3: {field} changed from unset to Haswell");
        assert!(said(&resumed).contains(&told), "{}", said(&resumed));
        let (header, records) = RunFolder::read(&out).unwrap();
        let Change {
            round, from, to, ..
        } = &header.changes[0];
        assert_eq!((header.changes.len(), *round), (1, 3));
        assert_eq!((&**from, &**to, records.len()), ("unset", "Haswell", 6));
        let findings = String::from_utf8_lossy(&resumed.stdout).into_owned();
        let both = findings.contains(&format!("measured under two kinds of {field}"));
        // Nothing disturbs a simulation.
        assert_eq!(both, verb == "sweep", "{findings}");
        // What it has been under before needs no leave, and is a change all the same.
        assert!(run("4", None).status.success());
        let (header, _) = RunFolder::read(&out).unwrap();
        assert_eq!((header.changes.len(), header.changes[1].round), (2, 4));
        assert_eq!(run("5", Some("Zen")).status.code(), Some(1));
    }
}

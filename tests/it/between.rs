//! Between two rounds a sweep sees what has changed, and may wait. Programs here change what they run on.

use std::fs;
use std::path::Path;
use std::process::Command;

use oversub::machine::CpuBudget;
use oversub::record::{Change, RunFolder};

use crate::program::{oversub, said};

/// Arguments of a sweep of one cell, three rounds and one repetition whose program is `sh script`.
fn arguments(run: &Path, script: &Path) -> Vec<String> {
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let sweep = "sweep --outer 1 --inner 1 --rounds 3 --limit 60 --out";
    let words = sweep.split(' ').map(str::to_owned);
    let rest = [text(run), "--".to_owned(), "sh".to_owned(), text(script)];
    words.chain(rest).collect()
}

/// What such a sweep of the script `text` found changed, and what it said on both streams.
fn swept(place: &Path, text: &str) -> (Vec<Change>, String) {
    let (run, script) = (place.join("run"), place.join("program.sh"));
    fs::write(&script, text).unwrap();
    let arguments = arguments(&run, &script);
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let output = oversub(&words);
    assert!(output.status.success(), "{}", said(&output));
    let both = said(&output) + &String::from_utf8_lossy(&output.stdout);
    (RunFolder::read(&run).unwrap().0.changes, both)
}

/// The program changes its own file in its first run.
#[test]
fn a_program_that_is_replaced_under_a_sweep_is_named_and_kept() {
    let place = tempfile::tempdir().unwrap();
    let (changes, said) = swept(
        place.path(),
        "grep -q '^# new' \"$0\" || echo '# new' >> \"$0\"\n",
    );
    assert_eq!(changes.len(), 1, "{said}");
    assert_eq!(changes[0].round, 2);
    assert!(changes[0].field.ends_with("program.sh"), "{changes:?}");
    let field = &changes[0].field;
    assert!(
        said.contains(&format!("before round 2: {field} changed from")),
        "{said}"
    );
    let findings = format!("measured under two kinds of {field}: ");
    assert!(said.contains(&findings), "{said}");
    assert!(said.contains("before round 2 (1 sample)"), "{said}");
    assert!(said.contains("from it on (2 samples)"), "{said}");
}

/// The program takes CPUs from the sweep: above it stand its supervisor, the guard and the sweep.
#[test]
fn a_budget_that_shrinks_under_a_sweep_is_named_and_kept() {
    let allowed = CpuBudget::discover().allowed;
    let first = allowed.iter().next().unwrap().0;
    if allowed.len() < 2 {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let (changes, said) = swept(
        place.path(),
        &format!(
            "above() {{ cut -d ' ' -f 4 /proc/$1/stat; }}\n\
             taskset -cp {first} $(above $(above $PPID))\n"
        ),
    );
    let fields: Vec<&str> = changes.iter().map(|change| change.field.as_str()).collect();
    assert!(fields.contains(&"budget.allowed"), "{fields:?} {said}");
    assert!(changes.iter().all(|change| change.round == 2));
    assert!(
        said.contains("measured under two kinds of budget.allowed: "),
        "{said}"
    );
}

#[test]
fn a_run_is_not_resumed_under_another_environment() {
    let place = tempfile::tempdir().unwrap();
    let (changes, _) = swept(place.path(), "true\n");
    assert_eq!(changes, []);
    let (run, script) = (place.path().join("run"), place.path().join("program.sh"));
    let again = |coretype: Option<&str>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_oversub"));
        command.args(arguments(&run, &script));
        command.envs(coretype.map(|value| ("OPENBLAS_CORETYPE", value)));
        command.output().unwrap()
    };
    let other = again(Some("Haswell"));
    assert_eq!(other.status.code(), Some(1));
    let said = said(&other);
    assert!(
        said.contains("environment OPENBLAS_CORETYPE is unset there and Haswell here")
            && said.contains("--out another folder"),
        "{said}"
    );
    assert!(again(None).status.success());
}

/// A second is not enough to tell that it is quiet, whatever others do.
#[test]
fn a_sweep_waits_for_quiet_no_longer_than_it_is_told() {
    let place = tempfile::tempdir().unwrap();
    let run = place.path().join("run");
    let file = place.path().join("experiment.toml");
    let sweep = |text: &str, flags: &[&str]| {
        fs::write(
            &file,
            format!("{text}\nouter = 1\ninner = 1\nn = 8\nrounds = 1\n"),
        )
        .unwrap();
        let out = [
            "sweep",
            file.to_str().unwrap(),
            "--out",
            run.to_str().unwrap(),
        ];
        oversub(&[&out[..], flags].concat())
    };
    let waited = sweep("wait-for-quiet = \"1s\"", &[]);
    assert!(waited.status.success(), "{}", said(&waited));
    let waited = sweep("", &["--wait-for-quiet", "1s"]);
    assert!(waited.status.success(), "{}", said(&waited));
    for (text, flags) in [
        ("wait-for-quiet = \"soon\"", &[][..]),
        ("", &["--wait-for-quiet", "0"]),
    ] {
        let refused = sweep(text, flags);
        assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
        assert!(
            said(&refused).contains("from 1s to 168h"),
            "{}",
            said(&refused)
        );
    }
}

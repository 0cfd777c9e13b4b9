//! `oversub lesson` from the command line.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn lesson(place: &Path, arguments: &[&str], typed: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_oversub"))
        .arg("lesson")
        .args(arguments)
        .current_dir(place)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may be gone before it reads.
    let _ = child.stdin.take().unwrap().write_all(typed.as_bytes());
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_list_names_every_lesson() {
    let place = tempfile::tempdir().unwrap();
    let list = text(&lesson(place.path(), &[], "").stdout);
    let numbered = list
        .lines()
        .filter(|line| line.trim_start().starts_with(|c: char| c.is_ascii_digit()));
    assert_eq!(numbered.count(), 10, "{list}");
}

/// The lesson without a sweep, so that no time depends on this machine.
#[test]
fn a_lesson_asks_shows_explains_and_keeps_the_prediction() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    let done = lesson(
        place,
        &["elsewhere", "--handout", "page.html"],
        "ten times, I think\n",
    );
    assert!(done.status.success(), "{}", text(&done.stderr));
    let said = text(&done.stdout);
    for words in [
        "Lesson 10",
        "$ oversub simulate --machine 'pack:2",
        "You predicted: ten times, I think",
        "What happened, and why",
        "not the seconds",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let kept = fs::read_to_string(place.join("runs/lesson-elsewhere/predictions.csv")).unwrap();
    assert!(
        kept.trim_end().ends_with(",\"ten times, I think\""),
        "{kept}"
    );
    assert!(
        place
            .join("runs/lesson-elsewhere/simulated/figures/slowdown.png")
            .exists()
    );
    let page = fs::read_to_string(place.join("page.html")).unwrap();
    for words in [
        "<svg",
        "Lesson 10",
        "ten times, I think",
        "not the seconds",
        "<code>lstopo machine.xml</code> there",
    ] {
        assert!(page.contains(words), "{words}");
    }
    let again = lesson(place, &["elsewhere", "--yes", "--handout", "page.html"], "");
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("page.html exists; give --force"));
}

#[test]
fn without_a_prediction_or_with_an_unknown_name_nothing_runs() {
    let place = tempfile::tempdir().unwrap();
    let silent = lesson(place.path(), &["elsewhere"], "");
    assert_eq!(silent.status.code(), Some(2));
    assert!(text(&silent.stderr).contains("--yes"));
    let unknown = lesson(place.path(), &["magic"], "");
    assert_eq!(unknown.status.code(), Some(2));
    assert!(
        text(&unknown.stderr).contains("'magic'") && text(&unknown.stderr).contains("two-pools")
    );
    assert!(!place.path().join("runs").exists());
}

//! `oversub watch`: what it says of a program, and what it leaves to it.

use crate::program::{oversub, said};

#[test]
fn the_exit_code_and_the_output_are_the_commands_own() {
    let output = oversub(&["watch", "--", "sh", "-c", "echo out; sleep 0.3; exit 7"]);
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "out\n");
    let killed = oversub(&["watch", "--", "sh", "-c", "kill -9 $$"]);
    assert_eq!(killed.status.code(), Some(128 + 9));
}

#[test]
fn every_line_beside_a_terminal_is_json_and_the_last_is_the_summary() {
    let script = "sleep 1 & sleep 1 & wait";
    let output = oversub(&["watch", "--interval", "0.1", "--", "sh", "-c", script]);
    let said = said(&output);
    let lines: Vec<serde_json::Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let (last, looks) = lines.split_last().unwrap();
    assert!(
        looks
            .iter()
            .any(|look| look["processes"] == 3 && look["threads"] == 3),
        "{said}"
    );
    assert!(!looks[0]["by_name"].as_object().unwrap().is_empty());
    // Nobody wants a CPU, so nobody lacks one, whatever else runs here.
    assert!(last["summary"]["mean"]["running"].as_f64().unwrap() < 1.0);
    for key in ["verdict", "budget", "waiting", "advice"] {
        assert!(!last["summary"][key].is_null(), "{key} in {last}");
    }
}

#[test]
fn a_process_is_watched_for_as_long_as_was_asked_and_goes_on() {
    let mut sleeper = std::process::Command::new("sleep")
        .arg("30")
        .spawn()
        .unwrap();
    let pid = sleeper.id().to_string();
    let output = oversub(&["watch", "--pid", &pid, "--for", "0.2", "--interval", "0.05"]);
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"sleep\""));
    assert!(sleeper.try_wait().unwrap().is_none());
    sleeper.kill().unwrap();
    sleeper.wait().unwrap();
}

#[test]
fn what_cannot_be_watched_is_said_in_one_line() {
    for (arguments, code, words) in [
        (&["watch"][..], 2, "nothing to watch"),
        (
            &["watch", "--pid", "2147483647"],
            2,
            "no process 2147483647",
        ),
        (
            &["watch", "--interval", "0", "--", "true"],
            2,
            "--interval 0",
        ),
        (
            &["watch", "--", "/nonexistent"],
            1,
            "cannot start '/nonexistent'",
        ),
    ] {
        let output = oversub(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        let said = said(&output);
        assert!(said.contains(words) && said.lines().count() == 1, "{said}");
    }
}

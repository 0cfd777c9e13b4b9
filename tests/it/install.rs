//! What `make install` puts beside the program.

use std::process::Command;

use crate::program::oversub;

const SHELLS: [&str; 5] = ["bash", "zsh", "fish", "powershell", "elvish"];

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Every verb that `--help` shows.
pub(crate) fn verbs() -> Vec<String> {
    let help = text(&oversub(&["--help"]).stdout);
    let listed = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| line.starts_with("  "));
    // A description too long for its line goes on further to the right.
    let first = listed.filter(|line| !line.starts_with("   "));
    let verbs = first.filter_map(|line| line.split_whitespace().next());
    verbs
        .filter(|verb| *verb != "help")
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_shell_gets_a_script_that_knows_every_verb() {
    let verbs = verbs();
    assert!(verbs.len() >= 5, "{verbs:?}");
    for shell in SHELLS {
        let script = oversub(&["completions", shell]);
        assert!(script.status.success());
        let script = text(&script.stdout);
        for verb in &verbs {
            assert!(script.contains(verb.as_str()), "{shell} misses {verb}");
        }
    }
    let unknown = oversub(&["completions", "tcsh"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("elvish"));
}

#[test]
fn bash_understands_its_script() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("oversub");
    std::fs::write(&file, oversub(&["completions", "bash"]).stdout).unwrap();
    let script = format!(
        "source {} && COMP_WORDS=(oversub pl) COMP_CWORD=1 && _oversub oversub pl oversub && echo ${{COMPREPLY[@]}}",
        file.display()
    );
    let Ok(bash) = Command::new("bash").args(["-c", &script]).output() else {
        eprintln!("left out: there is no bash here");
        return;
    };
    assert_eq!(text(&bash.stdout).trim(), "plot", "{}", text(&bash.stderr));
}

#[test]
fn the_program_and_every_verb_have_a_man_page_with_examples() {
    let place = tempfile::tempdir().unwrap();
    let written = oversub(&["manual", place.path().to_str().unwrap()]);
    assert!(written.status.success(), "{}", text(&written.stderr));
    let page = |name: &str| std::fs::read_to_string(place.path().join(name)).unwrap();
    assert!(page("oversub.1").contains("oversub\\-sweep(1)"));
    for verb in verbs() {
        assert!(
            page(&format!("oversub-{verb}.1")).contains("Examples:"),
            "{verb}"
        );
    }
    let hidden = place.path().join("oversub-cell.1");
    assert!(!hidden.exists(), "hidden verbs have no page");
    let nowhere = oversub(&["manual", "/nowhere/at/all"]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(text(&nowhere.stderr).contains("/nowhere/at/all"));
}

#[test]
fn every_verb_shows_examples_and_a_pipe_gets_no_colour() {
    for verb in verbs() {
        let help = text(&oversub(&[&verb, "--help"]).stdout);
        assert!(help.contains("Examples:"), "{verb}");
        assert!(!help.contains('\u{1b}'), "{verb}");
    }
}

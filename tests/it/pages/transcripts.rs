//! What pages show as printed by the program: does it print that?
//!
//! A block of the language `console` is a transcript. Its lines that begin with `$ ` are commands of a
//! shell, and the lines below each are all that the command prints. Commands of one page follow each other in
//! one folder, in which the experiments of the project stand.

use std::fs;
use std::panic;
use std::path::Path;
use std::process::Command;
use std::thread;

use super::markdown::{blocks, pages, root};
use super::writing;

/// How a line begins that is a command.
const PROMPT: &str = "$ ";

/// A folder with what commands may name.
fn stage() -> tempfile::TempDir {
    let stage = tempfile::tempdir().unwrap();
    for name in ["experiments", "presets", "tests"] {
        std::os::unix::fs::symlink(root().join(name), stage.path().join(name)).unwrap();
    }
    stage
}

/// What `command` prints in `stage`, both streams as one, without blanks at the ends of lines.
fn printed(command: &str, stage: &Path) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_oversub")).parent().unwrap();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = [program.to_owned()]
        .into_iter()
        .chain(std::env::split_paths(&path));
    let output = Command::new("sh")
        .args(["-c", &format!("exec 2>&1\n{command}")])
        .env("PATH", std::env::join_paths(path).unwrap())
        .current_dir(stage)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let text = lines.join("\n");
    let text = text.trim_matches('\n');
    assert!(
        !text.lines().any(|line| line.starts_with(PROMPT)),
        "the output of '{command}' looks like a command: {text}"
    );
    text.to_owned()
}

/// The transcript `lines` with the outputs that its commands have in `stage`.
fn renewed(lines: &str, stage: &Path) -> String {
    let mut renewed = String::new();
    let mut rest = lines.lines();
    while let Some(line) = rest.next() {
        let Some(first) = line.strip_prefix(PROMPT) else {
            assert!(!renewed.is_empty(), "no command stands above: {line}");
            continue;
        };
        let mut command = first.to_owned();
        while command.ends_with('\\') {
            command = format!("{command}\n{}", rest.next().unwrap_or_default());
        }
        renewed += &format!("{PROMPT}{command}\n");
        let printed = printed(&command, stage);
        if !printed.is_empty() {
            renewed += &format!("{printed}\n");
        }
    }
    renewed
}

/// The page `text` with the outputs that its commands have.
fn renewed_page(text: &str) -> String {
    let stage = stage();
    let mut page = String::new();
    let mut done = 0;
    for block in blocks(text) {
        if block.language == "console" {
            page += compared(&text[done..block.lines.start]);
            assert!(page.ends_with('\n'), "a console block is indented:\n{page}");
            page += &renewed(&text[block.lines.clone()], stage.path());
            done = block.lines.end;
        }
    }
    page + compared(&text[done..])
}

/// `text`, in which no command stands, since nobody would compare its output.
fn compared(text: &str) -> &str {
    let command = text
        .lines()
        .find(|line| line.trim_start().starts_with(PROMPT));
    assert_eq!(
        command, None,
        "nobody compares this; make it a console block"
    );
    text
}

/// The first line of the page at `page` that the program prints otherwise; where pages are written, it is
/// written as the program prints it.
fn differs(page: &Path) -> Option<String> {
    let text = fs::read_to_string(page).unwrap();
    let renewed = renewed_page(&text);
    if text == renewed {
        return None;
    }
    if writing() {
        fs::write(page, renewed).unwrap();
        return None;
    }
    let mut lines = text.lines().zip(renewed.lines());
    let first = lines.find(|(old, new)| old != new);
    Some(format!("{}: {first:#?}", page.display()))
}

#[test]
fn what_pages_show_as_output_is_the_output() {
    let pages = pages();
    let differ: Vec<String> = thread::scope(|scope| {
        let looks: Vec<_> = pages
            .iter()
            .map(|page| scope.spawn(|| differs(page)))
            .collect();
        let found = looks.into_iter().map(|look| look.join().unwrap());
        found.flatten().collect()
    });
    assert!(
        differ.is_empty(),
        "the program prints something else now (page, program); to write it: \
         PAGES=write cargo test --test it pages\n{}",
        differ.join("\n")
    );
}

#[test]
fn an_output_that_is_no_longer_so_is_seen() {
    let page = "# Title\n\n```console\n$ echo a\nold\n\nlines\n$ echo b; \\\n  echo c >&2\n$ true\n```\n\nrest\n";
    let now = "# Title\n\n```console\n$ echo a\na\n$ echo b; \\\n  echo c >&2\nb\nc\n$ true\n```\n\nrest\n";
    assert_eq!(renewed_page(page), now);
    assert_eq!(renewed_page(now), now);
}

#[test]
fn commands_of_a_page_share_a_folder() {
    let page = "```console\n$ echo a > file\n```\n\nThen:\n\n```console\n$ cat file\na\n```\n";
    assert_eq!(renewed_page(page), page);
}

#[test]
fn an_output_that_nobody_compares_is_refused() {
    for page in [
        "    $ oversub doctor\n    P  2 CPUs\n",
        "- text\n\n    $ oversub doctor\n    P  2 CPUs\n",
        "```text\n$ oversub doctor\n```\n",
        "- text\n\n  ```console\n  $ echo a\n  $ echo b\n  ```\n",
    ] {
        assert!(
            panic::catch_unwind(|| renewed_page(page)).is_err(),
            "{page}"
        );
    }
}

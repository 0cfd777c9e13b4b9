//! What did a process say before it died?

use std::process::ExitStatus;

use crate::text::one_line;

/// Longest reason [characters].
const LONGEST: usize = 400;

/// How a child ended that owed an answer, and what it said last, as one line.
pub(super) fn describe_exit(status: ExitStatus, stderr: &str) -> String {
    let ended = match status.success() {
        true => "cell process ended with exit status 0 but without an answer".to_owned(),
        false => format!("cell process ended with {status}"),
    };
    match last_words(stderr) {
        Some(words) => format!("{ended}: {words}"),
        None => ended,
    }
}

/// What `stderr` says last, as one line: a panic with its whole message, else the last line. What
/// Rust adds about backtraces is left out.
pub(super) fn last_words(stderr: &str) -> Option<String> {
    let advice = |line: &str| {
        [
            "note: run with `RUST_BACKTRACE",
            "note: Some details are omitted",
            "skipping backtrace",
        ]
        .iter()
        .any(|start| line.trim_start().starts_with(start))
    };
    let lines = stderr
        .lines()
        .filter(|line| !advice(line) && !line.trim().is_empty());
    let lines: Vec<&str> = lines
        .take_while(|line| line.trim() != "stack backtrace:")
        .collect();
    let panic = lines.iter().rposition(|line| line.contains("panicked at "));
    let said = &lines[panic.unwrap_or(lines.len().saturating_sub(1))..];
    let words = one_line(&said.join(" "));
    (!words.is_empty()).then(|| words.chars().take(LONGEST).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_about_backtraces_is_no_reason() {
        for (stderr, words) in [
            ("out of luck\n\n", "out of luck"),
            ("a\nb\r\n", "b"),
            (
                "memory allocation of 8000 bytes failed\nskipping backtrace printing to avoid potential recursion\n",
                "memory allocation of 8000 bytes failed",
            ),
            (
                "memory allocation of 8 bytes failed\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n",
                "memory allocation of 8 bytes failed",
            ),
            (
                "warning\n\nthread 'w0' panicked at src/a.rs:1:2:\nassertion failed\n  left: 1\n right: 2\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n",
                "thread 'w0' panicked at src/a.rs:1:2: assertion failed left: 1 right: 2",
            ),
            (
                "thread 'w0' panicked at src/a.rs:1:2:\noh\nstack backtrace:\n   0: begin\n             at /a.rs\n",
                "thread 'w0' panicked at src/a.rs:1:2: oh",
            ),
        ] {
            assert_eq!(last_words(stderr).as_deref(), Some(words));
        }
        assert_eq!(last_words("\n \n"), None);
    }

    #[test]
    fn a_flood_without_line_ends_is_cut() {
        let words = last_words(&"x".repeat(10_000)).unwrap();
        assert_eq!(words.len(), LONGEST);
    }
}

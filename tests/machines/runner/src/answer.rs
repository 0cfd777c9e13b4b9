//! What the checks of a machine answered, read from its console.

use crate::boot::Console;

/// Begin of the lines that are meant for us.
const MARK: &str = "@@ ";

/// Exit code of a check that does not apply to its machine.
const NOT_APPLICABLE: &str = "77";

/// Lines of a console shown for a machine that did not end well.
const LAST_LINES: usize = 20;

/// What became of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Every comparison held.
    Pass,
    /// One did not.
    Fail,
    /// It says why it does not apply here.
    NotApplicable,
    /// The machine ended before it or in it.
    Missing,
}

/// A check's verdict and words.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// Name of the check.
    pub(crate) check: String,
    /// What became of it.
    pub(crate) verdict: Verdict,
    /// What it printed.
    pub(crate) lines: Vec<String>,
}

/// What the checks of a machine answered.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    /// One for each check of the machine, in order.
    pub(crate) answers: Vec<Answer>,
    /// Why the machine did not end well, with its last lines.
    pub(crate) trouble: Option<String>,
}

impl Report {
    /// Reads the answers to `checks` from `console`.
    pub(crate) fn read(checks: &[String], console: &Console) -> Self {
        let answers = checks.iter().map(|check| answer(check, &console.lines));
        let answers: Vec<Answer> = answers.collect();
        let ended = console.lines.iter().any(|line| line.starts_with("@@ done"));
        let trouble = match (ended, console.timed_out) {
            (true, false) => None,
            (_, true) => Some("did not end within its limit"),
            (false, false) => Some("ended before its checks"),
        };
        let trouble = trouble.map(|why| {
            let first = console.lines.len().saturating_sub(LAST_LINES);
            format!(
                "{why}; its last lines:\n{}",
                console.lines[first..].join("\n")
            )
        });
        Self { answers, trouble }
    }

    /// Whether every check passed or does not apply, and the machine ended well.
    pub(crate) fn is_good(&self) -> bool {
        let good =
            |answer: &Answer| matches!(answer.verdict, Verdict::Pass | Verdict::NotApplicable);
        self.trouble.is_none() && self.answers.iter().all(good)
    }
}

fn answer(check: &str, lines: &[String]) -> Answer {
    let begin = format!("{MARK}check {check}");
    let end = format!("{MARK}end {check} ");
    let mut lines = lines.iter().skip_while(|line| **line != begin).skip(1);
    let mut said = Vec::new();
    let code = lines.find_map(|line| {
        let code = line.strip_prefix(&end);
        if code.is_none() {
            said.push(line.clone());
        }
        code
    });
    let verdict = match code {
        Some("0") => Verdict::Pass,
        Some(NOT_APPLICABLE) => Verdict::NotApplicable,
        Some(_) => Verdict::Fail,
        None => Verdict::Missing,
    };
    Answer {
        check: check.to_owned(),
        verdict,
        lines: said,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(checks: &[&str], text: &str, timed_out: bool) -> Report {
        let checks: Vec<String> = checks.iter().map(|&check| check.to_owned()).collect();
        let lines = text.lines().map(str::to_owned).collect();
        Report::read(&checks, &Console { lines, timed_out })
    }

    fn verdicts(report: &Report) -> Vec<Verdict> {
        report.answers.iter().map(|answer| answer.verdict).collect()
    }

    const ALL: &str = "\
@@ check one
ok   CPUs: 2
@@ end one 0
@@ check two
FAIL CPUs: expected 2, got 3
@@ end two 1
@@ check three
no NUMA here
@@ end three 77
@@ done";

    #[test]
    fn each_check_has_the_verdict_of_its_exit_code() {
        let report = report(&["one", "two", "three"], ALL, false);
        let expected = [Verdict::Pass, Verdict::Fail, Verdict::NotApplicable];
        assert_eq!(verdicts(&report), expected);
        assert_eq!(report.answers[2].lines, ["no NUMA here"]);
        assert!(report.trouble.is_none() && !report.is_good());
    }

    #[test]
    fn only_checks_that_pass_or_do_not_apply_make_a_good_machine() {
        assert!(report(&["one", "three"], ALL, false).is_good());
        assert!(!report(&["one", "four"], ALL, false).is_good());
    }

    #[test]
    fn a_machine_that_stops_in_a_check_has_no_answer_to_it_and_shows_its_last_lines() {
        let report = report(
            &["one", "two"],
            "@@ check one\n@@ end one 0\n@@ check two\nbusy",
            true,
        );
        assert_eq!(verdicts(&report), [Verdict::Pass, Verdict::Missing]);
        let trouble = report.trouble.unwrap_or_default();
        assert!(
            trouble.contains("limit") && trouble.ends_with("busy"),
            "{trouble}"
        );
    }

    #[test]
    fn a_kernel_that_dies_early_is_no_success() {
        let report = report(&[], "Kernel panic - not syncing", false);
        assert!(!report.is_good());
    }
}

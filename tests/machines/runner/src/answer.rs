//! What the checks of a machine answered, read from its console.

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

impl Verdict {
    /// Whether it speaks against the program or the machine.
    pub(crate) fn is_bad(self) -> bool {
        matches!(self, Self::Fail | Self::Missing)
    }
}

/// A check's verdict and words.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// Name of the check.
    pub(crate) check: String,
    /// What became of it.
    pub(crate) verdict: Verdict,
    /// How long it took, by the machine's clock [s]; unknown where it did not come to its end.
    pub(crate) seconds: Option<u32>,
    /// What it printed.
    pub(crate) lines: Vec<String>,
}

/// What the checks of a machine answered.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    /// Release of the kernel, where it came so far.
    pub(crate) kernel: Option<String>,
    /// One for each check of the machine, in order.
    pub(crate) answers: Vec<Answer>,
    /// The last lines of a machine that did not come to the end of its checks.
    pub(crate) last_lines: Option<Vec<String>>,
}

impl Report {
    /// Reads the answers to `checks` from what the machine printed.
    pub(crate) fn read(checks: &[String], console: &str) -> Self {
        let lines: Vec<&str> = console.lines().map(str::trim_end).collect();
        let told = |what: &str| lines.iter().find_map(|line| line.strip_prefix(what));
        let first = lines.len().saturating_sub(LAST_LINES);
        let last_lines = || lines[first..].iter().map(|&line| line.to_owned()).collect();
        Self {
            kernel: told("@@ kernel ").map(str::to_owned),
            answers: checks.iter().map(|check| answer(check, &lines)).collect(),
            last_lines: told("@@ done").is_none().then(last_lines),
        }
    }

    /// Whether every check passed or does not apply, and the machine came to its end.
    pub(crate) fn is_good(&self) -> bool {
        self.last_lines.is_none() && !self.answers.iter().any(|answer| answer.verdict.is_bad())
    }
}

fn answer(check: &str, lines: &[&str]) -> Answer {
    let begin = format!("@@ check {check}");
    let end = format!("@@ end {check} ");
    let mut lines = lines.iter().skip_while(|line| **line != begin).skip(1);
    let mut said = Vec::new();
    let outcome = lines.find_map(|line| {
        let outcome = line.strip_prefix(&end);
        if outcome.is_none() {
            said.push((*line).to_owned());
        }
        outcome?.split_once(' ')
    });
    let verdict = match outcome.map(|(code, _)| code) {
        Some("0") => Verdict::Pass,
        Some(NOT_APPLICABLE) => Verdict::NotApplicable,
        Some(_) => Verdict::Fail,
        None => Verdict::Missing,
    };
    Answer {
        check: check.to_owned(),
        verdict,
        seconds: outcome.and_then(|(_, seconds)| seconds.parse().ok()),
        lines: said,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(checks: &[&str], console: &str) -> Report {
        let checks: Vec<String> = checks.iter().map(|&check| check.to_owned()).collect();
        Report::read(&checks, console)
    }

    fn verdicts(report: &Report) -> Vec<Verdict> {
        report.answers.iter().map(|answer| answer.verdict).collect()
    }

    const ALL: &str = "\
@@ kernel 6.1.0
@@ check one
ok   CPUs: 2
@@ end one 0 12
@@ check two
FAIL CPUs: expected 2, got 3
@@ end two 1 3
@@ check three
no NUMA here
@@ end three 77 0
@@ done";

    #[test]
    fn each_check_has_the_verdict_of_its_exit_code() {
        let report = report(&["one", "two", "three"], ALL);
        let expected = [Verdict::Pass, Verdict::Fail, Verdict::NotApplicable];
        assert_eq!(verdicts(&report), expected);
        assert_eq!(report.answers[2].lines, ["no NUMA here"]);
        assert_eq!(report.answers[0].seconds, Some(12));
        assert_eq!(report.kernel.as_deref(), Some("6.1.0"));
        assert!(report.last_lines.is_none() && !report.is_good());
    }

    #[test]
    fn only_checks_that_pass_or_do_not_apply_make_a_good_machine() {
        assert!(report(&["one", "three"], ALL).is_good());
        assert!(!report(&["one", "four"], ALL).is_good());
    }

    #[test]
    fn a_machine_that_stops_in_a_check_has_no_answer_to_it_and_shows_its_last_lines() {
        let console = "@@ check one\n@@ end one 0 1\n@@ check two\nbusy\nended at its limit";
        let report = report(&["one", "two"], console);
        assert_eq!(verdicts(&report), [Verdict::Pass, Verdict::Missing]);
        let last = report.last_lines.unwrap_or_default();
        assert_eq!(last.last().map(String::as_str), Some("ended at its limit"));
    }

    #[test]
    fn a_kernel_that_dies_early_is_no_success() {
        assert!(!report(&[], "Kernel panic - not syncing").is_good());
    }
}

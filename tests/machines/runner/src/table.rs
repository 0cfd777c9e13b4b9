//! The table of results: machines by checks, in Markdown.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::answer::{Answer, Report, Verdict};
use crate::machine::Machine;

const HEAD: &str = "\
# Machines that were tried

`make test-machines` writes this page. It boots each virtual machine of `tests/machines/*.toml` in
software (QEMU without KVM), and runs checks of `tests/machines/checks/` in it. A check compares an
answer of `oversub` with a truth found without it: `lscpu`, hwloc's `lstopo`, and scripts that read
/proc and /sys. Emulated CPUs show which answers are right; they say nothing about time.
";

/// A machine with what its checks answered when it was booted last.
pub(crate) type Tried<'a> = (&'a Machine, &'a Option<Report>);

/// The page.
pub(crate) fn page(tried: &[Tried]) -> String {
    [
        HEAD.to_owned(),
        machines(tried),
        results(tried),
        notes(tried),
    ]
    .join("\n")
}

fn machines(tried: &[Tried]) -> String {
    let mut text = "| machine | kernel | what it is |\n|---|---|---|\n".to_owned();
    for (machine, report) in tried {
        let kernel = report.as_ref().and_then(|report| report.kernel.as_ref());
        let kernel = kernel.unwrap_or(&machine.kernel);
        let _ = writeln!(text, "| {} | {kernel} | {} |", machine.name, machine.about);
    }
    text
}

fn results(tried: &[Tried]) -> String {
    let checks = tried.iter().flat_map(|(machine, _)| &machine.checks);
    let checks: BTreeSet<&str> = checks.map(String::as_str).collect();
    let names: Vec<&str> = checks.iter().copied().collect();
    let mut text = format!("| machine | {} |\n", names.join(" | "));
    let _ = writeln!(text, "|---|{}", "---|".repeat(names.len()));
    for (machine, report) in tried {
        let cells: Vec<&str> = checks
            .iter()
            .map(|check| cell(machine, report, check))
            .collect();
        let _ = writeln!(text, "| {} | {} |", machine.name, cells.join(" | "));
    }
    text + "\nEmpty: not part of that machine. n/a: not applicable, for the reason below.\n"
}

fn cell(machine: &Machine, report: &Option<Report>, check: &str) -> &'static str {
    if !machine.checks.iter().any(|name| name == check) {
        return "";
    }
    let answers = report.iter().flat_map(|report| &report.answers);
    let answer = answers.into_iter().find(|answer| answer.check == check);
    answer.map_or("not tried", word)
}

fn word(answer: &Answer) -> &'static str {
    match answer.verdict {
        Verdict::Pass => "pass",
        Verdict::Fail | Verdict::Missing => "**fail**",
        Verdict::NotApplicable => "n/a",
    }
}

/// Why checks failed or do not apply: for each the lines that say so.
fn notes(tried: &[Tried]) -> String {
    let mut text = String::new();
    for (machine, report) in tried {
        for answer in report.iter().flat_map(|report| &report.answers) {
            for line in reasons(answer) {
                let _ = writeln!(text, "- {}, {}: {line}", machine.name, answer.check);
            }
        }
    }
    text
}

fn reasons(answer: &Answer) -> Vec<&str> {
    let mut lines = answer.lines.iter().map(String::as_str);
    match answer.verdict {
        Verdict::Pass => Vec::new(),
        Verdict::NotApplicable => lines.next_back().into_iter().collect(),
        Verdict::Missing => vec!["no answer"],
        Verdict::Fail => lines.filter(|line| line.starts_with("FAIL")).collect(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panic")]
mod tests {
    use super::*;

    fn machine(name: &str, checks: &str) -> Machine {
        let text = format!("about = 'it'\nkernel = '6.1'\ncpus = '1'\nchecks = {checks}");
        let mut machine: Machine = toml::from_str(&text).unwrap();
        machine.name = name.to_owned();
        machine
    }

    #[test]
    fn a_row_is_a_machine_and_a_column_a_check() {
        let (a, b, c) = (
            machine("a", "['y', 'x']"),
            machine("b", "['y']"),
            machine("c", "['x']"),
        );
        let of_a = "@@ check x\n@@ end x 0 1\n@@ check y\nok\nFAIL it\n@@ end y 1 1\n@@ done";
        let of_b = "@@ kernel 6.1.0-56\n@@ check y\nno NUMA\n@@ end y 77 1\n@@ done";
        let of_a = Some(Report::read(&a.checks, of_a));
        let of_b = Some(Report::read(&b.checks, of_b));
        let page = page(&[(&a, &of_a), (&b, &of_b), (&c, &None)]);
        for line in [
            "| machine | x | y |",
            "| a | pass | **fail** |",
            "| b |  | n/a |",
            "| c | not tried |  |",
            "- a, y: FAIL it",
            "- b, y: no NUMA",
            "| a | 6.1 | it |",
            "| b | 6.1.0-56 | it |",
        ] {
            assert!(page.lines().any(|found| found == line), "{line} in\n{page}");
        }
    }
}

//! The table of results: machines by checks, in Markdown.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::answer::{Answer, Report, Verdict};
use crate::kernel::Kernel;
use crate::machine::Machine;

const HEAD: &str = "\
# Machines that were tried

`make test-machines` writes this page. It boots each virtual machine of `tests/machines/*.toml` in
software (QEMU without KVM), and runs checks of `tests/machines/checks/` in it. A check compares an
answer of `oversub` with a truth found without it: `lscpu`, hwloc's `lstopo`, and scripts that read
/proc and /sys. Emulated CPUs show which answers are right; they say nothing about time.
";

/// A machine with what its checks answered.
pub(crate) type Tried<'a> = (&'a Machine, &'a Report);

/// The page.
pub(crate) fn page(tried: &[Tried], kernels: &BTreeMap<String, Kernel>) -> String {
    let mut page = HEAD.to_owned();
    for section in [machines(tried, kernels), results(tried), notes(tried)] {
        page.push('\n');
        page.push_str(&section);
    }
    page
}

fn machines(tried: &[Tried], kernels: &BTreeMap<String, Kernel>) -> String {
    let mut text = "| machine | kernel | what it is |\n|---|---|---|\n".to_owned();
    for (machine, _) in tried {
        let kernel = kernels.get(&machine.kernel);
        let release = kernel.map_or(&machine.kernel, |kernel| &kernel.release);
        let _ = writeln!(text, "| {} | {release} | {} |", machine.name, machine.about);
    }
    text
}

fn results(tried: &[Tried]) -> String {
    let mut checks: Vec<&str> = Vec::new();
    for (machine, _) in tried {
        for check in &machine.checks {
            if !checks.contains(&check.as_str()) {
                checks.push(check);
            }
        }
    }
    checks.sort_unstable();
    let mut text = format!("| machine | {} |\n", checks.join(" | "));
    let _ = writeln!(text, "|---|{}", "---|".repeat(checks.len()));
    for (machine, report) in tried {
        let cell = |check: &&str| {
            let answer = report.answers.iter().find(|answer| answer.check == **check);
            answer.map_or("", word)
        };
        let cells: Vec<&str> = checks.iter().map(cell).collect();
        let _ = writeln!(text, "| {} | {} |", machine.name, cells.join(" | "));
    }
    text + "\nEmpty: not run there. n/a: not applicable, for the reason below.\n"
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
        for answer in &report.answers {
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
    use crate::boot::Console;

    fn machine(name: &str, checks: &str) -> Machine {
        let text = format!("about = 'it'\nkernel = '6.1'\ncpus = '1'\nchecks = {checks}");
        let mut machine: Machine = toml::from_str(&text).unwrap();
        machine.name = name.to_owned();
        machine
    }

    fn report(machine: &Machine, text: &str) -> Report {
        let lines = text.lines().map(str::to_owned).collect();
        Report::read(
            &machine.checks,
            &Console {
                lines,
                timed_out: false,
            },
        )
    }

    #[test]
    fn a_row_is_a_machine_and_a_column_a_check() {
        let (a, b) = (machine("a", "['x', 'y']"), machine("b", "['y']"));
        let of_a = report(
            &a,
            "@@ check x\n@@ end x 0\n@@ check y\nok\nFAIL it\n@@ end y 1\n@@ done",
        );
        let of_b = report(&b, "@@ check y\nno NUMA\n@@ end y 77\n@@ done");
        let page = page(&[(&a, &of_a), (&b, &of_b)], &BTreeMap::new());
        for line in [
            "| machine | x | y |",
            "| a | pass | **fail** |",
            "| b |  | n/a |",
            "- a, y: FAIL it",
            "- b, y: no NUMA",
            "| a | 6.1 | it |",
        ] {
            assert!(page.lines().any(|found| found == line), "{line} in\n{page}");
        }
    }
}

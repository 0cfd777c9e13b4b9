//! How is it said why cells are slow, and on what evidence?

use std::fmt::Write;

use super::evidence::{of_evidence, percent};
use crate::analysis::{Cause, Diagnosis, Evidence, Factor, Facts, Finding};
use crate::units::three_digits;

/// One line a cell: letter, slowdown, cause and its weight.
pub fn list(wanted: &[&Diagnosis]) -> String {
    let mut text = String::new();
    let noted = wanted.iter().filter(|d| !d.notes.is_empty()).count();
    if noted > 0 {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{noted} of {} cells (*) did not run as asked or not alone: give the cell for what happened\n",
            wanted.len()
        );
    }
    for diagnosis in wanted {
        let weight = match diagnosis
            .findings
            .iter()
            .find(|f| f.cause == diagnosis.cause)
        {
            Some(finding) => format!(" ({} of P)", percent(finding.weight)),
            None => String::new(),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{} {:>7}  {}  {}{weight}{}",
            diagnosis.cause.letter(),
            factor(diagnosis.slowdown),
            diagnosis.cell,
            diagnosis.cause,
            if diagnosis.notes.is_empty() { "" } else { " *" },
        );
    }
    text
}

fn factor(slowdown: Factor) -> String {
    match slowdown {
        Factor::Exactly(factor) => three_digits(factor),
        Factor::AtLeast(factor) => format!(">{}", three_digits(factor)),
    }
}

/// The cause of one cell, with its evidence, rule and check.
pub fn explanation(diagnosis: &Diagnosis) -> String {
    let mut lines = vec![
        diagnosis.cell.to_string(),
        format!(
            "{} times the time of the best cell, {}",
            factor(diagnosis.slowdown),
            diagnosis.reference
        ),
    ];
    if !diagnosis.resolved && diagnosis.cell != diagnosis.reference {
        let tied = "statistically tied with the best cell; more rounds may show a difference";
        lines.push(tied.to_owned());
    }
    lines.extend(diagnosis.notes.iter().cloned());
    lines.extend(diagnosis.rates.iter().map(of_evidence));
    lines.push(String::new());
    lines.push(format!("cause: {}", diagnosis.cause.words()));
    for finding in &diagnosis.findings {
        lines.push(String::new());
        lines.extend(of_finding(finding, diagnosis));
    }
    if diagnosis.cause == Cause::Unexplained {
        lines.extend([String::new(), everything(&diagnosis.here, &diagnosis.there)]);
    }
    lines.join("\n")
}

fn of_finding(finding: &Finding, diagnosis: &Diagnosis) -> Vec<String> {
    let slowdown = diagnosis.slowdown.value();
    let (also, most) = match finding.cause == diagnosis.cause {
        true => ("", String::new()),
        false if finding.explains(slowdown) => ("also: ", String::new()),
        false => {
            let most = three_digits(finding.explains.max(1.0));
            let of = factor(diagnosis.slowdown);
            let most = format!(", which explains a factor of {most} of {of} at most");
            ("contributes: ", most)
        }
    };
    let mut lines = vec![format!(
        "{also}{}, {} of P{most}",
        finding.cause.words(),
        percent(finding.weight)
    )];
    lines.extend(finding.evidence.iter().map(of_evidence));
    lines.push(format!("  rule      {}", finding.rule));
    lines.push(format!(
        "  to check  {}\n            this cause is wrong if {}",
        finding.check.command, finding.check.wrong_if
    ));
    lines
}

/// What was counted, for a reader who has to find the cause alone.
fn everything(here: &Facts, there: &Facts) -> String {
    type Row = (&'static str, &'static str, fn(&Facts) -> Option<f64>);
    let rows: [Row; 10] = [
        ("CPUs kept busy", "CPUs", |f| f.cpus),
        ("CPUs in the kernel", "CPUs", |f| f.in_kernel),
        ("CPUs spent on spinning", "CPUs", |f| f.spinning),
        ("CPUs spent on yielding", "CPUs", |f| f.yielding),
        ("threads ready but without a CPU", "threads", |f| f.ready),
        ("preemptions", "1/s", |f| f.preemptions),
        ("migrations", "1/s", |f| f.migrations),
        ("CPU time of a task without waiting", "s", |f| f.work),
        ("workers without a task left", "workers", |f| f.in_tail),
        ("CPUs that other programs kept busy", "CPUs", |f| f.foreign),
    ];
    let rows = rows.into_iter().filter_map(|(quantity, unit, of)| {
        Some(of_evidence(&Evidence {
            quantity,
            unit,
            here: of(here)?,
            reference: of(there),
        }))
    });
    let rows: Vec<String> = rows.collect();
    format!("what was counted\n{}", rows.join("\n"))
}

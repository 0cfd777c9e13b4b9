//! Why is a cell slow, and on what evidence?

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;

use super::run::Run;
use super::{UsageError, screen};
use crate::analysis::{Analysis, Cause, Diagnosis, Evidence, Factor, Facts, Finding};
use crate::experiment::{Axis, Condition};
use crate::experiment::{Cell, PartialCell};
use crate::text::{ParseError, quoted};
use crate::units::{human_span, three_digits};

/// Says why cells are slower than the best: the cause, its evidence, the rule, and what would refute
/// it.
///
/// Without a selection it lists the cause of every cell.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  oversub explain runs/matmul                         the cause of every cell
  oversub explain runs/matmul 4x4 --wait active       the evidence for one
  oversub plot runs/matmul --metric cause --terminal  the causes as a heatmap")]
pub(super) struct Args {
    /// Folder of the run.
    run: PathBuf,
    /// The cell, by its text form or a part of it that only it has, such as 4x4.
    cell: Vec<String>,
    /// Outer workers of the cell.
    #[arg(long, value_name = "N")]
    outer: Option<String>,
    /// Team width of the cell.
    #[arg(long, value_name = "N")]
    inner: Option<String>,
    /// Wait policy of the cell.
    #[arg(long, value_name = "NAME")]
    wait: Option<String>,
    /// Anything else about the cell, for example `composition=exclusive,n=256`.
    #[arg(long = "where", value_name = "AXIS=VALUE", value_delimiter = ',')]
    conditions: Vec<Condition>,
    /// Print JSON: one diagnosis a line.
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let run = Run::read(&self.run)?;
        run.note_changes();
        let wanted = self.wanted(&run.analysis)?;
        if self.json {
            return json(&wanted);
        }
        match wanted[..] {
            [one] if self.selects() => screen::say(explanation(one)),
            _ => screen::say(format!("{}\n{}", list(&wanted), self.next_step(&wanted))),
        }
    }

    /// What to type for the evidence of one of the cells that were listed.
    fn next_step(&self, listed: &[&Diagnosis]) -> String {
        let Some(one) = listed.first().filter(|_| self.selects()) else {
            return "Give a cell, such as 4x4 active, for the evidence.".to_owned();
        };
        format!(
            "{} cells are like that. For the evidence of one, say more of it:\n  oversub explain {} {}",
            listed.len(),
            quoted(&self.run.display().to_string()),
            one.cell
        )
    }

    fn selects(&self) -> bool {
        let flags = [&self.outer, &self.inner, &self.wait];
        let flagged = flags.into_iter().any(Option::is_some);
        flagged || !self.cell.is_empty() || !self.conditions.is_empty()
    }

    /// All that a cell is asked to have.
    fn conditions(&self) -> Result<Vec<Condition>, ParseError> {
        let of = |axis: Axis, value: &Option<String>| Some(format!("{axis}={}", value.as_ref()?));
        let flags = [
            of(Axis::Outer, &self.outer),
            of(Axis::Inner, &self.inner),
            of(Axis::Wait, &self.wait),
        ];
        let flags = flags.into_iter().flatten().map(|text| text.parse());
        let mut all: Vec<Condition> = flags.collect::<Result<_, _>>()?;
        all.extend(self.conditions.iter().cloned());
        Ok(all)
    }

    fn wanted<'a>(&self, analysis: &'a Analysis) -> anyhow::Result<Vec<&'a Diagnosis>> {
        let usage = |error: ParseError| UsageError(error.to_string());
        let conditions = self.conditions().map_err(usage)?;
        let part = match self.cell.is_empty() {
            true => PartialCell::default(),
            false => self.cell.join(" ").parse().map_err(usage)?,
        };
        // The whole text of a cell means that cell, also where others have all that it says.
        let text = self.cell.join(" ");
        let whole = analysis
            .cells
            .iter()
            .any(|one| one.cell.to_string() == text);
        let meant = |cell: &Cell| match whole {
            true => cell.to_string() == text,
            false => part.admits(cell),
        };
        let admits = |cell: &Cell| Condition::all_admit(&conditions, cell) && meant(cell);
        let cells = analysis.cells.iter().map(|summary| summary.cell);
        let mut asked = cells.filter(admits).peekable();
        let Some(first) = asked.peek().copied() else {
            let run = self.run.display();
            return Err(UsageError(format!(
                "no measured cell of {run} is like that; `oversub explain {run}` lists them"
            ))
            .into());
        };
        let wanted: Vec<&Diagnosis> = asked.filter_map(|c| analysis.diagnoses.get(&c)).collect();
        anyhow::ensure!(
            !wanted.is_empty(),
            "{first} failed, or no cell of its work was timed to its end: there is nothing to hold it \
             against (see the column `reason`)"
        );
        Ok(wanted)
    }
}

fn json(wanted: &[&Diagnosis]) -> anyhow::Result<()> {
    for diagnosis in wanted {
        let line = serde_json::to_string(diagnosis).context("cannot write a diagnosis")?;
        screen::say(line)?;
    }
    Ok(())
}

/// One line a cell: letter, slowdown, cause and its weight.
fn list(wanted: &[&Diagnosis]) -> String {
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

fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

fn explanation(diagnosis: &Diagnosis) -> String {
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

/// A number that speaks for a cause, with that of the best cell.
pub(super) fn of_evidence(evidence: &Evidence) -> String {
    let Evidence {
        quantity,
        unit,
        here,
        reference,
    } = evidence;
    let against = reference.map_or_else(String::new, |number| {
        let of = match quantity.contains("against") {
            true => "",
            false => "best cell ",
        };
        format!(" ({of}{})", with_unit(number, unit))
    });
    format!("  {:>14}  {quantity}{against}", with_unit(*here, unit))
}

fn with_unit(number: f64, unit: &str) -> String {
    match unit {
        "s" => human_span(Duration::from_secs_f64(number.max(0.0))),
        "1" => three_digits(number),
        "of 1" => percent(number),
        _ => format!("{} {unit}", three_digits(number)),
    }
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

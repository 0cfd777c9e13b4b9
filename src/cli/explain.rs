//! Why is a cell slow, and on what evidence?

use std::path::PathBuf;

use anyhow::Context;

use super::{UsageError, reading, screen};
use crate::analysis::Diagnosis;
use crate::app::{ExplainRequest, explain};
use crate::experiment::{Axis, Condition};
use crate::text::{ParseError, quoted};
use crate::view::explanation::{explanation, list};

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
        let run = reading::run(&self.run)?;
        reading::note_changes(&run);
        let request = ExplainRequest {
            cell: self.cell.join(" "),
            conditions: self.conditions().map_err(UsageError::of)?,
        };
        let wanted = explain(&run, &request)?;
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
}

fn json(wanted: &[&Diagnosis]) -> anyhow::Result<()> {
    for diagnosis in wanted {
        let line = serde_json::to_string(diagnosis).context("cannot write a diagnosis")?;
        screen::say(line)?;
    }
    Ok(())
}

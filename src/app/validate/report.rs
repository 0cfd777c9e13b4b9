//! How are the scores of a validation written down?

use std::path::Path;

use serde_json::{Value, json};

use crate::analysis::validation::{Agreement, BASELINES, Case, Part};
use crate::app::{Error, output};

/// Version of the meaning of `validation.json`.
const FORMAT_VERSION: u32 = 2;

const PERCENT: f64 = 100.0;

/// The scores, and the cells behind them.
pub struct Report {
    /// The measured run.
    pub run: String,
    /// Sets of parameters behind the intervals.
    pub draws: u32,
    /// What was simulated.
    pub simulation: String,
    /// The scores.
    pub parts: Vec<Part>,
    /// The cells.
    pub cases: Vec<Case>,
}

impl Report {
    /// Writes `validation.json` and `validation.csv` into `out`.
    pub(super) fn write(&self, out: &Path) -> Result<(), Error> {
        let json = out.join("validation.json");
        output::write(&json, (self.json()? + "\n").as_bytes())?;
        output::write_csv(&out.join("validation.csv"), |rows| self.rows(rows))
    }

    fn rows(&self, rows: &mut csv::Writer<Vec<u8>>) -> csv::Result<()> {
        rows.write_record([
            "cell",
            "measured_s",
            "predicted_s",
            "low_s",
            "high_s",
            "ratio",
            "fluid_s",
            "amdahl_s",
        ])?;
        for case in &self.cases {
            let [fluid, amdahl] = case.baselines;
            let ratio = case.predicted / case.measured;
            let numbers = [
                Some(case.measured),
                Some(case.predicted),
                case.interval.map(|interval| interval.low),
                case.interval.map(|interval| interval.high),
                Some(ratio),
                Some(fluid),
                Some(amdahl),
            ];
            let text = |number: f64| number.to_string();
            let numbers = numbers.map(|number| number.map_or_else(String::new, text));
            rows.write_record([case.cell.to_string()].iter().chain(&numbers))?;
        }
        Ok(())
    }

    /// The scores for programs.
    ///
    /// # Errors
    ///
    /// If they cannot be written down.
    pub fn json(&self) -> Result<String, Error> {
        let parts: Vec<Value> = self.parts.iter().map(part).collect();
        let all = json!({
            "format_version": FORMAT_VERSION,
            "run": self.run,
            "simulation": self.simulation,
            "draws": self.draws,
            "parts": parts,
        });
        let text = serde_json::to_string_pretty(&all);
        text.map_err(Error::in_doing("cannot write the scores"))
    }

    /// The scores as a table.
    pub fn text(&self) -> String {
        let heads = [
            "cells", "error", "p90", "tau", "regret", "in 1:2", "covered", "fluid", "Amdahl",
        ];
        let mut text = format!(
            "{} against {}\nnothing was fitted to the run\n\n{}\n",
            self.simulation,
            self.run,
            line("", &heads.map(str::to_owned))
        );
        for part in &self.parts {
            text += &(row(part) + "\n");
        }
        let baselines = BASELINES.join(" and ");
        text + "\n\
            A / B    of the prediction / of one half of the measured rounds with the other: what the\n         \
            measurement itself reaches, and no prediction can be expected to do much better\n\
            error    geometric: exp(median |ln(predicted / measured)|) - 1; p90 its 90th percentile\n\
            tau      Kendall's tau-b within each work; regret: loss by taking the cell expected best\n\
            in 1:2   cells predicted within a factor of 2\n\
            covered  cells whose time lies in the predicted 9-in-10 interval (- without --draws: there is none)\n\
            last     skill, 1 - error / error of the baseline: "
            + &baselines
    }
}

/// A name and its columns.
fn line(name: &str, columns: &[String; 9]) -> String {
    let widths = [6, 13, 13, 14, 13, 8, 9, 8, 8];
    let columns = columns.iter().zip(widths);
    columns.fold(format!("{name:32}"), |line, (column, width)| {
        format!("{line}{column:>width$}")
    })
}

fn row(part: &Part) -> String {
    let name = if part.split == part.part {
        part.part.clone()
    } else {
        format!("{} {}", part.split, part.part)
    };
    let number = |share: f64| format!("{:.0}", share * PERCENT);
    let percent = |share: f64| number(share) + " %";
    let optional = |share: Option<f64>| share.map_or("-".to_owned(), percent);
    let s = &part.scores;
    let both = |of: fn(&Agreement) -> f64| {
        let itself = s.itself.as_ref().map(|halves| number(of(halves)));
        let itself = itself.unwrap_or("-".to_owned());
        format!("{} / {itself} %", number(of(&s.prediction)))
    };
    let tau = |tau: Option<f64>| tau.map_or("-".to_owned(), |tau| format!("{tau:.2}"));
    let taus = [Some(s.prediction), s.itself].map(|of| tau(of.and_then(|of| of.tau)));
    line(
        &name,
        &[
            s.cells.to_string(),
            both(|of| of.error),
            both(|of| of.p90),
            taus.join(" / "),
            both(|of| of.regret),
            percent(s.within_two),
            optional(s.coverage),
            optional(s.skill[0]),
            optional(s.skill[1]),
        ],
    )
}

fn part(part: &Part) -> Value {
    let s = &part.scores;
    json!({
        "split": part.split,
        "part": part.part,
        "cells": s.cells,
        "prediction": agreement(&s.prediction),
        "half_of_the_rounds": s.itself.as_ref().map(agreement),
        "within_factor_2": s.within_two,
        "coverage": s.coverage,
        "skill_against_fluid": s.skill[0],
        "skill_against_amdahl": s.skill[1],
    })
}

fn agreement(agreement: &Agreement) -> Value {
    json!({
        "geometric_error": agreement.error,
        "geometric_error_p90": agreement.p90,
        "kendall_tau_b": agreement.tau,
        "regret": agreement.regret,
    })
}

//! How are the scores of a validation written down?

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Context;
use serde_json::{Value, json};

use crate::analysis::validation::{BASELINES, Case, Part, Scores};

/// Version of the meaning of `validation.json`.
const FORMAT_VERSION: u32 = 1;

const PERCENT: f64 = 100.0;

/// The scores, and the cells behind them.
pub(super) struct Report {
    /// The measured run.
    pub(super) run: String,
    /// Sets of parameters behind the intervals.
    pub(super) draws: u32,
    /// What was simulated.
    pub(super) simulation: String,
    /// The scores.
    pub(super) parts: Vec<Part>,
    /// The cells.
    pub(super) cases: Vec<Case>,
}

impl Report {
    /// Writes `validation.json` and `validation.csv` into `out`.
    pub(super) fn write(&self, out: &Path) -> anyhow::Result<()> {
        let json = out.join("validation.json");
        let cannot = |file: &Path| format!("cannot write {}", file.display());
        fs::write(&json, self.json()? + "\n").with_context(|| cannot(&json))?;
        let csv = out.join("validation.csv");
        let mut rows = csv::Writer::from_path(&csv).with_context(|| cannot(&csv))?;
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
            let (low, high) = (case.interval.low, case.interval.high);
            let numbers = [
                case.measured,
                case.predicted,
                low,
                high,
                ratio,
                fluid,
                amdahl,
            ];
            let numbers = numbers.map(|number| number.to_string());
            rows.write_record([case.cell.to_string()].iter().chain(&numbers))?;
        }
        rows.flush().with_context(|| cannot(&csv))
    }

    /// The scores for programs.
    pub(super) fn json(&self) -> anyhow::Result<String> {
        let parts: Vec<Value> = self.parts.iter().map(part).collect();
        let all = json!({
            "format_version": FORMAT_VERSION,
            "run": self.run,
            "simulation": self.simulation,
            "draws": self.draws,
            "parts": parts,
        });
        serde_json::to_string_pretty(&all).context("cannot write the scores")
    }

    /// The scores as a table.
    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "{} against {}\nnothing was fitted to the run\n\n{:36}{:>6}{:>8}{:>8}{:>8}{:>8}{:>6}{:>8}{:>8}{:>8}{:>8}\n",
            self.simulation,
            self.run,
            "",
            "cells",
            "error",
            "p90",
            "in 1:2",
            "noise",
            "tau",
            "regret",
            "covered",
            "fluid",
            "Amdahl"
        );
        for part in &self.parts {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{}", row(part));
        }
        let baselines = BASELINES.join(" and ");
        text + "\n\
            error    geometric: exp(median |ln(predicted / measured)|) - 1; p90 its 90th percentile\n\
            in 1:2   cells predicted within a factor of 2; noise: error of half the rounds by the other\n\
            tau      Kendall's tau-b within each work; regret: loss by taking the cell predicted best\n\
            covered  cells whose time lies in the predicted 9-in-10 interval\n\
            last     skill, 1 - error / error of the baseline: "
            + &baselines
    }
}

fn row(part: &Part) -> String {
    let name = if part.split == part.part {
        part.part.clone()
    } else {
        format!("{} {}", part.split, part.part)
    };
    let percent = |share: f64| format!("{:.0} %", share * PERCENT);
    let optional = |share: Option<f64>| share.map_or("-".to_owned(), percent);
    let Scores { tau, skill, .. } = part.scores;
    let s = &part.scores;
    format!(
        "{name:36}{:>6}{:>8}{:>8}{:>8}{:>8}{:>6}{:>8}{:>8}{:>8}{:>8}",
        s.cells,
        percent(s.error),
        percent(s.p90),
        percent(s.within_two),
        optional(s.noise),
        tau.map_or("-".to_owned(), |tau| format!("{tau:.2}")),
        percent(s.regret),
        percent(s.coverage),
        optional(skill[0]),
        optional(skill[1]),
    )
}

fn part(part: &Part) -> Value {
    let s = &part.scores;
    json!({
        "split": part.split,
        "part": part.part,
        "cells": s.cells,
        "geometric_error": s.error,
        "geometric_error_p90": s.p90,
        "within_factor_2": s.within_two,
        "noise": s.noise,
        "kendall_tau_b": s.tau,
        "regret": s.regret,
        "coverage": s.coverage,
        "skill_against_fluid": s.skill[0],
        "skill_against_amdahl": s.skill[1],
    })
}

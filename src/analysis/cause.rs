//! Why is a cell slower than the best, and on what evidence?
//!
//! A [`Cause`] is named by a rule: a pure function of what was counted in the cell and in the best
//! cell of the same work ([`Facts`]), and of the machine ([`Setting`]). Each rule that holds gives a
//! [`Finding`] with its weight, the evidence, the rule in words and a command that could refute it.
//! The heaviest finding is the cause of the cell, unless the cell is as good as the best.
//!
//! A weight is a share of the budget's time, so that weights can be compared: what of P x wall time
//! went into spinning, idled behind a lock, or was held back by a quota.

mod facts;
mod rates;
mod refute;
mod rules;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

pub use facts::{Facts, Setting};

use super::{Analysis, Factor, MARGIN, State, Verdict, Work};
use crate::experiment::Cell;
use crate::record::Record;
use rates::rates;
use rules::{Case, RULES};

/// Why a cell is slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// More threads than P, and those that wait keep the PUs of those that have work.
    Spinning,
    /// More runnable threads than P take turns.
    TimeSliced,
    /// The CPU quota stops the group.
    Throttled,
    /// The memory gives no more.
    Bandwidth,
    /// The regions are too short for what a fork and a join cost.
    TooSmall,
    /// Workers stand in line for a lock.
    Lock,
    /// One thread works while the others have nothing to do.
    Straggler,
    /// Memory of another NUMA node.
    RemoteMemory,
    /// Fewer threads than P.
    TooFewThreads,
    /// Other programs, other guests, or too few rounds to tell.
    Noise,
    /// As good as the best cell.
    None,
    /// Slower than the best, and no rule holds.
    Unexplained,
}

impl Cause {
    /// Every cause with its name, the letter that stands for it in figures, and what it says.
    pub const ALL: [(Self, &'static str, char, &'static str); 12] = [
        (
            Self::Spinning,
            "spinning",
            'S',
            "oversubscribed and spinning",
        ),
        (
            Self::TimeSliced,
            "time-sliced",
            'T',
            "time-sliced: more runnable threads than CPUs",
        ),
        (
            Self::Throttled,
            "throttled",
            'Q',
            "throttled by a CPU quota",
        ),
        (
            Self::Bandwidth,
            "bandwidth",
            'B',
            "bound by memory bandwidth",
        ),
        (Self::TooSmall, "too-small", 'G', "too small to split"),
        (Self::Lock, "lock", 'L', "serialised by a lock"),
        (Self::Straggler, "straggler", 'I', "straggler or imbalance"),
        (Self::RemoteMemory, "remote-memory", 'R', "remote memory"),
        (
            Self::TooFewThreads,
            "too-few-threads",
            'F',
            "fewer threads than CPUs",
        ),
        (
            Self::Noise,
            "noise",
            'N',
            "noise: others on the machine, or too few rounds",
        ),
        (Self::None, "none", '=', "none: as good as the best cell"),
        (
            Self::Unexplained,
            "unexplained",
            '?',
            "slower than the best, and no rule holds",
        ),
    ];

    /// The letter that stands for it in figures.
    pub fn letter(self) -> char {
        Self::ALL[self as usize].2
    }

    /// What it says.
    pub fn words(self) -> &'static str {
        Self::ALL[self as usize].3
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(Self::ALL[*self as usize].1)
    }
}

impl Serialize for Cause {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

/// A number that speaks for a cause.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evidence {
    /// What it is.
    pub quantity: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// In this cell.
    pub here: f64,
    /// In the reference cell, or of the machine, where there is such a number.
    pub reference: Option<f64>,
}

/// A rule that holds for a cell.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// What it names.
    pub cause: Cause,
    /// Share of the budget's time that this accounts for, 0 to 1 [1].
    pub weight: f64,
    /// The numbers.
    pub evidence: Vec<Evidence>,
    /// The rule with its threshold and where that comes from.
    pub rule: &'static str,
    /// What to run, and which outcome would refute it.
    pub refute: String,
}

/// What is known of why a cell takes the time it takes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diagnosis {
    /// The cell.
    pub cell: Cell,
    /// What it is held against: the best cell of the same work.
    pub reference: Cell,
    /// How much slower it is.
    pub slowdown: Factor,
    /// Whether the data tell it from the best at all.
    pub resolved: bool,
    /// The cause.
    pub cause: Cause,
    /// All rules that hold, the heaviest first.
    pub findings: Vec<Finding>,
    /// Its rates beside the limits of the machine, where these were measured.
    pub rates: Vec<Evidence>,
    /// What was counted in the cell.
    pub here: Facts,
    /// What was counted in the reference.
    pub there: Facts,
}

/// The diagnosis of every cell of `analysis` that has a time and a best cell to be held against.
pub fn diagnose(
    analysis: &Analysis,
    records: &[Record],
    setting: &Setting,
) -> BTreeMap<Cell, Diagnosis> {
    let facts = Facts::of_all(records);
    let verdicts: BTreeMap<Work, &Verdict> =
        analysis.verdicts.iter().map(|v| (v.work, v)).collect();
    let timed = analysis.cells.iter();
    let timed = timed.filter(|summary| !matches!(summary.state, State::Failed(_)));
    let diagnoses = timed.filter_map(|summary| {
        let verdict = verdicts.get(&Work::of(&summary.cell))?;
        let standing = verdict.standings.iter().find(|s| s.cell == summary.cell)?;
        let case = Case {
            here: facts.get(&summary.cell)?,
            there: facts.get(&verdict.best)?,
            serial: serial(verdict).and_then(|cell| facts.get(&cell)),
            setting,
            slowdown: standing.slowdown.value(),
            resolved: !verdict.in_tie_set(&summary.cell),
        };
        Some((summary.cell, diagnosis(&case, standing.slowdown)))
    });
    diagnoses.collect()
}

/// The fastest 1 x 1 cell of a work.
fn serial(verdict: &Verdict) -> Option<Cell> {
    verdict.at(1, 1).first().map(|standing| standing.cell)
}

fn diagnosis(case: &Case<'_>, slowdown: Factor) -> Diagnosis {
    let mut findings: Vec<Finding> = RULES.iter().filter_map(|rule| rule(case)).collect();
    findings.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    Diagnosis {
        cell: case.here.cell,
        reference: case.there.cell,
        slowdown,
        resolved: case.resolved,
        cause: cause(case, &findings),
        findings,
        rates: rates(case.here, case.setting),
        here: case.here.clone(),
        there: case.there.clone(),
    }
}

/// A cell that is as good as the best needs no cause, but it is worth saying when the memory or a
/// quota is why no cell is better.
fn cause(case: &Case<'_>, findings: &[Finding]) -> Cause {
    let named = |finding: &Finding| finding.cause;
    if case.slowdown > 1.0 + MARGIN {
        return findings.first().map_or(Cause::Unexplained, named);
    }
    let limits = |f: &&Finding| matches!(f.cause, Cause::Bandwidth | Cause::Throttled);
    let limit = findings
        .iter()
        .find(limits)
        .filter(|_| case.here.threads > 1.0);
    limit.map_or(Cause::None, named)
}

#[cfg(test)]
mod tests;

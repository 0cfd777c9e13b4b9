//! Why is a cell slower than the best, and on what evidence?
//!
//! A [`Cause`] is named by a rule: a pure function of what was counted in the cell and in the best
//! cell of the same work ([`Facts`]), and of the machine ([`RunContext`]). Each rule that holds gives a
//! [`Finding`] with its weight, the evidence, the rule in words and a [`Check`].
//!
//! A weight is a share of the budget's time, so that weights can be compared: what of P x wall time
//! went into spinning, idled behind a lock, or was held back by a quota. A finding also says how much
//! slower its cause can have made the cell at most. The heaviest finding that can explain the size of
//! the loss is the cause of the cell, unless the cell is as good as the best; the others contribute.
//! Executions that do not come back and threads that are not those asked for come before heavier
//! causes, and [`Diagnosis::notes`] say what must be known first.

mod check;
mod facts;
mod notes;
mod origin;
mod rates;
mod realised;
mod rules;

use std::collections::BTreeMap;

use serde::Serialize;

pub use check::Check;
pub use facts::{Facts, RunContext};
pub use origin::Origin;

use super::{CellSummary, Factor, MARGIN, State, Verdict, Work};
use crate::experiment::Cell;
use crate::record::Record;
use rates::rates;
use rules::{Case, RULES};

/// Why a cell is slow.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::VariantArray,
    strum::IntoStaticStr,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Cause {
    /// More threads than P, and those that wait keep the PUs of those that have work.
    Spinning,
    /// The same, where the runtime does not count its spinning: CPU time without progress.
    SpinningSuspected,
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
    /// No execution came back.
    Hang,
    /// A library or a program has other threads than those asked for.
    OtherThreads,
    /// Other programs, other guests, or too few rounds to tell.
    Noise,
    /// As good as the best cell.
    None,
    /// Slower than the best, and no rule holds.
    Unexplained,
}

impl Cause {
    /// The letter that stands for it in figures.
    pub fn letter(self) -> char {
        match self {
            Self::Spinning => 'S',
            Self::SpinningSuspected => 'C',
            Self::TimeSliced => 'T',
            Self::Throttled => 'Q',
            Self::Bandwidth => 'B',
            Self::TooSmall => 'G',
            Self::Lock => 'L',
            Self::Straggler => 'I',
            Self::RemoteMemory => 'R',
            Self::TooFewThreads => 'F',
            Self::Hang => 'H',
            Self::OtherThreads => 'A',
            Self::Noise => 'N',
            Self::None => '=',
            Self::Unexplained => '?',
        }
    }

    /// What it says.
    pub fn words(self) -> &'static str {
        match self {
            Self::Spinning => "oversubscribed and spinning",
            Self::SpinningSuspected => "spinning suspected: threads burn CPU time without progress",
            Self::TimeSliced => "time-sliced: more runnable threads than CPUs",
            Self::Throttled => "throttled by a CPU quota",
            Self::Bandwidth => "bound by memory bandwidth",
            Self::TooSmall => "too small to split",
            Self::Lock => "serialised by a lock",
            Self::Straggler => "straggler or imbalance",
            Self::RemoteMemory => "remote memory",
            Self::TooFewThreads => "fewer threads than CPUs",
            Self::Hang => "a hang: no execution came back",
            Self::OtherThreads => "other threads than those asked for",
            Self::Noise => "noise: others on the machine, or too few rounds",
            Self::None => "none: as good as the best cell",
            Self::Unexplained => "slower than the best, and no rule holds",
        }
    }
}

crate::named!(Cause, "cause");

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
    /// Times that the cell may be slower by it, at most [1]; infinite, null in JSON, where nothing
    /// bounds it.
    pub explains: f64,
    /// The numbers.
    pub evidence: Vec<Evidence>,
    /// The rule with its threshold and where that comes from.
    pub rule: &'static str,
    /// What to run, and which outcome shows that it is wrong.
    pub check: Check,
}

/// What a bound may fall short of the loss, because both are measured [1].
const SLACK: f64 = 1.5;
/// Part of the loss, as a logarithm, that a cause must be able to explain [1].
const PART: f64 = 0.5;

impl Finding {
    /// Whether it can explain that a cell is `slowdown` times slower.
    pub fn explains(&self, slowdown: f64) -> bool {
        self.explains * SLACK >= slowdown && self.explains.ln() >= PART * slowdown.ln()
    }
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
    /// What must be known before the cause is read: others on the machine, other threads than those
    /// asked for, executions that did not come back.
    pub notes: Vec<String>,
    /// All rules that hold, the cause first, then the heaviest.
    pub findings: Vec<Finding>,
    /// Its rates beside the limits of the machine, where these were measured.
    pub rates: Vec<Evidence>,
    /// What was counted in the cell.
    pub here: Facts,
    /// What was counted in the reference.
    pub there: Facts,
}

/// The diagnosis of every one of `cells` that has a time and, by `verdicts`, a best cell to be held
/// against.
pub fn diagnose(
    cells: &[CellSummary],
    verdicts: &[Verdict],
    records: &[Record],
    setting: &RunContext,
) -> BTreeMap<Cell, Diagnosis> {
    let facts = Facts::of_all(records);
    let standings = verdicts.iter().flat_map(|v| &v.standings);
    let slowdowns: BTreeMap<Cell, Factor> = standings.map(|s| (s.cell, s.slowdown)).collect();
    let verdicts: BTreeMap<Work, (&Verdict, Option<Cell>)> =
        verdicts.iter().map(|v| (v.work, (v, serial(v)))).collect();
    let timed = cells.iter();
    let timed =
        timed.filter(|summary| !matches!(summary.state, State::Failed(_) | State::Interrupted(_)));
    let diagnoses = timed.filter_map(|summary| {
        let (verdict, serial) = verdicts.get(&Work::of(&summary.cell))?;
        let slowdown = *slowdowns.get(&summary.cell)?;
        let case = Case {
            here: facts.get(&summary.cell)?,
            there: facts.get(&verdict.best)?,
            serial: serial.and_then(|cell| facts.get(&cell)),
            setting,
            slowdown: slowdown.value(),
            resolved: !verdict.may_be_best(&summary.cell),
        };
        Some((summary.cell, diagnosis(&case, slowdown)))
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
    let cause = cause(case, &findings);
    findings.sort_by_key(|finding| finding.cause != cause);
    Diagnosis {
        cell: case.here.cell,
        reference: case.there.cell,
        slowdown,
        resolved: case.resolved,
        cause,
        notes: notes::notes(case),
        findings,
        rates: rates(case.here, case.setting),
        here: case.here.clone(),
        there: case.there.clone(),
    }
}

/// Causes that come before heavier ones: the other numbers of such a cell mean less than they seem to.
const FIRST: [Cause; 2] = [Cause::Hang, Cause::OtherThreads];

/// A cell that is as good as the best needs no cause, but it is worth saying when the memory or a
/// quota is why no cell is better.
fn cause(case: &Case<'_>, findings: &[Finding]) -> Cause {
    let named = |finding: &Finding| finding.cause;
    if case.slowdown > 1.0 + MARGIN {
        let able = || findings.iter().filter(|f| f.explains(case.slowdown));
        let first = FIRST
            .iter()
            .find_map(|cause| able().find(|f| f.cause == *cause));
        let cause = first.or(able().next());
        return cause.map_or(Cause::Unexplained, named);
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

//! What do the rules ask of a cell?

use super::{OTHERS, QUEUED};
use crate::analysis::cause::check::check;
use crate::analysis::cause::{Cause, Evidence, Facts, Finding, RunContext};

/// A cell with what it is held against.
pub(in crate::analysis::cause) struct Case<'a> {
    /// The cell.
    pub(in crate::analysis::cause) here: &'a Facts,
    /// The best cell of the same work.
    pub(in crate::analysis::cause) there: &'a Facts,
    /// Its fastest 1 x 1 cell.
    pub(in crate::analysis::cause) serial: Option<&'a Facts>,
    pub(in crate::analysis::cause) setting: &'a RunContext,
    /// Cost of the cell / cost of the best [1].
    pub(in crate::analysis::cause) slowdown: f64,
    /// Whether the data tell the cell from the best.
    pub(in crate::analysis::cause) resolved: bool,
}

/// What a cause accounts for.
#[derive(Clone, Copy)]
pub(super) struct Account {
    /// Share of the budget's time [1].
    pub(super) weight: f64,
    /// Times that the cell may be slower by this cause, at most [1].
    pub(super) explains: f64,
}

impl Account {
    /// Of a cause that takes the share `weight` of the cell's time: without it the rest is left.
    pub(super) fn of_share(weight: f64) -> Self {
        let explains = 1.0 / (1.0 - weight.clamp(0.0, 1.0));
        Self { weight, explains }
    }
}

/// `of` times as much as `than`; without limit where there is nothing to divide by.
pub(super) fn times(of: f64, than: f64) -> f64 {
    if than > 0.0 { of / than } else { f64::INFINITY }
}

impl Case<'_> {
    pub(super) fn budget(&self) -> f64 {
        self.setting.budget
    }

    pub(super) fn oversubscribed(&self) -> bool {
        self.here.threads > self.budget()
    }

    /// CPUs that the cell could keep at work: no more than it has threads, nor than P [CPUs].
    pub(super) fn reach(&self) -> f64 {
        self.here.threads.min(self.budget())
    }

    /// Share of them that has no work [1].
    pub(super) fn idle(&self) -> Option<f64> {
        Some(1.0 - (self.here.working()? / self.reach()).min(1.0))
    }

    /// Share of the workers at the gate [1].
    pub(super) fn in_line(&self) -> f64 {
        self.here.at_gate.unwrap_or(0.0) / f64::from(self.here.cell.outer.get())
    }

    /// The share of the cell's time that the best cell does not need [1].
    pub(super) fn loss(&self) -> f64 {
        1.0 - 1.0 / self.slowdown.max(1.0)
    }

    /// Evidence of a quantity in both cells, where this one has it.
    pub(super) fn both(
        &self,
        quantity: &'static str,
        unit: &'static str,
        of: fn(&Facts) -> Option<f64>,
    ) -> Option<Evidence> {
        Some(Evidence {
            quantity,
            unit,
            here: of(self.here)?,
            reference: of(self.there),
        })
    }

    /// CPU time of a task here against what a task needs in the best cell: what CPU time that is no
    /// work can have cost, at most. Without limit where no task was finished [1].
    pub(super) fn inflation(&self) -> f64 {
        let ratio = self.here.task_cpu.zip(self.there.work);
        ratio.map_or(f64::INFINITY, |(here, best)| times(here, best))
    }

    /// Time of a region, or what a task takes where nobody counted it [s].
    pub(super) fn region(&self) -> Option<f64> {
        let outer = f64::from(self.here.cell.outer.get());
        let workers = outer.min(self.budget().max(1.0));
        self.here.region.or(Some(self.here.task? * workers))
    }

    /// Whether threads that want a CPU outnumber the CPUs: by themselves or with those of others.
    pub(super) fn crowded(&self) -> bool {
        self.oversubscribed() || self.lost_to_others(self.here) >= OTHERS * self.budget()
    }

    /// Whether threads with work waited for a CPU, as far as is known.
    pub(super) fn queued(&self) -> bool {
        let ready = self.here.ready;
        ready.is_none_or(|ready| ready > QUEUED * self.reach())
    }

    /// CPUs that `cell` could have used and others had [CPUs].
    pub(in crate::analysis::cause) fn lost_to_others(&self, cell: &Facts) -> f64 {
        let others = cell.foreign.unwrap_or(0.0) + cell.stolen.unwrap_or(0.0);
        let reach = cell.threads.min(self.budget());
        (others + reach - self.setting.online).max(0.0)
    }

    /// Times that `cell` may be slower because of others, at most [1].
    pub(super) fn slowed_by_others(&self, cell: &Facts) -> f64 {
        let reach = cell.threads.min(self.budget());
        let left = (reach - self.lost_to_others(cell)).max(cell.cpus.unwrap_or(0.0));
        times(reach, left).max(1.0)
    }

    pub(super) fn finding(
        &self,
        cause: Cause,
        account: Account,
        evidence: Vec<Option<Evidence>>,
        rule: &'static str,
    ) -> Finding {
        Finding {
            cause,
            weight: account.weight.clamp(0.0, 1.0),
            explains: account.explains,
            evidence: evidence.into_iter().flatten().collect(),
            rule,
            check: check(cause, &self.here.cell, &self.setting.origin),
        }
    }

    pub(super) fn ready(&self) -> Option<Evidence> {
        self.both("threads ready but without a CPU", "threads", |f| f.ready)
    }

    pub(super) fn busy(&self) -> Option<Evidence> {
        self.both("CPUs kept busy", "CPUs", |f| f.cpus)
    }

    pub(super) fn gap(&self) -> Option<Evidence> {
        self.both("time between two regions of a worker", "s", |f| f.gap)
    }

    pub(super) fn asked(&self) -> Option<Evidence> {
        machine(
            "threads, against P",
            "threads",
            self.here.threads,
            self.budget(),
        )
    }

    pub(super) fn work(&self) -> Option<Evidence> {
        self.both("CPU time of a task without waiting", "s", |f| f.work)
    }
}

/// Evidence with a number of the machine beside it.
pub(super) fn machine(
    quantity: &'static str,
    unit: &'static str,
    here: f64,
    of: f64,
) -> Option<Evidence> {
    Some(Evidence {
        quantity,
        unit,
        here,
        reference: Some(of),
    })
}

pub(super) fn alone(quantity: &'static str, unit: &'static str, here: f64) -> Option<Evidence> {
    Some(Evidence {
        quantity,
        unit,
        here,
        reference: None,
    })
}

//! What did a figure find, in one line?
//!
//! The title of a heatmap: the finding, as sure as the data are. A loss counts only in cells that the
//! rounds tell apart from the best ([`Mark::None`]); a bound is called one; and where nothing is told apart
//! the title says so.

use std::collections::BTreeSet;

use super::cell_name::CellNames;
use super::facet::{Facets, Panel};
use super::number::tick;
use super::scale::Scale;
use crate::analysis::{Better, Bound, Cause, Mark, Metric, Point, Quantity, Reading};
use crate::experiment::{Axis, Cell};
use crate::units::counted;

/// How many times the next slowest a group must be to be blamed [1].
const CLEARLY: f64 = 2.0;

/// A difference below this is no loss worth the name [1].
const SMALL: f64 = 1.1;

/// A cell with its number.
#[derive(Clone, Copy)]
struct Shown<'a> {
    point: &'a Point,
    value: f64,
    bound: Bound,
}

impl<'a> Shown<'a> {
    fn of(point: &'a Point) -> Option<Self> {
        match point.reading {
            Reading::Number(estimate, bound) => Some(Self {
                point,
                value: estimate.value,
                bound,
            }),
            _ => None,
        }
    }
}

/// What a figure shows, for one sentence about it.
struct Finding<'a> {
    shown: Vec<Shown<'a>>,
    names: CellNames,
    scale: Scale,
    /// P, if it is known [CPUs].
    budget: Option<f64>,
}

/// What is known of a figure beside its points.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Known<'a> {
    /// P [CPUs].
    pub budget: Option<f64>,
    /// The name of the second of two runs that are compared.
    pub second: Option<&'a str>,
}

/// The finding of the figure of `quantity` over `facets`.
pub fn headline(quantity: &Quantity, facets: &Facets<'_>, known: &Known<'_>) -> String {
    let points: Vec<&Point> = facets.points().collect();
    let cells: Vec<Cell> = points.iter().map(|point| point.cell).collect();
    let finding = Finding {
        shown: points.iter().filter_map(|point| Shown::of(point)).collect(),
        names: CellNames::of(&cells),
        scale: Scale::of(quantity, points.iter().copied()),
        budget: known.budget,
    };
    let runs: BTreeSet<&str> = facets.panels.iter().map(|panel| &panel.run[..]).collect();
    let found = match quantity.metric() {
        Metric::Slowdown if runs.len() > 1 => of_runs(facets),
        Metric::Slowdown => finding.slowdown(),
        Metric::Ratio => finding.ratio(known.second.unwrap_or("The second run")),
        Metric::Cause => cause(&points),
        _ => finding.level(quantity),
    };
    found.unwrap_or_else(|| quantity.title().to_owned())
}

/// `80x`, `1.9x`: as many digits as a title needs.
fn times(value: f64) -> String {
    match value {
        v if v >= 9.95 => format!("{}x", tick(v.round())),
        v => format!("{v:.1}x"),
    }
}

/// The largest of `shown` and of its bounds.
fn largest<'a, 'b: 'a>(shown: impl IntoIterator<Item = &'a Shown<'b>>) -> Option<Shown<'b>> {
    let order = |a: &&Shown<'_>, b: &&Shown<'_>| a.value.total_cmp(&b.value);
    shown.into_iter().max_by(order).copied()
}

/// Whether the rounds tell the cell to be slower than the best, or the limit does.
fn is_told(shown: &&Shown<'_>) -> bool {
    shown.point.mark == Mark::None
}

impl Finding<'_> {
    fn slowdown(&self) -> Option<String> {
        let best = self.to_set();
        let suffix = |best: &Option<String>| match best {
            Some(best) => format!("; best: {best}"),
            None => String::new(),
        };
        let told: Vec<&Shown<'_>> = self.shown.iter().filter(is_told).collect();
        let open = |shown: &Shown<'_>| matches!(shown.point.mark, Mark::Unresolved(_));
        let Some(worst) = largest(told.iter().copied()) else {
            return match (self.shown.len(), self.shown.iter().any(open), best) {
                (0 | 1, ..) => None,
                (_, true, _) => Some("Too few rounds to tell which split is fastest".to_owned()),
                (_, false, Some(best)) => Some(format!("All splits are as fast as {best}")),
                (_, false, None) => Some("All splits are as fast as each other".to_owned()),
            };
        };
        let stopped = told.iter().any(|shown| shown.bound != Bound::Exact);
        if worst.value < SMALL && !stopped {
            let loss = (worst.value - 1.0) * 100.0;
            return Some(format!(
                "Splits differ by at most {loss:.0} %{}",
                suffix(&best)
            ));
        }
        let (who, blamed) = self.blamed(&worst);
        let factor = match stopped {
            true => format!("{} or more", times(worst.value)),
            false => format!("up to {}", times(worst.value)),
        };
        let beyond = self.beyond(&worst, &blamed);
        Some(format!("{who} costs {factor}{beyond}{}", suffix(&best)))
    }

    /// The one cell to set, or the threads that all works set.
    fn to_set(&self) -> Option<String> {
        let chosen: Vec<&Cell> = self
            .shown
            .iter()
            .map(|shown| shown.point)
            .filter(|point| point.recommended)
            .map(|point| &point.cell)
            .collect();
        let threads = |cell: &Cell| (cell.outer, cell.inner);
        match chosen[..] {
            [] => None,
            [cell] => Some(self.name(cell)),
            [first, ..] => {
                let same = chosen.iter().all(|cell| threads(cell) == threads(first));
                same.then(|| format!("{} x {}", first.outer, first.inner))
            }
        }
    }

    /// What `cell` is called; teams of one thread have nobody to wait for.
    fn name(&self, cell: &Cell) -> String {
        if cell.inner.get() > 1 {
            return self.names.name(cell);
        }
        let alike = self.shown.iter().map(|shown| Cell {
            runtime: cell.runtime,
            ..shown.point.cell
        });
        CellNames::of(&alike.collect::<Vec<_>>()).name(cell)
    }

    /// Who is to blame for the loss of `worst`: the value of an axis without which no cell loses half as
    /// much, or the split; and the cells with that value.
    fn blamed(&self, worst: &Shown<'_>) -> (String, Vec<&Shown<'_>>) {
        for axis in [
            Axis::Wait,
            Axis::Composition,
            Axis::Placement,
            Axis::Runtime,
        ] {
            let value = |shown: &Shown<'_>| axis.value(&shown.point.cell);
            let (with, without): (Vec<_>, Vec<_>) = self
                .shown
                .iter()
                .partition(|shown| value(shown) == value(worst));
            let next = largest(without.iter().copied());
            if next.is_some_and(|next| next.value * CLEARLY <= worst.value)
                && let Some(value) = value(worst).present()
            {
                return (blame(axis, &value), with);
            }
        }
        ("The wrong split".to_owned(), self.shown.iter().collect())
    }

    /// ` beyond 2 threads`, where the blamed cells with at most as many threads as CPUs lose far less.
    fn beyond(&self, worst: &Shown<'_>, blamed: &[&Shown<'_>]) -> String {
        let Some(budget) = self.budget else {
            return String::new();
        };
        let fits = |shown: &&&Shown<'_>| f64::from(shown.point.cell.demand()) <= budget;
        let within = largest(blamed.iter().filter(fits).copied());
        let less = within.is_some_and(|within| within.value * CLEARLY <= worst.value);
        match less {
            true => format!(" beyond {} threads", tick(budget)),
            false => String::new(),
        }
    }

    /// Of a metric that is no comparison: the number of the split to set, and the worst one.
    fn level(&self, quantity: &Quantity) -> Option<String> {
        let unit = match self.scale.unit {
            "" | "1" => String::new(),
            unit => format!(" {unit}"),
        };
        let write = |value: f64| format!("{}{unit}", self.scale.write(value));
        let title = quantity.title();
        let high = largest(&self.shown)?;
        let order = |a: &&Shown<'_>, b: &&Shown<'_>| a.value.total_cmp(&b.value);
        let low = *self.shown.iter().min_by(order)?;
        let far = match quantity.better() {
            Better::High => low,
            Better::Low | Better::Neither => high,
        };
        let chosen: Vec<&Shown<'_>> = self
            .shown
            .iter()
            .filter(|shown| shown.point.recommended)
            .collect();
        let name = |shown: &Shown<'_>| self.name(&shown.point.cell);
        Some(match chosen[..] {
            [best] if best.point.cell != far.point.cell => format!(
                "{title}: {} at the best split ({}), {} at {}",
                write(best.value),
                name(best),
                write(far.value),
                name(&far)
            ),
            [best] => format!("{title}: {} at {}", write(best.value), name(best)),
            _ => format!("{title}: {} to {}", write(low.value), write(high.value)),
        })
    }

    /// Of two runs: how many cells changed, and by how much.
    fn ratio(&self, second: &str) -> Option<String> {
        let told = || self.shown.iter().filter(is_told);
        let slower: Vec<&Shown<'_>> = told().filter(|shown| shown.value > 1.0).collect();
        let faster: Vec<&Shown<'_>> = told().filter(|shown| shown.value < 1.0).collect();
        let all = counted(self.shown.len() as u64, "cell");
        let up = largest(slower.iter().copied()).map(|shown| times(shown.value));
        let least = faster
            .iter()
            .map(|shown| shown.value)
            .min_by(f64::total_cmp);
        let down = least.map(|value| times(1.0 / value));
        let found = match (up, down) {
            (None, None) if self.shown.is_empty() => return None,
            (None, None) => format!("No cell of {} changed", self.shown.len()),
            (Some(up), None) => {
                format!(
                    "{second} is slower in {} of {all}, up to {up}",
                    slower.len()
                )
            }
            (None, Some(down)) => {
                format!(
                    "{second} is faster in {} of {all}, up to {down}",
                    faster.len()
                )
            }
            (Some(up), Some(down)) => format!(
                "{second} is slower in {} of {all} (up to {up}), faster in {} (up to {down})",
                slower.len(),
                faster.len()
            ),
        };
        Some(found)
    }
}

/// A value of an axis as the subject of a sentence.
fn blame(axis: Axis, value: &str) -> String {
    match (axis, value) {
        (Axis::Wait, "active") => "Active waiting".to_owned(),
        (Axis::Wait, "passive") => "Passive waiting".to_owned(),
        (Axis::Wait, "yield") => "Yielding".to_owned(),
        _ => format!("{axis} = {value}"),
    }
}

/// Of several runs: what the wrong split costs in each.
fn of_runs(facets: &Facets<'_>) -> Option<String> {
    let mut worst: Vec<(&str, f64)> = Vec::new();
    let number = |panel: &Panel<'_>| {
        let shown: Vec<Shown<'_>> = panel.points().filter_map(Shown::of).collect();
        largest(shown.iter().filter(is_told)).map(|shown| shown.value)
    };
    for panel in &facets.panels {
        let value = number(panel).unwrap_or(1.0);
        match worst.iter_mut().find(|(run, _)| *run == panel.run) {
            Some((_, most)) => *most = most.max(value),
            None => worst.push((&panel.run, value)),
        }
    }
    worst.sort_by(|a, b| b.1.total_cmp(&a.1));
    let (run, most) = *worst.first()?;
    let (next, second) = *worst.get(1)?;
    let others = match worst.len() {
        2 => format!("{} in {next}", times(second)),
        _ => format!("up to {} in the others", times(second)),
    };
    let most = times(most);
    Some(format!(
        "The wrong split costs up to {most} in {run}, {others}"
    ))
}

/// The cause of most slow cells.
fn cause(points: &[&Point]) -> Option<String> {
    let named = |cause: &Cause| !matches!(cause, Cause::None | Cause::Unexplained);
    let causes: Vec<Cause> = points
        .iter()
        .filter_map(|point| match point.reading {
            Reading::Cause(cause) => Some(cause),
            _ => None,
        })
        .filter(|cause| *cause != Cause::None)
        .collect();
    let count = |cause: &Cause| causes.iter().filter(|other| *other == cause).count();
    let all: BTreeSet<Cause> = causes.iter().copied().filter(named).collect();
    let most = all.iter().max_by_key(|cause| count(cause))?;
    Some(format!(
        "{} of {} slow cells: {}",
        count(most),
        causes.len(),
        most.words()
    ))
}

#[cfg(test)]
mod tests;

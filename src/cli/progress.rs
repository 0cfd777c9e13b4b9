//! How far is a sweep, and how long will it take?
//!
//! On a terminal a bar with cell, round and ETA under the heatmap as it fills in; in a pipe one line
//! a round. Both on standard error, so that standard output holds results only.

use std::collections::BTreeMap;
use std::io::{IsTerminal, stderr};
use std::path::Path;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::screen;
use crate::analysis::{Analysis, Metric};
use crate::app::Observer;
use crate::clock;
use crate::experiment::{Axis, Cell, Plan, Protocol, Visit};
use crate::record::Record;
use crate::runner::SweepObserver;
use crate::units::human_span;
use crate::view::facet::{Facets, natural_axes};
use crate::view::terminal;

/// How a sweep is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Display {
    /// A bar and a heatmap that fills in.
    Terminal,
    /// One line a round.
    Lines,
}

impl Display {
    /// What suits standard error.
    fn of_stderr() -> Self {
        if stderr().is_terminal() {
            Self::Terminal
        } else {
            Self::Lines
        }
    }
}

/// Shows a sweep as it goes, and what there is to say meanwhile.
pub(super) struct Progress {
    display: Display,
    sweep: Option<Shown>,
}

/// A sweep that is under way.
struct Shown {
    bar: ProgressBar,
    plan: Plan,
    axes: (Axis, Axis),
    forecast: Forecast,
    round: u32,
    drawn: Option<Instant>,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            display: Display::of_stderr(),
            sweep: None,
        }
    }
}

impl Shown {
    /// A display of a sweep over `plan`.
    fn new(plan: &Plan, display: Display) -> Self {
        let target = match display {
            Display::Terminal => ProgressDrawTarget::stderr_with_hz(10),
            Display::Lines => ProgressDrawTarget::hidden(),
        };
        let forecast = Forecast::of(plan);
        let style = ProgressStyle::with_template("{msg}\n{wide_bar} {pos}/{len} {prefix}")
            .expect("the template is well formed");
        let bar = ProgressBar::with_draw_target(Some(forecast.visits as u64), target);
        Self {
            bar: bar.with_style(style),
            axes: natural_axes(&plan.cells),
            plan: plan.clone(),
            forecast,
            round: 0,
            drawn: None,
        }
    }

    /// Whether it is time to draw again, which is not so for every one of many short visits.
    fn is_due(&mut self) -> bool {
        const PAUSE: Duration = Duration::from_millis(500);
        let now = clock::now();
        let due = self.drawn.is_none_or(|drawn| now - drawn >= PAUSE);
        if due {
            self.drawn = Some(now);
        }
        due
    }

    /// Draws bar and heatmap anew, between visits so that it does not disturb one.
    fn redraw(&self, visit: &Visit, done: usize, records: &[Record]) {
        self.bar.set_message(self.picture(records));
        self.bar.set_position(done as u64);
        let Visit { round, cell } = visit;
        let eta = self.eta();
        self.bar.set_prefix(format!(
            "round {round}, {} x {}{eta}",
            cell.outer, cell.inner
        ));
    }

    /// The heatmap of the records so far.
    fn picture(&self, records: &[Record]) -> String {
        let analysis = Analysis::of_run(&self.plan, f64::from(self.plan.budget), records);
        let series = analysis.series(Metric::Slowdown);
        let facets = Facets::of(&self.plan.cells, &series.points, self.axes);
        terminal::heatmap(
            &series.quantity,
            &facets,
            screen::columns(),
            screen::ink(&stderr()),
        )
    }

    fn eta(&self) -> String {
        let left = self.forecast.left().map(human_span);
        left.map_or_else(String::new, |left| format!(", {left} left"))
    }
}

impl SweepObserver for Progress {
    fn visit(&mut self, visit: &Visit, done: usize, records: &[Record]) {
        let Some(sweep) = &mut self.sweep else {
            return;
        };
        sweep.forecast.start(visit, clock::now());
        let (due, new_round) = (sweep.is_due(), visit.round != sweep.round);
        match self.display {
            Display::Terminal if due => sweep.redraw(visit, done, records),
            Display::Lines if new_round => {
                let (round, total, eta) = (visit.round, sweep.forecast.visits, sweep.eta());
                screen::note(format_args!(
                    "round {round}: {done} of {total} visits done{eta}"
                ));
            }
            Display::Terminal | Display::Lines => {}
        }
        sweep.round = visit.round;
    }

    fn further_round(&mut self, round: u32, cells: usize) {
        let Some(sweep) = &mut self.sweep else {
            return;
        };
        sweep.bar.inc_length(cells as u64);
        if self.display == Display::Lines {
            screen::note(format_args!(
                "round {round}: {cells} cells are not told apart to the margin yet"
            ));
        }
        sweep.round = round;
    }
}

impl Observer for Progress {
    fn note(&mut self, line: &str) {
        match &self.sweep {
            Some(sweep) => sweep.bar.suspend(|| screen::note(line)),
            None => screen::note(line),
        }
    }

    fn aside(&self) -> fn(&str) {
        |line| screen::note(line)
    }

    fn begin(&mut self, plan: &Plan, folder: &Path, recorded: usize) {
        for why in &plan.left_out {
            screen::note(format_args!("skipped: {why}"));
        }
        let (cells, Protocol { rounds, reps, .. }) = (plan.cells.len(), &plan.protocol);
        let folder = folder.display();
        screen::note(format_args!(
            "{cells} cells x {rounds} rounds x {reps} repetitions into {folder}"
        ));
        if recorded > 0 {
            screen::note(format_args!(
                "taking up the run there, which has {recorded} samples"
            ));
        }
        self.sweep = Some(Shown::new(plan, self.display));
    }

    fn end(&mut self) {
        if let Some(sweep) = self.sweep.take() {
            sweep.bar.finish_and_clear();
        }
    }
}

/// What the visits to come will take, from what those before took.
struct Forecast {
    /// Visits of the plan.
    visits: usize,
    rounds: u32,
    /// Every cell of the plan with what is known of it.
    cells: BTreeMap<Cell, Outlook>,
    current: Option<(Cell, Instant)>,
}

/// What is known of a cell.
#[derive(Clone, Copy, Default)]
struct Outlook {
    /// Its last round that was begun; 0 before any.
    round: u32,
    /// What a visit took last.
    cost: Option<Duration>,
}

impl Forecast {
    fn of(plan: &Plan) -> Self {
        let cells = &plan.cells;
        let rounds = plan.protocol.rounds.get();
        Self {
            visits: cells.len() * rounds as usize,
            rounds,
            cells: cells.iter().map(|c| (*c, Outlook::default())).collect(),
            current: None,
        }
    }

    fn start(&mut self, visit: &Visit, now: Instant) {
        if let Some((last, began)) = self.current.replace((visit.cell, now)) {
            self.cells.entry(last).or_default().cost = Some(now - began);
        }
        self.cells.entry(visit.cell).or_default().round = visit.round;
    }

    /// Time for the visits to come, the one that begins included: each cell as last seen, unseen ones
    /// as the mean. `None` before any was seen.
    ///
    /// A cell that was not yet asked in the round that is under way counts as still to come, though it
    /// may have been recorded before an interruption.
    fn left(&self) -> Option<Duration> {
        let costs: Vec<Duration> = self.cells.values().filter_map(|c| c.cost).collect();
        let seen = u32::try_from(costs.len()).ok().filter(|seen| *seen > 0)?;
        let mean = costs.iter().sum::<Duration>() / seen;
        let under_way = self.current.map(|(cell, _)| cell);
        let round = under_way
            .and_then(|cell| self.cells.get(&cell))
            .map_or(0, |c| c.round);
        let left = |(cell, outlook): (&Cell, &Outlook)| {
            let rounds = self.rounds.saturating_sub(round);
            let this = outlook.round < round || Some(*cell) == under_way;
            outlook.cost.unwrap_or(mean) * (rounds + u32::from(this))
        };
        Some(self.cells.iter().map(left).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{CpuCounts, Request};

    /// Cells of 1, 2 and 3 workers, two rounds.
    fn plan() -> Plan {
        let request: Request = toml::from_str("outer = [1, 2, 3]\ninner = 1\nrounds = 2").unwrap();
        let two = CpuCounts {
            budget: 2,
            physical: 2,
            logical: 2,
        };
        request.plan(two).unwrap()
    }

    /// In the first round 1 and 2 took 1 s and 3 s; 3, which nobody has seen, is expected to take the
    /// mean. So the first round has 2 s left and the second 1 + 3 + 2.
    #[test]
    fn unseen_cells_are_expected_to_cost_the_mean() {
        let second = Duration::from_secs(1);
        let mut forecast = Forecast::of(&plan());
        let visit = |at: usize| Visit {
            round: 1,
            cell: plan().cells[at],
        };
        assert_eq!(forecast.left(), None);
        let began = clock::now();
        forecast.start(&visit(0), began);
        forecast.start(&visit(1), began + second);
        forecast.start(&visit(2), began + 4 * second);
        assert_eq!(forecast.left(), Some(8 * second));
    }
}

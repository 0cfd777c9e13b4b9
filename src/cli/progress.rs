//! How far is a sweep, and how long will it take?
//!
//! On a terminal a bar with cell, round and ETA under the heatmap as it fills in; in a pipe one line
//! a round. Both on standard error, so that standard output holds results only.

use std::collections::BTreeMap;
use std::io::{IsTerminal, stderr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::screen;
use crate::experiment::{Cell, Plan, Visit};
use crate::host::clock;
use crate::record::Record;
use crate::runner::Watch;
use crate::units::human_span;

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

/// Draws the records so far as a heatmap of text.
pub(super) type Picture = Box<dyn Fn(&[Record]) -> String>;

/// Shows a sweep as it goes.
pub(super) struct Progress {
    bar: ProgressBar,
    display: Display,
    picture: Picture,
    interrupted: Arc<AtomicBool>,
    records: Vec<Record>,
    forecast: Forecast,
    round: u32,
    drawn: Option<Instant>,
}

impl Progress {
    /// A display of the walk over `plan` that starts with `records`.
    ///
    /// `interrupted` asks the walk to stop.
    pub(super) fn new(
        plan: &Plan,
        records: &[Record],
        picture: Picture,
        interrupted: Arc<AtomicBool>,
    ) -> Self {
        let display = Display::of_stderr();
        let target = match display {
            Display::Terminal => ProgressDrawTarget::stderr_with_hz(10),
            Display::Lines => ProgressDrawTarget::hidden(),
        };
        let visits = plan.visits();
        let style = ProgressStyle::with_template("{msg}\n{wide_bar} {pos}/{len} {prefix}")
            .expect("the template is well formed");
        let bar =
            ProgressBar::with_draw_target(Some(visits.len() as u64), target).with_style(style);
        Self {
            bar,
            display,
            picture,
            interrupted,
            records: records.to_vec(),
            forecast: Forecast {
                visits,
                cost: BTreeMap::new(),
                current: None,
            },
            round: 0,
            drawn: None,
        }
    }

    /// Draws the heatmap anew, between visits so that it does not disturb one, and not too often
    /// for a sweep of many short visits.
    fn redraw(&mut self) {
        const PAUSE: Duration = Duration::from_millis(500);
        let now = clock::now();
        let due = self.drawn.is_none_or(|drawn| now - drawn >= PAUSE);
        if self.display == Display::Terminal && due {
            self.bar.set_message((self.picture)(&self.records));
            self.drawn = Some(now);
        }
    }

    /// Takes the display away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Watch for Progress {
    fn visit(&mut self, visit: &Visit, done: usize) {
        self.forecast.start(visit.cell, clock::now());
        let left = self.forecast.left(done).map(human_span);
        let eta = left.map_or_else(String::new, |left| format!(", {left} left"));
        self.redraw();
        self.bar.set_position(done as u64);
        let cell = visit.cell;
        self.bar.set_prefix(format!(
            "round {}, {} x {}{eta}",
            visit.round, cell.outer, cell.inner
        ));
        if self.display == Display::Lines && visit.round != self.round {
            let total = self.forecast.visits.len();
            screen::note(format_args!(
                "round {}: {done} of {total} visits done{eta}",
                visit.round
            ));
        }
        self.round = visit.round;
    }

    fn further(&mut self, round: u32, cells: usize) {
        self.bar.inc_length(cells as u64);
        if self.display == Display::Lines {
            screen::note(format_args!(
                "round {round}: {cells} cells are not told apart to the margin yet"
            ));
        }
        self.round = round;
    }

    fn record(&mut self, record: &Record) {
        self.records.push(record.clone());
    }

    fn interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    fn unix_ms(&self) -> u64 {
        clock::unix_ms()
    }
}

/// What the visits to come will take, from what those before took.
struct Forecast {
    visits: Vec<Visit>,
    /// Last known cost of a visit of each cell.
    cost: BTreeMap<Cell, Duration>,
    current: Option<(Cell, Instant)>,
}

impl Forecast {
    fn start(&mut self, cell: Cell, now: Instant) {
        if let Some((last, began)) = self.current.replace((cell, now)) {
            self.cost.insert(last, now - began);
        }
    }

    /// Time for the visits from number `done` on: each cell as last seen, unseen ones as the mean.
    /// `None` before any was seen.
    fn left(&self, done: usize) -> Option<Duration> {
        let seen = u32::try_from(self.cost.len())
            .ok()
            .filter(|seen| *seen > 0)?;
        let mean = self.cost.values().sum::<Duration>() / seen;
        let cost = |visit: &Visit| self.cost.get(&visit.cell).copied().unwrap_or(mean);
        Some(self.visits.get(done..)?.iter().map(cost).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(outer: u32) -> Visit {
        let text = format!("matmul.f64.8_{outer}x1_rayon_independent_unbound_static_t1");
        Visit {
            round: 1,
            cell: text.parse().unwrap(),
        }
    }

    /// Cells 1 and 2 took 1 s and 3 s; left are 2 again and 3, which nobody has seen: 3 s + 2 s.
    #[test]
    fn unseen_cells_are_expected_to_cost_the_mean() {
        let second = Duration::from_secs(1);
        let mut forecast = Forecast {
            visits: [1, 2, 2, 3].map(visit).to_vec(),
            cost: BTreeMap::new(),
            current: None,
        };
        assert_eq!(forecast.left(0), None);
        let began = clock::now();
        forecast.start(visit(1).cell, began);
        forecast.start(visit(2).cell, began + second);
        forecast.start(visit(2).cell, began + 4 * second);
        assert_eq!(forecast.left(2), Some(5 * second));
    }
}

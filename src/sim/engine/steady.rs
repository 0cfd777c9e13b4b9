//! May the rest of an execution be extrapolated from what has been seen of it?
//!
//! Where tasks are equal and a queue hands them out, the same happens again and again. A *wave* is as
//! many tasks as there are workers to do them; a *batch* is as many waves as it takes to fill a tick
//! and a period of the quota. Once the time of a wave is known well enough, all waves that nobody has
//! begun are extrapolated: they are taken to be like the mean of those that were seen since the first. What
//! comes before and after, the start and the end of an execution, is simulated as it is, and so is
//! everything where the time of a wave never settles. Teams that spin beyond the PUs never do: for a
//! long time their members run together by accident, and then for a long time they do not.
//
// --- Implementation ---
// Source: batch means, Law, Simulation Modeling and Analysis, 5th edition 2015, section 9.5.3; waves of
// equal tasks, Grass et al., TaskPoint, ISPASS 2016.

use super::{Engine, Pu};
use crate::sim::calendar::Ns;
use crate::sim::report::Report;
use crate::stats::half_width_of_mean;

/// Half-width of the mean time of a wave at which it counts as known [1]: less than the 0.02 that may be lost, as
/// looking again and again until it is small enough finds it small by chance too.
const PRECISION: f64 = 0.015;

/// Batches before which two that agree by chance are not believed.
const FEWEST: usize = 3;

/// How sure it has to be that the mean is known so well [1].
const CONFIDENCE: f64 = 0.95;

/// How much of an execution is simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sim) enum Extent {
    /// Every task.
    Whole,
    /// What it takes to know the time of a wave; of the first executions, as many as said, whose
    /// results nobody asks for, one wave.
    Steady { warmups: u32 },
}

/// What has been seen of the current execution.
#[derive(Debug)]
pub(super) struct Steady {
    /// Tasks done after which the next wave is over; never where all are simulated.
    wave_ends: u32,
    /// The execution when the first batch began.
    first: Option<Report>,
    /// Waves and time since the batch began.
    waves: u32,
    since: Ns,
    /// Time of a wave in each batch [ns].
    paces: Vec<f64>,
    /// Least time of a batch [ns].
    beat: Ns,
    /// Batches that are enough, whether they agree or not.
    enough: usize,
}

impl Steady {
    /// Nothing is going to be extrapolated.
    pub(super) const NEVER: Self = Self {
        wave_ends: u32::MAX,
        first: None,
        waves: 0,
        since: 0,
        paces: Vec::new(),
        beat: 0,
        enough: usize::MAX,
    };

    /// Whether the mean of the paces is known.
    fn is_known(&self) -> bool {
        let batches = self.paces.len();
        let width = half_width_of_mean(&self.paces, CONFIDENCE);
        let agree = width.is_some_and(|width| width <= PRECISION);
        batches >= self.enough || batches >= FEWEST && agree
    }
}

impl Engine<'_> {
    /// An execution has begun: looks out for its waves where they are alike.
    pub(super) fn expect_waves(&mut self) {
        self.steady = Steady::NEVER;
        let Extent::Steady { warmups } = self.setup.extent else {
            return;
        };
        let Some(wave) = self.nest.wave() else {
            return;
        };
        let tick = self.setup.kernel.tick;
        if self.nest.threads() as usize > self.pus.len() && self.nest.longest_spin() >= tick {
            return;
        }
        let period = self.setup.quota.map_or(0, |quota| quota.period);
        self.steady.beat = tick.max(period);
        self.steady.wave_ends = wave;
        if self.reports.len() < warmups as usize {
            self.steady.first = Some(self.report.clone());
            self.steady.since = self.now;
            (self.steady.beat, self.steady.enough) = (0, 1);
        }
    }

    /// Takes note of every wave that is over.
    pub(super) fn count_waves(&mut self) {
        if self.nest.tasks_done < self.steady.wave_ends {
            return;
        }
        let wave = self.nest.wave().unwrap_or(u32::MAX);
        let over = (self.nest.tasks_done - self.steady.wave_ends) / wave + 1;
        self.steady.wave_ends += over * wave;
        if self.steady.first.is_none() {
            self.steady.first = Some(self.so_far());
            self.steady.since = self.now;
            return;
        }
        let steady = &mut self.steady;
        steady.waves += over;
        let span = self.now - steady.since;
        if span < steady.beat {
            return;
        }
        steady.paces.push(span as f64 / f64::from(steady.waves));
        steady.waves = 0;
        steady.since = self.now;
        if steady.is_known() {
            self.extrapolate_rest();
        }
    }

    /// Extrapolates the waves that nobody has begun, as far as the time limit allows.
    fn extrapolate_rest(&mut self) {
        let Some(first) = std::mem::replace(&mut self.steady, Steady::NEVER).first else {
            return;
        };
        let now = self.so_far();
        let seen = now.since(&first);
        let left = u128::from(self.setup.limit.saturating_sub(now.wall));
        let in_time = left * u128::from(seen.tasks_done) / u128::from(seen.wall.max(1));
        let tasks = self.nest.skip(u32::try_from(in_time).unwrap_or(u32::MAX));
        self.report.extrapolate(&seen, tasks);
    }

    /// What has come of the execution that is under way.
    fn so_far(&mut self) -> Report {
        let mut report = self.report.clone();
        for pu in 0..self.pus.len() as Pu {
            self.settle(pu);
            report.split.add(&self.pus[pu as usize].split);
        }
        report.wall = self.now - self.began.unwrap_or(self.now);
        report.tasks_done = self.nest.tasks_done;
        report
    }
}

//! How much has a thread, or a PU, had to do lately?
//!
//! The kernel's running average of being ready to run, whose memory halves every 32 ms. It decides
//! which of two busy PUs a woken thread goes to: the one it ran on, or its waker's.
//
// --- Implementation ---
// Source: kernel/sched/pelt.c (periods of 1024 us, y^32 = 1/2); kernel/sched/fair.c
// wake_affine_weight. Here the average is taken at the instants at which it changes or is asked for,
// and is linear within a period.

use crate::sim::calendar::Ns;

/// Length of a period [ns].
const PERIOD: Ns = 1_024_000;

/// Periods in which the past counts half.
const HALF_LIFE: usize = 32;

/// y = 2^(-1/32), what is left after a period [1].
const Y: f64 = 0.978_572_062_087_700_1;

/// Halvings after which nothing is left.
const FORGOTTEN: u64 = 40;

/// y^n for n = 0..=32.
const POWERS: [f64; HALF_LIFE + 1] = {
    let mut powers = [1.0; HALF_LIFE + 1];
    let mut n = 1;
    while n <= HALF_LIFE {
        powers[n] = powers[n - 1] * Y;
        n += 1;
    }
    powers
};

/// Part of the past that still counts after `span` [1].
fn left(span: Ns) -> f64 {
    let (periods, within) = (span / PERIOD, span % PERIOD);
    let (halvings, n) = (periods / HALF_LIFE as u64, periods as usize % HALF_LIFE);
    if halvings > FORGOTTEN {
        return 0.0;
    }
    let (here, next) = (POWERS[n], POWERS[n + 1]);
    let part = within as f64 / PERIOD as f64;
    (here + (next - here) * part) / (1_u64 << halvings) as f64
}

/// An average of how many were ready to run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Load {
    /// The average at `at` [threads].
    average: f64,
    at: Ns,
}

impl Load {
    /// The average at `now`, if since it was last updated `ready` were ready to run [threads].
    pub(super) fn update(&mut self, now: Ns, ready: usize) -> f64 {
        if now == self.at {
            return self.average;
        }
        let left = left(now.saturating_sub(self.at));
        self.average = self.average * left + ready as f64 * (1.0 - left);
        self.at = now;
        self.average
    }

    /// Adds what a thread brings along, or takes away with it [threads].
    pub(super) fn shift(&mut self, by: f64) {
        self.average = (self.average + by).max(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ready for 32 periods from nothing: half. Then 32 periods of nothing: a quarter.
    #[test]
    fn the_past_counts_half_after_32_periods() {
        let mut load = Load::default();
        let half = load.update(32 * PERIOD, 1);
        let quarter = load.update(64 * PERIOD, 0);
        assert!((half - 0.5).abs() < 1e-9 && (quarter - 0.25).abs() < 1e-9);
        assert_eq!(load.update(10_000 * PERIOD, 0), 0.0);
    }
}

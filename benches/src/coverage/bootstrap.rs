//! How often does the interval hold the truth that a bootstrap of rounds and repetitions gives?

use super::model::{Chance, Noise};

/// Samples of rounds, and of repetitions in each of them, that an interval is made of.
const RESAMPLES: usize = 400;

/// Share of trials in which the 95 % percentile interval of a two-level bootstrap holds the median.
pub(super) fn covered(noise: Noise, rounds: u32, trials: u32, chance: &mut Chance) -> f64 {
    let truth = noise.truth();
    let position = |round| (f64::from(round) + 0.5) / f64::from(rounds);
    let held = (0..trials).filter(|_| {
        let times: Vec<[f64; 3]> = (0..rounds)
            .map(|round| noise.round(chance, position(round)))
            .collect();
        let mut medians: Vec<f64> = (0..RESAMPLES).map(|_| resample(&times, chance)).collect();
        medians.sort_by(f64::total_cmp);
        let outside = RESAMPLES / 40;
        medians[outside] <= truth && truth <= medians[RESAMPLES - 1 - outside]
    });
    held.count() as f64 / f64::from(trials)
}

/// The median over rounds drawn from `times` of the median over repetitions drawn from each.
fn resample(times: &[[f64; 3]], chance: &mut Chance) -> f64 {
    let of_round = |chance: &mut Chance| {
        let round = times[pick(chance, times.len())];
        middle([(); 3].map(|()| round[pick(chance, 3)]).to_vec())
    };
    let medians = times.iter().map(|_| of_round(chance)).collect();
    middle(medians)
}

/// A number below `count`.
fn pick(chance: &mut Chance, count: usize) -> usize {
    (chance.unit() * count as f64) as usize
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len() - 1;
    (values[last / 2] + values[last.div_ceil(2)]) / 2.0
}

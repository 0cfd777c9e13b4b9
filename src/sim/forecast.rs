//! How sure is a prediction?
//!
//! A parameter is known as an interval, and chance decides where threads start. So a cell is
//! simulated several times with the parameters' values and once with each of some *draws*, sets of
//! parameters taken at random from their intervals. All that comes out together, wider by the factor
//! that the model leaves *unexplained* when its parameters are known, says where the truth may lie.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

use super::params::{Parameter, Parameters};
use super::report::Stop;
use super::{Machine, Model, NoCacheSizes, Predictor, Report};
use crate::experiment::Cell;
use crate::runner::VisitRequest;
use crate::stats::{Interval, median, quantile};

/// What is predicted of a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// Median wall time over rounds, by the parameters' values [s].
    pub wall: f64,
    /// Where the time of a round lies nine times out of ten, as far as parameters and chance
    /// decide it [s]; unknown without draws.
    pub interval: Option<Interval>,
    /// Part of the draws in which no cell with the same work takes less time [1]; unknown without
    /// draws.
    pub best: Option<f64>,
}

/// What comes of a cell.
struct Times {
    /// In each round by the parameters' values [s].
    rounds: Vec<f64>,
    /// In each draw [s].
    drawn: Vec<Option<f64>>,
}

/// What is predicted of the cells of `requests`, which may ask for a cell in several rounds, on
/// `machine` by `model`. Cells that cannot be simulated, or not to an end, are left out.
///
/// # Errors
///
/// If the machine cannot be simulated.
pub fn forecast(
    machine: &Machine,
    model: Model,
    requests: &[VisitRequest],
    draws: u32,
) -> Result<BTreeMap<Cell, Forecast>, NoCacheSizes> {
    let by_value = Predictor::new(machine.clone(), model)?;
    let drawn: Vec<Predictor> = (0..draws)
        .map(|draw| Predictor::new(machine.drawn(draw.into()), model))
        .collect::<Result<_, _>>()?;
    let mut of_cell: BTreeMap<Cell, Vec<&VisitRequest>> = BTreeMap::new();
    for request in requests {
        of_cell.entry(request.visit.cell).or_default().push(request);
    }
    let cells: Vec<(Cell, Vec<&VisitRequest>)> = of_cell.into_iter().collect();
    let times = cells.par_iter().map(|(cell, requests)| {
        let rounds = requests
            .iter()
            .filter_map(|request| round(&by_value, request));
        // Each draw begins in a round of its own, so that it does not repeat another's chance.
        let others = drawn.iter().zip(requests.iter().cycle());
        let times = Times {
            rounds: rounds.collect(),
            drawn: others.map(|(by, request)| round(by, request)).collect(),
        };
        (*cell, times)
    });
    let times: BTreeMap<Cell, Times> = times.collect();
    let best = best(&times, draws);
    // No smaller than 1: a factor either way.
    let unexplained = machine.parameters.value("unexplained").max(1.0);
    let forecasts = times.iter().filter_map(|(cell, times)| {
        let forecast = Forecast {
            wall: median(&times.rounds)?,
            interval: times.interval(unexplained),
            best: (draws > 0).then(|| best.get(cell).map_or(0.0, |d| *d / f64::from(draws))),
        };
        Some((*cell, forecast))
    });
    Ok(forecasts.collect())
}

/// In how many draws each cell is the best of those with its work; those that tie share a draw.
fn best(times: &BTreeMap<Cell, Times>, draws: u32) -> BTreeMap<Cell, f64> {
    let mut best = BTreeMap::new();
    for draw in 0..draws as usize {
        let mut of_work: BTreeMap<_, (f64, Vec<Cell>)> = BTreeMap::new();
        for (cell, times) in times {
            let Some(time) = times.drawn[draw] else {
                continue;
            };
            let work = (cell.workload, cell.tasks);
            let (least, cells) = of_work.entry(work).or_insert((time, Vec::new()));
            if time < *least {
                (*least, *cells) = (time, Vec::new());
            }
            cells.extend((time == *least).then_some(*cell));
        }
        for (_, cells) in of_work.into_values() {
            let part = 1.0 / cells.len() as f64;
            cells
                .iter()
                .for_each(|cell| *best.entry(*cell).or_default() += part);
        }
    }
    best
}

impl Times {
    /// Where nine in ten of all times lie, wider by the factor `unexplained` on both sides [s].
    fn interval(&self, unexplained: f64) -> Option<Interval> {
        let drawn: Vec<f64> = self.drawn.iter().flatten().copied().collect();
        let all = [&drawn[..], &self.rounds].concat();
        let interval = || {
            Some(Interval {
                low: quantile(&all, 0.05)? / unexplained,
                high: quantile(&all, 0.95)? * unexplained,
            })
        };
        (!drawn.is_empty()).then(interval).flatten()
    }
}

/// Median wall time over the repetitions of a round [s].
fn round(by: &Predictor, request: &VisitRequest) -> Option<f64> {
    let reports = by.reports(request);
    let is_done = |report: &Report| report.stop == Stop::Done;
    let done = reports.iter().filter(|(_, report)| is_done(report));
    let walls: Vec<f64> = done.map(|(_, report)| report.wall as f64 / 1e9).collect();
    median(&walls)
}

impl Machine {
    /// This machine with parameters taken at random from their intervals.
    fn drawn(&self, seed: u64) -> Self {
        Self {
            parameters: self.parameters.drawn(seed),
            ..self.clone()
        }
    }
}

impl Parameters {
    /// These parameters, each taken at random from its interval.
    fn drawn(&self, seed: u64) -> Self {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut drawn = self.clone();
        for parameter in drawn.parameters.values_mut() {
            parameter.value = parameter.at(rng.random());
        }
        drawn
    }
}

impl Parameter {
    /// The value at `part` of the interval, 0 <= part <= 1, in equal ratios where it is above 0.
    fn at(&self, part: f64) -> f64 {
        let [low, high] = self.interval;
        if low > 0.0 {
            low * (high / low).powf(part)
        } else {
            low + (high - low) * part
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_stay_in_the_intervals_and_differ() {
        let generic = Parameters::preset("generic").unwrap();
        let (one, two) = (generic.drawn(1), generic.drawn(2));
        assert_ne!(one, two);
        assert_eq!(one, generic.drawn(1));
        for parameter in one.parameters.values() {
            let [low, high] = parameter.interval;
            let inside = low * (1.0 - 1e-9)..=high * (1.0 + 1e-9);
            assert!(inside.contains(&parameter.value), "{parameter:?}");
        }
    }

    #[test]
    fn an_interval_is_cut_in_equal_ratios() {
        let generic = Parameters::preset("generic").unwrap();
        let mut parameter = generic.parameters["switch"].clone();
        parameter.interval = [100.0, 10_000.0];
        assert!((parameter.at(0.5) - 1_000.0).abs() < 1e-6);
        parameter.interval = [0.0, 10.0];
        assert_eq!(parameter.at(0.5), 5.0);
    }
}

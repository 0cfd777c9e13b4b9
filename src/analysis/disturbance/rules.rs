//! When does each disturbance count as found?

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Disturbance, Trace, Visits};
use crate::analysis::ticks::hidden_by_ticks;
use crate::experiment::{Cell, Composition};
use crate::record::Sample;
use crate::stats::{chance_of_trend, median, quantile, quantile_of_sorted, slope};

/// What a rule says: `None` where the records cannot tell, else the visits in which it fired.
type Rule = fn(&Visits<'_>, f64) -> Option<Vec<Trace>>;

/// Every rule.
pub(super) const ALL: [(Disturbance, Rule); 8] = [
    (Disturbance::Outliers, outliers),
    (Disturbance::Drift, drift),
    (Disturbance::TwoModes, two_modes),
    (Disturbance::Steal, steal),
    (Disturbance::Throttling, throttling),
    (Disturbance::ForeignLoad, foreign_load),
    (Disturbance::Frequency, frequency),
    (Disturbance::Stacking, stacking),
];

/// Samples below which quartiles say too little.
const SAMPLES: usize = 12;
/// Distance from the quartiles, in interquartile ranges, beyond which a value is "far out".
// Source: Tukey 1977, Exploratory Data Analysis, section 2D: outer fences.
const FENCE: f64 = 3.0;
/// Times the median below which an outlier changes nothing that anyone decides [1].
const FAR: f64 = 1.2;

/// Samples beyond the outer fences of the log times of their cell, and 1.2 times off its median.
fn outliers(visits: &Visits<'_>, _: f64) -> Option<Vec<Trace>> {
    let mut told = None;
    for (cell, rounds) in &visits.0 {
        let logs: Vec<f64> = rounds.values().flatten().map(|s| log_wall(s)).collect();
        if logs.len() < SAMPLES {
            continue;
        }
        let traces = told.get_or_insert_with(Vec::new);
        let [low, middle, high] = [
            quantile(&logs, 0.25)?,
            median(&logs)?,
            quantile(&logs, 0.75)?,
        ];
        let fence = FENCE * (high - low);
        let stray = |log: &f64| {
            (*log < low - fence || *log > high + fence) && (log - middle).abs() >= FAR.ln()
        };
        for (round, samples) in rounds {
            let strays = samples.iter().map(|s| log_wall(s)).filter(stray);
            let distances: Vec<f64> = strays.map(|log| (log - middle).abs().exp()).collect();
            if let Some(evidence) = distances.iter().copied().max_by(f64::total_cmp) {
                traces.push(Trace {
                    cell: *cell,
                    round: *round,
                    evidence,
                    samples: distances.len(),
                });
            }
        }
    }
    told
}

fn log_wall(sample: &Sample) -> f64 {
    sample.wall.as_secs_f64().ln()
}

/// Rounds below which neither a trend nor two groups can be told.
const ROUNDS: usize = 6;
/// Chance of a trend in rounds that have none [1].
const TREND_ERROR: f64 = 0.01;
/// Change over the run from which on a drift is reported [1]: as near as a recommended cell must be.
const CHANGE: f64 = 0.05;

/// What the rounds do to all cells alike has a trend (Mann's test at 1 %), of at least 5 % over the run.
fn drift(visits: &Visits<'_>, _: f64) -> Option<Vec<Trace>> {
    let effects = common(visits, |samples| {
        median(
            &samples
                .iter()
                .map(|s| s.wall.as_secs_f64())
                .collect::<Vec<_>>(),
        )
    });
    let logs: Vec<f64> = effects.values().copied().collect();
    if logs.len() < ROUNDS {
        return None;
    }
    let change = (slope(&logs)? * (logs.len() - 1) as f64).abs().exp();
    let found = chance_of_trend(&logs)? <= TREND_ERROR && change >= 1.0 + CHANGE;
    Some(every_visit(visits, change, |_| found))
}

/// Ratio of two groups of rounds from which on they are two [1].
const APART: f64 = 1.1;
/// The gap between two groups, in ranges of the wider group [1]. Of six rounds without groups 1.4 %
/// have such a gap, of seven 1.0 %, of nine 0.2 % (normal logs, 40 000 trials).
const GAP: f64 = 2.0;
/// Rounds that a group needs.
const GROUP: usize = 3;

/// A gap parts the log times of a cell's rounds into two groups of three or more, at least twice as
/// wide as either group, whose medians differ by at least 1.1 times.
fn two_modes(visits: &Visits<'_>, _: f64) -> Option<Vec<Trace>> {
    let mut told = None;
    for (cell, rounds) in &visits.0 {
        let mut logs: Vec<(f64, u32)> = rounds
            .iter()
            .filter_map(|(round, samples)| {
                let logs: Vec<f64> = samples.iter().map(|s| log_wall(s)).collect();
                Some((median(&logs)?, *round))
            })
            .collect();
        if logs.len() < ROUNDS {
            continue;
        }
        logs.sort_by(|a, b| a.0.total_cmp(&b.0));
        let traces = told.get_or_insert_with(Vec::new);
        let values: Vec<f64> = logs.iter().map(|(log, _)| *log).collect();
        let parted = (GROUP..=logs.len() - GROUP).find_map(|at| {
            let (fast, slow) = values.split_at(at);
            apart(fast, slow).map(|factor| (factor, &logs[at..]))
        });
        if let Some((evidence, slow)) = parted {
            traces.extend(slow.iter().map(|(_, round)| Trace {
                cell: *cell,
                round: *round,
                evidence,
                samples: rounds[round].len(),
            }));
        }
    }
    told
}

/// How many times as long the slower of two sorted groups takes, where they are two groups.
fn apart(fast: &[f64], slow: &[f64]) -> Option<f64> {
    let ends = |group: &[f64]| Some((*group.first()?, *group.last()?));
    let middle = |group: &[f64]| quantile_of_sorted(group, 0.5);
    let ((a, b), (c, d)) = (ends(fast)?, ends(slow)?);
    let factor = (middle(slow)? - middle(fast)?).exp();
    (c - b >= GAP * (b - a).max(d - c) && factor >= APART).then_some(factor)
}

/// Share of P from which on stolen time is reported [1]: a cell that is 5 % slower is not recommended.
const STOLEN: f64 = 0.05;

/// In a round at least 5 % of P were stolen.
fn steal(visits: &Visits<'_>, budget: f64) -> Option<Vec<Trace>> {
    around(visits, STOLEN * budget, |_, s| {
        s.interference.steal.map(secs)
    })
}

/// Share of P from which on foreign load is reported [1], as for the cause "noise".
pub const FOREIGN: f64 = 0.1;

/// In a round others kept CPUs busy for at least 10 % of P.
fn foreign_load(visits: &Visits<'_>, budget: f64) -> Option<Vec<Trace>> {
    around(visits, FOREIGN * budget, |cell, s| {
        s.others(cell.background).map(secs)
    })
}

/// At least one period of the quota was cut off: a counter of the kernel without noise, and a period
/// is longer than most samples.
fn throttling(visits: &Visits<'_>, _: f64) -> Option<Vec<Trace>> {
    let mut told = None;
    for (cell, round, samples) in visits.each() {
        let periods = samples
            .iter()
            .filter_map(|s| s.interference.throttled_periods);
        let periods: Vec<u64> = periods.collect();
        if periods.is_empty() {
            continue;
        }
        let traces = told.get_or_insert_with(Vec::new);
        let hit = periods.iter().filter(|p| **p > 0).count();
        if hit > 0 {
            traces.push(Trace {
                cell,
                round,
                evidence: periods.iter().map(|periods| *periods as f64).sum(),
                samples: hit,
            });
        }
    }
    told
}

/// A round's clock, cycles per user time, is 5 % off that of the others in all cells alike.
fn frequency(visits: &Visits<'_>, _: f64) -> Option<Vec<Trace>> {
    let clocks = common(visits, |samples| {
        let cycles = samples.iter().filter_map(|s| s.hardware.cycles);
        let cycles: f64 = cycles.map(|cycles| cycles as f64).sum();
        let user = samples.iter().filter(|s| s.hardware.cycles.is_some());
        let user: f64 = user
            .filter_map(|s| Some(secs(s.cpu?) - secs(s.system?)))
            .sum();
        (cycles > 0.0 && user > 0.0).then(|| cycles / user)
    });
    if clocks.len() < 2 {
        return None;
    }
    let off = |round: u32| {
        let clock = clocks.get(&round);
        clock.is_some_and(|log| log.abs().exp() >= 1.0 + CHANGE)
    };
    let worst = clocks.values().map(|log| log.abs().exp());
    let worst = worst.max_by(f64::total_cmp)?;
    Some(every_visit(visits, worst, off))
}

/// Samples of a cell that must all show it; one by itself may end with all threads on one PU by chance.
const STACKED: usize = 6;

/// In every sample of a cell, six or more, its threads were last seen on at most half as many PUs as
/// they could have used: some of many threads share a PU by chance, but not half of them, always.
fn stacking(visits: &Visits<'_>, budget: f64) -> Option<Vec<Trace>> {
    let mut told = None;
    for (cell, rounds) in &visits.0 {
        let at_once = match cell.composition {
            Composition::Exclusive | Composition::Shared => cell.inner.get(),
            Composition::Independent
            | Composition::SerialInner
            | Composition::Partitioned(_)
            | Composition::Counting => cell.demand(),
        };
        let could = f64::from(at_once).min(budget.floor());
        let samples = rounds.values().flatten();
        let used: Vec<f64> = samples.filter_map(|s| s.pus_used.map(f64::from)).collect();
        if used.len() < STACKED {
            continue;
        }
        let traces = told.get_or_insert_with(Vec::new);
        let most = used.iter().copied().fold(1.0, f64::max);
        if 2.0 * most <= could {
            traces.extend(rounds.iter().map(|(round, samples)| Trace {
                cell: *cell,
                round: *round,
                evidence: could / most,
                samples: samples.len(),
            }));
        }
    }
    told
}

/// The rounds in which `of`, summed over all samples of all cells, comes to at least `least` CPUs, less
/// what ticks may feign.
fn around(
    visits: &Visits<'_>,
    least: f64,
    of: impl Fn(&Cell, &Sample) -> Option<f64>,
) -> Option<Vec<Trace>> {
    let mut rounds: BTreeMap<u32, (f64, f64, usize)> = BTreeMap::new();
    for (cell, round, samples) in visits.each() {
        for sample in samples {
            if let Some(cpus) = of(&cell, sample) {
                let (sum, wall, count) = rounds.entry(round).or_default();
                *sum += cpus;
                *wall += secs(sample.wall);
                *count += 1;
            }
        }
    }
    let cpus = |(sum, wall, count): &(f64, f64, usize)| {
        (sum - hidden_by_ticks(*count)) / wall.max(f64::MIN_POSITIVE)
    };
    let hit: BTreeMap<u32, f64> = rounds
        .iter()
        .map(|(round, sums)| (*round, cpus(sums)))
        .filter(|(_, cpus)| *cpus >= least)
        .collect();
    let worst = hit.values().copied().fold(0.0, f64::max);
    (!rounds.is_empty()).then(|| every_visit(visits, worst, |round| hit.contains_key(&round)))
}

/// For each round the median over cells of ln(value of the visit / median of the cell's visits).
fn common(visits: &Visits<'_>, of: impl Fn(&[&Sample]) -> Option<f64>) -> BTreeMap<u32, f64> {
    let mut effects: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for rounds in visits.0.values() {
        let logs = rounds.iter().filter_map(|(r, s)| Some((*r, of(s)?.ln())));
        let logs: Vec<(u32, f64)> = logs.collect();
        let Some(middle) = median(&logs.iter().map(|(_, log)| *log).collect::<Vec<_>>()) else {
            continue;
        };
        for (round, log) in logs {
            effects.entry(round).or_default().push(log - middle);
        }
    }
    let medians = effects.into_iter();
    medians
        .filter_map(|(round, logs)| Some((round, median(&logs)?)))
        .collect()
}

/// A trace in every visit of the rounds that `fired` names.
fn every_visit(visits: &Visits<'_>, evidence: f64, fired: impl Fn(u32) -> bool) -> Vec<Trace> {
    let trace = |(cell, round, samples): (Cell, u32, &Vec<&Sample>)| Trace {
        cell,
        round,
        evidence,
        samples: samples.len(),
    };
    let visits = visits.each().filter(|(_, round, _)| fired(*round));
    visits.map(trace).collect()
}

fn secs(span: Duration) -> f64 {
    span.as_secs_f64()
}

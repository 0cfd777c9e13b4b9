//! Timings of which the truth is known: how often are the claims of the analysis right?
//!
//! A time is a cell's level times noise of its round times noise of its repetition; three
//! repetitions a round. The claims are made by the analysis itself, from records.

use std::time::Duration;

use oversub::analysis::{Analysis, Comparison, rivals};
use oversub::experiment::{Axis, Cell, CpuCounts, Plan, Request, Visit};
use oversub::record::{Answer, Record, Sample};

/// What the noise is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Noise {
    /// Lognormal, 5 % between rounds and 5 % within.
    Plain,
    /// Rounds differ by 15 %, repetitions by 2 %.
    Rounds,
    /// As plain, and one time in twenty is three times as long.
    Outliers,
    /// As plain, and the last round is 10 % slower than the first.
    Drift,
    /// Three rounds in ten are 1.5 times as long; else 3 %.
    Bimodal,
    /// A long tail to one side.
    Skewed,
}

impl Noise {
    /// All of them.
    pub(super) const ALL: [Self; 6] = [
        Self::Plain,
        Self::Rounds,
        Self::Outliers,
        Self::Drift,
        Self::Bimodal,
        Self::Skewed,
    ];

    /// Three log times of a round at `position`, 0 to 1, in its run.
    pub(super) fn round(self, chance: &mut Chance, position: f64) -> [f64; 3] {
        let round = chance.normal();
        let slow = self == Self::Bimodal && chance.unit() < 0.3;
        [(); 3].map(|()| match self {
            Self::Plain => 0.05 * round + 0.05 * chance.normal(),
            Self::Rounds => 0.15 * round + 0.02 * chance.normal(),
            Self::Outliers => {
                let stray = chance.unit() < 0.05;
                0.05 * (round + chance.normal()) + if stray { 3_f64.ln() } else { 0.0 }
            }
            Self::Drift => 0.05 * (round + chance.normal()) + 0.1 * (position - 0.5),
            Self::Bimodal => {
                0.03 * (round + chance.normal()) + if slow { 1.5_f64.ln() } else { 0.0 }
            }
            Self::Skewed => 0.05 * round - 0.1 * chance.unit().ln(),
        })
    }

    /// The median over rounds of the median over repetitions, in logs.
    pub(super) fn truth(self) -> f64 {
        const ROUNDS: u32 = 200_000;
        let mut chance = Chance(7);
        let mut medians: Vec<f64> = (0..ROUNDS)
            .map(|i| {
                let mut times = self.round(&mut chance, (f64::from(i) + 0.5) / f64::from(ROUNDS));
                times.sort_by(f64::total_cmp);
                times[1]
            })
            .collect();
        medians.sort_by(f64::total_cmp);
        medians[medians.len() / 2]
    }
}

/// Random numbers from a seed (xorshift64*).
pub(super) struct Chance(pub(super) u64);

impl Chance {
    /// Between 0 and 1, neither of them.
    pub(super) fn unit(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let bits = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11;
        (bits as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// Standard normal (Box and Muller).
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.unit().ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }
}

/// A run of cells with these levels [log s].
struct Run<'a> {
    noise: Noise,
    levels: &'a [f64],
    rounds: u32,
}

impl Run<'_> {
    fn records(&self, chance: &mut Chance) -> Vec<Record> {
        let mut records = Vec::new();
        for round in 1..=self.rounds {
            for (i, _) in self.levels.iter().enumerate() {
                records.extend(self.visit(cell(i), round, chance));
            }
        }
        records
    }

    fn visit(&self, cell: Cell, round: u32, chance: &mut Chance) -> Vec<Record> {
        let position = (f64::from(round) - 0.5) / f64::from(self.rounds);
        let level = self.levels[cell.outer.get() as usize - 1];
        let times = self
            .noise
            .round(chance, position)
            .map(|log| (level + log).exp());
        let record = |(i, seconds): (usize, f64)| Record {
            runner: "scripted".to_owned(),
            visit: Visit { round, cell },
            rep: i as u32 + 1,
            unix_ms: 0,
            answer: Answer::Ok(Sample {
                wall: Duration::from_secs_f64(seconds),
                ..Sample::default()
            }),
        };
        times.into_iter().enumerate().map(record).collect()
    }
}

/// Cell number `i`, from 0: i + 1 workers of one thread.
fn cell(i: usize) -> Cell {
    let text = format!(
        "matmul.f64.8_{}x1_fork-join.passive_independent_unbound_static_t1",
        i + 1
    );
    text.parse().expect("the text form of a cell")
}

fn analysis(records: &[Record]) -> Analysis {
    Analysis::of(records, 2.0)
}

fn share(trials: u32, mut holds: impl FnMut() -> bool) -> f64 {
    let held = (0..trials).filter(|_| holds()).count();
    held as f64 / f64::from(trials)
}

/// Share of trials in which the 95 % interval of a cell holds its true median.
pub(super) fn covered(noise: Noise, rounds: u32, trials: u32, chance: &mut Chance) -> f64 {
    let truth = noise.truth().exp();
    let levels = &[0.0];
    share(trials, || {
        let records = Run {
            noise,
            levels,
            rounds,
        }
        .records(chance);
        let wall = analysis(&records).cells[0].wall.estimate();
        let spread = wall.and_then(|wall| wall.spread);
        spread.is_some_and(|spread| spread.ends().contains(truth))
    })
}

/// Share of trials in which the truly best cell, the first, is in the tie set, and the mean size of that.
pub(super) fn best_is_tied(
    (noise, levels): (Noise, &[f64]),
    rounds: u32,
    trials: u32,
    chance: &mut Chance,
) -> (f64, f64) {
    let mut size = 0;
    let held = share(trials, || {
        let records = Run {
            noise,
            levels,
            rounds,
        }
        .records(chance);
        let verdict = analysis(&records).verdicts.remove(0);
        size += 1 + verdict.tied.len() + verdict.unresolved.len();
        verdict.may_be_best(&cell(0))
    });
    (held, size as f64 / f64::from(trials))
}

/// Share of cells that are not called different in two runs of the same cells.
pub(super) fn agreed(
    (noise, levels): (Noise, &[f64]),
    rounds: u32,
    trials: u32,
    chance: &mut Chance,
) -> f64 {
    let mut changed = 0;
    for _ in 0..trials {
        let run = || Run {
            noise,
            levels,
            rounds,
        };
        let (from, to) = (run().records(chance), run().records(chance));
        let compared = Comparison::of(&analysis(&from), &analysis(&to), &[]);
        let compared = compared.expect("the cells are the same");
        changed += compared.ratios().filter(|(_, ratio)| ratio.changed).count();
    }
    1.0 - changed as f64 / (levels.len() as f64 * f64::from(trials))
}

/// The same as [`best_is_tied`] for a sweep that goes on until 2 % or 60 rounds, and the mean number
/// of visits beyond the 7 planned rounds.
pub(super) fn best_is_tied_until(
    (noise, levels): (Noise, &[f64]),
    trials: u32,
    chance: &mut Chance,
) -> (f64, f64) {
    let plan = plan(levels.len());
    let planned = plan.protocol.rounds.get();
    let mut further = 0;
    let held = share(trials, || {
        let run = Run {
            noise,
            levels,
            rounds: planned,
        };
        let mut records = run.records(chance);
        for round in planned + 1..=60 {
            let cells = rivals(&plan, &records);
            if cells.is_empty() {
                break;
            }
            further += cells.len();
            records.extend(
                cells
                    .into_iter()
                    .flat_map(|cell| run.visit(cell, round, chance)),
            );
        }
        let analysis = Analysis::of_run(&plan, 2.0, &records);
        analysis.verdicts[0].may_be_best(&cell(0))
    });
    (held, further as f64 / f64::from(trials))
}

fn plan(cells: usize) -> Plan {
    let request = Request {
        rounds: "7".parse().ok(),
        until: "2%".parse().ok(),
        ..Request::default()
    }
    .asking(Axis::Outer, [format!("1..={cells}")])
    .asking(Axis::Inner, [1]);
    let landmarks = CpuCounts {
        budget: 2,
        physical: 2,
        logical: 2,
    };
    request.plan(landmarks).expect("a plan of a few cells")
}

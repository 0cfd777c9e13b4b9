//! What did the PUs of the budget spend their time on in a measured cell?
//!
//! From what is known of every sample: CPU time, what of it the nest counted as spinning and
//! yielding, what was spent in the kernel, and the rest of the budget's time, which was idle or held
//! back. Parts of different samples are added up, so that long samples count for more.

use std::time::Duration;

use crate::experiment::Cell;
use crate::record::{Record, Sample};

/// Time of each part [s]; empty where no sample of `cell` has its CPU time.
///
/// `budget` is P [CPUs].
pub fn split(records: &[Record], cell: &Cell, budget: f64) -> Vec<(String, f64)> {
    let samples = records
        .iter()
        .filter(|record| record.visit.cell == *cell)
        .filter_map(|record| record.answer.sample());
    let mut sum: Option<[f64; 5]> = None;
    for parts in samples.filter_map(|sample| parts(sample, budget)) {
        let sum = sum.get_or_insert([0.0; 5]);
        sum.iter_mut()
            .zip(parts)
            .for_each(|(sum, part)| *sum += part);
    }
    let counted = |record: &Record| {
        record
            .answer
            .sample()
            .is_some_and(|s| s.waiting.spin.is_some())
    };
    let of_cell = records.iter().filter(|record| record.visit.cell == *cell);
    // Waiting that nobody counted is in the user time.
    let user = match of_cell.clone().any(counted) {
        true => "user",
        false => "user, waiting not counted",
    };
    let names = [user, "spin", "yield", "system", "idle"];
    let parts = names.iter().zip(sum.into_iter().flatten());
    parts
        .map(|(name, time)| ((*name).to_owned(), time))
        .collect()
}

/// User time without waiting, spinning, yielding, the kernel, and the rest of P x wall [s].
fn parts(sample: &Sample, budget: f64) -> Option<[f64; 5]> {
    let seconds = |time: Option<Duration>| time.map_or(0.0, |time| time.as_secs_f64());
    let cpu = sample.cpu?.as_secs_f64();
    let spin = seconds(sample.waiting.spin).min(cpu);
    let yields = seconds(sample.waiting.yielding).min(cpu - spin);
    let left = cpu - spin - yields;
    // A yield is a call of the kernel, so that its time may be counted there already.
    let system = (seconds(sample.system) - yields).clamp(0.0, left);
    let idle = (budget * sample.wall.as_secs_f64() - cpu).max(0.0);
    Some([left - system, spin, yields, system, idle])
}

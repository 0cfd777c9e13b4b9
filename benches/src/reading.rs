//! How long does it take to read and understand a run of 100 000 samples?

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Instant;

use oversub::analysis::{Analysis, Disturbances, RunContext};
use oversub::record::{Record, RunFolder};

use crate::turn::{Spread, Turn, rounds};

/// A run of 64 cells.
const RUN: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../experiments/matmul-256-wait/results/2026-11-21-2pu-vm"
);
const SAMPLES: usize = 100_000;
const ROUNDS: usize = 9;

/// Prints the table.
pub fn table() {
    let folder = std::env::temp_dir().join(format!("oversub-reading-{}", std::process::id()));
    match long_run(&folder) {
        Ok(samples) => {
            let turns = [Turn {
                args: vec!["reading".to_owned(), folder.display().to_string()],
                env: &[],
            }];
            let times = rounds(&turns, ROUNDS);
            if let Some(time) = Spread::of(&times[0]) {
                println!(
                    "\ntime to read {samples} samples, analyse and explain them and recommend a \
                     split [s]\n\n{time:.2}"
                );
            }
        }
        Err(error) => eprintln!("no run to read: {error}"),
    }
    // It was written only to be read.
    let _ = std::fs::remove_dir_all(folder);
}

/// Writes a run as long as [`SAMPLES`] or longer: [`RUN`] again and again, rounds numbered on.
fn long_run(folder: &Path) -> Result<usize, String> {
    let said = |error: oversub::record::FolderError| error.to_string();
    let (mut header, records) = RunFolder::read(Path::new(RUN)).map_err(said)?;
    let last = records.iter().map(|record| record.visit.round).max();
    let copies = SAMPLES.div_ceil(records.len().max(1));
    let rounds = last.unwrap_or(0).saturating_mul(copies as u32);
    header.plan.protocol.rounds = NonZeroU32::new(rounds).ok_or("the run has no samples")?;
    let (mut sink, _) = RunFolder::open(folder, &header).map_err(said)?;
    for copy in 0..copies as u32 {
        for record in &records {
            let mut record: Record = record.clone();
            record.visit.round += copy * last.unwrap_or(0);
            sink.append(&record).map_err(said)?;
        }
    }
    Ok(copies * records.len())
}

/// Wall time from the folder to the recommendation [s].
pub fn turn(folder: &str) -> Result<f64, String> {
    let start = Instant::now();
    let (header, records) =
        RunFolder::read(&PathBuf::from(folder)).map_err(|error| error.to_string())?;
    let p = header.plan.budget;
    let analysis = Analysis::of_run(&header.plan, header.budget.cpus, &records)
        .explained(&records, &RunContext::of(&header));
    let found = Disturbances::of(&records, header.budget.cpus);
    let told = analysis.recommendations(p, p);
    let spent = start.elapsed().as_secs_f64();
    std::hint::black_box((found, told));
    Ok(spent)
}

//! What does being measured cost a cell?

use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use oversub::experiment::{Cell, Protocol, Visit, WaitPolicy};
use oversub::host::team::{ForkJoin, Team};
use oversub::runner::VisitRequest;
use oversub::stats::median;

use crate::products::product;
use crate::turn::{Spread, Turn, ratios, rounds};

const N: u32 = 256;
const TASKS: u32 = 32;
const REPS: u32 = 20;
const ROUNDS: usize = 21;

/// Prints the table.
pub fn table() {
    println!(
        "\nmatmul.f64.{N}, {TASKS} tasks of one worker: time as `oversub cell` measures it, over that\n\
         of a bare loop around the same team, results spoiled and checked in both\n"
    );
    for inner in [1, 2] {
        let turns = ["bare", "measured"].map(|side| Turn {
            args: vec!["overhead".to_owned(), side.to_owned(), inner.to_string()],
            env: &[],
        });
        let times = rounds(&turns, ROUNDS);
        if let Some(ratio) = Spread::of(&ratios(&times[0], &times[1])) {
            println!("1 x {inner} active   {ratio:.3}");
        }
    }
}

/// Median time of all tasks on one side [s].
pub fn turn(side: &str, inner: u32) -> Result<f64, String> {
    match side {
        "bare" => bare(inner),
        "measured" => measured(inner),
        other => Err(format!("no side is called {other}")),
    }
}

fn bare(inner: u32) -> Result<f64, String> {
    let kernel = product(inner, N)?;
    let hook = Arc::new(|_| Ok(()));
    let mut team = ForkJoin::new("w0", Arc::clone(&kernel), WaitPolicy::Active, hook)
        .map_err(|error| error.to_string())?;
    let mut times = Vec::new();
    for _ in 0..=REPS {
        kernel.spoil();
        let before = Instant::now();
        for _ in 0..TASKS {
            team.run().map_err(|error| error.to_string())?;
        }
        times.push(before.elapsed().as_secs_f64());
        kernel.verify().map_err(|error| error.to_string())?;
    }
    median(&times[1..]).ok_or_else(|| "no time".to_owned())
}

fn measured(inner: u32) -> Result<f64, String> {
    let text =
        format!("matmul.f64.{N}_1x{inner}_fork-join.active_independent_unbound_static_t{TASKS}");
    let cell: Cell = text.parse().map_err(|error| format!("{error}"))?;
    let reps = NonZeroU32::new(REPS).unwrap_or(NonZeroU32::MIN);
    let protocol = Protocol::of_one_visit(reps, 1, Duration::from_secs(60));
    let ask = VisitRequest::new(Visit { round: 1, cell }, &protocol, 2);
    let mut times = Vec::new();
    oversub::host::measure(&ask, None, &mut |_, answer| {
        times.extend(answer.sample().map(|sample| sample.wall.as_secs_f64()));
        ControlFlow::Continue(())
    })
    .map_err(|shortage| shortage.to_string())?;
    median(&times).ok_or_else(|| "no time".to_owned())
}

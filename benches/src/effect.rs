//! How large is the effect itself: what does an oversubscribed team cost?

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Instant;

use oversub::experiment::WaitPolicy;
use oversub::host::team::{ForkJoin, Team};
use oversub::stats::median;

use crate::products::product;
use crate::turn::{Spread, Turn, cpus, ratios, rounds};

const N: u32 = 256;
const TASKS: u32 = 16;
const ROUNDS: usize = 5;

/// Prints the table.
pub fn table() {
    let wide = 2 * cpus();
    let cells = [
        format!("{}x1.active", cpus()),
        format!("1x{wide}.active"),
        format!("1x{wide}.yield"),
        format!("1x{wide}.spin-then-park.1000"),
        format!("1x{wide}.passive"),
    ];
    println!(
        "\nmatmul.f64.{N}, {TASKS} tasks: time of all, and slowdown against {}\n",
        cells[0]
    );
    let turns = cells.each_ref().map(|cell| Turn {
        args: vec!["effect".to_owned(), cell.clone(), N.to_string()],
        env: &[],
    });
    let times = rounds(&turns, ROUNDS);
    for (cell, own) in cells.iter().zip(&times) {
        let millis: Vec<f64> = own.iter().map(|seconds| seconds * 1e3).collect();
        if let (Some(time), Some(ratio)) =
            (Spread::of(&millis), Spread::of(&ratios(&times[0], own)))
        {
            println!("{cell:28} {time} ms   {ratio}");
        }
    }
}

/// All tasks in the cell `OUTERxINNER.POLICY` [s].
pub fn turn(cell: &str, n: u32) -> Result<f64, String> {
    let bad = || format!("no cell is called {cell}");
    let (levels, policy) = cell.split_once('.').ok_or_else(bad)?;
    let (outer, inner) = levels.split_once('x').ok_or_else(bad)?;
    let policy: WaitPolicy = policy.parse().map_err(|_| bad())?;
    let (outer, inner): (u32, u32) = (
        outer.parse().map_err(|_| bad())?,
        inner.parse().map_err(|_| bad())?,
    );
    let start = Arc::new(Barrier::new(outer as usize));
    let worker = |index: u32| {
        let kernel = product(inner, n)?;
        let hook = Arc::new(|_| Ok(()));
        let mut team = ForkJoin::new(&format!("w{index}"), kernel, policy, hook)
            .map_err(|error| error.to_string())?;
        let mut times = Vec::new();
        for _ in 0..4 {
            start.wait();
            let before = Instant::now();
            for _ in 0..TASKS / outer {
                team.run().map_err(|error| error.to_string())?;
            }
            times.push(before.elapsed().as_secs_f64());
        }
        median(&times[1..]).ok_or_else(bad)
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..outer).map(|i| scope.spawn(move || worker(i))).collect();
        workers
            .into_iter()
            .map(|worker| worker.join().map_err(|_| bad())?)
            .try_fold(0.0, |longest: f64, time| Ok(longest.max(time?)))
    })
}

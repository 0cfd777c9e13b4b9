//! What does writing down what threads do cost a cell?

use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::time::Duration;

use oversub::experiment::{Cell, Protocol, Visit};
use oversub::host;
use oversub::runner::VisitRequest;
use oversub::stats::median;

use crate::turn::{Spread, Turn, ratios, rounds};

/// Computing alone, spinning, blocking, more spinning threads than PUs, and long tasks.
const CELLS: [&str; 5] = [
    "matmul.f64.256_2x1_fork-join.active_independent_unbound_static_t64",
    "matmul.f64.256_1x2_fork-join.active_independent_unbound_static_t64",
    "matmul.f64.256_2x2_fork-join.passive_independent_unbound_static_t64",
    "matmul.f64.256_2x2_fork-join.yield_independent_unbound_static_t64",
    "matmul.f64.1000_2x1_fork-join.passive_independent_unbound_static_t2",
];
const EXECUTIONS: usize = 7;
const ROUNDS: usize = 11;

/// Prints the table.
pub fn table(only: &str) {
    println!(
        "\nwall time of an execution that `oversub trace` writes down, over that of one that is timed; each in \n\
         a nest of its own\n"
    );
    for cell in CELLS.into_iter().filter(|cell| cell.contains(only)) {
        let turns = ["timed", "recorded"].map(|side| Turn {
            args: ["record", side, cell].map(str::to_owned).to_vec(),
            env: &[],
        });
        let times = rounds(&turns, ROUNDS);
        if let Some(ratio) = Spread::of(&ratios(&times[0], &times[1])) {
            println!("{ratio:.3}   {cell}");
        }
    }
}

/// Median wall time of an execution on one side [s].
pub fn turn(side: &str, cell: &str) -> Result<f64, String> {
    let cell: Cell = cell.parse().map_err(|error| format!("{error}"))?;
    let protocol = Protocol::of_one_visit(NonZeroU32::MIN, 1, Duration::from_secs(60));
    let ask = VisitRequest::new(Visit { round: 1, cell }, &protocol, 2);
    let mut walls = Vec::new();
    for _ in 0..EXECUTIONS {
        match side {
            "timed" => host::measure(&ask, None, &mut |_, answer| {
                walls.extend(answer.sample().map(|sample| sample.wall.as_secs_f64()));
                ControlFlow::Continue(())
            })
            .map_err(|shortage| shortage.to_string())?,
            "recorded" => {
                let (answer, _) = host::trace(&ask, None)?;
                walls.extend(answer.sample().map(|sample| sample.wall.as_secs_f64()));
            }
            other => return Err(format!("no side is called {other}")),
        }
    }
    median(&walls).ok_or_else(|| "no time".to_owned())
}

//! How long does a picture take?

use oversub::analysis::{Bound, Estimate, Mark, Metric, Point, Quantity, Reading};
use oversub::experiment::Cell;
use oversub::view::caption::Caption;
use oversub::view::facet::{Facets, natural_axes};
use oversub::view::heatmap::heatmap;
use oversub::view::size::Size;

use crate::turn::{Spread, Turn, rounds};

/// Values along each axis.
const SIDE: u32 = 64;
const ROUNDS: usize = 11;

/// Prints the table.
pub fn table() {
    let turns = [Turn {
        args: vec!["picture".to_owned()],
        env: &[],
    }];
    let times = rounds(&turns, ROUNDS);
    let millis: Vec<f64> = times[0].iter().map(|seconds| seconds * 1e3).collect();
    if let Some(time) = Spread::of(&millis) {
        println!(
            "\ntime to draw and write a heatmap of {SIDE} x {SIDE} cells as PNG [ms]\n\n{time:.1}"
        );
    }
}

/// CPU time of the picture in a process of its own [s].
pub fn turn() -> Result<f64, String> {
    let points = (0..SIDE * SIDE)
        .map(|i| point(1 + i / SIDE, 1 + i % SIDE))
        .collect::<Result<Vec<Point>, String>>()?;
    let cells: Vec<Cell> = points.iter().map(|point| point.cell).collect();
    let caption = Caption {
        budget: 16.0,
        relation: "=",
        command: None,
        second: None,
        method: Vec::new(),
    };
    let name = format!("oversub-picture-{}.png", std::process::id());
    let path = std::env::temp_dir().join(name);
    let before = cpu()?;
    let facets = Facets::of(&cells, &points, natural_axes(&cells));
    let canvas = heatmap(
        &Quantity::from(Metric::Slowdown),
        &facets,
        &caption,
        Size::Readme,
    );
    let saved = canvas.save(&path);
    let spent = cpu()? - before;
    // It was written only to be timed.
    let _ = std::fs::remove_file(&path);
    saved.map_err(|error| error.to_string())?;
    Ok(spent)
}

/// A cell with a slowdown that grows by its demand.
fn point(outer: u32, inner: u32) -> Result<Point, String> {
    let text =
        format!("matmul.f64.256_{outer}x{inner}_fork-join.active_independent_unbound_static_t64");
    let cell = text.parse().map_err(|error| format!("{error}"))?;
    let estimate = Estimate {
        value: f64::from(outer * inner).sqrt(),
        spread: None,
    };
    Ok(Point {
        cell,
        reading: Reading::Number(estimate, Bound::Exact),
        mark: Mark::None,
        rounds: 1,
        samples: 1,
        failed_rounds: 0,
        granted: None,
        recommended: false,
    })
}

/// CPU time that this process has used [s].
fn cpu() -> Result<f64, String> {
    let stat = std::fs::read_to_string("/proc/self/schedstat").map_err(|e| e.to_string())?;
    let ns = stat
        .split_whitespace()
        .next()
        .and_then(|ns| ns.parse::<f64>().ok());
    ns.map(|ns| ns * 1e-9)
        .ok_or_else(|| format!("no CPU time in '{stat}'"))
}

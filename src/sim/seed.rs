//! What is random in a visit, and repeats with it?

use crate::experiment::{Cell, Visit};
use crate::runner::VisitRequest;

/// Seed of one visit: a hash of all that names it.
// Source: FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/ (64 bit).
pub(super) fn seed(request: &VisitRequest) -> u64 {
    let Visit { round, cell } = &request.visit;
    let name = format!("{} {round} {}", request.protocol.seed, name(cell));
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// All that tells `cell` from another. Any change here would change every simulated time.
fn name(cell: &Cell) -> String {
    let Cell {
        workload,
        outer,
        inner,
        runtime,
        composition,
        placement,
        dispatch,
        tasks,
        background,
    } = cell;
    let beside = match background {
        0 => String::new(),
        threads => format!("_b{threads}"),
    };
    format!(
        "{workload}_{outer}x{inner}_{runtime}_{composition}_{placement}_{dispatch}_t{tasks}{beside}"
    )
}

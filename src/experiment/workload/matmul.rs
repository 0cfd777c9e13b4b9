//! What does a BLAS-style matrix product ask of a team?
//!
//! C = A B for square matrices of order n. As in a BLAS, the sum over k is cut into panels; in each
//! panel every member updates its own part of C, and the team meets before the next panel.

use super::Computation;
use super::account::{Account, Description, FLOATS};

/// Greatest depth of a K panel [rows of B].
//
// Source: between OpenBLAS's 384 (param.h, SKYLAKEX, DGEMM_DEFAULT_Q) and what the gemm crate
// takes itself (cache.rs, `kernel_params`: at least 512). Measured: docs/performance.md.
pub const PANEL: u32 = 512;

/// Rows of a register tile of the micro-kernel: members' parts end between tiles.
pub const TILE: u32 = 8;

pub(super) const MATMUL: Description = Description {
    name: "matmul",
    parameter: None,
    dtypes: FLOATS,
    n: 256,
    task: "C = A B, square matrices of order n",
    account,
    steps: None,
};

fn account(this: &Computation, width: u32) -> Account {
    let n = this.elements();
    let data = n.saturating_pow(2).saturating_mul(3 * this.dtype().bytes());
    Account {
        // One multiplication and one addition for each of the n^3 terms; saturates beyond any
        // memory, as do all sizes.
        operations: n.saturating_pow(3).saturating_mul(2),
        bytes: data,
        footprint: data,
        fresh: 0,
        pieces: n.div_ceil(TILE.into()),
        phases: panels(this.n().get(), width),
        serial: 0.0,
    }
}

/// K panels of a team, at least two; a single thread does the product in one.
///
/// A BLAS's team meets in every panel, even an only one, because it shares the packed B. Here
/// nothing is shared but the end of a panel, so that a small product needs two to have a meeting.
fn panels(n: u32, width: u32) -> u32 {
    if width == 1 {
        1
    } else {
        n.div_ceil(PANEL).max(2)
    }
}

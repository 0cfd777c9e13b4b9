//! What does a BLAS-style matrix product ask of a team?
//!
//! C = A B for square matrices of order n. As in a BLAS, the sum over k is cut into panels; in each
//! panel every member updates its own part of C, and the team meets before the next panel.

use std::num::NonZeroU32;

use super::Dtype;

/// A square matrix product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Matmul {
    /// Order of the matrices.
    pub n: NonZeroU32,
    /// Type of their elements.
    pub dtype: Dtype,
}

impl Matmul {
    /// Greatest depth of a K panel [rows of B].
    //
    // Source: between OpenBLAS's 384 (param.h, SKYLAKEX, DGEMM_DEFAULT_Q) and what the gemm crate
    // takes itself (cache.rs, `kernel_params`: at least 512). Measured: METHODOLOGY.md, "Speed".
    pub const PANEL: u32 = 512;

    /// One multiplication and one addition for each of the n^3 terms; saturates beyond any memory.
    pub fn flops(&self) -> u64 {
        u64::from(self.n.get()).saturating_pow(3).saturating_mul(2)
    }

    /// A, B and C [bytes]; saturates beyond any memory.
    pub fn footprint(&self) -> u64 {
        let elements = u64::from(self.n.get()).saturating_pow(2);
        elements.saturating_mul(3 * self.dtype.bytes())
    }

    /// K panels of a team, at least two; a single thread does the product in one.
    ///
    /// A BLAS's team meets in every panel, even an only one, because it shares the packed B. Here
    /// nothing is shared but the end of a panel, so that a small product needs two to have a
    /// meeting.
    pub fn phases(&self, width: u32) -> u32 {
        if width == 1 {
            1
        } else {
            self.n.get().div_ceil(Self::PANEL).max(2)
        }
    }
}

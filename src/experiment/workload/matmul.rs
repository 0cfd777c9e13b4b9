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
    /// Depth of a K panel [rows of B].
    pub const PANEL: u32 = 128;

    /// One multiplication and one addition for each of the n^3 terms.
    pub fn flops(&self) -> u64 {
        2 * u64::from(self.n.get()).pow(3)
    }

    /// A, B and C [bytes].
    pub fn footprint(&self) -> u64 {
        3 * u64::from(self.n.get()).pow(2) * self.dtype.bytes()
    }

    /// K panels of a team; a single thread needs none and does the product in one.
    pub fn phases(&self, width: u32) -> u32 {
        if width == 1 {
            1
        } else {
            self.n.get().div_ceil(Self::PANEL)
        }
    }
}

//! How is C = A B computed by a team?
//!
//! As in a BLAS: the sum over k is cut into panels; in each panel (phase) every member adds its
//! product to its own part of C. A part is a block of rows, kept apart from the others in memory
//! and behind a lock that only its owner takes, so that no caller, however wrong, can make two
//! threads write one element. All matrices are column-major.
//!
//! The factors are made so that every element of the product is known: see [`known`].

mod by_library;
mod known;
mod matrix;

use std::num::NonZeroU32;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Kernel, WrongResult};
use crate::experiment::{Computation, Dtype, Share, TILE};
use crate::host::blas::BlasNumber;
pub(super) use by_library::kernel_by_library;
use known::{A, B, C, D, Known};
use matrix::Matrix;

/// An element type: the floats of [`Dtype`].
trait Element: BlasNumber + Default + Into<f64> + Send + Sync {}
impl Element for f32 {}
impl Element for f64 {}

/// The kernel of a product for a team of `width`.
pub(super) fn kernel(computation: &Computation, width: NonZeroU32) -> Arc<dyn Kernel> {
    if computation.dtype() == Dtype::F32 {
        Arc::new(Product::<f32>::new(computation, width))
    } else {
        Arc::new(Product::<f64>::new(computation, width))
    }
}

/// Whether a product replaces what is there or is added to it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Update {
    Replace,
    Add,
}

/// `c = a b` or `c += a b`.
#[expect(unsafe_code, reason = "gemm takes pointers and strides")]
fn multiply<T: Element>(
    c: &mut Matrix<T>,
    update: Update,
    a: (&Matrix<T>, Range<usize>),
    b: &Matrix<T>,
    k: Range<usize>,
) {
    let (a, b) = (a.0.block(a.1, k.clone()), b.block(k, 0..b.columns()));
    let c = c.whole_mut();
    assert!(c.rows == a.rows && c.columns == b.columns && a.columns == b.rows);
    let (zero, one) = (T::from(0), T::from(1));
    let alpha = if update == Update::Add { one } else { zero };
    // SAFETY: `T` is f32 or f64, which gemm knows. `block` and `whole_mut` give rectangles inside
    // live matrices, whose shapes agree as asserted; every element of them is initialised. C is
    // borrowed exclusively, so it overlaps neither A nor B and no other thread reads or writes it.
    unsafe {
        gemm::gemm(
            c.rows,
            c.columns,
            a.columns,
            c.first,
            c.stride,
            1,
            update == Update::Add,
            a.first,
            a.stride,
            1,
            b.first,
            b.stride,
            1,
            alpha,
            one,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

/// The rows of C that belong to one member.
struct Part<T> {
    rows: Range<usize>,
    c: Mutex<Matrix<T>>,
}

impl<T> Part<T> {
    fn lock(&self) -> MutexGuard<'_, Matrix<T>> {
        // A panic elsewhere leaves numbers, perhaps wrong ones; `verify` is there to see that.
        self.c.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Product<T> {
    n: usize,
    width: NonZeroU32,
    phases: u32,
    a: Matrix<T>,
    b: Matrix<T>,
    parts: Vec<Part<T>>,
}

impl<T: Element> Product<T> {
    fn new(computation: &Computation, width: NonZeroU32) -> Self {
        let n = computation.n().get() as usize;
        let tile = TILE as usize;
        let part = |share: Share| {
            let tiles = share.range(n.div_ceil(tile));
            let rows = n.min(tiles.start * tile)..n.min(tiles.end * tile);
            let c = Mutex::new(Matrix::new(rows.len(), n, |_, _| T::from(-1)));
            Part { rows, c }
        };
        Self {
            n,
            width,
            phases: computation.account(width.get()).phases,
            a: Matrix::new(n, n, |i, k| T::from(A.at(i) + B.at(k))),
            b: Matrix::new(n, n, |k, j| T::from(C.at(k) + D.at(j))),
            parts: Share::all(width.get() as usize).map(part).collect(),
        }
    }
}

impl<T: Element> Kernel for Product<T> {
    fn width(&self) -> NonZeroU32 {
        self.width
    }

    fn phases(&self) -> u32 {
        self.phases
    }

    fn work(&self, phase: u32, member: u32) {
        let part = &self.parts[member as usize];
        let panel = Share {
            index: phase as usize,
            of: self.phases as usize,
        };
        let update = if phase == 0 {
            Update::Replace
        } else {
            Update::Add
        };
        multiply(
            &mut part.lock(),
            update,
            (&self.a, part.rows.clone()),
            &self.b,
            panel.range(self.n),
        );
    }

    fn spoil(&self) {
        for part in &self.parts {
            // No element of the product is negative.
            part.lock().fill(T::from(-1));
        }
    }

    fn verify(&self) -> Result<(), WrongResult> {
        let known = Known::new(self.n);
        for part in &self.parts {
            let c = part.lock();
            for j in 0..self.n {
                for (i, &got) in part.rows.clone().zip(c.column(j)) {
                    let (got, expected) = (got.into(), known.element(i, j));
                    if got != expected {
                        let at = format!("element C({i}, {j})");
                        return Err(WrongResult { at, got, expected });
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{PANEL, Workload};

    fn product(n: u32, dtype: Dtype, width: u32) -> Arc<dyn Kernel> {
        let workload: Workload = format!("matmul.{dtype}.{n}").parse().unwrap();
        kernel(
            workload.computation().unwrap(),
            NonZeroU32::new(width).unwrap(),
        )
    }

    /// Every part of every phase, in order, on this thread.
    fn do_all(kernel: &dyn Kernel) {
        for phase in 0..kernel.phases() {
            for member in 0..kernel.width().get() {
                kernel.work(phase, member);
            }
        }
    }

    #[test]
    fn the_product_is_the_known_one_in_both_types_and_at_odd_sizes() {
        for dtype in [Dtype::F32, Dtype::F64] {
            for n in [1, 2, 7, 8, 31, 100, 129, 257] {
                for width in [1, 2, 3, 5, 40] {
                    let kernel = product(n, dtype, width);
                    for _ in 0..2 {
                        kernel.spoil();
                        do_all(&*kernel);
                        assert_eq!(kernel.verify(), Ok(()), "n {n}, {dtype}, width {width}");
                    }
                }
            }
        }
    }

    /// A(0, k) B(k, 0) summed by hand for n = 2, by the definition and not by the closed form.
    #[test]
    fn the_closed_form_is_the_sum() {
        let known = Known::new(2);
        let by_hand: i32 = (0..2)
            .map(|k| i32::from(A.at(1) + B.at(k)) * i32::from(C.at(k) + D.at(1)))
            .sum();
        assert_eq!(known.element(1, 1), f64::from(by_hand));
        assert!(by_hand > 0);
    }

    #[test]
    fn a_phase_or_part_left_out_or_done_twice_is_seen() {
        let kernel = product(100, Dtype::F64, 2);
        assert!(kernel.phases() > 1);
        do_all(&*kernel);
        kernel.work(1, 1);
        assert!(kernel.verify().is_err(), "done twice");
        kernel.spoil();
        kernel.work(0, 0);
        assert!(kernel.verify().is_err(), "left out");
    }

    #[test]
    fn panels_deeper_than_the_greatest_depth_are_split() {
        let n = PANEL + 1;
        let kernel = product(n, Dtype::F32, 1);
        do_all(&*kernel);
        assert_eq!((kernel.phases(), kernel.verify()), (1, Ok(())));
        let kernel = product(2 * n, Dtype::F32, 2);
        assert_eq!(kernel.phases(), 3);
    }

    #[test]
    fn a_spoiled_result_does_not_pass() {
        let kernel = product(8, Dtype::F32, 1);
        do_all(&*kernel);
        assert_eq!(kernel.verify(), Ok(()));
        kernel.spoil();
        assert!(kernel.verify().is_err());
    }
}

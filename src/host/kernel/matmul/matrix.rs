//! How do the matrices of a product lie in memory?

use std::ops::Range;

use super::Element;
use crate::host::blas::{Dense, DenseMut};

/// Bytes of a cache line, to which columns are aligned.
const LINE: usize = 64;

/// A column-major matrix whose columns start on cache lines.
pub(super) struct Matrix<T> {
    storage: Vec<T>,
    start: usize,
    rows: usize,
    columns: usize,
    stride: usize,
}

impl<T: Element> Matrix<T> {
    /// A matrix whose elements are `element(row, column)`; the caller touches it first.
    pub(super) fn new(rows: usize, columns: usize, element: impl Fn(usize, usize) -> T) -> Self {
        let line = LINE / size_of::<T>();
        let stride = odd_lines(rows.div_ceil(line)) * line;
        let mut storage = vec![T::default(); stride * columns + line];
        let start = storage.as_ptr().align_offset(LINE);
        for column in 0..columns {
            for row in 0..rows {
                storage[start + column * stride + row] = element(row, column);
            }
        }
        Self {
            storage,
            start,
            rows,
            columns,
            stride,
        }
    }

    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    pub(super) fn column(&self, column: usize) -> &[T] {
        &self.storage[self.start + column * self.stride..][..self.rows]
    }

    pub(super) fn fill(&mut self, value: T) {
        self.storage.fill(value);
    }

    pub(super) fn block(&self, rows: Range<usize>, columns: Range<usize>) -> Block<*const T> {
        assert!(rows.end <= self.rows && columns.end <= self.columns);
        Block {
            first: self.storage[self.start + columns.start * self.stride + rows.start..].as_ptr(),
            rows: rows.len(),
            columns: columns.len(),
            stride: self.stride as isize,
        }
    }

    /// All of it, for a library to read.
    pub(super) fn dense(&self) -> Dense<'_, T> {
        Dense::new(
            &self.storage[self.start..],
            self.rows,
            self.columns,
            self.stride,
        )
    }

    /// All of it, for a library to write.
    pub(super) fn dense_mut(&mut self) -> DenseMut<'_, T> {
        DenseMut::new(
            &mut self.storage[self.start..],
            self.rows,
            self.columns,
            self.stride,
        )
    }

    pub(super) fn whole_mut(&mut self) -> Block<*mut T> {
        Block {
            first: self.storage[self.start..].as_mut_ptr(),
            rows: self.rows,
            columns: self.columns,
            stride: self.stride as isize,
        }
    }
}

/// An odd number of lines: a power-of-two stride would map a row to few cache sets.
fn odd_lines(lines: usize) -> usize {
    lines | 1
}

/// A rectangle of a matrix.
pub(super) struct Block<P> {
    pub(super) first: P,
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) stride: isize,
}

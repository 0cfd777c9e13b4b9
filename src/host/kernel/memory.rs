//! Where does the data of a kernel lie?
//!
//! In memory mapped from the system, not from an allocator: so it is page-aligned, untouched, and
//! given back when dropped. As NumPy does for large arrays, huge pages are asked for.

use std::io;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use bytemuck::Pod;
use memmap2::MmapMut;

/// Least size for which huge pages are asked for [bytes].
// Source: numpy/_core/src/multiarray/alloc.c, `indicate_hugepages` and its callers (1 << 22).
pub(super) const LARGE: usize = 1 << 22;

/// An array of `T` in memory of its own, all zeros until written.
#[derive(Debug)]
pub(super) struct Memory<T> {
    /// `None` of no element: nothing can be mapped then.
    bytes: Option<MmapMut>,
    elements: PhantomData<T>,
}

impl<T: Pod> Memory<T> {
    /// Maps memory for `elements` and touches none of it.
    ///
    /// # Errors
    ///
    /// If the system has none.
    pub(super) fn map(elements: usize) -> io::Result<Self> {
        let size = elements * size_of::<T>();
        let bytes = (size > 0).then(|| MmapMut::map_anon(size)).transpose()?;
        #[cfg(target_os = "linux")]
        if let Some(bytes) = bytes.as_ref().filter(|bytes| bytes.len() >= LARGE) {
            // Without huge pages it is slower, not wrong.
            let _ = bytes.advise(memmap2::Advice::HugePage);
        }
        Ok(Self {
            bytes,
            elements: PhantomData,
        })
    }
}

impl<T> Default for Memory<T> {
    /// No element.
    fn default() -> Self {
        Self {
            bytes: None,
            elements: PhantomData,
        }
    }
}

impl<T: Pod> Deref for Memory<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.bytes.as_deref().map_or(&[], bytemuck::cast_slice)
    }
}

impl<T: Pod> DerefMut for Memory<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        self.bytes
            .as_deref_mut()
            .map_or(&mut [], bytemuck::cast_slice_mut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_zero_and_aligned_and_may_be_empty() {
        let mut memory = Memory::<f64>::map(1000).unwrap();
        assert_eq!(memory.len(), 1000);
        assert!(memory.iter().all(|x| *x == 0.0));
        assert_eq!(memory.as_ptr() as usize % 4096, 0);
        memory[999] = 3.0;
        assert_eq!(memory.last(), Some(&3.0));
        assert!(Memory::<f32>::map(0).unwrap().is_empty());
    }
}

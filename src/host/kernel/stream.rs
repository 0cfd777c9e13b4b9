//! How is memory that no cache holds read and written at its full rate?
//!
//! *Ahead*: a line is asked for some time before its numbers are needed, sooner than the processor
//! would guess. *Past the caches*: what is written is not read into a cache first.
//! docs/performance.md has what both bring.
#![allow(unsafe_code)]

use bytemuck::Pod;

/// Distance from what is being read to what is asked for [bytes].
// Measured beside 1 and 4 KiB, which differ by less than the rounds.
const AHEAD: usize = 2 << 10;

/// Size of a cache line [bytes].
const LINE: usize = 64;

/// Asks for the memory that follows `block` after some others of its size.
#[inline(always)]
pub(super) fn ahead<T>(block: &T) {
    #[cfg(target_arch = "x86_64")]
    for at in (0..size_of::<T>()).step_by(LINE) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let line = std::ptr::from_ref(block).cast::<i8>();
        // SAFETY: a hint, for which any address will do, also one that is nobody's.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.wrapping_add(AHEAD + at)) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (block, AHEAD, LINE);
}

/// Writes `value` all over `memory`, past the caches where the processor can.
pub(super) fn fill_past_caches<T: Pod>(memory: &mut [T], value: T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{__m128i, _mm_loadu_si128, _mm_sfence, _mm_stream_si128};
        let values = [value; 16];
        // SAFETY: an element of `values` has at least one byte, so it holds the 16 that are read.
        // All bits of a `Pod` and of an `__m128i` may be anything.
        let (value_of_16, (before, middle, after)) = unsafe {
            let value = _mm_loadu_si128(values.as_ptr().cast());
            (value, memory.align_to_mut::<__m128i>())
        };
        before.fill(value);
        after.fill(value);
        for element in middle {
            // SAFETY: it is an exclusive reference, so it is aligned and may be written.
            unsafe { _mm_stream_si128(element, value_of_16) }
        }
        // SAFETY: every x86-64 processor has it. These stores keep no order with others: they are to
        // be done before anybody is told so.
        unsafe { _mm_sfence() };
    }
    #[cfg(not(target_arch = "x86_64"))]
    memory.fill(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_filled_and_nothing_beside_it() {
        for (from, to) in [(0, 0), (0, 1), (1, 2), (1, 99), (3, 100), (0, 100)] {
            let mut memory = [0.5_f64; 100];
            fill_past_caches(&mut memory[from..to], 3.0);
            for (i, x) in memory.iter().enumerate() {
                assert_eq!(*x, if (from..to).contains(&i) { 3.0 } else { 0.5 });
            }
            let mut memory = [7_i32; 100];
            fill_past_caches(&mut memory[from..to], -1);
            assert_eq!(memory.iter().filter(|x| **x == -1).count(), to - from);
        }
    }
}

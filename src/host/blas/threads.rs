//! How many threads does a library run a call on, and who says so?
//!
//! Two ways set it: the environment when the library is loaded, and the library's own call. Both are
//! used, and after each the library's own getter is read: what was asked for is not what was
//! granted. OpenBLAS, for one, caps what the environment says at the PUs it sees, and what the call
//! says at its build's MAX_THREADS.

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};

use super::symbols::{
    BLIS_GET_THREADS, BLIS_SET_THREADS, GetInt, GetLong, MKL_GET_THREADS, MKL_SET_THREADS,
    OPENBLAS_GET_THREADS, OPENBLAS_SET_THREADS, SetInt, SetLong, Symbols,
};
use crate::machine::BlasFamily;

/// The thread count of a loaded library.
pub struct Threads {
    control: Option<Control>,
    by_environment: Option<u32>,
    /// Smallest count read back after a call.
    by_call: Mutex<Option<u32>>,
}

/// A library's own calls.
enum Control {
    Int { get: GetInt, set: SetInt },
    Long { get: GetLong, set: SetLong },
}

impl Control {
    fn of(symbols: &Symbols, family: BlasFamily) -> Option<Self> {
        Some(match family {
            BlasFamily::OpenBlas => Self::Int {
                get: symbols.find(&OPENBLAS_GET_THREADS)?,
                set: symbols.find(&OPENBLAS_SET_THREADS)?,
            },
            BlasFamily::Blis => Self::Long {
                get: symbols.find(&BLIS_GET_THREADS)?,
                set: symbols.find(&BLIS_SET_THREADS)?,
            },
            BlasFamily::Mkl => Self::Int {
                get: symbols.find(&MKL_GET_THREADS)?,
                set: symbols.find(&MKL_SET_THREADS)?,
            },
        })
    }

    fn get(&self) -> Option<u32> {
        let count = match self {
            Self::Int { get, .. } => get().into(),
            // Source: BLIS 0.9.0, docs/Multithreading.md: as long as nothing sets it, which reads
            // as -1, a call runs on one thread.
            Self::Long { get, .. } => get().abs(),
        };
        u32::try_from(count).ok().filter(|count| *count > 0)
    }

    fn set(&self, count: NonZeroU32) {
        match self {
            // More threads than fit in C's int are refused when a cell is built.
            Self::Int { set, .. } => set(count.get() as i32),
            Self::Long { set, .. } => set(count.get().into()),
        }
    }
}

impl Threads {
    pub(super) fn of(symbols: &Symbols, family: Option<BlasFamily>) -> Self {
        let control = family.and_then(|family| Control::of(symbols, family));
        Self {
            by_environment: control.as_ref().and_then(Control::get),
            by_call: Mutex::new(None),
            control,
        }
    }

    /// The count after loading, before any call [threads]; `None` where the library does not say.
    pub fn by_environment(&self) -> Option<u32> {
        self.by_environment
    }

    /// The smallest count that any [`Threads::request`] was granted [threads].
    pub fn by_call(&self) -> Option<u32> {
        *self.by_call.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for `count` threads and reads back what was granted.
    ///
    /// Every thread that calls the library asks for itself: where an OpenMP runtime keeps the count,
    /// it does so for each calling thread; elsewhere it is one number and set again to the same.
    pub fn request(&self, count: NonZeroU32) {
        let Some(control) = &self.control else {
            return;
        };
        // No library says that its setter may be called by two threads at once.
        let mut least = self.by_call.lock().unwrap_or_else(PoisonError::into_inner);
        control.set(count);
        *least = match (*least, control.get()) {
            (Some(least), Some(granted)) => Some(least.min(granted)),
            (least, granted) => granted.or(least),
        };
    }
}

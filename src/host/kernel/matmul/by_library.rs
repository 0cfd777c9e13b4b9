//! How does a BLAS library compute the product?
//!
//! By one call on whole matrices, the same as those of our own kernel and checked in the same way.
//! How it divides the work, and among which threads, is the library's business.

use std::num::NonZeroU32;
use std::sync::Arc;

use super::{Element, Product};
use crate::experiment::{Computation, Dtype};
use crate::host::blas::BlasLibrary;
use crate::host::kernel::{Kernel, WrongResult};

/// The kernel of a product by `library`, which is to use `width` threads.
pub(in crate::host::kernel) fn kernel_by_library(
    computation: &Computation,
    width: NonZeroU32,
    library: Arc<BlasLibrary>,
) -> Arc<dyn Kernel> {
    if computation.dtype() == Dtype::F32 {
        Arc::new(ByLibrary::<f32>::new(computation, width, library))
    } else {
        Arc::new(ByLibrary::<f64>::new(computation, width, library))
    }
}

struct ByLibrary<T> {
    width: NonZeroU32,
    /// The data of a product by one thread: C in one part.
    product: Product<T>,
    library: Arc<BlasLibrary>,
}

impl<T: Element> ByLibrary<T> {
    fn new(computation: &Computation, width: NonZeroU32, library: Arc<BlasLibrary>) -> Self {
        Self {
            width,
            product: Product::new(computation, NonZeroU32::MIN),
            library,
        }
    }
}

impl<T: Element> Kernel for ByLibrary<T> {
    fn width(&self) -> NonZeroU32 {
        self.width
    }

    fn phases(&self) -> u32 {
        1
    }

    /// Member 0 makes the call; the others are the library's threads and not ours to give work.
    fn work(&self, _phase: u32, member: u32) {
        if member > 0 {
            return;
        }
        let Product { a, b, parts, .. } = &self.product;
        for part in parts {
            let mut c = part.lock();
            self.library.multiply(c.dense_mut(), a.dense(), b.dense());
        }
    }

    fn spoil(&self) {
        self.product.spoil();
    }

    fn verify(&self) -> Result<(), WrongResult> {
        self.product.verify()
    }
}

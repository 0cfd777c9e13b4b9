//! How does a BLAS library run a region?
//!
//! The worker makes the library's call and is a member itself; what other threads the library has,
//! how they meet and how they wait is the library's own. All teams of a process call one instance.

use std::sync::Arc;

use super::{RegionPanic, Team};
use crate::host::blas::BlasLibrary;
use crate::host::kernel::Kernel;

/// A kernel's regions by calls to a library.
pub struct BlasTeam {
    kernel: Arc<dyn Kernel>,
    panic: Option<RegionPanic>,
}

impl BlasTeam {
    /// Asks `library` for the threads of `kernel`, on the thread that is then to call [`Team::run`].
    pub fn new(kernel: Arc<dyn Kernel>, library: &BlasLibrary) -> Self {
        library.threads().request(kernel.width());
        Self {
            kernel,
            panic: None,
        }
    }
}

impl Team for BlasTeam {
    fn width(&self) -> u32 {
        self.kernel.width().get()
    }

    fn run(&mut self) -> Result<(), RegionPanic> {
        if self.panic.is_none() {
            let region = || (0..self.kernel.phases()).for_each(|phase| self.kernel.work(phase, 0));
            self.panic = RegionPanic::catch(region).err();
        }
        match &self.panic {
            None => Ok(()),
            Some(panic) => Err(panic.clone()),
        }
    }
}

//! By what do the members of a team synchronise?
//!
//! By the standard library and crossbeam. Under `--cfg loom` (`make loom`) loom stands in for both, which
//! tries the orders in which threads can run and what weakly ordered memory may show them.

#[cfg(not(loom))]
mod real {
    pub(in crate::host::team) use std::hint::spin_loop;
    pub(in crate::host::team) use std::sync::atomic::AtomicU64;
    pub(in crate::host::team) use std::sync::mpsc;
    pub(in crate::host::team) use std::thread::{Builder, JoinHandle, yield_now};

    pub(in crate::host::team) use crossbeam::sync::{Parker, Unparker};
}

#[cfg(loom)]
mod modelled {
    use std::sync::Arc;

    use loom::sync::Notify;

    pub(in crate::host::team) use loom::hint::spin_loop;
    pub(in crate::host::team) use loom::sync::atomic::AtomicU64;
    pub(in crate::host::team) use loom::sync::mpsc;
    pub(in crate::host::team) use loom::thread::{Builder, JoinHandle, yield_now};

    /// Blocks a thread until it is woken; one wake-up is remembered, and there are spurious ones.
    pub(in crate::host::team) struct Parker(Unparker);

    /// Wakes the thread of a [`Parker`].
    #[derive(Clone)]
    pub(in crate::host::team) struct Unparker(Arc<Notify>);

    impl Parker {
        pub(in crate::host::team) fn new() -> Self {
            Self(Unparker(Arc::new(Notify::new())))
        }

        pub(in crate::host::team) fn park(&self) {
            self.0.0.wait();
        }

        pub(in crate::host::team) fn unparker(&self) -> &Unparker {
            &self.0
        }
    }

    impl Unparker {
        pub(in crate::host::team) fn unpark(&self) {
            self.0.notify();
        }
    }
}

#[cfg(loom)]
pub(super) use modelled::*;
#[cfg(not(loom))]
pub(super) use real::*;

//! How are a child, a deadline and a request to stop awaited together?
//!
//! Whatever is awaited comes over a channel: the exit of one child ([`Subprocess`]), the exits of a
//! whole tree (`reaper`), lines that a child writes. [`next`] is the only wait for any of them.

use std::convert::Infallible;
use std::io;
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, Sender, bounded, never};
use crossbeam::select;
use nix::sys::signal::Signal;
use rustix::io::Errno;
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use super::handle::ProcessHandle;
use crate::clock;

/// A request to stop, which any thread may make and every wait hears at once.
#[derive(Clone, Debug)]
pub struct Stop {
    requested: Arc<AtomicBool>,
    /// Dropped with the request; nothing is ever sent.
    open: Arc<Mutex<Option<Sender<Infallible>>>>,
    closed: Receiver<Infallible>,
}

impl Default for Stop {
    fn default() -> Self {
        let (open, closed) = bounded(0);
        Self {
            requested: Arc::default(),
            open: Arc::new(Mutex::new(Some(open))),
            closed,
        }
    }
}

impl Stop {
    /// Asks to stop; whether that was asked before.
    pub fn request(&self) -> bool {
        let before = self.requested.swap(true, Ordering::Relaxed);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.take();
        before
    }

    /// Whether that was asked.
    pub fn is_requested(&self) -> bool {
        self.requested.load(Ordering::Relaxed)
    }

    /// The same as a flag, for what only looks now and then.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.requested)
    }

    /// Whether it is asked now or before `span` is over.
    pub(super) fn is_requested_within(&self, span: Duration) -> bool {
        next(&never::<()>(), self, clock::now() + span) == Err(NoNews::Stopped)
    }
}

/// Why a wait ended without news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoNews {
    /// There will be none.
    Closed,
    /// Somebody asked to stop.
    Stopped,
    /// The deadline passed.
    Late,
}

/// The next of `news` before `deadline`, unless `stop` is requested.
pub(super) fn next<T>(news: &Receiver<T>, stop: &Stop, deadline: Instant) -> Result<T, NoNews> {
    select! {
        recv(news) -> news => news.map_err(|_| NoNews::Closed),
        recv(stop.closed) -> _ => Err(NoNews::Stopped),
        default(deadline.saturating_duration_since(clock::now())) => Err(NoNews::Late),
    }
}

/// The next of `news` within `patience`. Time for which this process itself stood still does not
/// count: who is frozen with its children must not find them late.
pub(super) fn next_within<T>(
    news: &Receiver<T>,
    stop: &Stop,
    patience: Duration,
) -> Result<T, NoNews> {
    const SLICE: Duration = Duration::from_millis(100);
    for _ in 0..patience.div_duration_f64(SLICE).ceil() as u64 {
        match next(news, stop, clock::now() + SLICE) {
            Err(NoNews::Late) => {}
            heard => return heard,
        }
    }
    Err(NoNews::Late)
}

/// A child process whose exit is news. It keeps its process id until [`Subprocess::reap`], so that no
/// signal meets another process.
#[derive(Debug)]
pub(super) struct Subprocess {
    child: Child,
    handle: Option<ProcessHandle>,
}

impl Subprocess {
    /// Starts `command`, whose exit is told to `tell` as `exited`.
    ///
    /// # Errors
    ///
    /// If it cannot be started, or there is no thread to wait for it; then it does not run.
    pub(super) fn start<T: Send + 'static>(
        command: &mut Command,
        tell: Sender<T>,
        exited: T,
    ) -> io::Result<Self> {
        let child = command.spawn()?;
        let mut this = Self {
            handle: ProcessHandle::of(child.id() as i32),
            child,
        };
        let pid = Pid::from_child(&this.child);
        // The exit is only looked at; the owner reaps.
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let wait = move || {
            while matches!(waitid(WaitId::Pid(pid), options), Err(Errno::INTR)) {}
            // Nobody asks for the exit of a child that was ended.
            let _ = tell.send(exited);
        };
        match thread::Builder::new().spawn(wait) {
            Ok(_) => Ok(this),
            Err(error) => {
                this.end();
                Err(error)
            }
        }
    }

    /// The process itself, for its pipes.
    pub(super) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Its process id.
    pub(super) fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    /// Sends `signal`, which one that has exited does not feel.
    pub(super) fn send(&self, signal: Signal) {
        if let Some(handle) = &self.handle {
            handle.send(signal);
        }
    }

    /// Waits for its exit, however long that takes, and gives its process id back.
    pub(super) fn reap(&mut self) -> io::Result<ExitStatus> {
        self.child.wait()
    }

    /// Kills it and waits until it is gone.
    pub(super) fn end(&mut self) {
        self.send(Signal::SIGKILL);
        // An exit status that cannot be had is not wanted either.
        let _ = self.reap();
    }
}

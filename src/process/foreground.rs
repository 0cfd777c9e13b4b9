//! How does a command run beside this process, as the user's own?
//!
//! In the same process group, so that a terminal's Ctrl-C and Ctrl-Z reach both. This process waits
//! for the command and for every orphan that it adopts, so that no zombie is left.

use std::io;
use std::process::Command;
use std::thread;

use crossbeam::channel::{Receiver, bounded};
use nix::sys::signal::Signal;
use nix::sys::wait::WaitStatus;
use nix::unistd::Pid;

use super::ending::{Held, end_children};
use super::reaper::reap;

/// A command that was started.
pub struct Foreground(Option<Held>);

impl Foreground {
    /// Starts `command`; its exit code comes over the channel, as shells have it: 128 and the
    /// signal, where it was one.
    ///
    /// # Errors
    ///
    /// If it cannot be started or waited for; then it does not run.
    pub fn start(command: &mut Command) -> io::Result<(Self, Receiver<i32>)> {
        let pid = Pid::from_raw(command.spawn()?.id() as i32);
        let held = Held::of(pid.as_raw());
        let wait = || -> io::Result<Receiver<i32>> {
            let exits = reap()?;
            let (tell, ended) = bounded(1);
            thread::Builder::new().spawn(move || {
                for exit in exits {
                    if let Some(code) = code(exit.status).filter(|_| exit.pid == pid) {
                        // A watch that is over does not ask.
                        let _ = tell.send(code);
                    }
                }
            })?;
            Ok(ended)
        };
        let ended = wait().inspect_err(|_| {
            end_children();
        })?;
        Ok((Self(held), ended))
    }

    /// Sends `signal` to the command.
    pub fn pass_on(&self, signal: Signal) {
        if let Some(process) = &self.0 {
            process.send(signal);
        }
    }
}

fn code(status: WaitStatus) -> Option<i32> {
    match status {
        WaitStatus::Exited(_, code) => Some(code),
        WaitStatus::Signaled(_, signal, _) => Some(128 + signal as i32),
        _ => None,
    }
}

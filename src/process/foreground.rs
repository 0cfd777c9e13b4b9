//! How does a command run beside this process, as the user's own?
//!
//! In the same process group, so that a terminal's Ctrl-C and Ctrl-Z reach both. This process waits
//! for the command and for every orphan that it adopts, so that no zombie is left.

use std::io;
use std::process::Command;
use std::thread;

use crossbeam::channel::unbounded;
use nix::sys::signal::Signal;
use nix::sys::wait::WaitStatus;
use nix::unistd::Pid;

use super::ending::end_children;
use super::handle::ProcessHandle;
use super::reaper::{Exit, reap_all};

/// A command that was started.
pub struct Foreground(Option<ProcessHandle>);

impl Foreground {
    /// Starts `command` and tells `ended` its exit code, as shells have it: 128 and the signal, where it
    /// was one.
    ///
    /// # Errors
    ///
    /// If it cannot be started or waited for; then it does not run.
    pub fn start(command: &mut Command, ended: impl Fn(i32) + Send + 'static) -> io::Result<Self> {
        let pid = Pid::from_raw(command.spawn()?.id() as i32);
        let process = ProcessHandle::of(pid.as_raw());
        let (tell, exits) = unbounded::<Exit>();
        let listen = move || {
            let own = exits.into_iter().filter(|exit| exit.pid == pid);
            own.filter_map(|exit| code(exit.status)).for_each(ended);
        };
        let listening = thread::Builder::new().spawn(listen);
        listening.and_then(|_| reap_all(tell)).inspect_err(|_| {
            end_children();
        })?;
        Ok(Self(process))
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

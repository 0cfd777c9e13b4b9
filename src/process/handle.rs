//! How is a signal sent to one process and never to another that has got its number?
//!
//! By a descriptor that stands for the process (`pidfd`), where there is one: a kernel before 5.3 has
//! none, other systems neither.

use nix::sys::signal::Signal;

/// A process that cannot be taken for another, even after it has ended.
#[derive(Debug)]
pub(super) struct ProcessHandle {
    pid: i32,
    #[cfg(target_os = "linux")]
    file: Option<std::os::fd::OwnedFd>,
}

impl ProcessHandle {
    /// The process `pid`; `None` where there is none.
    #[cfg(target_os = "linux")]
    pub(super) fn of(pid: i32) -> Option<Self> {
        use rustix::process::{Pid, PidfdFlags, pidfd_open};
        match pidfd_open(Pid::from_raw(pid)?, PidfdFlags::empty()) {
            Ok(file) => Some(Self {
                pid,
                file: Some(file),
            }),
            Err(rustix::io::Errno::SRCH) => None,
            // A kernel before 5.3, or no descriptor is left: better by number than not at all.
            Err(_) => Some(Self { pid, file: None }),
        }
    }

    /// The process `pid`.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn of(pid: i32) -> Option<Self> {
        Some(Self { pid })
    }

    /// Sends `signal`. A process that is gone already cannot be reached, which is as well.
    pub(super) fn send(&self, signal: Signal) {
        #[cfg(target_os = "linux")]
        if let Some(file) = &self.file {
            use rustix::process::{Signal, pidfd_send_signal};
            if let Some(signal) = Signal::from_named_raw(signal as i32) {
                let _ = pidfd_send_signal(file, signal);
            }
            return;
        }
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.pid), signal);
    }
}

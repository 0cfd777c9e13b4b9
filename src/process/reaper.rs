//! Who of the tree has exited or was stopped, when, and how?
//!
//! A thread waits for every child of this process, adopted orphans too, until there is none. On
//! Linux it looks at what the kernel counted for each before the kernel forgets it, and is told when a
//! child is stopped (`SIGSTOP`) or continued.

use std::io;
use std::thread;
use std::time::Instant;

use crossbeam::channel::Sender;
use nix::errno::Errno;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::clock;
use crate::counter::SchedStat;

/// A process that has exited, or was stopped or continued, as `status` says.
pub(super) struct Exit {
    pub(super) pid: Pid,
    pub(super) status: WaitStatus,
    pub(super) at: Instant,
    /// What the kernel counted for its first thread.
    pub(super) counted: Option<SchedStat>,
}

/// Waits for all children and sends each exit to `tell`, which is dropped when there is none left.
pub(super) fn reap_all<T: From<Exit> + Send + 'static>(tell: Sender<T>) -> io::Result<()> {
    thread::Builder::new().spawn(move || {
        loop {
            match next_exit() {
                // Exits that nobody asks for any more are waited for all the same.
                Ok(exit) => drop(tell.send(exit.into())),
                Err(Errno::EINTR) => {}
                Err(_) => return,
            }
        }
    })?;
    Ok(())
}

#[cfg(target_os = "linux")]
fn next_exit() -> nix::Result<Exit> {
    use nix::sys::wait::{Id, WaitPidFlag, waitid};
    let stops = WaitPidFlag::WSTOPPED | WaitPidFlag::WCONTINUED;
    let any = WaitPidFlag::WEXITED | stops | WaitPidFlag::WNOWAIT;
    let status = waitid(Id::All, any)?;
    let at = clock::now();
    let pid = status.pid().ok_or(Errno::ECHILD)?;
    let counted = SchedStat::of(pid.as_raw(), pid.as_raw());
    if is_stop(&status) {
        // Taken away, so that it is not told again; another may have come in between, or the process
        // has exited since (ECHILD), which is told next.
        let _ = waitid(Id::Pid(pid), stops | WaitPidFlag::WNOHANG);
    } else {
        waitpid(pid, None)?;
    }
    Ok(Exit {
        pid,
        status,
        at,
        counted,
    })
}

#[cfg(not(target_os = "linux"))]
fn next_exit() -> nix::Result<Exit> {
    let status = waitpid(None, None)?;
    let at = clock::now();
    let pid = status.pid().ok_or(Errno::ECHILD)?;
    let counted = SchedStat::of(pid.as_raw(), pid.as_raw());
    Ok(Exit {
        pid,
        status,
        at,
        counted,
    })
}

/// Whether `status` tells that a process was stopped, or goes on after that.
pub(super) fn is_stop(status: &WaitStatus) -> bool {
    matches!(status, WaitStatus::Stopped(..) | WaitStatus::Continued(_))
}

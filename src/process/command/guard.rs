//! Who ends the program's tree when its supervisor cannot?
//!
//! The *guard* stands between the sweep and the supervisor. Sweep, guard and supervisor all adopt
//! orphans, and each is told by the kernel when its parent dies. Whichever of them is killed, one
//! that is left inherits the rest of the tree and ends it:
//!
//! | killed | who ends the rest |
//! |---|---|
//! | sweep | guard, at once |
//! | guard | supervisor |
//! | supervisor | guard |
//! | sweep and guard | supervisor |
//! | sweep and supervisor | guard |
//! | guard and supervisor | sweep |
//!
//! The guard also ends what a hook left running, such as a server, when the visit is over.

use std::io;
use std::os::unix::process::parent_id;
use std::process::Command;

use crossbeam::channel::{Receiver, unbounded};
use crossbeam::select;
use nix::sys::signal::Signal;
use nix::sys::wait::WaitStatus;
use nix::unistd::Pid;

use crate::process::ending::{adopt_orphans, end_children, end_descendants};
use crate::process::handle::ProcessHandle;
use crate::process::reaper::{Exit, is_stop, reap_all};

/// Runs `supervisor` and returns how it ended, when nothing below this process is left.
///
/// What comes over `wanted` is passed on to it as a polite request to end, or, where the parent of
/// this process is gone, ends everything at once.
///
/// # Errors
///
/// If the supervisor cannot be started or watched; then it does not run.
pub fn guard(supervisor: &mut Command, wanted: &Receiver<()>) -> io::Result<WaitStatus> {
    let parent = parent_id();
    adopt_orphans(true);
    let pid = Pid::from_raw(supervisor.spawn()?.id() as i32);
    let process = ProcessHandle::of(pid.as_raw());
    let (tell, exits) = unbounded::<Exit>();
    reap_all(tell).inspect_err(|_| {
        end_children();
    })?;
    let mut status = WaitStatus::Signaled(pid, Signal::SIGKILL, false);
    loop {
        select! {
            recv(exits) -> exit => match exit {
                Ok(exit) if exit.pid == pid && !is_stop(&exit.status) => {
                    status = exit.status;
                    break;
                }
                Ok(_) => {}
                Err(_) => break,
            },
            recv(wanted) -> _ => {
                if parent_id() != parent {
                    break;
                }
                if let Some(process) = &process {
                    process.send(Signal::SIGTERM);
                }
            }
        }
    }
    end_descendants(&exits, |_| {});
    Ok(status)
}

//! How does everything end that this process started?
//!
//! A process that *adopts orphans* becomes the parent of every process below it whose own parent
//! ends, so that nothing can leave its tree. Processes are ended by a descriptor that stands for
//! one process, opened before it is asked whose child that is: a process id alone may have passed
//! to somebody else's process in between.
//!
//! Linux only; elsewhere none of this exists, and only direct children are ended.

use std::fs;
use std::io;
use std::os::unix::process::parent_id;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, RecvTimeoutError};
use nix::errno::Errno;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};

use super::handle::ProcessHandle;
use super::tree;
use crate::clock;
use crate::machine::kernel_text::{number, stat_fields};

/// Time for killed processes to go; one in an uninterruptible wait may take longer.
pub(super) const KILL_LIMIT: Duration = Duration::from_secs(10);

/// Time between two rounds of killing: whoever was forked while the others were killed is found in
/// the next one.
const ROUND: Duration = Duration::from_millis(5);

/// Has orphans below this process become its children, or no longer.
#[cfg(target_os = "linux")]
pub(crate) fn adopt_orphans(adopt: bool) {
    // A kernel without it is older than any that Rust runs on (3.4).
    let _ = nix::sys::prctl::set_child_subreaper(adopt);
}

/// Has orphans below this process become its children, or no longer.
#[cfg(not(target_os = "linux"))]
pub(crate) fn adopt_orphans(_adopt: bool) {}

/// Asks the kernel to send `signal` to this process when its parent dies.
///
/// # Errors
///
/// If the parent is gone already, which it is if it is not `parent`, where that is known.
pub fn end_with_parent(signal: Signal, parent: Option<u32>) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_pdeathsig(signal)?;
    #[cfg(not(target_os = "linux"))]
    let _ = signal;
    match parent.is_some_and(|parent| parent_id() != parent) {
        true => Err(io::Error::other(
            "the process that started this one is gone",
        )),
        false => Ok(()),
    }
}

/// Asks the kernel to end every process below this one. A supervisor is so the last of its tree, and
/// ends the rest of it should this process be killed meanwhile.
pub(super) fn kill_descendants() {
    kill_all(tree::children_first().into_iter());
}

/// Asks the kernel to end those of `pids` that are below this process.
pub(super) fn kill_all(pids: impl Iterator<Item = i32>) {
    for pid in pids {
        if let Some(process) = ProcessHandle::of(pid).filter(|_| is_below_this(pid)) {
            process.send(Signal::SIGKILL);
        }
    }
}

/// Ends every process below this one. What comes over `news` meanwhile is told to `note`; it is closed
/// when none is left. Whether that was so in time.
pub(super) fn end_descendants<T>(news: &Receiver<T>, mut note: impl FnMut(T)) -> bool {
    kill_until(|round| {
        loop {
            match news.recv_deadline(round) {
                Ok(news) => note(news),
                Err(error) => return error == RecvTimeoutError::Disconnected,
            }
        }
    })
}

/// Ends every process below this one and waits for its children; whether none is left in time. For a
/// process that has no child that should live.
pub(super) fn end_children() -> bool {
    kill_until(|round| {
        loop {
            match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Err(Errno::ECHILD) => return true,
                Ok(WaitStatus::StillAlive) if clock::now() >= round => return false,
                Ok(WaitStatus::StillAlive) => thread::sleep(ROUND / 5),
                Ok(_) | Err(_) => {}
            }
        }
    })
}

/// Kills what is below this process again and again, until `gone`, which waits to the end of a round,
/// says that nothing is left; whether that was in time.
fn kill_until(mut gone: impl FnMut(Instant) -> bool) -> bool {
    let deadline = clock::now() + KILL_LIMIT;
    while clock::now() < deadline {
        kill_descendants();
        if gone(clock::now() + ROUND) {
            return true;
        }
    }
    false
}

/// Whether this process is an ancestor of `pid`.
fn is_below_this(pid: i32) -> bool {
    // Nobody nests deeper; a chain that is read while it changes might have no end.
    const DEEPEST: usize = 10_000;
    let own = std::process::id() as i32;
    std::iter::successors(parent_of(pid), |pid| parent_of(*pid))
        .take(DEEPEST)
        .any(|ancestor| ancestor == own)
}

/// The parent of `pid`: the fourth field of its `stat` file.
fn parent_of(pid: i32) -> Option<i32> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    number(stat_fields(&stat, 4)?.next()?).filter(|parent| *parent > 0)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_tree_is_ended_from_its_leaves() {
        let script = "sleep 600 & echo $! ; wait";
        let mut shell = Command::new("sh")
            .args(["-c", script])
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let out = shell.stdout.as_mut().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).unwrap();
        let (parent, child) = (shell.id() as i32, line.trim().parse::<i32>().unwrap());
        // Other tests have children too.
        let mut order = tree::children_first();
        order.retain(|pid| [parent, child].contains(pid));
        assert_eq!(order, [child, parent]);
        kill_all(order.into_iter());
        shell.wait().unwrap();
    }

    #[test]
    fn only_what_is_below_this_process_is_ended() {
        let mut child = Command::new("sleep").arg("600").spawn().unwrap();
        let pid = child.id() as i32;
        assert!(is_below_this(pid));
        assert!(!is_below_this(parent_id() as i32));
        assert!(!is_below_this(std::process::id() as i32));
        kill_all([pid].into_iter());
        let status = child.wait().unwrap();
        assert_eq!(
            std::os::unix::process::ExitStatusExt::signal(&status),
            Some(9)
        );
        assert!(
            ProcessHandle::of(pid).is_none(),
            "nobody has its number so soon"
        );
    }
}

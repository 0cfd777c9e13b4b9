//! How is a set-up, prepare or clean-up command run?
//!
//! By `sh -c`, untimed, in a process group of its own, which is ended when it overstays. What it
//! leaves running on purpose, such as a server, is none of our business.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::experiment::CommandCopy;
use crate::host::clock;

/// Time for one of them, however short the limit of an execution.
pub(in crate::host) const HOOK_LIMIT: Duration = Duration::from_secs(60);

/// Time between two looks at whether it is done.
const LOOK: Duration = Duration::from_millis(2);

/// Runs `line` in the environment of `copy`; `name` is what the reason calls it.
pub(super) fn run_hook(
    name: &str,
    line: &str,
    copy: &CommandCopy,
    limit: Duration,
) -> Result<(), String> {
    match run(line, copy, HOOK_LIMIT.max(limit)) {
        Ok(Some(status)) if status.success() => Ok(()),
        Ok(Some(status)) => Err(format!("{name} command '{line}' ended with {status}")),
        Ok(None) => Err(format!("{name} command '{line}' did not end in time")),
        Err(error) => Err(format!("{name} command '{line}' cannot be run: {error}")),
    }
}

/// `None` where it had to be ended.
fn run(line: &str, copy: &CommandCopy, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let mut shell = Command::new("sh")
        .args(["-c", line])
        .envs(copy.environment())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()?;
    let deadline = clock::now() + limit;
    while clock::now() < deadline {
        if let Some(status) = shell.try_wait()? {
            return Ok(Some(status));
        }
        thread::sleep(LOOK);
    }
    // A group that is gone already cannot be killed, which is what was wanted.
    let _ = killpg(Pid::from_raw(shell.id() as i32), Signal::SIGKILL);
    shell.wait()?;
    Ok(None)
}

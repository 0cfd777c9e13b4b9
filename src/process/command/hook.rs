//! How is a set-up, prepare or clean-up command run?
//!
//! By `sh -c`, untimed, in a session of its own, which is ended when it overstays or when the
//! sweep is to stop. What it leaves running on purpose, such as a server, runs until the visit is
//! over.

use std::io;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crossbeam::channel::{Receiver, RecvTimeoutError};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::leftovers;
use super::starting_line::Starter;
use super::trouble::Trouble;
use crate::experiment::CommandCopy;
use crate::clock;
use crate::process::ending::kill_all;
use crate::process::tree::tree_of;

/// Time for one of them, however short the limit of an execution.
pub(in crate::process) const HOOK_LIMIT: Duration = Duration::from_secs(60);

/// Time between two looks at whether it is done.
const LOOK: Duration = Duration::from_millis(2);

/// A command beside the program.
pub(super) struct Hook<'a> {
    /// What the reason calls it.
    pub(super) name: &'static str,
    /// Whose environment and counts it gets.
    pub(super) copy: CommandCopy,
    pub(super) starter: Starter<'a>,
    pub(super) limit: Duration,
    /// Its other end is gone when this process is to end.
    pub(super) stop: &'a Receiver<()>,
}

impl Hook<'_> {
    /// Runs `line`.
    pub(super) fn run(&self, line: &str) -> Result<(), Trouble> {
        let line = self.copy.fill(line);
        let of = |how: &str| format!("{} command '{line}' {how}", self.name);
        let mut shell = self
            .command(&line)
            .spawn()
            .map_err(|error| Trouble::of(&of("cannot be run"), &error))?;
        match self.wait(&mut shell) {
            Ok(Some(status)) if status.success() => Ok(()),
            Ok(Some(status)) => Err(of(&format!("ended with {status}")).into()),
            Ok(None) => Err(of(&format!("did not end within {:?}", self.limit)).into()),
            Err(trouble) => Err(trouble),
        }
    }

    fn command(&self, line: &str) -> Command {
        let mut command = self.starter.command(["sh", "-c", line]);
        command
            .envs(self.copy.environment())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        leftovers::mark(&mut command);
        command
    }

    /// How it ended; `None` where it had to be ended.
    fn wait(&self, shell: &mut Child) -> Result<Option<ExitStatus>, Trouble> {
        let failed = |error: io::Error| Trouble::Failed(format!("{}: {error}", self.name));
        let deadline = clock::now() + self.limit;
        while clock::now() < deadline {
            if let Some(status) = shell.try_wait().map_err(failed)? {
                return Ok(Some(status));
            }
            if self.stop.recv_timeout(LOOK) == Err(RecvTimeoutError::Disconnected) {
                end(shell).map_err(failed)?;
                return Err(Trouble::Stopped);
            }
        }
        end(shell).map_err(failed)?;
        Ok(None)
    }
}

/// Ends `shell`, which was not waited for, and all below it.
fn end(shell: &mut Child) -> io::Result<()> {
    let pid = shell.id() as i32;
    kill_all(tree_of(vec![pid]).into_keys());
    // A group that is gone already cannot be killed, which is what was wanted.
    let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
    shell.wait().map(drop)
}

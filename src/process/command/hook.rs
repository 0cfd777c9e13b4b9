//! How is a set-up, prepare or clean-up command run?
//!
//! By `sh -c`, untimed, in a session of its own, which is ended when it overstays or when the
//! sweep is to stop. What it leaves running on purpose, such as a server, runs until the visit is
//! over.

use std::io;
use std::process::{Command, Stdio};
use std::time::Duration;

use crossbeam::channel::bounded;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::leftovers;
use super::metric::last_line;
use super::starting_line::Starter;
use super::trouble::Trouble;
use crate::clock;
use crate::experiment::CommandCopy;
use crate::process::ending::kill_all;
use crate::process::output::{OUTPUT_GRACE, OutputTail};
use crate::process::tree::tree_of;
use crate::process::wait::{NoNews, Stop, Subprocess, next_within};

/// Time for one of them, however short the limit of an execution.
pub(in crate::process) const HOOK_LIMIT: Duration = Duration::from_secs(60);

/// A command beside the program.
pub(super) struct Hook<'a> {
    /// What the reason calls it.
    pub(super) name: &'static str,
    /// Whose environment and counts it gets.
    pub(super) copy: CommandCopy,
    pub(super) starter: Starter<'a>,
    pub(super) limit: Duration,
    /// Requested when this process is to end.
    pub(super) stop: &'a Stop,
}

impl Hook<'_> {
    /// Runs `line`.
    pub(super) fn run(&self, line: &str) -> Result<(), Trouble> {
        let line = self.copy.fill(line);
        let of = |how: &str| format!("{} command '{line}' {how}", self.name);
        let trouble = |error: io::Error| Trouble::of(&of("cannot be run"), &error);
        let (tell, exited) = bounded(1);
        let (words, pipe) = io::pipe().map_err(trouble)?;
        let words = OutputTail::of(Some(words)).map_err(trouble)?;
        let mut command = self.command(&line);
        command.stderr(pipe);
        let mut shell = Subprocess::start(&mut command, tell, ()).map_err(trouble)?;
        // Only the shell, and what it starts, may write now.
        drop(command);
        let exit = next_within(&exited, self.stop, self.limit);
        if exit.is_err() {
            end(&shell);
        }
        let status = shell.reap().map_err(trouble)?;
        match exit {
            Ok(()) if status.success() => Ok(()),
            Ok(()) => {
                // What it left running may hold the pipe open for ever.
                let said = words.read(clock::now() + OUTPUT_GRACE).unwrap_or_default();
                let said = last_line(&said).map_or_else(String::new, |line| format!(": {line}"));
                Err(of(&format!("ended with {status}{said}")).into())
            }
            Err(NoNews::Stopped) => Err(Trouble::Stopped),
            Err(_) => Err(of(&format!("did not end within {:?}", self.limit)).into()),
        }
    }

    fn command(&self, line: &str) -> Command {
        let mut command = self.starter.command(["sh", "-c", line]);
        command
            .envs(self.copy.environment())
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        leftovers::mark(&mut command);
        command
    }
}

/// Ends `shell` and all below it.
fn end(shell: &Subprocess) {
    let pid = shell.pid();
    kill_all(tree_of(vec![pid]).into_keys());
    // A group that is gone already cannot be killed, which is what was wanted.
    let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
}

//! How are the copies of a program brought to the starting line and released?

use std::fs;
use std::io::{self, PipeWriter, Read, pipe};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

use super::output::Listener;
use super::tree::counted;
use crate::experiment::{CommandCopy, CommandSpec};
use crate::host::affinity::bind_current_thread;
use crate::host::probe::{Counted, Usage, fields_of};
use crate::machine::kernel_text::{field, number};
use crate::machine::{Binder, CpuSet};

/// Where copies may run.
pub(super) enum Places {
    /// Wherever this process may.
    Unbound,
    /// Each copy on its own set.
    Bound {
        binder: Binder,
        sets: Vec<CpuSet>,
        /// Where this process may run.
        home: CpuSet,
    },
}

/// What is to be started.
pub(super) struct Launch<'a> {
    pub(super) spec: &'a CommandSpec,
    /// The file of this program.
    pub(super) start: &'a Path,
    pub(super) copies: Vec<CommandCopy>,
    pub(super) places: Places,
}

/// Copies that wait at the starting line, or run.
pub(super) struct Copies {
    /// Their process ids, which are those of their sessions and groups too.
    pub(super) pids: Vec<Pid>,
    pub(super) outputs: Vec<Listener>,
    /// Closed, it releases them.
    line: Option<PipeWriter>,
}

impl Launch<'_> {
    /// Starts all copies and waits until each is ready.
    pub(super) fn line_up(&self) -> Result<Copies, String> {
        let failed = |error: io::Error| format!("cannot start a copy of the program: {error}");
        let (released, line) = pipe().map_err(failed)?;
        let (mut ready, tell) = pipe().map_err(failed)?;
        let mut copies = Copies {
            pids: Vec::new(),
            outputs: Vec::new(),
            line: Some(line),
        };
        for copy in &self.copies {
            let (listener, output) = Listener::start().map_err(failed)?;
            let mut command = self.command(copy);
            command
                .stdin(released.try_clone().map_err(failed)?)
                .stdout(tell.try_clone().map_err(failed)?)
                .stderr(output);
            copies.pids.push(self.spawn(copy, &mut command)?);
            copies.outputs.push(listener);
        }
        drop(tell);
        let mut bytes = vec![0; copies.pids.len()];
        ready.read_exact(&mut bytes).map_err(failed)?;
        Ok(copies)
    }

    fn command(&self, copy: &CommandCopy) -> Command {
        let mut command = Command::new(self.start);
        command
            .args(["start", "--parent", &std::process::id().to_string(), "--"])
            .args(self.spec.argv.iter().map(|word| copy.fill(word)))
            .envs(copy.environment())
            .stdin(Stdio::null());
        command
    }

    /// Starts one copy where it belongs: it inherits where this thread may run.
    fn spawn(&self, copy: &CommandCopy, command: &mut Command) -> Result<Pid, String> {
        if let Places::Bound { binder, sets, .. } = &self.places {
            bind_current_thread(binder, &sets[copy.rank as usize]).map_err(|e| e.to_string())?;
        }
        let child = command.spawn();
        if let Places::Bound { binder, home, .. } = &self.places {
            bind_current_thread(binder, home).map_err(|e| e.to_string())?;
        }
        let child = child.map_err(|e| format!("cannot start a copy of the program: {e}"))?;
        Ok(Pid::from_raw(child.id() as i32))
    }
}

impl Copies {
    /// What the copies used until now, to be taken off: they are not the program yet.
    pub(super) fn used(&self) -> (Usage, Counted) {
        let mut sum = Counted::default();
        let mut switches = Some((0, 0));
        for pid in self.pids.iter().map(|pid| pid.as_raw()) {
            let thread = counted(pid, pid).unwrap_or_default();
            sum.run += thread.run;
            sum.wait += thread.wait;
            switches = switches
                .zip(switches_of(pid))
                .map(|(a, b)| (a.0 + b.0, a.1 + b.1));
        }
        let faults = self.pids.iter().map(|pid| faults_of(pid.as_raw()));
        let faults: Option<Vec<(u64, u64)>> = faults.collect();
        let faults = faults.map(|all| all.iter().fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1)));
        let usage = Usage {
            cpu: Some(sum.run),
            // Far less than the tick in which the kernel tells it of others.
            system: Some(Duration::ZERO),
            voluntary_switches: switches.map(|(voluntary, _)| voluntary),
            involuntary_switches: switches.map(|(_, involuntary)| involuntary),
            minor_faults: faults.map(|(minor, _)| minor),
            major_faults: faults.map(|(_, major)| major),
        };
        (usage, sum)
    }

    /// Lets all of them go at once.
    pub(super) fn release(&mut self) {
        drop(self.line.take());
    }

    /// Asks the kernel to end every process group of the copies.
    pub(super) fn kill_groups(&self) {
        for pid in &self.pids {
            // A group that is gone already cannot be killed, which is what was wanted.
            let _ = killpg(*pid, Signal::SIGKILL);
        }
    }
}

impl Drop for Copies {
    /// Copies that were never released must not run: they are ended before the line opens.
    fn drop(&mut self) {
        if self.line.is_some() {
            for pid in &self.pids {
                let _ = kill(*pid, Signal::SIGKILL);
                let _ = waitpid(*pid, None);
            }
        }
    }
}

/// Page faults of a process: minor, major; the tenth and the twelfth field.
// Source: proc(5), /proc/pid/stat.
fn faults_of(pid: i32) -> Option<(u64, u64)> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = fields_of(&stat)?.skip(10 - 3);
    Some((number(fields.next()?)?, number(fields.nth(1)?)?))
}

/// Context switches of a process with one thread: voluntary, involuntary.
fn switches_of(pid: i32) -> Option<(u64, u64)> {
    let status = fs::read(format!("/proc/{pid}/status")).ok()?;
    let count = |name| number(field(&status, name)?);
    Some((
        count("voluntary_ctxt_switches")?,
        count("nonvoluntary_ctxt_switches")?,
    ))
}

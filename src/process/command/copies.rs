//! How are the copies of a program brought to the starting line and released?

use std::fs;
use std::io::{self, PipeReader, PipeWriter, Read, pipe};
use std::process::Command;
use std::thread;
use std::time::Duration;

use crossbeam::channel::Sender;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

use super::starting_line::Starter;
use super::trouble::Trouble;
use crate::clock;
use crate::counter::{SchedStat, Usage};
use crate::experiment::{CommandCopy, CommandSpec};
use crate::machine::bind_current_thread;
use crate::machine::kernel_text::{field, number, stat_fields};
use crate::machine::{Binder, CpuSet};
use crate::process::output::{OUTPUT_GRACE, OutputTail};
use crate::process::reaper::Exit;

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
    pub(super) starter: Starter<'a>,
    pub(super) copies: Vec<CommandCopy>,
    pub(super) places: Places,
}

/// Copies on their way to the starting line, at it, or running.
pub(super) struct Copies {
    /// Their process ids, which are those of their sessions and groups too.
    pub(super) pids: Vec<Pid>,
    outputs: Vec<OutputTail>,
    /// Closed, it releases them.
    line: Option<PipeWriter>,
}

/// What is heard of copies.
pub(super) enum News {
    /// One more is at the starting line.
    Ready,
    /// A process of their tree has exited, or was stopped or continued.
    Exit(Exit),
}

impl From<Exit> for News {
    fn from(exit: Exit) -> Self {
        Self::Exit(exit)
    }
}

impl Launch<'_> {
    /// Starts all copies, which then come to the line; each that is there is told to `tell`.
    pub(super) fn start(&self, tell: Sender<News>) -> Result<Copies, Trouble> {
        let failed = |error: io::Error| Trouble::of("cannot start a copy of the program", &error);
        let (released, line) = pipe().map_err(failed)?;
        let (arrivals, arrive) = pipe().map_err(failed)?;
        tell_arrivals(arrivals, tell).map_err(failed)?;
        let mut copies = Copies {
            pids: Vec::new(),
            outputs: Vec::new(),
            line: Some(line),
        };
        for copy in &self.copies {
            let command = || -> io::Result<(Command, OutputTail)> {
                let (output, err) = pipe()?;
                let mut command = self.command(copy);
                command
                    .stdin(released.try_clone()?)
                    .stdout(arrive.try_clone()?)
                    .stderr(err);
                Ok((command, OutputTail::of(Some(output))?))
            };
            let started = command().map_err(failed);
            let started =
                started.and_then(|(mut command, tail)| Ok((self.spawn(copy, &mut command)?, tail)));
            match started {
                Ok((pid, tail)) => {
                    copies.pids.push(pid);
                    copies.outputs.push(tail);
                }
                Err(trouble) => {
                    copies.abandon();
                    return Err(trouble);
                }
            }
        }
        Ok(copies)
    }

    fn command(&self, copy: &CommandCopy) -> Command {
        let words = self.spec.argv.iter().map(|word| copy.fill(word));
        let mut command = self.starter.command(words);
        command.envs(copy.environment());
        command
    }

    /// Starts one copy where it belongs: it inherits where this thread may run.
    fn spawn(&self, copy: &CommandCopy, command: &mut Command) -> Result<Pid, Trouble> {
        if let Places::Bound { binder, sets, .. } = &self.places {
            bind_current_thread(binder, &sets[copy.rank as usize]).map_err(|e| e.to_string())?;
        }
        let child = command.spawn();
        if let Places::Bound { binder, home, .. } = &self.places {
            bind_current_thread(binder, home).map_err(|e| e.to_string())?;
        }
        let child =
            child.map_err(|error| Trouble::of("cannot start a copy of the program", &error))?;
        Ok(Pid::from_raw(child.id() as i32))
    }
}

/// Tells of each copy whose byte comes through the pipe.
fn tell_arrivals(mut pipe: PipeReader, tell: Sender<News>) -> io::Result<()> {
    thread::Builder::new().spawn(move || {
        while pipe.read_exact(&mut [0]).is_ok() {
            // Nobody counts the copies of a launch that failed.
            let _ = tell.send(News::Ready);
        }
    })?;
    Ok(())
}

impl Copies {
    /// What the copies used until now, to be taken off: they are not the program yet.
    pub(super) fn used(&self) -> (Usage, SchedStat) {
        let mut sum = SchedStat::default();
        let mut switches = Some((0, 0));
        for pid in self.pids.iter().map(|pid| pid.as_raw()) {
            let thread = SchedStat::of(pid, pid).unwrap_or_default();
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

    /// What the copy `rank` said last, once nobody can say more.
    pub(super) fn output(&self, rank: usize) -> String {
        let read = self
            .outputs
            .get(rank)
            .and_then(|o| o.read(clock::now() + OUTPUT_GRACE));
        read.unwrap_or_default()
    }

    /// Lets all of them go at once.
    pub(super) fn release(&mut self) {
        drop(self.line.take());
    }

    #[cfg(test)]
    pub(super) fn scripted(copies: &[(i32, &'static str)]) -> Self {
        let output = |(_, said): &(i32, &'static str)| OutputTail::of(Some(said.as_bytes()));
        Self {
            pids: copies.iter().map(|(pid, _)| Pid::from_raw(*pid)).collect(),
            outputs: copies.iter().map(|copy| output(copy).unwrap()).collect(),
            line: None,
        }
    }

    /// Ends copies for which nobody waits yet. They were never released, so they are alone.
    pub(super) fn abandon(self) {
        for pid in &self.pids {
            // A process that was not waited for keeps its number.
            let _ = kill(*pid, Signal::SIGKILL);
            let _ = waitpid(*pid, None);
        }
    }
}

/// Page faults of a process: minor, major; the tenth and the twelfth field.
// Source: proc(5), /proc/pid/stat.
fn faults_of(pid: i32) -> Option<(u64, u64)> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat_fields(&stat, 10)?;
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

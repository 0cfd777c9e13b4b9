//! What does one execution of the program give?

use std::time::Duration;

use crossbeam::channel::unbounded;
use nix::sys::wait::WaitStatus;

use super::copies::{Launch, Places};
use super::metric::{last_line, number_in};
use super::running::{RunEnd, RunningCopies};
use super::starting_line::Starter;
use super::trouble::Trouble;
use crate::clock;
use crate::counter::{HardwareEvents, Usage, interference};
use crate::experiment::{Cell, CommandSpec};
use crate::machine::{Binder, CounterFiles, CpuBudget, CpuSet, Placement, Topology};
use crate::process::ending::adopt_orphans;
use crate::process::reaper::reap_all;
use crate::process::standstill::Standstill;
use crate::process::wait::Stop;
use crate::record::{Answer, Sample};
use crate::runner::VisitRequest;
use crate::units::counted;

/// All that executions of one visit have in common.
pub(super) struct Execution<'a> {
    launch: Launch<'a>,
    files: CounterFiles,
    limit: Duration,
    stop: &'a Stop,
}

impl<'a> Execution<'a> {
    /// Executions of the program of `spec` as the cell of `ask` says.
    pub(super) fn of(
        spec: &'a CommandSpec,
        starter: Starter<'a>,
        ask: &VisitRequest,
        stop: &'a Stop,
    ) -> Result<Self, String> {
        let cell = &ask.visit.cell;
        let copies = spec.copies(cell);
        let launch = Launch {
            spec,
            starter,
            places: places(cell, copies.len())?,
            copies,
        };
        Ok(Self {
            launch,
            files: CounterFiles::find(),
            limit: ask.protocol.limit(),
            stop,
        })
    }

    /// Runs all copies once.
    pub(super) fn run(&self) -> Result<Answer, Trouble> {
        // Only now, so that what a set-up command leaves running is not taken for the program's.
        adopt_orphans(true);
        let answer = self.attempt();
        adopt_orphans(false);
        answer
    }

    fn attempt(&self) -> Result<Answer, Trouble> {
        let mut events = HardwareEvents::open();
        let mut running = self.line_up()?;
        let (used_before, counted_before) = running.copies.used();
        let around_before = interference(&self.files);
        let children_before = Usage::of_children();
        let hardware_before = events.read();
        let mut still = Standstill::watch();
        let start = clock::now();

        running.copies.release();

        let ending = running.watch(start + self.limit, self.stop, &mut still);
        let around = interference(&self.files).since(around_before);
        let stood = still.told(around.throttled);
        let stood = stood.or_else(|| running.samples.stood_still().map(str::to_owned));
        let left_behind = running.clear(&ending)?;
        let hardware = events.read().since(hardware_before);
        let used = Usage::of_children().since(children_before);
        let used = used.since(used_before);
        let totals = running
            .samples
            .totals(counted_before, used.cpu.unwrap_or_default());
        let sample = Sample {
            run_queue_wait: totals.map(|totals| totals.wait),
            busiest_thread: totals.map(|totals| totals.busiest),
            interference: around,
            hardware,
            ..running.sample(start, used)
        };
        let answer = match ending {
            RunEnd::Stopped => return Err(Trouble::Stopped),
            // A program that ended before anybody noticed that the limit had passed is censored too.
            RunEnd::Exited if sample.wall <= self.limit => {
                self.judge(sample, &running, &left_behind)?
            }
            RunEnd::Overrun | RunEnd::Exited => Answer::Censored(Sample {
                wall: sample.wall.max(self.limit),
                tasks_done: Some(0),
                ..sample
            }),
        };
        Ok(match stood {
            Some(how) => answer.interrupted(how),
            None => answer,
        })
    }

    /// Copies at the starting line; nothing of them is left where one does not get there.
    fn line_up(&self) -> Result<RunningCopies, Trouble> {
        let (tell, news) = unbounded();
        let copies = self.launch.start(tell.clone())?;
        if let Err(error) = reap_all(tell) {
            copies.abandon();
            return Err(Trouble::of("cannot watch the program", &error));
        }
        let mut running = RunningCopies::new(copies, news);
        match running.wait_until_ready(self.stop) {
            Ok(None) => Ok(running),
            Ok(Some(rank)) => Err(self.early_end(rank, running).into()),
            Err(trouble) => {
                running.end_all()?;
                Err(trouble)
            }
        }
    }

    /// Why the copy `rank` did not come to the line.
    fn early_end(&self, rank: usize, mut running: RunningCopies) -> String {
        let ended = running.ended.get(&running.copies.pids[rank]);
        let how = self.wrong_end(ended);
        let how = how.unwrap_or_else(|| "ended".to_owned());
        let said = last_line(&running.copies.output(rank));
        let said = said.map_or_else(String::new, |line| format!(": {line}"));
        let reason = format!("{}{how} before its start{said}", self.name(rank));
        running.end_all().err().unwrap_or(reason)
    }

    /// What an execution gave that ended in time.
    fn judge(
        &self,
        sample: Sample,
        running: &RunningCopies,
        left: &[String],
    ) -> Result<Answer, String> {
        let ranks = 0..running.copies.pids.len();
        let outputs: Vec<String> = ranks.map(|rank| running.copies.output(rank)).collect();
        for (rank, (pid, output)) in running.copies.pids.iter().zip(&outputs).enumerate() {
            let status = running.ended.get(pid);
            if let Some(reason) = self.wrong_end(status) {
                let said = last_line(output).map_or_else(String::new, |line| format!(": {line}"));
                return Err(format!("{}{reason}{said}", self.name(rank)));
            }
        }
        if let Some(first) = left.first() {
            let left = counted(left.len() as u64, "process");
            return Err(format!("left {left} behind, ended by oversub: {first}"));
        }
        let Some(metric) = &self.launch.spec.metric else {
            return Ok(Answer::Ok(sample));
        };
        let numbers = outputs.iter().enumerate().map(|(rank, output)| {
            number_in(output, metric).map_err(|reason| format!("{}{reason}", self.name(rank)))
        });
        let numbers: Vec<f64> = numbers.collect::<Result<_, _>>()?;
        Ok(Answer::Ok(Sample {
            metric: metric.combined(&numbers),
            ..sample
        }))
    }

    fn wrong_end(&self, status: Option<&WaitStatus>) -> Option<String> {
        let wanted = self.launch.spec.exit_code;
        match status {
            Some(WaitStatus::Exited(_, code)) if *code == wanted => None,
            Some(WaitStatus::Exited(_, code)) => Some(format!("ended with exit code {code}")),
            Some(WaitStatus::Signaled(_, signal, _)) => Some(format!("was ended by {signal}")),
            _ => Some("was lost".to_owned()),
        }
    }

    /// What a reason calls the copy `rank`, where there are several.
    fn name(&self, rank: usize) -> String {
        match self.launch.copies.len() {
            1 => String::new(),
            _ => format!("copy {rank}: "),
        }
    }
}

/// The set of each copy: all places of its threads, or of all threads where there is one copy.
fn places(cell: &Cell, copies: usize) -> Result<Places, String> {
    if cell.placement == Placement::Unbound {
        return Ok(Places::Unbound);
    }
    let topology = Topology::discover().map_err(|e| e.to_string())?;
    let home = CpuBudget::discover().allowed;
    let binder = Binder::new().map_err(|e| e.to_string())?;
    let widths = vec![cell.inner; cell.outer.get() as usize];
    let union = |sets: &[CpuSet]| sets.iter().flat_map(CpuSet::iter).collect::<CpuSet>();
    let teams = cell.placement.map(&topology, &home, &widths);
    let teams: Vec<CpuSet> = teams.iter().map(|team| union(team)).collect();
    let sets = match copies {
        1 => vec![union(&teams)],
        _ => teams,
    };
    Ok(Places::Bound { binder, sets, home })
}

#[cfg(test)]
mod tests;

//! What does one execution of the program give?

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, RecvTimeoutError};
use crossbeam::select;
use nix::sys::wait::WaitStatus;
use nix::unistd::Pid;

use super::copies::{Copies, Launch, Places};
use super::output::{last_line, number_in};
use super::reaper::{Exit, is_stop, reap};
use super::tree::{self, Sightings};
use crate::experiment::{Cell, CommandSpec};
use crate::host::clock;
use crate::host::probe::{HardwareEvents, Usage, surroundings};
use crate::host::standstill::Standstill;
use crate::machine::{Accounts, Binder, CpuBudget, CpuSet, Placement, Topology};
use crate::record::{Answer, Sample};
use crate::runner::Ask;
use crate::units::counted;

/// Time for helpers of a program that has exited, such as a tracker that waits for its pipe to
/// close, to follow it.
const SETTLE: Duration = Duration::from_millis(500);

/// Time for killed processes to go; one in an uninterruptible wait may take longer.
const KILL_LIMIT: Duration = Duration::from_secs(10);

/// From the release to the first look at the tree.
const FIRST_LOOK: Duration = Duration::from_millis(5);

/// Shortest time between two looks.
const LOOK_PERIOD: Duration = Duration::from_millis(20);

/// Time between two looks, in times of what a look takes: looking costs at most 1 % of one CPU.
const LOOK_PAUSE: u32 = 100;

/// All that executions of one visit have in common.
pub(super) struct Execution<'a> {
    launch: Launch<'a>,
    accounts: Accounts,
    limit: Duration,
    stop: &'a Receiver<()>,
}

impl<'a> Execution<'a> {
    /// Executions of the program of `spec` as the cell of `ask` says.
    pub(super) fn of(
        spec: &'a CommandSpec,
        start: &'a Path,
        ask: &Ask,
        stop: &'a Receiver<()>,
    ) -> Result<Self, String> {
        let cell = &ask.visit.cell;
        let copies = spec.copies(cell);
        let launch = Launch {
            spec,
            start,
            places: places(cell, copies.len())?,
            copies,
        };
        Ok(Self {
            launch,
            accounts: Accounts::find(),
            limit: ask.protocol.limit(),
            stop,
        })
    }

    /// Runs all copies once.
    pub(super) fn run(&self) -> Answer {
        // Only now, so that what a set-up command leaves running is not taken for the program's.
        tree::adopt_orphans(true);
        let answer = self.attempt();
        tree::adopt_orphans(false);
        answer.unwrap_or_else(Answer::Failed)
    }

    fn attempt(&self) -> Result<Answer, String> {
        let mut events = HardwareEvents::open();
        let mut copies = self.launch.line_up()?;
        let (used_before, counted_before) = copies.used();
        let around_before = surroundings(&self.accounts);
        let children_before = Usage::of_children();
        let hardware_before = events.read();
        let exits = reap().map_err(|error| format!("cannot watch the program: {error}"))?;
        let mut still = Standstill::watch();
        let start = clock::now();

        copies.release();

        let mut race = Race::new(copies, exits, start);
        let ending = race.watch(start + self.limit, self.stop, &mut still);
        let around = surroundings(&self.accounts);
        let around = around.since(around_before);
        let stood = still.told(around.throttled);
        let stood = stood.or_else(|| race.seen.stood_still().map(str::to_owned));
        let left_behind = race.clear(&ending)?;
        let hardware = events.read().since(hardware_before);
        let used = Usage::of_children().since(children_before);
        let used = used.since(used_before);
        let told = race.seen.told(counted_before, used.cpu.unwrap_or_default());
        let sample = Sample {
            run_queue_wait: told.map(|told| told.wait),
            busiest_thread: told.map(|told| told.busiest),
            surroundings: around,
            hardware,
            ..race.sample(start, used)
        };
        let answer = match ending {
            Ending::Stopped => return Err("stopped".to_owned()),
            // A program that ended before anybody noticed that the limit had passed is censored too.
            Ending::Exited if sample.wall <= self.limit => {
                self.judge(sample, &race, &left_behind)?
            }
            Ending::Overrun | Ending::Exited => Answer::Censored(Sample {
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

    /// What an execution gave that ended in time.
    fn judge(&self, sample: Sample, race: &Race, left: &[String]) -> Result<Answer, String> {
        let outputs: Vec<String> = race.copies.outputs.iter().map(|o| o.last_part()).collect();
        for (rank, (pid, output)) in race.copies.pids.iter().zip(&outputs).enumerate() {
            let status = race.ended.get(pid);
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

/// How an execution ended.
enum Ending {
    /// Every copy exited.
    Exited,
    /// The limit passed first.
    Overrun,
    /// Somebody wants it to stop.
    Stopped,
}

/// Copies that run.
struct Race {
    copies: Copies,
    exits: Receiver<Exit>,
    /// How the copies that have exited ended.
    ended: BTreeMap<Pid, WaitStatus>,
    last_exit: Instant,
    seen: Sightings,
    next_look: Instant,
}

impl Race {
    fn new(copies: Copies, exits: Receiver<Exit>, start: Instant) -> Self {
        Self {
            copies,
            exits,
            ended: BTreeMap::new(),
            last_exit: start,
            seen: Sightings::default(),
            next_look: start + FIRST_LOOK,
        }
    }

    /// Waits for the last copy, the deadline or a sign to stop, looking at the tree now and then.
    fn watch(&mut self, deadline: Instant, stop: &Receiver<()>, still: &mut Standstill) -> Ending {
        while self.ended.len() < self.copies.pids.len() {
            let now = clock::now();
            if now >= deadline {
                return Ending::Overrun;
            }
            if now >= still.due() {
                still.beat();
            }
            let due = self.next_look.min(deadline).min(still.due());
            select! {
                recv(self.exits) -> exit => match exit {
                    Ok(exit) => self.note(exit),
                    Err(_) => return Ending::Exited,
                },
                recv(stop) -> _ => return Ending::Stopped,
                default(due.saturating_duration_since(now)) => self.look(),
            }
        }
        Ending::Exited
    }

    fn note(&mut self, exit: Exit) {
        let pid = exit.pid.as_raw();
        self.seen.saw(pid, pid, exit.counted);
        if is_stop(&exit.status) {
            return self.seen.saw_stop(pid);
        }
        if self.copies.pids.contains(&exit.pid) {
            self.last_exit = exit.at;
            self.ended.insert(exit.pid, exit.status);
        }
    }

    fn look(&mut self) {
        let before = clock::now();
        if before < self.next_look {
            return;
        }
        self.seen.look();
        let now = clock::now();
        self.next_look = now + LOOK_PERIOD.max(LOOK_PAUSE * (now - before));
    }

    /// Ends what is left of the tree and returns the names of what should not have been left.
    fn clear(&mut self, ending: &Ending) -> Result<Vec<String>, String> {
        let mut left = Vec::new();
        if matches!(ending, Ending::Exited) {
            if self.gone_within(SETTLE) {
                return Ok(left);
            }
            left.extend(tree::descendants().into_keys().filter_map(tree::name_of));
        }
        let deadline = clock::now() + KILL_LIMIT;
        while clock::now() < deadline {
            self.copies.kill_groups();
            tree::kill_descendants();
            // Whoever was forked while the others were killed is found in the next turn.
            if self.gone_within(Duration::from_millis(5)) {
                return Ok(left);
            }
        }
        Err("some processes of the program cannot be ended".to_owned())
    }

    /// Whether every process of the tree has exited, or does so within `patience`.
    fn gone_within(&mut self, patience: Duration) -> bool {
        let deadline = clock::now() + patience;
        loop {
            match self.exits.recv_deadline(deadline) {
                Ok(exit) => self.note(exit),
                Err(RecvTimeoutError::Disconnected) => return true,
                Err(RecvTimeoutError::Timeout) => return false,
            }
        }
    }

    fn sample(&self, start: Instant, used: Usage) -> Sample {
        Sample {
            wall: self.last_exit - start,
            tasks_done: Some(1),
            threads: self.seen.peak(),
            ..used.sample()
        }
    }
}

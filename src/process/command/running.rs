//! How do copies of a program come to the starting line, run and end?

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, RecvTimeoutError, never};
use crossbeam::select;
use nix::sys::wait::WaitStatus;
use nix::unistd::Pid;

use super::copies::Copies;
use super::trouble::Trouble;
use crate::clock;
use crate::process::ending::end_descendants;
use crate::counter::Usage;
use crate::process::reaper::{Exit, is_stop};
use crate::process::standstill::Standstill;
use crate::process::tree::{self, Sightings};
use crate::record::Sample;
use crate::units::counted;

/// Time for helpers of a program that has exited, such as a tracker that waits for its pipe to
/// close, to follow it.
const SETTLE: Duration = Duration::from_millis(500);

/// Time for copies to come to the starting line. Each is this program, which is there in
/// milliseconds unless the machine is short of memory.
const LINE_UP_LIMIT: Duration = Duration::from_secs(60);

/// From the release to the first look at the tree.
const FIRST_LOOK: Duration = Duration::from_millis(5);

/// Shortest time between two looks.
const LOOK_PERIOD: Duration = Duration::from_millis(20);

/// Time between two looks, in times of what a look takes: looking costs at most 1 % of one CPU.
const LOOK_PAUSE: u32 = 100;

/// How an execution ended.
pub(super) enum Ending {
    /// Every copy exited.
    Exited,
    /// The limit passed first.
    Overrun,
    /// Somebody wants it to stop.
    Stopped,
}

/// Copies from the starting line to their end.
pub(super) struct RunningCopies {
    pub(super) copies: Copies,
    exits: Receiver<Exit>,
    /// How the copies that have exited ended.
    pub(super) ended: BTreeMap<Pid, WaitStatus>,
    last_exit: Option<Instant>,
    pub(super) seen: Sightings,
}

impl RunningCopies {
    pub(super) fn new(copies: Copies, exits: Receiver<Exit>) -> Self {
        Self {
            copies,
            exits,
            ended: BTreeMap::new(),
            last_exit: None,
            seen: Sightings::default(),
        }
    }

    /// Waits until every copy is at the line; or says which has ended instead.
    pub(super) fn wait_until_ready(
        &mut self,
        stop: &Receiver<()>,
    ) -> Result<Option<usize>, Trouble> {
        let deadline = clock::now() + LINE_UP_LIMIT;
        let mut arrivals = self.copies.ready.clone();
        let mut ready = 0;
        while ready < self.copies.pids.len() {
            select! {
                recv(arrivals) -> arrival => match arrival {
                    Ok(()) => ready += 1,
                    // All have closed it; the first exit says why.
                    Err(_) => arrivals = never(),
                },
                recv(self.exits) -> exit => {
                    let exit = exit.map_err(|_| "all copies were lost".to_owned())?;
                    let rank = self.copies.pids.iter().position(|copy| *copy == exit.pid);
                    let ended = !is_stop(&exit.status);
                    self.note(exit);
                    if ended && rank.is_some() {
                        return Ok(rank);
                    }
                }
                recv(stop) -> _ => return Err(Trouble::Stopped),
                default(deadline.saturating_duration_since(clock::now())) => {
                    let late = self.copies.pids.len() - ready;
                    let late = counted(late as u64, "copy");
                    return Err(format!("{late} not ready to start after {LINE_UP_LIMIT:?}").into());
                }
            }
        }
        Ok(None)
    }

    /// Waits for the last copy, the deadline or a sign to stop, looking at the tree now and then.
    pub(super) fn watch(
        &mut self,
        deadline: Instant,
        stop: &Receiver<()>,
        still: &mut Standstill,
    ) -> Ending {
        let mut next_look = clock::now() + FIRST_LOOK;
        while self.ended.len() < self.copies.pids.len() {
            let now = clock::now();
            if now >= deadline {
                return Ending::Overrun;
            }
            if now >= still.due() {
                still.beat();
            }
            let due = next_look.min(deadline).min(still.due());
            select! {
                recv(self.exits) -> exit => match exit {
                    Ok(exit) => self.note(exit),
                    Err(_) => return Ending::Exited,
                },
                recv(stop) -> _ => return Ending::Stopped,
                default(due.saturating_duration_since(now)) => next_look = self.look(next_look),
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
            self.last_exit = Some(exit.at);
            self.ended.insert(exit.pid, exit.status);
        }
    }

    /// Looks at the tree if that is due at `planned`; when to look next.
    fn look(&mut self, planned: Instant) -> Instant {
        let before = clock::now();
        if before < planned {
            return planned;
        }
        self.seen.look();
        let now = clock::now();
        now + LOOK_PERIOD.max(LOOK_PAUSE * (now - before))
    }

    /// Ends what is left of the tree and returns the names of what should not have been left.
    pub(super) fn clear(&mut self, ending: &Ending) -> Result<Vec<String>, String> {
        let mut left = Vec::new();
        if matches!(ending, Ending::Exited) {
            if self.gone_within(SETTLE) {
                return Ok(left);
            }
            left.extend(tree::descendants().into_keys().filter_map(tree::name_of));
        }
        self.end_all().map(|()| left)
    }

    /// Ends all of the tree.
    pub(super) fn end_all(&mut self) -> Result<(), String> {
        let exits = self.exits.clone();
        match end_descendants(&exits, |exit| self.note(exit)) {
            true => Ok(()),
            false => Err("some processes of the program cannot be ended".to_owned()),
        }
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

    pub(super) fn sample(&self, start: Instant, used: Usage) -> Sample {
        Sample {
            wall: self.last_exit.map_or(Duration::ZERO, |exit| exit - start),
            tasks_done: Some(1),
            threads: self.seen.peak(),
            peak_rss: self.seen.peak_rss(),
            ..used.sample()
        }
    }
}

#[cfg(test)]
mod tests {
    use crossbeam::channel::{Sender, bounded, unbounded};
    use nix::sys::signal::Signal;

    use super::*;

    /// Copies 7 and 8, who tells that one is ready or has exited, and how the wait ends.
    fn wait(script: impl FnOnce(&Sender<()>, &Sender<Exit>)) -> Result<Option<usize>, Trouble> {
        let (arrive, ready) = unbounded();
        let (leave, exits) = unbounded();
        let (_running, stop) = bounded(0);
        script(&arrive, &leave);
        RunningCopies::new(Copies::scripted(&[7, 8], ready), exits).wait_until_ready(&stop)
    }

    fn killed(pid: i32) -> Exit {
        let pid = Pid::from_raw(pid);
        Exit {
            pid,
            status: WaitStatus::Signaled(pid, Signal::SIGKILL, false),
            at: clock::now(),
            counted: None,
        }
    }

    #[test]
    fn copies_start_when_all_are_ready() {
        let all = wait(|arrive, _| {
            arrive.send(()).unwrap();
            arrive.send(()).unwrap();
        });
        assert!(matches!(all, Ok(None)), "{all:?}");
    }

    #[test]
    fn a_copy_that_dies_before_the_start_is_not_waited_for() {
        let died = wait(|arrive, leave| {
            arrive.send(()).unwrap();
            leave.send(killed(8)).unwrap();
        });
        assert!(matches!(died, Ok(Some(1))), "{died:?}");
    }

    #[test]
    fn a_wait_for_copies_can_be_stopped() {
        let (_arrive, ready) = unbounded();
        let (_leave, exits) = unbounded();
        let (running, stop) = bounded(0);
        drop(running);
        let copies = Copies::scripted(&[7], ready);
        let stopped = RunningCopies::new(copies, exits).wait_until_ready(&stop);
        assert!(matches!(stopped, Err(Trouble::Stopped)), "{stopped:?}");
    }
}

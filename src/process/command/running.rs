//! How do copies of a program come to the starting line, run and end?

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crossbeam::channel::Receiver;
use nix::sys::wait::WaitStatus;
use nix::unistd::Pid;

use super::copies::{Copies, News};
use super::trouble::Trouble;
use crate::clock;
use crate::counter::Usage;
use crate::process::ending::end_descendants;
use crate::process::reaper::is_stop;
use crate::process::standstill::Standstill;
use crate::process::tree::{self, TreeSamples};
use crate::process::wait::{NoNews, Stop, next};
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RunEnd {
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
    news: Receiver<News>,
    /// Copies that are at the line.
    ready: usize,
    /// How the copies that have exited ended.
    pub(super) ended: BTreeMap<Pid, WaitStatus>,
    last_exit: Option<Instant>,
    pub(super) samples: TreeSamples,
}

impl RunningCopies {
    pub(super) fn new(copies: Copies, news: Receiver<News>) -> Self {
        Self {
            copies,
            news,
            ready: 0,
            ended: BTreeMap::new(),
            last_exit: None,
            samples: TreeSamples::default(),
        }
    }

    /// Waits until every copy is at the line; or says which has ended instead.
    pub(super) fn wait_until_ready(&mut self, stop: &Stop) -> Result<Option<usize>, Trouble> {
        let deadline = clock::now() + LINE_UP_LIMIT;
        let all = self.copies.pids.len();
        while self.ready < all {
            match next(&self.news, stop, deadline) {
                Ok(news) => self.note(news),
                Err(NoNews::Closed) => return Err("all copies were lost".to_owned().into()),
                Err(NoNews::Stopped) => return Err(Trouble::Stopped),
                Err(NoNews::Late) => {
                    let late = counted((all - self.ready) as u64, "copy");
                    return Err(format!("{late} not ready to start after {LINE_UP_LIMIT:?}").into());
                }
            }
            let mut pids = self.copies.pids.iter();
            if let Some(rank) = pids.position(|pid| self.ended.contains_key(pid)) {
                return Ok(Some(rank));
            }
        }
        Ok(None)
    }

    /// Waits for the last copy, the deadline or a request to stop, looking at the tree now and then.
    pub(super) fn watch(
        &mut self,
        deadline: Instant,
        stop: &Stop,
        still: &mut Standstill,
    ) -> RunEnd {
        let mut next_look = clock::now() + FIRST_LOOK;
        while self.ended.len() < self.copies.pids.len() {
            let now = clock::now();
            if now >= deadline {
                return RunEnd::Overrun;
            }
            if now >= still.due() {
                still.beat();
            }
            match next(&self.news, stop, next_look.min(deadline).min(still.due())) {
                Ok(news) => self.note(news),
                Err(NoNews::Closed) => return RunEnd::Exited,
                Err(NoNews::Stopped) => return RunEnd::Stopped,
                Err(NoNews::Late) => next_look = self.look(next_look),
            }
        }
        RunEnd::Exited
    }

    fn note(&mut self, news: News) {
        let exit = match news {
            News::Ready => {
                self.ready += 1;
                return;
            }
            News::Exit(exit) => exit,
        };
        let pid = exit.pid.as_raw();
        self.samples.saw(pid, pid, exit.counted);
        if is_stop(&exit.status) {
            return self.samples.saw_stop(pid);
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
        self.samples.look();
        let now = clock::now();
        now + LOOK_PERIOD.max(LOOK_PAUSE * (now - before))
    }

    /// Ends what is left of the tree and returns the names of what should not have been left.
    pub(super) fn clear(&mut self, ending: &RunEnd) -> Result<Vec<String>, String> {
        let mut left = Vec::new();
        if matches!(ending, RunEnd::Exited) {
            if self.gone_within(SETTLE) {
                return Ok(left);
            }
            left.extend(tree::descendants().into_keys().filter_map(tree::name_of));
        }
        self.end_all().map(|()| left)
    }

    /// Ends all of the tree.
    pub(super) fn end_all(&mut self) -> Result<(), String> {
        let news = self.news.clone();
        match end_descendants(&news, |news| self.note(news)) {
            true => Ok(()),
            false => Err("some processes of the program cannot be ended".to_owned()),
        }
    }

    /// Whether every process of the tree has exited, or does so within `patience`.
    fn gone_within(&mut self, patience: Duration) -> bool {
        let deadline = clock::now() + patience;
        loop {
            match next(&self.news, &Stop::default(), deadline) {
                Ok(news) => self.note(news),
                Err(end) => return end == NoNews::Closed,
            }
        }
    }

    pub(super) fn sample(&self, start: Instant, used: Usage) -> Sample {
        Sample {
            wall: self.last_exit.map_or(Duration::ZERO, |exit| exit - start),
            tasks_done: Some(1),
            threads: self.samples.peak(),
            peak_rss: self.samples.peak_rss(),
            ..used.sample()
        }
    }
}

#[cfg(test)]
mod tests;

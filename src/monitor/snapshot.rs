//! What does the kernel say of every thread of a tree of processes at one moment?
//
// --- Implementation ---
// Source: proc(5), /proc/pid/stat and /proc/pid/task/tid/status; Linux, kernel/sched/cputime.c: the
// times of a process hold those of its threads that have ended, and of children it has waited for.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::Watched;
use crate::clock;
use crate::counter::{SchedStat, Usage, ticks};
use crate::machine::System;
use crate::machine::kernel_text::{number, stat_fields};
use crate::process::{descendants, tree_of};

/// A process and one of its threads.
pub(super) type ThreadId = (i32, i32);

/// A tree of processes at one moment.
pub(super) struct Snapshot {
    pub(super) at: Instant,
    pub(super) threads: BTreeMap<ThreadId, Thread>,
    /// CPU time of the whole tree, also of threads and processes that have ended.
    pub(super) cpu: Duration,
}

/// A thread at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Thread {
    pub(super) counted: SchedStat,
    /// Whether it ran or was ready to run.
    pub(super) runnable: bool,
    /// The PUs it may run on, as the kernel lists them.
    pub(super) mask: String,
}

impl Snapshot {
    pub(super) fn now(watched: Watched) -> Self {
        let (tree, reaped) = match watched {
            Watched::Descendants => (descendants(), Usage::of_children().cpu),
            Watched::Process(pid) => (tree_of(vec![pid]), None),
        };
        let cpu = tree.keys().filter_map(|pid| cpu_of(*pid)).sum::<Duration>();
        let ids = tree
            .into_iter()
            .flat_map(|(pid, tids)| tids.into_iter().map(move |tid| (pid, tid)));
        Self {
            threads: ids.filter_map(|id| Some((id, thread(id)?))).collect(),
            cpu: cpu + reaped.unwrap_or_default(),
            at: clock::now(),
        }
    }

    pub(super) fn processes(&self) -> impl Iterator<Item = i32> {
        let mut pids: Vec<i32> = self.threads.keys().map(|(pid, _)| *pid).collect();
        pids.dedup();
        pids.into_iter()
    }
}

/// A thread, unless it has exited: a process that nobody has waited for runs no more.
fn thread((pid, tid): ThreadId) -> Option<Thread> {
    let status = read(format!("/proc/{pid}/task/{tid}/status"))?;
    let counted = SchedStat::of(pid, tid)?;
    let (state, mask) = state_and_mask(&status)?;
    (!matches!(state, 'Z' | 'X')).then(|| Thread {
        counted,
        runnable: state == 'R',
        mask: mask.to_owned(),
    })
}

/// The letter of the state and the list of allowed PUs in a `status` file.
fn state_and_mask(status: &str) -> Option<(char, &str)> {
    let field = |key: &str| {
        let mut lines = status.lines();
        lines.find_map(|line| line.strip_prefix(key)).map(str::trim)
    };
    let state = field("State:")?.chars().next()?;
    Some((state, field("Cpus_allowed_list:")?))
}

fn cpu_of(pid: i32) -> Option<Duration> {
    let stat = System::here().bytes(format!("/proc/{pid}/stat")).ok()?;
    ticks(ticks_of(&stat)?)
}

/// User and system time of a process and of the children it has waited for, the 14th to 17th field of
/// its `stat` file [ticks].
fn ticks_of(stat: &[u8]) -> Option<u64> {
    let times: Option<Vec<u64>> = stat_fields(stat, 14)?.take(4).map(number).collect();
    times
        .filter(|times| times.len() == 4)
        .map(|times| times.iter().sum())
}

/// What the kernel wrote there; a thread's name in it may be no text.
pub(super) fn read(path: String) -> Option<String> {
    let bytes = System::here().bytes(path).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 5 + 6 of its own and 7 + 8 of its children, behind a name that looks like fields.
    #[test]
    fn the_time_of_a_process_holds_that_of_its_children() {
        let stat = b"17 (a) 9 9 (b)) S 1 17 17 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 99";
        assert_eq!(ticks_of(stat), Some(26));
        assert_eq!(ticks_of(b"17 (a) S 1 17 17 0 -1 4194304 1 2 3 4 5 6"), None);
    }

    #[test]
    fn a_process_may_have_used_more_ticks_than_32_bits_count() {
        let stat = b"17 (a) S 1 17 17 0 -1 4194304 1 2 3 4 5000000000 0 0 0 20";
        let used = ticks_of(stat).and_then(ticks);
        assert_eq!(used, Some(Duration::from_secs(50_000_000)));
    }

    #[test]
    fn a_thread_is_runnable_where_its_state_says_so() {
        let status = "Name:\tState:\u{fffd}\nState:\tR (running)\nCpus_allowed:\t3\nCpus_allowed_list:\t0-1\n";
        assert_eq!(state_and_mask(status), Some(('R', "0-1")));
        assert_eq!(state_and_mask("Name:\tx\nState:\tR (running)\n"), None);
    }
}

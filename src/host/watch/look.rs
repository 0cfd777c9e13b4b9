//! What does the kernel say of every thread of a tree of processes at one moment?
//
// --- Implementation ---
// Source: proc(5), /proc/pid/stat and /proc/pid/task/tid/status; Linux, kernel/sched/cputime.c: the
// times of a process hold those of its threads that have ended, and of children it has waited for.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::Watched;
use crate::host::clock;
use crate::host::probe::{Counted, Usage, ticks};
use crate::host::tree;
use crate::machine::System;

/// A process and one of its threads.
pub(super) type ThreadId = (i32, i32);

/// A tree of processes at one moment.
pub(super) struct Look {
    pub(super) at: Instant,
    pub(super) threads: BTreeMap<ThreadId, Thread>,
    /// CPU time of the whole tree, also of threads and processes that have ended.
    pub(super) cpu: Duration,
}

/// A thread at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Thread {
    pub(super) counted: Counted,
    /// Whether it ran or was ready to run.
    pub(super) runnable: bool,
    /// The PUs it may run on, as the kernel lists them.
    pub(super) mask: String,
}

impl Look {
    pub(super) fn now(watched: Watched) -> Self {
        let (tree, reaped) = match watched {
            Watched::Descendants => (tree::descendants(), Usage::of_children().cpu),
            Watched::Process(pid) => (tree::tree_of(vec![pid]), None),
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
    let counted = tree::counted(pid, tid)?;
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
    ticks(ticks_of(&read(format!("/proc/{pid}/stat"))?)?)
}

/// User and system time of a process and of the children it has waited for [ticks].
///
/// The name, which is the second field, may hold anything; the times are the 14th to 17th.
fn ticks_of(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let times = fields.split_ascii_whitespace().skip(11).take(4);
    let times: Vec<u64> = times.map(str::parse).collect::<Result<_, _>>().ok()?;
    (times.len() == 4).then(|| times.iter().sum())
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
        let stat = "17 (a) 9 9 (b)) S 1 17 17 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 99";
        assert_eq!(ticks_of(stat), Some(26));
        assert_eq!(ticks_of("17 (a) S 1 17 17 0 -1 4194304 1 2 3 4 5 6"), None);
    }

    #[test]
    fn a_process_may_have_used_more_ticks_than_32_bits_count() {
        let stat = "17 (a) S 1 17 17 0 -1 4194304 1 2 3 4 5000000000 0 0 0 20";
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

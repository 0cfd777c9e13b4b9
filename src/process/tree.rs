//! Which processes and threads is the program made of?
//!
//! Read from `/proc`: the children of every thread of every process, from this one down. Where
//! there is no `/proc` the tree is not seen.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use crate::counter::{PeakResident, Resident, SchedStat};
use crate::machine::kernel_text::{number, stat_fields, words};
use crate::machine::{System, is_frozen};

/// The threads of every process below this one, by process.
pub(crate) fn descendants() -> BTreeMap<i32, Vec<i32>> {
    tree_of(children_of(std::process::id() as i32).collect())
}

/// Every process below this one, children before their parents.
pub(super) fn children_first() -> Vec<i32> {
    let mut open: Vec<i32> = children_of(std::process::id() as i32).collect();
    let mut found = Vec::new();
    while let Some(pid) = open.pop() {
        if !found.contains(&pid) {
            open.extend(children_of(pid));
            found.push(pid);
        }
    }
    found.reverse();
    found
}

/// The threads of these processes and of every process below them, by process.
pub(crate) fn tree_of(mut open: Vec<i32>) -> BTreeMap<i32, Vec<i32>> {
    let mut found = BTreeMap::new();
    while let Some(pid) = open.pop() {
        if found.contains_key(&pid) {
            continue;
        }
        open.extend(children_of(pid));
        found.insert(pid, threads_of(pid));
    }
    found
}

fn threads_of(pid: i32) -> Vec<i32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task"));
    let id = |entry: fs::DirEntry| entry.file_name().to_str()?.parse().ok();
    tasks
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(id)
        .collect()
}

fn children_of(pid: i32) -> impl Iterator<Item = i32> {
    threads_of(pid).into_iter().flat_map(move |tid| {
        let file = PathBuf::from(format!("/proc/{pid}/task/{tid}/children"));
        let text = fs::read(file).unwrap_or_default();
        words(&text).filter_map(number).collect::<Vec<i32>>()
    })
}

/// The name of a process, as `ps` shows it.
pub(super) fn name_of(pid: i32) -> Option<String> {
    System::here().text(format!("/proc/{pid}/comm"))
}

fn named(pid: i32, what: &str) -> String {
    let name = name_of(pid).unwrap_or_else(|| "process".to_owned());
    format!("{name} ({pid}) {what}")
}

/// How process `pid` stands still now: it is stopped, or in a frozen control group that is not this
/// process's, `own`, in which it would stand still itself.
pub(super) fn stands_still(pid: i32, own: &str) -> Option<String> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    if stat_fields(&stat, 3)?.next()? == b"T" {
        return Some(named(pid, "was stopped (SIGSTOP)"));
    }
    let elsewhere = groups_of(&pid.to_string()) != own;
    (elsewhere && is_frozen(&System::of_process(pid)))
        .then(|| named(pid, "was frozen by its control group"))
}

/// The control groups of a process, as the kernel writes them.
pub(super) fn groups_of(process: &str) -> String {
    fs::read_to_string(format!("/proc/{process}/cgroup")).unwrap_or_default()
}

/// What is seen of the tree now and then while it runs.
#[derive(Default)]
pub(super) struct TreeSamples {
    threads: BTreeMap<(i32, i32), SchedStat>,
    peak: Option<u32>,
    resident: PeakResident,
    /// How the first process that stood still did.
    stood_still: Option<String>,
}

impl TreeSamples {
    /// Looks at every thread.
    pub(super) fn look(&mut self) {
        let tree = descendants();
        let count: usize = tree.values().map(Vec::len).sum();
        // None is left where the last one has just exited.
        self.peak = self
            .peak
            .max(u32::try_from(count).ok().filter(|count| *count > 0));
        let resident = tree.keys().filter_map(|pid| Resident::of(&pid.to_string()));
        self.resident.saw(resident);
        let own = groups_of("self");
        for (pid, tids) in tree {
            if self.stood_still.is_none() {
                self.stood_still = stands_still(pid, &own);
            }
            for tid in tids {
                self.saw(pid, tid, SchedStat::of(pid, tid));
            }
        }
    }

    /// Thread `tid` of process `pid` had `counted` when last seen.
    pub(super) fn saw(&mut self, pid: i32, tid: i32, counted: Option<SchedStat>) {
        if let Some(counted) = counted {
            self.threads.insert((pid, tid), counted);
        }
    }

    /// How a process of the tree was seen to stand still, as one line; `None` where none was.
    pub(super) fn stood_still(&self) -> Option<&str> {
        self.stood_still.as_deref()
    }

    /// Process `pid` was stopped, or goes on after that.
    pub(super) fn saw_stop(&mut self, pid: i32) {
        let said = || named(pid, "was stopped (SIGSTOP)");
        self.stood_still.get_or_insert_with(said);
    }

    /// Most threads seen at once; `None` if it was over before anybody looked.
    pub(super) fn peak(&self) -> Option<u32> {
        self.peak
    }

    /// Most memory resident in the processes of the tree [bytes]; `None` if it was over before anybody
    /// looked.
    pub(super) fn peak_rss(&self) -> Option<u64> {
        self.resident.most()
    }

    /// What the threads of the tree have had, beyond what `before` counts, if they were seen for nearly
    /// all of the CPU time that it used; a thread is not seen after the last look at it.
    pub(super) fn totals(&self, before: SchedStat, cpu: Duration) -> Option<TreeTotals> {
        let each = self.threads.values();
        let run: Duration = each.clone().map(|thread| thread.run).sum();
        let wait: Duration = each.clone().map(|thread| thread.wait).sum();
        let seen = run.saturating_sub(before.run);
        // Nine tenths of it.
        (10 * seen >= 9 * cpu).then(|| TreeTotals {
            wait: wait.saturating_sub(before.wait),
            busiest: each.map(|thread| thread.run).max().unwrap_or_default(),
        })
    }
}

/// What the threads of a tree have had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TreeTotals {
    /// Run-queue wait of all.
    pub(super) wait: Duration,
    /// CPU time of the thread that had most.
    pub(super) busiest: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn counted(run: u32, wait: u32) -> SchedStat {
        SchedStat {
            run: run * MS,
            wait: wait * MS,
            slices: 1,
        }
    }

    /// Two threads with 6 ms and 4 ms, of which 1 ms before the start: 9 ms seen.
    #[test]
    fn the_wait_is_told_only_if_nearly_all_work_was_seen() {
        let mut seen = TreeSamples::default();
        seen.saw(1, 1, Some(counted(6, 5)));
        seen.saw(1, 2, Some(counted(4, 3)));
        let before = counted(1, 1);
        let totals = TreeTotals {
            wait: 7 * MS,
            busiest: 6 * MS,
        };
        assert_eq!(seen.totals(before, 10 * MS), Some(totals));
        assert_eq!(seen.totals(before, 11 * MS), None);
    }
}

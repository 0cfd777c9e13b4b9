//! What did the kernel count for each thread of the nest?
//!
//! The main thread is left out. It measures: it is about to block when the workers it has woken
//! take its PU, and may stand in the run queue for all of the execution; that wait is not the
//! nest's.
//
// --- Implementation ---
// Source: proc(5), /proc/pid/stat; Linux, kernel/sched/debug.c, proc_sched_show_task, for
// /proc/pid/sched.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use crate::counter::SchedStat;
use crate::machine::kernel_text::{field, number, stat_fields};

/// Open counters of every thread of this process but its main thread, as they stood when they were
/// opened.
pub(super) struct Threads(Vec<Thread>);

struct Thread {
    name: String,
    folder: PathBuf,
    schedstat: File,
}

impl Threads {
    /// Opens the counters of all threads that exist now.
    pub(super) fn open() -> io::Result<Self> {
        let main = std::process::id().to_string();
        fs::read_dir("/proc/self/task")?
            .filter(|task| !task.as_ref().is_ok_and(|task| task.file_name() == *main))
            .map(|task| {
                let folder = task?.path();
                let name = fs::read(folder.join("comm"))?;
                Ok(Thread {
                    name: String::from_utf8_lossy(name.trim_ascii_end()).into_owned(),
                    schedstat: File::open(folder.join("schedstat"))?,
                    folder,
                })
            })
            .collect::<io::Result<Vec<_>>>()
            .map(Self)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Names of the threads, in the order of [`Threads::counted`].
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|thread| thread.name.as_str())
    }

    /// What was counted for each thread, in an order that stays; `None` if one has ended.
    pub(super) fn counted(&self) -> Option<Vec<SchedStat>> {
        let mut text = [0; 96];
        let counted = self.0.iter().map(|thread| {
            let read = thread.schedstat.read_at(&mut text, 0).ok()?;
            SchedStat::parse(&text[..read])
        });
        counted.collect()
    }

    /// Times the threads came to another PU than their last, summed.
    pub(super) fn migrations(&self) -> Option<u64> {
        let of = |thread: &Thread| migrations_of(&fs::read(thread.folder.join("sched")).ok()?);
        self.0.iter().map(of).sum()
    }

    /// PUs on which the threads last ran, each counted once.
    pub(super) fn pus_used(&self) -> Option<u32> {
        let of = |thread: &Thread| last_pu_of(&fs::read(thread.folder.join("stat")).ok()?);
        let mut pus: Vec<u32> = self.0.iter().map(of).collect::<Option<_>>()?;
        pus.sort_unstable();
        pus.dedup();
        u32::try_from(pus.len()).ok()
    }
}

/// What was counted for each thread from `before` to `after`.
pub(super) fn counted(before: &[SchedStat], after: &[SchedStat]) -> Vec<SchedStat> {
    let pairs = before.iter().zip(after);
    pairs.map(|(before, after)| after.since(*before)).collect()
}

pub(super) fn migrations_of(sched: &[u8]) -> Option<u64> {
    number(field(sched, "se.nr_migrations")?)
}

/// The 39th field.
pub(super) fn last_pu_of(stat: &[u8]) -> Option<u32> {
    number(stat_fields(stat, 39)?.next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_found_by_their_name() {
        let sched = b"se.vruntime     :    3.5\nse.nr_migrations          :      12\n";
        assert_eq!(migrations_of(sched), Some(12));
        assert_eq!(migrations_of(b"nr_switches : 3"), None);
    }

    /// Fields 3 to 41 are numbered by themselves.
    #[test]
    fn the_last_pu_is_found_behind_a_name_with_blanks() {
        let numbers: Vec<String> = (3..=41).map(|n: u32| n.to_string()).collect();
        let stat = [b"17 (a (b) \xff\n c) ", numbers.join(" ").as_bytes()].concat();
        assert_eq!(last_pu_of(&stat), Some(39));
        assert_eq!(last_pu_of(b"17 (a) S 1"), None);
    }
}

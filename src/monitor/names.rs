//! What are the threads of a program called?
//!
//! A name says whose a thread is where its library names its threads. Digits at the end number the
//! threads of a pool and are left out, so that `rayon-3` and `rayon-7` are one pool.

use std::collections::BTreeMap;

use super::snapshot::{ThreadId, read};

/// Names of threads, read once each: a thread is seldom renamed after it has begun to work.
#[derive(Default)]
pub(super) struct Names(BTreeMap<ThreadId, String>);

impl Names {
    /// Reads the names of those of `threads` that are new, and forgets those that are gone.
    pub(super) fn learn<'a>(&mut self, threads: impl Iterator<Item = &'a ThreadId>) {
        let mut known = std::mem::take(&mut self.0);
        self.0 = threads
            .map(|id| (*id, known.remove(id).unwrap_or_else(|| name_of(*id))))
            .collect();
    }

    /// The name of a thread.
    pub(super) fn of(&self, id: &ThreadId) -> &str {
        self.0.get(id).map_or("", String::as_str)
    }
}

fn name_of((pid, tid): ThreadId) -> String {
    let name = read(format!("/proc/{pid}/task/{tid}/comm")).unwrap_or_default();
    pool(name.trim()).to_owned()
}

/// `name` without the number at its end.
fn pool(name: &str) -> &str {
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let bare = bare.trim_end_matches(['-', '_', ' ', '#', ':', '.']);
    // `python3.11` is no member of a pool, nor is a name that is a number.
    let version = name[bare.len()..].contains('.') || bare.ends_with(|c: char| c.is_ascii_digit());
    if bare.is_empty() || version {
        name
    } else {
        bare
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_thread_is_no_part_of_the_name_of_its_pool() {
        for (name, expected) in [
            ("rayon-3", "rayon"),
            ("polars-11", "polars"),
            ("worker_7", "worker"),
            ("python3.11", "python3.11"),
            ("main", "main"),
            ("42", "42"),
        ] {
            assert_eq!(pool(name), expected);
        }
    }
}

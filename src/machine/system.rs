//! Where do the kernel's pseudo files lie?
//!
//! Everything read from `/proc`, `/sys` and `/boot` passes through a [`System`], so that a test can
//! put another machine's files into a folder and read that. A file that is not there, or may not
//! be read, is `None`: which facts a kernel tells differs between machines.

use std::fs;
use std::path::{Path, PathBuf};

/// The pseudo files of one machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct System {
    root: PathBuf,
    /// Whose files `/proc/self` stands for; this process's own if it is not said.
    process: Option<i32>,
}

impl System {
    /// This machine.
    pub fn here() -> Self {
        Self::below("/")
    }

    /// The machine whose files lie below `root`.
    pub fn below(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            process: None,
        }
    }

    /// This machine as process `pid` sees it: where the files of `/proc/self` are asked for, they are
    /// those of `pid`.
    pub fn of_process(pid: i32) -> Self {
        Self {
            process: Some(pid),
            ..Self::here()
        }
    }

    /// Where the machine's file `path` really lies.
    pub fn locate(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        let own = path.strip_prefix("/proc/self").ok().zip(self.process);
        if let Some((file, pid)) = own {
            return self.root.join("proc").join(pid.to_string()).join(file);
        }
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// Contents of `path` without white space around them.
    pub fn text(&self, path: impl AsRef<Path>) -> Option<String> {
        let text = fs::read_to_string(self.locate(path)).ok()?;
        Some(text.trim().to_owned())
    }

    /// The value in `path`, where it has the form of a `T`.
    pub fn value<T: std::str::FromStr>(&self, path: impl AsRef<Path>) -> Option<T> {
        self.text(path)?.parse().ok()
    }

    /// The numbers `n` of the entries `<prefix><n>` in the folder `path`, ascending.
    pub fn numbered(&self, path: impl AsRef<Path>, prefix: &str) -> Vec<u32> {
        let entries = fs::read_dir(self.locate(path)).into_iter().flatten();
        let mut numbers: Vec<u32> = entries
            .flatten()
            .filter_map(|entry| {
                entry
                    .file_name()
                    .to_str()?
                    .strip_prefix(prefix)?
                    .parse()
                    .ok()
            })
            .collect();
        numbers.sort_unstable();
        numbers
    }
}

/// The value after `key` and a colon in the first line of `text` that has it.
pub(super) fn field<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == key).then(|| value.trim())
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A machine that has just these files; it goes with the folder.
    pub(in crate::machine) fn machine(files: &[(&str, &str)]) -> (tempfile::TempDir, System) {
        let folder = tempfile::tempdir().unwrap();
        let system = System::below(folder.path());
        for (path, text) in files {
            let path = system.locate(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        (folder, system)
    }

    #[test]
    fn the_files_of_another_process_are_its_own() {
        let system = System::of_process(17);
        let status = system.locate("/proc/self/status");
        assert_eq!(status, Path::new("/proc/17/status"));
        assert_eq!(system.locate("/proc/stat"), Path::new("/proc/stat"));
    }

    #[test]
    fn numbered_entries_come_in_the_order_of_their_numbers() {
        let (_folder, system) =
            machine(&[("/a/cpu10/x", ""), ("/a/cpu9/x", ""), ("/a/cpufreq/x", "")]);
        assert_eq!(system.numbered("/a", "cpu"), [9, 10]);
        assert_eq!(system.text("/a/missing"), None);
    }
}

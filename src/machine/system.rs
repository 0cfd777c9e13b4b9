//! Where do the kernel's pseudo files lie?
//!
//! Everything read from `/proc`, `/sys` and `/boot` passes through a [`System`], so that a test can
//! put another machine's files into a folder and read that. They are bytes: names in them (of
//! mounts, groups, files, threads) need not be UTF-8. Which facts a kernel tells differs between
//! machines, so a file that is not there, or may not be read, is no error by itself.

use std::path::{Path, PathBuf};
use std::{fs, io};

use super::kernel_text::number;

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
        Self::here().with_process(pid)
    }

    /// The same machine as process `pid` sees it.
    pub(super) fn with_process(self, pid: i32) -> Self {
        Self {
            process: Some(pid),
            ..self
        }
    }

    /// The same machine as the calling process sees it.
    pub(super) fn of_reader(&self) -> Self {
        Self::below(&self.root)
    }

    /// The process whose files `/proc/self` stands for, unless it is the calling one.
    pub(super) fn process(&self) -> Option<i32> {
        self.process
    }

    /// Whether the files are those of the machine that this program runs on.
    pub(super) fn is_of_this_machine(&self) -> bool {
        self.root == Path::new("/")
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

    /// Contents of `path`.
    ///
    /// # Errors
    ///
    /// If it is not there or may not be read.
    pub fn bytes(&self, path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
        fs::read(self.locate(path))
    }

    /// Contents of `path` for people: without white space around them, and with a replacement
    /// character for every byte that is no UTF-8.
    pub fn text(&self, path: impl AsRef<Path>) -> Option<String> {
        let bytes = self.bytes(path).ok()?;
        Some(String::from_utf8_lossy(bytes.trim_ascii()).into_owned())
    }

    /// The value in `path`, where it has the form of a `T`.
    pub fn value<T: std::str::FromStr>(&self, path: impl AsRef<Path>) -> Option<T> {
        number(&self.bytes(path).ok()?)
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A machine that has just these files; it goes with the folder.
    pub(in crate::machine) fn machine(files: &[(&str, &str)]) -> (tempfile::TempDir, System) {
        let folder = tempfile::tempdir().unwrap();
        let system = System::below(folder.path());
        for (path, text) in files {
            write(&system, path, text.as_bytes());
        }
        (folder, system)
    }

    /// Puts a file onto the machine of a test.
    pub(in crate::machine) fn write(system: &System, path: impl AsRef<Path>, bytes: &[u8]) {
        let path = system.locate(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
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

    #[test]
    fn a_file_that_is_no_utf_8_is_read_all_the_same() {
        let (_folder, system) = machine(&[]);
        write(&system, "/proc/sys/kernel/hostname", b"caf\xe9\n");
        let text = system.text("/proc/sys/kernel/hostname");
        assert_eq!(text.as_deref(), Some("caf\u{fffd}"));
        assert_eq!(
            system.bytes("/proc/sys/kernel/hostname").unwrap(),
            b"caf\xe9\n"
        );
    }
}

//! Does a file still hold what it held?
//!
//! Looked at again and again, so that the file is read only where its inode, its size or one of its times
//! has changed.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Largest file that is read; of a larger one the size and the time of its last change speak [bytes].
const LARGEST: u64 = 256 << 20;

/// A file that may be replaced.
#[derive(Clone, Debug)]
pub struct WatchedFile {
    path: PathBuf,
    mark: Option<Mark>,
    content: Content,
}

/// Device, inode, size, and the times of the last change of content and of inode [s, ns].
type Mark = (u64, u64, u64, (i64, i64), (i64, i64));

/// What a file holds, as far as two readings can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// There is none, or it cannot be read.
    Missing,
    /// It was read.
    Sum {
        /// Its size [bytes].
        size: u64,
        /// CRC-32 of all of it.
        crc: u32,
    },
    /// It is too large to be read.
    Large {
        /// Its size [bytes].
        size: u64,
        /// When it was changed last, seconds since 1970 [s].
        changed: i64,
    },
}

impl WatchedFile {
    /// The file at `path`, as it is now.
    pub fn at(path: &Path) -> Self {
        let mark = mark(path);
        Self {
            path: path.to_owned(),
            content: Content::of(path, mark),
            mark,
        }
    }

    /// What it holds now.
    pub fn look(&mut self) -> Content {
        let mark = mark(&self.path);
        if mark != self.mark {
            self.content = Content::of(&self.path, mark);
            self.mark = mark;
        }
        self.content
    }
}

impl Content {
    fn of(path: &Path, mark: Option<Mark>) -> Self {
        match mark {
            None => Self::Missing,
            Some((_, _, size, (changed, _), _)) if size > LARGEST => Self::Large { size, changed },
            Some(_) => sum(path).unwrap_or(Self::Missing),
        }
    }
}

fn sum(path: &Path) -> io::Result<Content> {
    let mut file = File::open(path)?;
    let mut hasher = crc32fast::Hasher::new();
    let mut buffer = vec![0; 1 << 16];
    let mut size = 0;
    loop {
        let length = file.read(&mut buffer)?;
        if length == 0 {
            let crc = hasher.finalize();
            return Ok(Content::Sum { size, crc });
        }
        hasher.update(&buffer[..length]);
        size += length as u64;
    }
}

fn mark(path: &Path) -> Option<Mark> {
    let meta = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    let changed = (meta.mtime(), meta.mtime_nsec());
    let inode_changed = (meta.ctime(), meta.ctime_nsec());
    Some((meta.dev(), meta.ino(), meta.size(), changed, inode_changed))
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("missing"),
            Self::Sum { size, crc } => write!(f, "{size} bytes, CRC-32 {crc:08x}"),
            Self::Large { size, changed } => write!(f, "{size} bytes, changed at {changed} s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_replaced_is_told_from_one_that_was_touched() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("program");
        fs::write(&path, "one").unwrap();
        let mut file = WatchedFile::at(&path);
        let first = file.look();
        fs::write(place.path().join("same"), "one").unwrap();
        fs::rename(place.path().join("same"), &path).unwrap();
        assert_eq!(file.look(), first, "the same content in another file");
        fs::write(place.path().join("other"), "two").unwrap();
        fs::rename(place.path().join("other"), &path).unwrap();
        let second = file.look();
        assert_ne!(second, first);
        fs::remove_file(&path).unwrap();
        assert_eq!(file.look(), Content::Missing);
        // CRC-32 of "123456789", by its definition.
        fs::write(&path, "123456789").unwrap();
        assert_eq!(file.look().to_string(), "9 bytes, CRC-32 cbf43926");
    }
}

//! Is a file still the one that this process wrote?
//!
//! Device, inode and length are looked at before every write. A time of change that is not that of the
//! last write has the file read again: its checksum says whether the text is still the same.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crc32fast::Hasher;

/// A file as this process left it.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    path: PathBuf,
    device: u64,
    inode: u64,
    length: u64,
    /// Time of the last change, seconds and nanoseconds.
    modified: (i64, i64),
    text: Hasher,
}

impl Guard {
    /// The open `file` at `path` as it is now.
    pub(super) fn over(path: &Path, file: &File) -> io::Result<Self> {
        let now = file.metadata()?;
        Ok(Self {
            path: path.to_owned(),
            device: now.dev(),
            inode: now.ino(),
            length: now.len(),
            modified: modified(&now),
            text: checksum(path)?,
        })
    }

    /// Its length [bytes].
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Notes that `bytes` were appended to `file`.
    pub(super) fn appended(&mut self, bytes: &[u8], file: &File) -> io::Result<()> {
        self.text.update(bytes);
        self.length += bytes.len() as u64;
        self.modified = modified(&file.metadata()?);
        Ok(())
    }

    /// What somebody else did to the file, if anything.
    pub(super) fn tampering(&mut self) -> io::Result<Option<&'static str>> {
        let now = match fs::metadata(&self.path) {
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(Some("was deleted"));
            }
            now => now?,
        };
        if (now.dev(), now.ino()) != (self.device, self.inode) {
            return Ok(Some("was replaced by another file"));
        }
        if now.len() < self.length {
            return Ok(Some("was cut"));
        }
        if now.len() > self.length {
            return Ok(Some("was written to by another program"));
        }
        if modified(&now) == self.modified {
            return Ok(None);
        }
        self.modified = modified(&now);
        self.change_of_text()
    }

    /// The same, with a look at all of its text.
    pub(super) fn tampering_anywhere(&mut self) -> io::Result<Option<&'static str>> {
        match self.tampering()? {
            None => self.change_of_text(),
            found => Ok(found),
        }
    }

    fn change_of_text(&self) -> io::Result<Option<&'static str>> {
        let same = checksum(&self.path)?.finalize() == self.text.clone().finalize();
        Ok((!same).then_some("was changed"))
    }
}

fn modified(file: &Metadata) -> (i64, i64) {
    (file.mtime(), file.mtime_nsec())
}

fn checksum(path: &Path) -> io::Result<Hasher> {
    let mut text = Hasher::new();
    let mut file = File::open(path)?;
    let mut part = vec![0; 1 << 16];
    loop {
        match file.read(&mut part)? {
            0 => return Ok(text),
            length => text.update(&part[..length]),
        }
    }
}

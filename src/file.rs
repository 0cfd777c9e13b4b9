//! How are files read and written that a user names?
//!
//! What is read is a regular file of no absurd size: a pipe would be waited for, and a device may never
//! end. What is written is there whole or not at all.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Error, ErrorKind, Read, Write};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process;

use nix::fcntl::OFlag;

use crate::units::human_bytes;

/// Largest text that a person or this program writes: an experiment, parameters, a header, a machine
/// [bytes].
pub const LARGEST_TEXT: u64 = 32 << 20;

/// Largest trace: a million spans [bytes].
pub const LARGEST_TRACE: u64 = 1 << 30;

/// Largest file of samples, of which there are some millions [bytes].
pub const LARGEST_RECORDS: u64 = 4 << 30;

/// What some editors put before UTF-8 text.
pub const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The file at `path`, to be read, if it is a regular one of at most `most` bytes.
///
/// # Errors
///
/// If it is none, or cannot be opened.
pub fn open(path: &Path, most: u64) -> io::Result<File> {
    // Looked at first: opening a device can have effects of its own.
    readable(&fs::metadata(path)?, most)?;
    let file = OpenOptions::new()
        .read(true)
        // A pipe that has come into its place is not waited for.
        .custom_flags(OFlag::O_NONBLOCK.bits())
        .open(path)?;
    readable(&file.metadata()?, most)?;
    Ok(file)
}

/// The text in the file at `path`, as [`open`] has it, without a byte-order mark.
///
/// # Errors
///
/// If it cannot be read, or is not UTF-8.
pub fn text(path: &Path, most: u64) -> io::Result<String> {
    let mut bytes = Vec::new();
    // A file may grow while it is read.
    open(path, most)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(too_large(most));
    }
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Error::new(
            ErrorKind::InvalidData,
            format!("it is not UTF-8 text (byte {at})"),
        )
    })?;
    if text.starts_with(BYTE_ORDER_MARK) {
        text.drain(..BYTE_ORDER_MARK.len());
    }
    Ok(text)
}

fn readable(file: &Metadata, most: u64) -> io::Result<()> {
    let kind = file.file_type();
    let what = match () {
        () if file.is_file() && file.len() > most => return Err(too_large(most)),
        () if file.is_file() => return Ok(()),
        () if file.is_dir() => "folder",
        () if kind.is_fifo() => "pipe",
        () if kind.is_socket() => "socket",
        () => "device",
    };
    Err(Error::other(format!("it is a {what}, not a file")))
}

fn too_large(most: u64) -> Error {
    let most = human_bytes(most);
    Error::new(ErrorKind::FileTooLarge, format!("it is larger than {most}"))
}

/// Writes `bytes` as the file at `path`, whole or not at all: beside it first, under another name. What
/// is there and is no regular file, such as `/dev/stdout`, is written to as it is.
///
/// # Errors
///
/// If it cannot be written; a file that was there is as it was then.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let Some(path) = target(path)? else {
        return OpenOptions::new().write(true).open(path)?.write_all(bytes);
    };
    let (part, file) = part(&path)?;
    let written = fill(file, &path, bytes).and_then(|()| fs::rename(&part, &path));
    if written.is_err() {
        // What cannot be removed is a part, and named so.
        let _ = fs::remove_file(&part);
    }
    written
}

/// Whether [`write`] can begin to write to `path`: asked before the work whose result goes there.
///
/// # Errors
///
/// What it would say.
pub fn may_write(path: &Path) -> io::Result<()> {
    if let Some(path) = target(path)? {
        let (part, _) = part(&path)?;
        fs::remove_file(part)?;
    }
    Ok(())
}

/// The file that is replaced when `path` is written to, behind all links; `None` for a device or a pipe.
fn target(path: &Path) -> io::Result<Option<PathBuf>> {
    match fs::metadata(path) {
        Ok(there) if there.is_dir() => Err(Error::from(ErrorKind::IsADirectory)),
        Ok(there) if there.is_file() => fs::canonicalize(path).map(Some),
        Ok(_) => Ok(None),
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        // A link to a file that is yet to come.
        Err(_) => match fs::read_link(path) {
            Ok(link) => Ok(Some(path.parent().unwrap_or(Path::new("")).join(link))),
            Err(_) => Ok(Some(path.to_owned())),
        },
    }
}

/// A new empty file beside `path`.
fn part(path: &Path) -> io::Result<(PathBuf, File)> {
    let Some(name) = path.file_name() else {
        return Err(Error::from(ErrorKind::InvalidFilename));
    };
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".part-{}", process::id()));
    let part = path.with_file_name(hidden);
    match File::create_new(&part) {
        // Of a process that had the same number and was killed.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            fs::remove_file(&part)?;
            Ok((part.clone(), File::create_new(&part)?))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(Error::new(ErrorKind::NotFound, "no such folder"))
        }
        created => Ok((part, created?)),
    }
}

fn fill(mut file: File, path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Ok(there) = fs::metadata(path) {
        file.set_permissions(there.permissions())?;
    }
    file.write_all(bytes)?;
    // Some file systems say only then that they are full.
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn names(place: &Path) -> Vec<String> {
        let entries = fs::read_dir(place).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn only_a_file_of_sensible_size_is_read() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a");
        let said = |path: &Path| text(path, 4).unwrap_err().to_string();
        assert!(said(&path).contains("No such file"));
        assert_eq!(said(place.path()), "it is a folder, not a file");
        assert_eq!(said(Path::new("/dev/zero")), "it is a device, not a file");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(said(&path), "it is a pipe, not a file");
        fs::remove_file(&path).unwrap();
        fs::write(&path, "four").unwrap();
        assert_eq!(text(&path, 4).unwrap(), "four");
        fs::write(&path, "\u{feff}x").unwrap();
        assert_eq!(text(&path, 4).unwrap(), "x");
        fs::write(&path, b"a\xff").unwrap();
        assert_eq!(said(&path), "it is not UTF-8 text (byte 1)");
        fs::write(&path, "fiver").unwrap();
        assert_eq!(said(&path), "it is larger than 4 B");
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        assert_eq!(said(&path), "it is larger than 4 B");
    }

    #[test]
    fn a_file_is_replaced_as_a_whole_with_its_rights_and_behind_its_link() {
        let place = tempfile::tempdir().unwrap();
        let [file, link] = ["file", "link"].map(|name| place.path().join(name));
        symlink("file", &link).unwrap();
        write(&link, b"one").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        write(&link, b"two").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"two");
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o640
        );
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        may_write(&file).unwrap();
        assert_eq!(names(place.path()), ["file", "link"]);
    }

    #[test]
    fn what_cannot_be_written_is_said_before_and_leaves_nothing() {
        let place = tempfile::tempdir().unwrap();
        let below = place.path().join("no/such");
        for path in [
            &below,
            place.path(),
            Path::new("/dev/null/x"),
            Path::new(""),
        ] {
            assert!(may_write(path).is_err(), "{}", path.display());
            assert!(write(path, b"x").is_err(), "{}", path.display());
        }
        assert!(names(place.path()).is_empty());
    }

    #[test]
    fn a_device_is_written_to_as_it_is() {
        write(Path::new("/dev/null"), b"x").unwrap();
        may_write(Path::new("/dev/null")).unwrap();
        let full = write(Path::new("/dev/full"), b"x").unwrap_err();
        assert_eq!(full.kind(), ErrorKind::StorageFull);
        assert!(
            fs::metadata("/dev/null")
                .unwrap()
                .file_type()
                .is_char_device()
        );
    }
}

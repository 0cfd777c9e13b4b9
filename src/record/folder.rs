//! Where are the records of a run on disk, and how do they survive an interruption?
//!
//! A run folder holds `run.json`, written once and again when something changed around the run, and `samples.csv`, to which each record is appended
//! in one write. A simulation has its `breakdown.csv` beside it, written in the same way. A row that an
//! interruption cut short has no line end; it is moved to `samples.csv.cut` when the run is resumed. Text that this program did not write is refused by
//! line; [`RunFolder::repair`] sets it aside.
//!
//! While a sweep writes, it holds a lock on `samples.csv`, and looks before every row whether the files
//! are still those that it wrote. Where they are not, nothing is overwritten: all records go into a fresh
//! folder beside.

mod breakdown_file;
mod error;
mod form;
mod guard;
mod header_file;
mod locked;
mod repair;
mod samples;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};

pub use breakdown_file::breakdown;
use breakdown_file::{BREAKDOWN, BreakdownFile};
pub use error::FolderError;
use error::io_error;
use form::{Form, Layout};
use guard::Guard;
use header_file::{read_header, write_header};
pub use locked::{LockedFolder, Opened, Resume};
pub use repair::Repair;
use repair::mended;
pub use samples::Problem;
use samples::{Tail, scan};

use super::{Change, Record, RunHeader, last_attempts};
use crate::experiment::Plan;
use crate::file;

/// An open run folder, locked for appending.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    header: RunHeader,
    samples: File,
    layout: Layout,
    /// Of samples.csv and run.json.
    guards: [Guard; 2],
    breakdown: BreakdownFile,
}

impl RunFolder {
    /// Locks `path` for a run, creating it, before anything of the run is known.
    ///
    /// # Errors
    ///
    /// If the folder cannot be written, or is in use.
    pub fn lock(path: &Path) -> Result<LockedFolder, FolderError> {
        fs::create_dir_all(path).map_err(io_error("create", path))?;
        let csv = path.join(SAMPLES);
        if csv.exists() {
            readable(&csv)?;
        }
        let samples = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(&csv)
            .map_err(io_error("open", &csv))?;
        lock(&samples, &csv)?;
        Ok(LockedFolder {
            path: path.to_owned(),
            csv,
            samples,
        })
    }

    /// Opens `path` for a run with `header`, creating it or resuming the run it holds under circumstances
    /// as before, and returns the records already there.
    ///
    /// # Errors
    ///
    /// As [`RunFolder::lock`] and [`LockedFolder::open`].
    pub fn open(path: &Path, header: &RunHeader) -> Result<(Self, Vec<Record>), FolderError> {
        let opened = Self::lock(path)?.open(header, Resume::AsBefore)?;
        Ok((opened.folder, opened.records))
    }

    /// Where the run is kept.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its header, with what has been noted.
    pub fn header(&self) -> &RunHeader {
        &self.header
    }

    /// Notes in `run.json` what has changed around the run.
    ///
    /// # Errors
    ///
    /// If somebody else changed the files of the run, or it cannot be written; it stays as it was then.
    pub fn note(&mut self, changes: &[Change]) -> Result<(), FolderError> {
        self.guarded(Guard::tampering)?;
        self.header.changes.extend_from_slice(changes);
        let json = self.path.join(HEADER);
        write_header(&json, &self.header)?;
        let [_, guard] = &mut self.guards;
        *guard = File::open(&json)
            .and_then(|file| Guard::over(&json, &file))
            .map_err(io_error("read", &json))?;
        Ok(())
    }

    /// Appends one record, in one write; before it, in another, what the PUs did in a simulation of it.
    ///
    /// # Errors
    ///
    /// If somebody else changed the files of the run, or the row cannot be written whole; what was
    /// recorded before stays readable then.
    pub fn append(&mut self, record: &Record) -> Result<(), FolderError> {
        self.guarded(Guard::tampering)?;
        let numbers = record.answer.numbers();
        if let Some(breakdown) = numbers.and_then(|numbers| numbers.breakdown.as_deref()) {
            self.breakdown.append(record, breakdown)?;
        }
        let csv = self.path.join(SAMPLES);
        let line = self.layout.line(record).map_err(io::Error::from);
        let line = line.map_err(io_error("write", &csv))?;
        let [guard, _] = &mut self.guards;
        let text = match guard.length() {
            0 => self.layout.names() + "\n" + &line,
            _ => line,
        };
        let samples = &mut self.samples;
        let written = samples.write_all(text.as_bytes());
        if written.is_err() {
            // A part of a row does no harm, but none is better; where it cannot be cut it is found later.
            let _ = samples.set_len(guard.length());
        }
        written
            .and_then(|()| guard.appended(text.as_bytes(), samples))
            .map_err(io_error("write", &csv))
    }

    /// Whether everything that was recorded is still there, as it was written.
    ///
    /// # Errors
    ///
    /// If somebody else changed the files of the run.
    pub fn verify(&mut self) -> Result<(), FolderError> {
        self.guarded(Guard::tampering_anywhere)
    }

    fn guarded(
        &mut self,
        look: fn(&mut Guard) -> io::Result<Option<&'static str>>,
    ) -> Result<(), FolderError> {
        for (guard, name) in self.guards.iter_mut().zip([SAMPLES, HEADER]) {
            let file = self.path.join(name);
            if let Some(what) = look(guard).map_err(io_error("read", &file))? {
                return Err(FolderError::Foreign { file, what });
            }
        }
        self.breakdown.guarded(look)
    }

    /// Writes all `records` of the run into a fresh folder beside this one, whose files were changed as
    /// `why` says. Returns what to tell the user.
    pub fn keep_elsewhere(&mut self, records: &[Record], why: FolderError) -> FolderError {
        let (why, samples) = (Box::new(why), records.len());
        let name = self.path.file_name().unwrap_or(self.path.as_os_str());
        let places = [self.path.clone(), std::env::temp_dir().join(name)];
        let mut kept = Err(FolderError::NoRun(self.path.clone()));
        for place in places {
            kept = self.keep_beside(&place, records);
            if kept.is_ok() {
                break;
            }
        }
        match kept {
            Ok(kept) => FolderError::Rescued { why, samples, kept },
            Err(cause) => FolderError::Lost {
                why,
                samples,
                cause: Box::new(cause),
            },
        }
    }

    fn keep_beside(&mut self, place: &Path, records: &[Record]) -> Result<PathBuf, FolderError> {
        let fresh = unused(place, "kept");
        let locked = Self::lock(&fresh)?;
        // What a simulation has beside its samples; a run that was measured has none of it.
        let intact = self.breakdown.guarded(Guard::tampering_anywhere).is_ok();
        let breakdown = intact.then_some(BREAKDOWN);
        for name in breakdown.into_iter().chain(["simulation.toml"]) {
            let _ = fs::copy(self.path.join(name), fresh.join(name));
        }
        let mut folder = locked.open(&self.header, Resume::AsBefore)?.folder;
        records
            .iter()
            .try_for_each(|record| folder.append(record))?;
        Ok(fresh)
    }

    /// Reads a run that is not being written to: its header and its records.
    ///
    /// # Errors
    ///
    /// If it is not a run folder or a file in it cannot be understood.
    pub fn read(path: &Path) -> Result<(RunHeader, Vec<Record>), FolderError> {
        let header = read_header(path)?;
        let form = Form::of_version(header.format_version);
        let records = match path.join(SAMPLES).exists() {
            true => read_records(path, (Some(form), Some(&header.plan)))?.0,
            false => Vec::new(),
        };
        Ok((header, records))
    }

    /// Reads the records of a run whose `run.json` is gone or damaged. Nothing says then whether they
    /// are those of a plan.
    ///
    /// # Errors
    ///
    /// If there is no `samples.csv` or it cannot be understood.
    pub fn read_samples(path: &Path) -> Result<Vec<Record>, FolderError> {
        Ok(read_records(path, (None, None))?.0)
    }
}

const SAMPLES: &str = "samples.csv";
const HEADER: &str = "run.json";

fn lock(samples: &File, csv: &Path) -> Result<(), FolderError> {
    match samples.try_lock() {
        Err(TryLockError::WouldBlock) => Err(FolderError::Busy(csv.to_owned())),
        // A file system without locks: go on, as any tool that does not lock would.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
    }
}

/// A path beside `place` at which there is nothing yet.
fn unused(place: &Path, ending: &str) -> PathBuf {
    let name = place.file_name().unwrap_or(place.as_os_str());
    let numbered = |n: u32| {
        let mut name = name.to_owned();
        name.push(match n {
            1 => format!(".{ending}"),
            _ => format!(".{ending}-{n}"),
        });
        place.with_file_name(name)
    };
    let mut paths = (1..).map(numbered);
    let free = paths.find(|path| fs::symlink_metadata(path).is_err());
    free.expect("there are more numbers than files")
}

/// The samples at `csv`, to be read.
fn readable(csv: &Path) -> Result<File, FolderError> {
    file::open(csv, file::LARGEST_RECORDS).map_err(io_error("read", csv))
}

/// The records of the `samples.csv` in `folder` that count, of each visit its last attempt, and what
/// stands after its last line end.
fn read_records(
    folder: &Path,
    known: (Option<Form>, Option<&Plan>),
) -> Result<(Vec<Record>, Tail), FolderError> {
    let csv = folder.join(SAMPLES);
    let file = readable(&csv)?;
    let (mut records, mut problems) = (Vec::new(), Vec::new());
    let tail = scan(BufReader::new(file), known, &mut |line| match line.found {
        Ok(record) => records.extend(record),
        Err(problem) => problems.push(problem),
    });
    let tail = tail.map_err(io_error("read", &csv))?;
    let Some((first, others)) = problems.split_first() else {
        return Ok((last_attempts(records), tail));
    };
    let (folder, first, others) = (folder.to_owned(), first.clone(), others.len());
    Err(match known {
        (Some(form), Some(plan)) => {
            // What a repair would refuse has another remedy.
            mended(&csv, form, plan)?;
            FolderError::Malformed {
                folder,
                first,
                others,
            }
        }
        _ => FolderError::Unplanned {
            folder,
            first,
            others,
        },
    })
}

#[cfg(test)]
mod tests;

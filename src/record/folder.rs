//! Where are the records of a run on disk, and how do they survive an interruption?
//!
//! A run folder holds `run.json`, written once, and `samples.csv`, to which each record is appended
//! in one write. A row that an interruption cut short has no line end; it is dropped when the run
//! is taken up again. While a sweep writes, it holds a lock on `samples.csv`.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::{FORMAT_VERSION, Record, Row, RunHeader};
use crate::experiment::Plan;

/// Something about a run folder that stops the work.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// An input or output error, with the path.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder holds another run.
    #[error(
        "{} holds a run with another plan: {field} is {found} there and {wanted} here; \
         give --out another folder, or the same plan to resume",
        folder.display()
    )]
    OtherPlan {
        /// The folder.
        folder: PathBuf,
        /// First field in which the plans differ.
        field: String,
        /// Its value there.
        found: String,
        /// Its value here.
        wanted: String,
    },
    /// The folder has no `run.json`.
    #[error("{} is not a run folder: it has no run.json", .0.display())]
    NoRun(PathBuf),
    /// A file that cannot be understood.
    #[error("{} line {line}: {message}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Line from 1.
        line: u64,
        /// What is wrong.
        message: String,
    },
    /// Written by another version.
    #[error("{} has format version {found}, this program reads {FORMAT_VERSION}", path.display())]
    OtherVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
    },
    /// Samples of a version that had other columns.
    #[error("{} has other columns than this version writes, so it can be read but not taken up; give --out another folder", .0.display())]
    OtherColumns(PathBuf),
    /// Another sweep is writing.
    #[error("{} is being written by another sweep; wait for it or give --out another folder", .0.display())]
    Busy(PathBuf),
}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FolderError {
    let path = path.to_owned();
    move |source| FolderError::Io {
        action,
        path,
        source,
    }
}

/// An open run folder, locked for appending.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    samples: File,
}

impl RunFolder {
    /// Opens `path` for a run with `header`, creating it or taking up the run it holds, and returns
    /// the records already there.
    ///
    /// # Errors
    ///
    /// If the folder cannot be written, is in use, or holds a run with another plan.
    pub fn open(path: &Path, header: &RunHeader) -> Result<(Self, Vec<Record>), FolderError> {
        let json = path.join("run.json");
        if json.exists() {
            Self::refuse_other_plan(path, &header.plan)?;
        } else {
            fs::create_dir_all(path).map_err(io_error("create", path))?;
        }
        let csv = path.join("samples.csv");
        let samples = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(&csv)
            .map_err(io_error("open", &csv))?;
        match samples.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(FolderError::Busy(csv)),
            // A file system without locks: go on, as any tool that does not lock would.
            Err(TryLockError::Error(_)) => {}
        }
        if !json.exists() {
            write_whole(&json, header)?;
        }
        let mut folder = Self {
            path: path.to_owned(),
            samples,
        };
        folder.drop_cut_row()?;
        let records = read_records(&csv)?;
        if let Some(record) = records.first() {
            refuse_other_columns(&csv, record)?;
        }
        Ok((folder, records))
    }

    /// Where the run is kept.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends one record, in one write.
    ///
    /// # Errors
    ///
    /// If the row cannot be written whole; what was recorded before stays readable.
    pub fn append(&mut self, record: &Record) -> Result<(), FolderError> {
        let csv = self.path.join("samples.csv");
        let empty = self
            .samples
            .metadata()
            .map_err(io_error("read", &csv))?
            .len()
            == 0;
        rows(record, empty)
            .and_then(|bytes| self.samples.write_all(&bytes))
            .map_err(io_error("write", &csv))
    }

    /// Reads a run that is not being written to: its header and its records.
    ///
    /// # Errors
    ///
    /// If it is not a run folder or a file in it cannot be understood.
    pub fn read(path: &Path) -> Result<(RunHeader, Vec<Record>), FolderError> {
        let header = read_header(path)?;
        let csv = path.join("samples.csv");
        let records = if csv.exists() {
            read_records(&csv)?
        } else {
            Vec::new()
        };
        Ok((header, records))
    }

    fn refuse_other_plan(path: &Path, wanted: &Plan) -> Result<(), FolderError> {
        match read_header(path)?.plan.difference(wanted) {
            None => Ok(()),
            Some((field, found, wanted)) => Err(FolderError::OtherPlan {
                folder: path.to_owned(),
                field,
                found,
                wanted,
            }),
        }
    }

    /// Cuts `samples.csv` after its last line end, where an interruption left a part of a row.
    fn drop_cut_row(&mut self) -> Result<(), FolderError> {
        let csv = self.path.join("samples.csv");
        let mut text = Vec::new();
        self.samples.rewind().map_err(io_error("read", &csv))?;
        self.samples
            .read_to_end(&mut text)
            .map_err(io_error("read", &csv))?;
        let whole = text
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |last| last + 1);
        if whole < text.len() {
            self.samples
                .set_len(whole as u64)
                .map_err(io_error("repair", &csv))?;
        }
        Ok(())
    }
}

/// The row of `record`, below the names of its columns if `headed`.
fn rows(record: &Record, headed: bool) -> io::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new()
        .has_headers(headed)
        .from_writer(Vec::new());
    writer
        .serialize(Row::from(record))
        .map_err(io::Error::other)?;
    writer.into_inner().map_err(|error| error.into_error())
}

/// A file with other columns than the row of `record` has could not be read after a row was appended.
fn refuse_other_columns(csv: &Path, record: &Record) -> Result<(), FolderError> {
    let headed = rows(record, true).map_err(io_error("write", csv))?;
    let text = fs::read(csv).map_err(io_error("read", csv))?;
    let columns = |bytes: &[u8]| {
        bytes
            .split(|byte| *byte == b'\n')
            .next()
            .map(<[u8]>::to_vec)
    };
    if columns(&headed) == columns(&text) {
        Ok(())
    } else {
        Err(FolderError::OtherColumns(csv.to_owned()))
    }
}

/// Writes a file so that it is there whole or not at all.
fn write_whole(path: &Path, header: &RunHeader) -> Result<(), FolderError> {
    let part = path.with_extension("json.part");
    let text = serde_json::to_string_pretty(header)
        .map_err(io::Error::other)
        .map_err(io_error("write", path))?;
    fs::write(&part, text + "\n").map_err(io_error("write", &part))?;
    fs::rename(&part, path).map_err(io_error("write", path))
}

fn read_header(folder: &Path) -> Result<RunHeader, FolderError> {
    let path = folder.join("run.json");
    if !path.exists() {
        return Err(FolderError::NoRun(folder.to_owned()));
    }
    let text = fs::read_to_string(&path).map_err(io_error("read", &path))?;
    let malformed = |error: serde_json::Error| FolderError::Malformed {
        path: path.clone(),
        line: error.line() as u64,
        message: error.to_string(),
    };
    let value: serde_json::Value = serde_json::from_str(&text).map_err(malformed)?;
    let found = value["format_version"].as_u64().unwrap_or(0);
    if found != u64::from(FORMAT_VERSION) {
        return Err(FolderError::OtherVersion { path, found });
    }
    serde_json::from_value(value).map_err(malformed)
}

/// The records of `samples.csv`; a last row without line end is an interrupted write and no record.
fn read_records(csv: &Path) -> Result<Vec<Record>, FolderError> {
    let text = fs::read_to_string(csv).map_err(io_error("read", csv))?;
    let whole = &text[..text.rfind('\n').map_or(0, |last| last + 1)];
    let malformed = |line: u64, message: String| FolderError::Malformed {
        path: csv.to_owned(),
        line,
        message,
    };
    csv::Reader::from_reader(whole.as_bytes())
        .deserialize::<Row>()
        .enumerate()
        .map(|(i, row)| {
            let line = i as u64 + 2;
            let row = row.map_err(|error| malformed(line, error.to_string()))?;
            row.record()
                .map_err(|error| malformed(line, error.to_string()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{Landmarks, Request};
    use crate::record::{Answer, Sample};

    fn plan(rounds: u32) -> Plan {
        let toml = format!("outer = 1\ninner = [1, 2]\nrounds = {rounds}");
        let request: Request = toml::from_str(&toml).unwrap();
        request
            .plan(Landmarks {
                budget: 2,
                physical: 2,
                logical: 2,
            })
            .unwrap()
    }

    fn record(rep: u32) -> Record {
        let visit = plan(1).visits()[0];
        let sample = Sample {
            tasks_done: Some(1),
            ..Sample::default()
        };
        Record {
            runner: "host".to_owned(),
            visit,
            rep,
            unix_ms: 1,
            answer: Answer::Ok(sample),
        }
    }

    fn open(path: &Path, rounds: u32) -> Result<(RunFolder, Vec<Record>), FolderError> {
        RunFolder::open(path, &RunHeader::bare("test", plan(rounds)))
    }

    #[test]
    fn records_come_back_and_a_cut_row_is_dropped() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("deep/run");
        let (mut folder, records) = open(&path, 1).unwrap();
        assert!(records.is_empty());
        folder.append(&record(1)).unwrap();
        folder.append(&record(2)).unwrap();
        drop(folder);
        let csv = path.join("samples.csv");
        let whole = fs::read(&csv).unwrap();
        fs::write(&csv, &whole[..whole.len() - 5]).unwrap();
        assert_eq!(RunFolder::read(&path).unwrap().1, [record(1)]);
        let (mut folder, records) = open(&path, 1).unwrap();
        assert_eq!(records, [record(1)]);
        folder.append(&record(2)).unwrap();
        assert_eq!(fs::read(&csv).unwrap(), whole);
    }

    #[test]
    fn a_run_with_another_plan_is_refused_by_field() {
        let place = tempfile::tempdir().unwrap();
        drop(open(place.path(), 1).unwrap());
        let error = open(place.path(), 2).unwrap_err().to_string();
        assert!(
            error.contains("protocol.rounds is 1 there and 2 here"),
            "{error}"
        );
    }

    #[test]
    fn a_folder_in_use_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let _open = open(place.path(), 1).unwrap();
        assert!(matches!(open(place.path(), 1), Err(FolderError::Busy(_))));
    }

    #[test]
    fn a_row_that_makes_no_sense_is_named_by_line() {
        let place = tempfile::tempdir().unwrap();
        let (mut folder, _) = open(place.path(), 1).unwrap();
        folder.append(&record(1)).unwrap();
        drop(folder);
        let csv = place.path().join("samples.csv");
        let text = fs::read_to_string(&csv).unwrap().replace("f64", "f16");
        fs::write(&csv, text).unwrap();
        let error = RunFolder::read(place.path()).unwrap_err().to_string();
        assert!(
            error.contains("samples.csv line 2") && error.contains("f16"),
            "{error}"
        );
    }

    #[test]
    fn a_run_without_a_newer_column_is_read_but_not_taken_up() {
        let place = tempfile::tempdir().unwrap();
        let (mut folder, _) = open(place.path(), 1).unwrap();
        folder.append(&record(1)).unwrap();
        drop(folder);
        let csv = place.path().join("samples.csv");
        let text = fs::read_to_string(&csv).unwrap();
        let mut lines = text.lines();
        let names: Vec<&str> = lines.next().unwrap().split(',').collect();
        let newer = names.iter().position(|name| *name == "granted").unwrap();
        let without = |line: &str| {
            let mut fields: Vec<&str> = line.split(',').collect();
            fields.remove(newer);
            fields.join(",") + "\n"
        };
        fs::write(&csv, text.lines().map(without).collect::<String>()).unwrap();
        assert_eq!(RunFolder::read(place.path()).unwrap().1, [record(1)]);
        let error = open(place.path(), 1).unwrap_err();
        assert!(matches!(error, FolderError::OtherColumns(_)), "{error}");
    }
}

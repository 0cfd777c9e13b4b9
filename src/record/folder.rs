//! Where are the records of a run on disk, and how do they survive an interruption?
//!
//! A run folder holds `run.json`, written once, and `samples.csv`, to which each record is appended
//! in one write. A row that an interruption cut short has no line end; it is dropped when the run
//! is taken up again. While a sweep writes, it holds a lock on `samples.csv`.

mod error;
mod rows;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

pub use error::FolderError;
use error::io_error;
use rows::read_records;

use super::{FORMAT_VERSION, Record, Row, RunHeader};

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
    /// If the folder cannot be written, is in use, or holds a run with another plan or made under
    /// other circumstances.
    pub fn open(path: &Path, header: &RunHeader) -> Result<(Self, Vec<Record>), FolderError> {
        fs::create_dir_all(path).map_err(io_error("create", path))?;
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
        let mut folder = Self {
            path: path.to_owned(),
            samples,
        };
        let json = path.join("run.json");
        if json.exists() {
            refuse_other_run(path, header)?;
        } else if folder.samples.metadata().is_ok_and(|csv| csv.len() > 0) {
            return Err(FolderError::NoHeader(csv));
        } else {
            write_whole(&json, header)?;
        }
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

/// Samples of two plans, or of two machines, are not one run.
fn refuse_other_run(folder: &Path, wanted: &RunHeader) -> Result<(), FolderError> {
    let there = read_header(folder)?;
    let circumstances = there
        .circumstances()
        .into_iter()
        .zip(wanted.circumstances());
    let other = circumstances.filter(|(found, wanted)| found != wanted);
    let mut other = other.map(|((field, found), (_, wanted))| (field.to_owned(), found, wanted));
    let plan = there.plan.difference(&wanted.plan);
    match plan.or_else(|| other.next()) {
        None => Ok(()),
        Some((field, found, wanted)) => Err(FolderError::OtherRun {
            folder: folder.to_owned(),
            field,
            found,
            wanted,
        }),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{Landmarks, Plan, Request};
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
        let visit = plan(1).visits().next().unwrap();
        let sample = Sample {
            wall: std::time::Duration::from_nanos(1),
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

    #[test]
    fn a_run_on_another_machine_is_refused_by_field() {
        let place = tempfile::tempdir().unwrap();
        drop(open(place.path(), 1).unwrap());
        let mut elsewhere = RunHeader::bare("test", plan(1));
        elsewhere.budget.cpus = 1.5;
        let error = RunFolder::open(place.path(), &elsewhere)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("budget.cpus is 2 there and 1.5 here"),
            "{error}"
        );
    }

    #[test]
    fn samples_without_a_header_are_not_adopted() {
        let place = tempfile::tempdir().unwrap();
        let (mut folder, _) = open(place.path(), 1).unwrap();
        folder.append(&record(1)).unwrap();
        drop(folder);
        fs::remove_file(place.path().join("run.json")).unwrap();
        assert!(matches!(
            open(place.path(), 1),
            Err(FolderError::NoHeader(_))
        ));
    }

    #[test]
    fn a_repetition_that_failed_counts_as_it_was_measured_later() {
        let place = tempfile::tempdir().unwrap();
        let (mut folder, _) = open(place.path(), 1).unwrap();
        let failed = Record {
            answer: Answer::Failed("too many open files".to_owned()),
            ..record(1)
        };
        for row in [&failed, &failed, &record(1), &record(2)] {
            folder.append(row).unwrap();
        }
        drop(folder);
        let records = RunFolder::read(place.path()).unwrap().1;
        assert_eq!(records, [record(1), record(2)]);
        let text = fs::read_to_string(place.path().join("samples.csv")).unwrap();
        assert_eq!(text.lines().count(), 5, "no row is taken out");
    }

    #[test]
    fn the_same_repetition_twice_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let (mut folder, _) = open(place.path(), 1).unwrap();
        folder.append(&record(1)).unwrap();
        folder.append(&record(1)).unwrap();
        drop(folder);
        let error = RunFolder::read(place.path()).unwrap_err().to_string();
        assert!(
            error.contains("line 3") && error.contains("rep 1 again"),
            "{error}"
        );
    }
}

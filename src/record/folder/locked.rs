//! How is a run begun, or taken up, in a folder that nobody else writes to?

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::form::{Form, Layout};
use super::guard::Guard;
use super::header_file::{read_header, write_header};
use super::samples::Tail;
use super::{FolderError, HEADER, RunFolder, io_error, read_records, readable};
use crate::record::{Record, RunHeader};

/// A folder to which nobody else writes a run.
#[derive(Debug)]
pub struct LockedFolder {
    pub(super) path: PathBuf,
    pub(super) csv: PathBuf,
    pub(super) samples: File,
}

impl LockedFolder {
    /// Whether a run was begun in it.
    pub fn holds_a_run(&self) -> bool {
        self.path.join(HEADER).exists()
    }

    /// Begins a run with `header`, or takes up the one that it holds, and returns the records already
    /// there. A run may grow: by cells, by rounds, and by how far its tie set is to be resolved.
    ///
    /// # Errors
    ///
    /// If it holds a run whose plan `header` does not continue, or made under other circumstances, or
    /// text that this program did not write.
    pub fn open(self, header: &RunHeader) -> Result<(RunFolder, Vec<Record>), FolderError> {
        let Self {
            path,
            csv,
            mut samples,
        } = self;
        let json = path.join(HEADER);
        let mut there = None;
        if json.exists() {
            let found = read_header(&path)?;
            refuse_other_run(&path, &found, header)?;
            there = Some(found);
        } else if samples.metadata().is_ok_and(|csv| csv.len() > 0) {
            return Err(FolderError::NoHeader(path));
        }
        let header = RunHeader {
            plan: header.plan.clone(),
            ..there.clone().unwrap_or_else(|| header.clone())
        };
        let form = Form::of_version(header.format_version);
        let (records, tail) = read_records(&path, (Some(form), Some(&header.plan)))?;
        mend_end(&mut samples, &csv, tail)?;
        let layout = layout(&csv, form)?;
        if !header.plan.cells.iter().all(|cell| layout.tells(cell)) {
            return Err(FolderError::OtherColumns(csv));
        }
        if there.is_none_or(|there| there.plan.difference(&header.plan).is_some()) {
            write_header(&json, &header)?;
        }
        let guards = [
            Guard::over(&csv, &samples).map_err(io_error("read", &csv))?,
            File::open(&json)
                .and_then(|file| Guard::over(&json, &file))
                .map_err(io_error("read", &json))?,
        ];
        let folder = RunFolder {
            path,
            header,
            samples,
            layout,
            guards,
        };
        Ok((folder, records))
    }
}

/// Gives `samples.csv` its last line end, or moves the part of a row there to `samples.csv.cut`.
fn mend_end(samples: &mut File, csv: &Path, tail: Tail) -> Result<(), FolderError> {
    let mut mend = || match tail {
        Tail::None => Ok(()),
        Tail::Row => samples.write_all(b"\n"),
        Tail::Part(length) => {
            let whole = samples.metadata()?.len() - length;
            let mut part = Vec::new();
            samples.seek(SeekFrom::Start(whole))?;
            samples.read_to_end(&mut part)?;
            part.push(b'\n');
            let mut cut = OpenOptions::new();
            let mut cut = cut
                .create(true)
                .append(true)
                .open(csv.with_extension("csv.cut"))?;
            cut.write_all(&part)?;
            samples.set_len(whole)
        }
    };
    mend().map_err(io_error("repair", csv))
}

/// Samples of two plans, or of two machines, are not one run.
fn refuse_other_run(
    folder: &Path,
    there: &RunHeader,
    wanted: &RunHeader,
) -> Result<(), FolderError> {
    let plan = match wanted.plan.continues(&there.plan) {
        true => None,
        false => there.plan.difference(&wanted.plan),
    };
    match plan.or_else(|| there.other_circumstance(wanted)) {
        None => Ok(()),
        Some((field, found, wanted)) => Err(FolderError::OtherRun {
            folder: folder.to_owned(),
            field,
            found,
            wanted,
        }),
    }
}

/// The columns that the file has, or would get.
fn layout(csv: &Path, form: Form) -> Result<Layout, FolderError> {
    let mut names = String::new();
    let mut lines = BufReader::new(readable(csv)?);
    // Its first line was read before, and is text.
    lines.read_line(&mut names).map_err(io_error("read", csv))?;
    Ok(Layout::read(form, names.trim_end()).unwrap_or_else(|_| Layout::own(form)))
}

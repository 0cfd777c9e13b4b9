//! How is a run begun, or taken up, in a folder that nobody else writes to?

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::breakdown_file::BreakdownFile;
use super::form::{Form, Layout};
use super::guard::Guard;
use super::header_file::{read_header, write_header};
use super::samples::mend_end;
use super::{FolderError, HEADER, RunFolder, io_error, read_records, readable};
use crate::experiment::{Difference, Visit};
use crate::record::{Change, Ledger, Record, RunHeader};

/// Under which circumstances a run is resumed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Resume {
    /// Only under those that it has been under before.
    #[default]
    AsBefore,
    /// Under those that there are.
    AsIs,
}

/// A run that was begun or resumed.
#[derive(Debug)]
pub struct Opened {
    /// Where it is kept.
    pub folder: RunFolder,
    /// The records that it has and that count.
    pub records: Vec<Record>,
    /// What is otherwise than in its last session; the header has it noted.
    pub changes: Vec<Change>,
}

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

    /// Begins a run with `header`, or resumes the one that it holds. A run may grow: by cells, by rounds,
    /// and by how far its tie set is to be resolved.
    ///
    /// # Errors
    ///
    /// If it holds a run whose plan `header` does not continue, or made under circumstances that `resume` does
    /// not allow, or text that this program did not write.
    pub fn open(self, header: &RunHeader, resume: Resume) -> Result<Opened, FolderError> {
        let Self {
            path,
            csv,
            mut samples,
        } = self;
        let json = path.join(HEADER);
        let mut there = None;
        if json.exists() {
            let found = read_header(&path)?;
            refuse_other_plan(&path, &found, header)?;
            there = Some(found);
        } else if samples.metadata().is_ok_and(|csv| csv.len() > 0) {
            return Err(FolderError::NoHeader(path));
        }
        let now = header;
        let differences = match &there {
            Some(there) => differences(&path, there, now, resume)?,
            None => Vec::new(),
        };
        let mut header = RunHeader {
            plan: now.plan.clone(),
            ..there.clone().unwrap_or_else(|| now.clone())
        };
        let form = Form::of_version(header.format_version);
        let (records, tail) = read_records(&path, (Some(form), Some(&header.plan)))?;
        mend_end(&mut samples, &csv, tail).map_err(io_error("repair", &csv))?;
        let layout = layout(&csv, form)?;
        if !header.plan.cells.iter().all(|cell| layout.tells(cell)) {
            return Err(FolderError::OtherColumns(csv));
        }
        let ledger = Ledger::of(&records);
        let changes = changes(differences, &now.started, ledger.last_round() + 1);
        header.changes.extend_from_slice(&changes);
        if there.is_none_or(|there| there.plan.difference(&header.plan).is_some())
            || !changes.is_empty()
        {
            write_header(&json, &header)?;
        }
        let is_open = |visit: &Visit| {
            let known = ledger.visit(visit);
            known.is_none_or(|known| !known.is_complete(&header.plan.protocol))
        };
        let breakdown = BreakdownFile::open(&path, is_open)?;
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
            breakdown,
        };
        Ok(Opened {
            folder,
            records,
            changes,
        })
    }
}

/// Samples of two plans are not one run.
fn refuse_other_plan(folder: &Path, there: &RunHeader, now: &RunHeader) -> Result<(), FolderError> {
    let difference = match now.plan.continues(&there.plan) {
        true => None,
        false => there.plan.difference(&now.plan),
    };
    match difference {
        None => Ok(()),
        Some(difference) => Err(FolderError::OtherRun {
            folder: folder.to_owned(),
            difference,
        }),
    }
}

/// In what a session with the header `now` is made otherwise than the last one of the run in `folder`.
fn differences(
    folder: &Path,
    there: &RunHeader,
    now: &RunHeader,
    resume: Resume,
) -> Result<Vec<Difference>, FolderError> {
    let all = there.other_circumstances(now);
    let new = all.iter().filter(|one| !there.has_been_under(one));
    let new: Vec<Difference> = new.cloned().collect();
    match resume {
        Resume::AsBefore if !new.is_empty() => Err(FolderError::OtherCircumstances {
            folder: folder.to_owned(),
            differences: new,
        }),
        Resume::AsBefore | Resume::AsIs => Ok(all),
    }
}

/// `differences` as what was seen to have changed at the time `at`, before round `round`.
fn changes(differences: Vec<Difference>, at: &str, round: u32) -> Vec<Change> {
    let change = |Difference { field, from, to }| Change {
        round,
        at: at.to_owned(),
        field,
        from,
        to,
    };
    differences.into_iter().map(change).collect()
}

/// The columns that the file has, or would get.
fn layout(csv: &Path, form: Form) -> Result<Layout, FolderError> {
    let mut names = String::new();
    let mut lines = BufReader::new(readable(csv)?);
    // Its first line was read before, and is text.
    lines.read_line(&mut names).map_err(io_error("read", csv))?;
    Ok(Layout::read(form, names.trim_end()).unwrap_or_else(|_| Layout::own(form)))
}

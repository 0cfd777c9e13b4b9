//! How is a `samples.csv` mended that another program changed?

use std::fs::{self, File, OpenOptions};
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};

use super::error::{FolderError, io_error};
use super::form::Form;
use super::samples::{Problem, Tail, scan};
use super::{RunFolder, SAMPLES, lock, read_header, readable, unused};
use crate::experiment::Plan;
use crate::file::BYTE_ORDER_MARK;

/// What was mended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// Rows that are left.
    pub kept: usize,
    /// Lines that are left out, with why.
    pub set_aside: Vec<Problem>,
    /// Whether line ends or a byte-order mark were those of another system.
    pub converted: bool,
    /// The file as it was.
    pub copy: PathBuf,
}

impl RunFolder {
    /// Mends the `samples.csv` of the run in `path`: line ends as they were written, and no line that is
    /// not a record of the run. The file as it was is kept beside. `None` where there is nothing to mend.
    ///
    /// # Errors
    ///
    /// If it is in use, cannot be written, its first line does not name the columns, or no row is a
    /// record of the run.
    pub fn repair(path: &Path) -> Result<Option<Repair>, FolderError> {
        let header = read_header(path)?;
        let csv = path.join(SAMPLES);
        readable(&csv)?;
        let file = OpenOptions::new().append(true).open(&csv);
        lock(&file.map_err(io_error("open", &csv))?, &csv)?;
        let form = Form::of_version(header.format_version);
        let Mended {
            found,
            text,
            kept,
            set_aside,
            converted,
        } = mended(&csv, form, &header.plan)?;
        if text == found {
            return Ok(None);
        }
        let copy = unused(&csv, "before-repair");
        write_new(&copy, &found)?;
        let part = unused(&csv, "part");
        write_new(&part, &text)?;
        fs::rename(&part, &csv).map_err(io_error("replace", &csv))?;
        Ok(Some(Repair {
            kept,
            set_aside,
            converted,
            copy,
        }))
    }
}

/// A `samples.csv` with what would be left of it.
pub(super) struct Mended {
    found: Vec<u8>,
    text: Vec<u8>,
    kept: usize,
    set_aside: Vec<Problem>,
    converted: bool,
}

/// What a repair would make of the samples at `csv` of a run of `plan`.
///
/// # Errors
///
/// If they cannot be read, the first line does not name the columns, or no row is a record of the run.
pub(super) fn mended(csv: &Path, form: Form, plan: &Plan) -> Result<Mended, FolderError> {
    let mut found = Vec::new();
    readable(csv)?
        .read_to_end(&mut found)
        .map_err(io_error("read", csv))?;
    let own = own_line_ends(&found);
    let (mut text, mut kept, mut set_aside) = (Vec::new(), 0, Vec::new());
    let known = (Some(form), Some(plan));
    let tail = scan(Cursor::new(&own), known, &mut |line| match line.found {
        Ok(record) => {
            kept += usize::from(record.is_some());
            text.extend(line.text);
            text.push(b'\n');
        }
        Err(problem) => set_aside.push(problem),
    });
    match tail.map_err(io_error("read", csv))? {
        // What an interruption leaves is no damage, and is cut when the run is taken up.
        Tail::Part(length) => text.extend(&own[own.len() - length as usize..]),
        Tail::Row => {
            text.pop();
        }
        Tail::None => {}
    }
    // Rows may be damaged, but not every one: what they all depend on is.
    match set_aside.first() {
        Some(first) if first.line == 1 => Err(FolderError::NoColumns {
            path: csv.to_owned(),
            why: first.what.clone(),
        }),
        Some(first) if kept == 0 => Err(FolderError::OtherPlan {
            path: csv.to_owned(),
            rows: set_aside.len(),
            first: first.clone(),
        }),
        _ => Ok(Mended {
            converted: own != found,
            found,
            text,
            kept,
            set_aside,
        }),
    }
}

/// `text` with the line ends and the beginning that this program writes.
fn own_line_ends(text: &[u8]) -> Vec<u8> {
    let text = text
        .strip_prefix(BYTE_ORDER_MARK.as_bytes())
        .unwrap_or(text);
    let mut own = Vec::with_capacity(text.len());
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'\r' if text.get(at + 1) == Some(&b'\n') => {}
            b'\r' => own.push(b'\n'),
            _ => own.push(*byte),
        }
    }
    own
}

fn write_new(path: &Path, text: &[u8]) -> Result<(), FolderError> {
    File::create_new(path)
        .and_then(|mut file| file.write_all(text).and_then(|()| file.sync_all()))
        .map_err(io_error("write", path))
}

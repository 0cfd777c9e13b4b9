//! Which records do the rows of `samples.csv` hold?

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs;
use std::path::Path;

use super::error::{FolderError, io_error};
use crate::record::{Record, Row, Status};

/// The records of `samples.csv`; a last row without line end is an interrupted write and no record.
/// A repetition that failed may have been measured again further down: the later row takes its place.
pub(super) fn read_records(csv: &Path) -> Result<Vec<Record>, FolderError> {
    let bytes = fs::read(csv).map_err(io_error("read", csv))?;
    let cut = bytes.iter().rposition(|byte| *byte == b'\n');
    let whole = &bytes[..cut.map_or(0, |last| last + 1)];
    let malformed = |line: u64, message: String| FolderError::Malformed {
        path: csv.to_owned(),
        line,
        message,
    };
    let mut places = BTreeMap::new();
    let mut records: Vec<Record> = Vec::new();
    for (i, row) in csv::Reader::from_reader(whole)
        .deserialize::<Row>()
        .enumerate()
    {
        let line = i as u64 + 2;
        let row = row.map_err(|error| malformed(line, error.to_string()))?;
        let record = row
            .record()
            .map_err(|error| malformed(line, error.to_string()))?;
        match places.entry((record.visit, record.rep)) {
            Entry::Vacant(place) => {
                place.insert(records.len());
                records.push(record);
            }
            Entry::Occupied(place) if records[*place.get()].answer.status() == Status::Failed => {
                records[*place.get()] = record;
            }
            Entry::Occupied(_) => {
                let Record { visit, rep, .. } = record;
                let what = format!("{} round {} rep {rep} again", visit.cell, visit.round);
                return Err(malformed(line, what));
            }
        }
    }
    Ok(records)
}

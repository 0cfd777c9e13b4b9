//! How is the breakdown of a simulated run kept and read?
//!
//! `breakdown.csv` has a row for each execution, written before the row of its sample: whoever is killed
//! between the two leaves a row too many, not one too few. A visit that is made again gives the same
//! rows again; those that are there already are not written a second time. Of an execution that has
//! several rows the last one counts.

use std::collections::{BTreeMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use csv::StringRecord;

use super::error::{FolderError, io_error};
use super::guard::Guard;
use super::readable;
use super::samples::{Tail, mend_end};
use crate::experiment::{Cell, Visit};
use crate::record::{Breakdown, Category, Parts, Record};
use crate::text::{Named, excerpt};

/// Its name in the run folder.
pub(super) const BREAKDOWN: &str = "breakdown.csv";

/// What ends the name of a column of times.
const NS: &str = "_ns";

/// Longest row that is looked for at the end of a file [bytes].
const LONGEST_ROW: u64 = 1 << 16;

/// The breakdown of a run that is being written.
#[derive(Debug)]
pub(super) struct BreakdownFile {
    path: PathBuf,
    names: StringRecord,
    /// Nothing before the first row: a measured run has no breakdown.
    file: Option<(File, Guard)>,
    /// Rows that are there of visits that will be made again.
    ahead: HashSet<Vec<String>>,
}

impl BreakdownFile {
    /// The breakdown in `folder`, without a row that an interruption cut short. The visits of which
    /// `is_open` is true will be made again.
    pub(super) fn open(
        folder: &Path,
        is_open: impl Fn(&Visit) -> bool,
    ) -> Result<Self, FolderError> {
        let path = folder.join(BREAKDOWN);
        let mut own = Self {
            path,
            names: names(),
            file: None,
            ahead: HashSet::new(),
        };
        if !own.path.exists() {
            return Ok(own);
        }
        let path = own.path.clone();
        let (file, guard) = own.file()?;
        let tail = tail(file).map_err(io_error("read", &path))?;
        mend_end(file, &path, tail).map_err(io_error("repair", &path))?;
        *guard = Guard::over(&path, file).map_err(io_error("read", &path))?;
        let mut ahead = HashSet::new();
        let names = read(&path, &mut |row| {
            if is_open(&row.visit) {
                ahead.insert(row.fields.iter().map(str::to_owned).collect());
            }
        })?;
        own.names = names.unwrap_or(own.names);
        own.ahead = ahead;
        Ok(own)
    }

    /// Appends the row of `record` in one write, unless it is there.
    pub(super) fn append(
        &mut self,
        record: &Record,
        breakdown: &Breakdown,
    ) -> Result<(), FolderError> {
        let columns = columns(record, breakdown);
        let value = |name: &str| {
            let column = columns.iter().find(|(known, _)| known == name);
            column.map_or_else(String::new, |(_, value)| value.clone())
        };
        let row: Vec<String> = self.names.iter().map(value).collect();
        if self.ahead.remove(&row) {
            return Ok(());
        }
        let names = self.names.clone();
        let failed = io_error("write", &self.path);
        let (file, guard) = self.file()?;
        let mut rows = csv::Writer::from_writer(Vec::new());
        let head = match guard.length() {
            0 => rows.write_record(&names),
            _ => Ok(()),
        };
        let text = head
            .and_then(|()| rows.write_record(&row))
            .map_err(io::Error::from)
            .and_then(|()| rows.into_inner().map_err(csv::IntoInnerError::into_error));
        let written = text.and_then(|text| {
            let written = file.write_all(&text);
            if written.is_err() {
                // A part of a row does no harm, but none is better.
                let _ = file.set_len(guard.length());
            }
            written.and_then(|()| guard.appended(&text, file))
        });
        written.map_err(failed)
    }

    /// What `look` finds that somebody else did to the file.
    pub(super) fn guarded(
        &mut self,
        look: fn(&mut Guard) -> io::Result<Option<&'static str>>,
    ) -> Result<(), FolderError> {
        let Some((_, guard)) = &mut self.file else {
            return Ok(());
        };
        match look(guard).map_err(io_error("read", &self.path))? {
            None => Ok(()),
            Some(what) => Err(FolderError::Foreign {
                file: self.path.clone(),
                what,
            }),
        }
    }

    fn file(&mut self) -> Result<&mut (File, Guard), FolderError> {
        if self.file.is_none() {
            let mut options = OpenOptions::new();
            let options = options.read(true).append(true).create(true);
            let opened = options.open(&self.path).and_then(|file| {
                let guard = Guard::over(&self.path, &file)?;
                Ok((file, guard))
            });
            self.file = Some(opened.map_err(io_error("open", &self.path))?);
        }
        Ok(self.file.as_mut().expect("it was just opened"))
    }
}

/// Every column of a row of this version, with what stands in it.
fn columns(record: &Record, breakdown: &Breakdown) -> Vec<(String, String)> {
    let Visit { round, cell } = record.visit;
    let which = [
        ("cell", cell.to_string()),
        ("round", round.to_string()),
        ("rep", record.rep.to_string()),
    ];
    let times = Category::all().zip(breakdown.times);
    let times = times.map(|(category, time)| (format!("{category}{NS}"), time.to_string()));
    let counts = [
        ("migrations", breakdown.migrations),
        ("events", breakdown.events),
        ("extrapolated_tasks", breakdown.extrapolated_tasks.into()),
    ];
    let counts = counts.map(|(name, count)| (name.to_owned(), count.to_string()));
    let which = which.map(|(name, value)| (name.to_owned(), value));
    which.into_iter().chain(times).chain(counts).collect()
}

/// The names of the columns of this version.
fn names() -> StringRecord {
    let times = Category::all().map(|category| format!("{category}{NS}"));
    let which = ["cell", "round", "rep"].map(str::to_owned);
    let counts = ["migrations", "events", "extrapolated_tasks"].map(str::to_owned);
    which.into_iter().chain(times).chain(counts).collect()
}

/// What stands after the last line end of `file`. Without a checksum nothing says whether that is whole.
fn tail(file: &mut File) -> io::Result<Tail> {
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LONGEST_ROW)))?;
    let mut end = Vec::new();
    file.read_to_end(&mut end)?;
    let after = end.iter().rposition(|byte| *byte == b'\n');
    let part = end.len() - after.map_or(0, |at| at + 1);
    Ok(match part as u64 {
        0 => Tail::None,
        part => Tail::Part(part),
    })
}

/// A row of a breakdown.
struct Row<'a> {
    visit: Visit,
    rep: u32,
    /// Times by the names of their columns, without the ending [ns].
    times: Vec<(&'a str, u64)>,
    fields: &'a StringRecord,
}

/// Reads the breakdown at `path`, hands every row to `each`, and returns the names of its columns; `None`
/// where nothing was written yet.
fn read(path: &Path, each: &mut dyn FnMut(Row<'_>)) -> Result<Option<StringRecord>, FolderError> {
    let mut file = readable(path)?;
    let whole = tail(&mut file).and_then(|tail| {
        let length = file.metadata()?.len();
        file.rewind()?;
        Ok(match tail {
            Tail::Part(part) => length - part,
            Tail::None | Tail::Row => length,
        })
    });
    let whole = whole.map_err(io_error("read", path))?;
    if whole == 0 {
        return Ok(None);
    }
    let mut rows = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(file.take(whole));
    let wrong = |line: u64, what: String| FolderError::Breakdown {
        path: path.to_owned(),
        line,
        what,
    };
    let names = rows.headers().cloned();
    let names = names.map_err(|error| wrong(1, error.to_string()))?;
    if !names.iter().take(3).eq(["cell", "round", "rep"]) {
        return Err(wrong(
            1,
            "it does not name cell, round and rep first".to_owned(),
        ));
    }
    let mut fields = StringRecord::new();
    loop {
        let line = rows.position().line();
        match rows.read_record(&mut fields) {
            Ok(true) => each(row(&names, &fields).map_err(|what| wrong(line, what))?),
            Ok(false) => return Ok(Some(names)),
            Err(error) => return Err(wrong(line, error.to_string())),
        }
    }
}

/// What `fields` say; nothing that is missing counts as 0.
fn row<'a>(names: &'a StringRecord, fields: &'a StringRecord) -> Result<Row<'a>, String> {
    if fields.len() != names.len() {
        let (found, wanted) = (fields.len(), names.len());
        return Err(format!(
            "it has {found} columns, the first line has {wanted}"
        ));
    }
    let count = |name: &str, text: &str| {
        text.parse::<u64>()
            .map_err(|_| format!("column {name}: '{}' is not a whole number", excerpt(text)))
    };
    let small = |name: &str, text: &str| {
        let number = count(name, text)?;
        u32::try_from(number).map_err(|_| format!("column {name}: '{number}' is too large"))
    };
    let cell: Cell = fields[0]
        .parse()
        .map_err(|error| format!("column cell: {error}"))?;
    let times = names.iter().zip(fields).filter_map(|(name, text)| {
        let part = name.strip_suffix(NS)?;
        Some(count(name, text).map(|time| (part, time)))
    });
    Ok(Row {
        visit: Visit {
            round: small("round", &fields[1])?,
            cell,
        },
        rep: small("rep", &fields[2])?,
        times: times.collect::<Result<_, _>>()?,
        fields,
    })
}

/// The sum over all executions of each cell in the run folder `folder`, each counted once, also where
/// it was simulated again; nothing where the run is no simulation.
///
/// # Errors
///
/// If the file cannot be read, or a row in it is not one of a breakdown.
pub fn breakdown(folder: &Path) -> Result<BTreeMap<Cell, Parts>, FolderError> {
    let path = folder.join(BREAKDOWN);
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    let mut executions: BTreeMap<(Visit, u32), Vec<u64>> = BTreeMap::new();
    let names = read(&path, &mut |row| {
        let times = row.times.iter().map(|(_, time)| *time).collect();
        executions.insert((row.visit, row.rep), times);
    })?;
    let names = names.unwrap_or_default();
    let names = names.iter().filter_map(|name| name.strip_suffix(NS));
    let none: Parts = names.map(|name| (name.to_owned(), 0.0)).collect();
    let mut cells: BTreeMap<Cell, Parts> = BTreeMap::new();
    for ((visit, _), times) in executions {
        let parts = cells.entry(visit.cell).or_insert_with(|| none.clone());
        for ((_, sum), time) in parts.iter_mut().zip(times) {
            *sum += time as f64;
        }
    }
    Ok(cells)
}

//! How is a record written as a line of `samples.csv`, and how is the line read?
//!
//! Since format version 2 the last column, `crc32`, is a checksum of the text of the line before its last
//! comma, as a decimal number, so that a line that was changed afterwards is found.

use std::io;
use std::sync::OnceLock;

use csv::StringRecord;

use crate::experiment::Visit;
use crate::record::{Answer, Record, Row};
use crate::text::excerpt;

/// Name of the column with the checksum.
const CHECKSUM: &str = "crc32";

/// First format version with checksums.
const WITH_CHECKSUMS: u32 = 2;

/// How the lines of a `samples.csv` are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Without checksums; a reason may stand on several lines.
    Plain,
    /// With a checksum in each line.
    Summed,
}

impl Form {
    /// The form of a format version.
    pub(super) fn of_version(version: u32) -> Self {
        match version {
            ..WITH_CHECKSUMS => Self::Plain,
            _ => Self::Summed,
        }
    }

    /// The form of a file whose first line is `names`.
    pub(super) fn of_names(names: &str) -> Self {
        match names.rsplit(',').next() {
            Some(CHECKSUM) => Self::Summed,
            _ => Self::Plain,
        }
    }

    /// The names of the columns as the first line, without its end.
    pub(super) fn names(self) -> String {
        let names = columns().join(",");
        match self {
            Self::Plain => names,
            Self::Summed => format!("{names},{CHECKSUM}"),
        }
    }

    /// The line of `record`, with its end.
    pub(super) fn line(self, record: &Record) -> io::Result<String> {
        // The one line end is that of the line.
        let text = csv_lines(record, false)?
            .trim_end_matches('\n')
            .replace(['\n', '\r'], " ");
        Ok(match self {
            Self::Plain => text + "\n",
            Self::Summed => format!("{text},{}\n", crc32fast::hash(text.as_bytes())),
        })
    }

    /// The columns that the first line `names` names, without the checksum.
    pub(super) fn columns(self, names: &str) -> Result<StringRecord, String> {
        let own = match self {
            Self::Plain => names,
            Self::Summed => names
                .strip_suffix(CHECKSUM)
                .and_then(|own| own.strip_suffix(','))
                .ok_or_else(|| format!("its last column is not {CHECKSUM}"))?,
        };
        let found: StringRecord = own.split(',').collect::<Vec<_>>().into();
        // Earlier versions had fewer columns; none has had them in another order.
        let mut following = columns().iter();
        for name in &found {
            if !columns().iter().any(|known| known == name) {
                return Err(format!("there is no column '{}'", excerpt(name)));
            }
            if !following.any(|known| known == name) {
                return Err(format!(
                    "column '{name}' is there twice, or not in its place"
                ));
            }
        }
        Ok(found)
    }

    /// The record in `line`, which has these `columns`.
    pub(super) fn record(self, line: &[u8], columns: &StringRecord) -> Result<Record, String> {
        let text = match self {
            Self::Plain => line,
            Self::Summed => checked(line)?,
        };
        let text = str::from_utf8(text).map_err(|_| "it is not UTF-8 text".to_owned())?;
        let fields = fields(text)?;
        if fields.len() != columns.len() {
            let (found, wanted) = (fields.len(), columns.len());
            return Err(format!(
                "it has {found} columns, the first line has {wanted}"
            ));
        }
        let row: Row = fields.deserialize(Some(columns)).map_err(|error| {
            let csv::ErrorKind::Deserialize { err, .. } = error.kind() else {
                return error.to_string();
            };
            let column = err.field().and_then(|at| columns.get(at as usize));
            match column {
                Some(column) => format!("column {column}: {}", err.kind()),
                None => err.kind().to_string(),
            }
        })?;
        row.record().map_err(|error| error.to_string())
    }
}

/// The text of `line` before its checksum, if that is right.
fn checked(line: &[u8]) -> Result<&[u8], String> {
    let comma = line.iter().rposition(|byte| *byte == b',').unwrap_or(0);
    let (text, sum) = line.split_at(comma);
    let sum = str::from_utf8(sum).unwrap_or_default();
    let found = crc32fast::hash(text);
    match sum.strip_prefix(',') {
        Some(sum) if sum == found.to_string() => Ok(text),
        _ => Err(
            "its checksum is not that of its text: it was changed after it was written".to_owned(),
        ),
    }
}

/// The fields of a line. Almost none has quotes.
fn fields(text: &str) -> Result<StringRecord, String> {
    if !text.contains('"') {
        return Ok(text.split(',').collect::<Vec<_>>().into());
    }
    let mut fields = StringRecord::new();
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    match reader.read_record(&mut fields) {
        Ok(_) => Ok(fields),
        Err(error) => Err(error.to_string()),
    }
}

/// The names of the columns, in file order.
fn columns() -> &'static [String] {
    static COLUMNS: OnceLock<Vec<String>> = OnceLock::new();
    COLUMNS.get_or_init(|| {
        let cell = "1x1 rayon static".parse();
        let any = Record {
            runner: String::new(),
            visit: Visit {
                round: 1,
                cell: cell.expect("the text form of a cell"),
            },
            rep: 1,
            unix_ms: 0,
            answer: Answer::Failed(String::new()),
        };
        let lines = csv_lines(&any, true).expect("a record can be written to memory");
        let names = lines.lines().next().unwrap_or_default();
        names.split(',').map(str::to_owned).collect()
    })
}

/// The row of `record`, below the names of its columns if `named`.
fn csv_lines(record: &Record, named: bool) -> io::Result<String> {
    let mut writer = csv::WriterBuilder::new()
        .has_headers(named)
        .from_writer(Vec::new());
    writer
        .serialize(Row::from(record))
        .map_err(io::Error::other)?;
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

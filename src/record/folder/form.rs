//! How is a record written as a line of `samples.csv`, and how is the line read?
//!
//! Since format version 2 the last column, `crc32`, is a checksum of the text of the line before its last
//! comma, as a decimal number, so that a line that was changed afterwards is found.

use csv::StringRecord;

use crate::experiment::{Axis, Cell};
use crate::record::Record;
use crate::record::columns::{Column, Reader, axis_field, columns};
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
}

/// The columns of a file, and how its lines are written. Earlier versions had fewer columns; none has
/// had them in another order.
#[derive(Clone)]
pub(super) struct Layout {
    form: Form,
    columns: Vec<&'static Column>,
}

impl std::fmt::Debug for Layout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.names())
    }
}

impl Layout {
    /// All columns of this version.
    pub(super) fn own(form: Form) -> Self {
        Self {
            form,
            columns: columns().iter().collect(),
        }
    }

    /// The columns that the first line `names` names.
    pub(super) fn read(form: Form, names: &str) -> Result<Self, String> {
        let own = match form {
            Form::Plain => names,
            Form::Summed => names
                .strip_suffix(CHECKSUM)
                .and_then(|own| own.strip_suffix(','))
                .ok_or_else(|| format!("its last column is not {CHECKSUM}"))?,
        };
        let mut found = Vec::new();
        let mut following = columns().iter();
        for name in own.split(',') {
            if Column::named(name).is_none() {
                return Err(format!("there is no column '{}'", excerpt(name)));
            }
            let column = following.find(|column| column.name == name);
            found.push(
                column.ok_or_else(|| {
                    format!("column '{name}' is there twice, or not in its place")
                })?,
            );
        }
        Ok(Self {
            form,
            columns: found,
        })
    }

    /// The names of the columns as the first line, without its end.
    pub(super) fn names(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|column| column.name).collect();
        match self.form {
            Form::Plain => names.join(","),
            Form::Summed => format!("{},{CHECKSUM}", names.join(",")),
        }
    }

    /// Whether these columns tell `cell` from others.
    pub(super) fn tells(&self, cell: &Cell) -> bool {
        let there = |axis: &Axis| {
            self.columns
                .iter()
                .any(|column| column.axis() == Some(*axis))
        };
        let mut lacking = Axis::ALL.into_iter().filter(|axis| !there(axis));
        lacking.all(|axis| axis_field(axis, cell) == axis_field(axis, &Cell::default()))
    }

    /// The line of `record`, with its end.
    pub(super) fn line(&self, record: &Record) -> Result<String, csv::Error> {
        let fields = self
            .columns
            .iter()
            .map(|column| column.field(record).to_string());
        // The one line end is that of the line.
        let fields = fields.map(|field| field.replace(['\n', '\r'], " "));
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(fields)?;
        let line = writer.into_inner().map_err(|error| error.into_error())?;
        let line = String::from_utf8_lossy(&line);
        let text = line.trim_end_matches('\n');
        Ok(match self.form {
            Form::Plain => format!("{text}\n"),
            Form::Summed => format!("{text},{}\n", crc32fast::hash(text.as_bytes())),
        })
    }

    /// The record in `line`.
    pub(super) fn record(&self, line: &[u8], reader: &mut Reader) -> Result<Record, String> {
        let text = match self.form {
            Form::Plain => line,
            Form::Summed => checked(line)?,
        };
        let text = str::from_utf8(text).map_err(|_| "it is not UTF-8 text".to_owned())?;
        // Almost no line has quotes.
        if !text.contains('"') {
            self.counts(text.bytes().filter(|byte| *byte == b',').count() + 1)?;
            return reader.record(self.columns.iter().copied().zip(text.split(',')));
        }
        let fields = fields(text)?;
        self.counts(fields.len())?;
        reader.record(self.columns.iter().copied().zip(&fields))
    }

    /// Whether a line of so many fields has one for each column.
    fn counts(&self, found: usize) -> Result<(), String> {
        let wanted = self.columns.len();
        match found == wanted {
            true => Ok(()),
            false => Err(format!(
                "it has {found} columns, the first line has {wanted}"
            )),
        }
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

/// The fields of a line with quotes.
fn fields(text: &str) -> Result<StringRecord, String> {
    let mut fields = StringRecord::new();
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    match reader.read_record(&mut fields) {
        Ok(_) => Ok(fields),
        Err(error) => Err(error.to_string()),
    }
}

//! Which record do the fields of a row hold?

use std::collections::HashMap;
use std::time::Duration;

use super::{Column, Content};
use crate::experiment::{Axis, Cell, Visit};
use crate::record::{Answer, Record, Sample, Status};
use crate::text::excerpt;
use crate::units::range;

/// Reads records from the fields of rows. Cells are remembered, since there are few in many rows.
#[derive(Default)]
pub struct Reader {
    cells: HashMap<String, Cell>,
    /// The fields of the axes of the current row.
    key: String,
}

/// What has been read of a record.
#[derive(Default)]
struct Draft<'a> {
    runner: String,
    values: Vec<(Axis, &'a str)>,
    round: u32,
    rep: u32,
    status: Status,
    sample: Sample,
    unix_ms: u64,
    reason: Option<String>,
}

impl Reader {
    /// The record whose fields these are.
    ///
    /// # Errors
    ///
    /// The first field that is none of its column, or what does not go together.
    pub fn record<'a>(
        &mut self,
        row: impl IntoIterator<Item = (&'static Column, &'a str)>,
    ) -> Result<Record, String> {
        let mut draft = Draft::default();
        for (column, text) in row {
            let wrong = |why: String| format!("column {}: {why}", column.name);
            draft.read(&column.content, text).map_err(wrong)?;
        }
        let cell = self.cell(&draft.values)?;
        draft.record(cell)
    }

    fn cell(&mut self, values: &[(Axis, &str)]) -> Result<Cell, String> {
        self.key.clear();
        for (_, text) in values {
            self.key.push_str(text);
            self.key.push(',');
        }
        if let Some(cell) = self.cells.get(&self.key) {
            return Ok(*cell);
        }
        let present = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let values = values.iter().map(|(axis, text)| (*axis, present(text)));
        let cell = Cell::of_values(values).map_err(|error| error.to_string())?;
        self.cells.insert(self.key.clone(), cell);
        Ok(cell)
    }
}

impl<'a> Draft<'a> {
    fn read(&mut self, content: &Content, text: &'a str) -> Result<(), String> {
        let integer = || -> Result<u64, String> {
            text.parse()
                .map_err(|_| format!("'{}' is not a whole number", excerpt(text)))
        };
        let small = || u32::try_from(integer()?).map_err(|_| too_large(text));
        match content {
            Content::Axis(axis) => self.values.push((*axis, text)),
            Content::Runner => text.clone_into(&mut self.runner),
            Content::Round => self.round = small()?,
            Content::Rep => self.rep = small()?,
            Content::UnixMs => self.unix_ms = integer()?,
            Content::Status => self.status = text.parse().map_err(|e| format!("{e}"))?,
            // What is missing stays missing.
            _ if text.is_empty() => {}
            Content::Reason => self.reason = Some(text.to_owned()),
            Content::Time(_, set) => set(&mut self.sample, Duration::from_nanos(integer()?)),
            Content::Count(_, set) => {
                set(&mut self.sample, integer()?).ok_or_else(|| too_large(text))?;
            }
            Content::Number(_, set) => {
                let number = text
                    .parse()
                    .map_err(|_| format!("'{}' is not a number", excerpt(text)))?;
                set(&mut self.sample, number);
            }
            Content::Work(_) => drop(integer()?),
        }
        Ok(())
    }

    fn record(self, cell: Cell) -> Result<Record, String> {
        if let Some(metric) = self.sample.metric {
            range::METRIC
                .check(metric)
                .map_err(|error| error.to_string())?;
        }
        let timed = !self.sample.wall.is_zero();
        let reason = self.reason.unwrap_or_default();
        let answer = match (self.status, timed) {
            (Status::Ok, true) => Answer::Ok(self.sample),
            (Status::Censored, true) => Answer::Censored(self.sample),
            (Status::Wrong, true) => Answer::Wrong(self.sample, reason),
            (Status::Interrupted, _) => Answer::Interrupted(self.sample, reason),
            (Status::Failed, _) => Answer::Failed(reason),
            (status, false) => return Err(format!("'{status}' needs a wall_ns with it")),
        };
        Ok(Record {
            runner: self.runner,
            visit: Visit {
                round: self.round,
                cell,
            },
            rep: self.rep,
            unix_ms: self.unix_ms,
            answer,
        })
    }
}

fn too_large(text: &str) -> String {
    format!("'{}' is too large", excerpt(text))
}

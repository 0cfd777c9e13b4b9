//! Which records does a `samples.csv` hold, and which of its lines are no records of its run?
//!
//! A line is a record where its checksum is right, its columns go together, and it is the next
//! repetition of a visit of the plan. Whatever else stands there was not written so by this program:
//! it is a [`Problem`], and never counted. A part of a row at the end of the file, without a line end, is
//! the *tail* that an interruption leaves.

use std::collections::{HashSet, VecDeque};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::form::{Form, Layout};
use crate::experiment::{Cell, Plan};
use crate::file::BYTE_ORDER_MARK;
use crate::record::columns::Reader;
use crate::record::{Ledger, Record};
use crate::units::human_bytes;

/// A line that is no record of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its number, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub what: String,
}

/// What stands after the last line end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tail {
    /// Nothing.
    None,
    /// A whole row that lacks its line end only.
    Row,
    /// A part of a row, of this many bytes.
    Part(u64),
}

/// A line with what it means.
pub(super) struct Line<'a> {
    pub(super) text: &'a [u8],
    /// `None` of the first line, which names the columns.
    pub(super) found: Result<Option<Record>, Problem>,
}

/// What a row of the run may be.
struct Expected<'p> {
    /// The plan with its cells; nothing is known without one.
    plan: Option<(&'p Plan, HashSet<Cell>)>,
    ledger: Ledger,
}

impl<'p> Expected<'p> {
    fn of(plan: Option<&'p Plan>) -> Self {
        Self {
            plan: plan.map(|plan| (plan, plan.cells.iter().copied().collect())),
            ledger: Ledger::default(),
        }
    }

    /// Notes `record` as the next one, or says why it is not.
    fn next(&mut self, record: &Record) -> Result<(), String> {
        let Record { visit, rep, .. } = record;
        let round = visit.round;
        if let Some((plan, cells)) = &self.plan {
            let (rounds, reps) = (plan.last_round(), plan.protocol.reps.get());
            if !cells.contains(&visit.cell) {
                return Err(format!("the plan in run.json has no cell {}", visit.cell));
            }
            if !(1..=rounds).contains(&round) {
                return Err(format!(
                    "round {round} is not one of the plan's, 1 to {rounds}"
                ));
            }
            if !(1..=reps).contains(rep) {
                return Err(format!("rep {rep} is not one of the plan's, 1 to {reps}"));
            }
        }
        let before = self.ledger.visit(visit);
        let last = before.map_or(0, |recorded| recorded.last_rep);
        // Only where it is needed: the text of a cell takes longer than all the rest.
        let of_visit = || format!("{} round {round} rep {rep}", visit.cell);
        let protocol = self.plan.as_ref().map(|(plan, _)| &plan.protocol);
        if before.is_some_and(|before| !before.admits(*rep, protocol)) {
            return Err(format!("{} again", of_visit()));
        }
        if *rep > last + 1 {
            return Err(format!("{} without rep {} before it", of_visit(), last + 1));
        }
        self.ledger.enter(record);
        Ok(())
    }
}

/// Reads `input`, a `samples.csv` of a run of `plan`, and hands every line to `each`. The form is that of
/// the first line unless it is known.
///
/// # Errors
///
/// If it cannot be read. A first line that does not name the columns is the only problem then.
pub(super) fn scan(
    input: impl BufRead,
    (form, plan): (Option<Form>, Option<&Plan>),
    each: &mut dyn FnMut(Line<'_>),
) -> io::Result<Tail> {
    let mut lines = Lines {
        input,
        number: 0,
        form: form.unwrap_or(Form::Plain),
        ahead: VecDeque::new(),
    };
    let Some((number, first)) = lines.next()? else {
        return Ok(Tail::None);
    };
    let (names, ended) = without_end(&first);
    let form = form.unwrap_or_else(|| Form::of_names(&String::from_utf8_lossy(names)));
    lines.form = form;
    if !ended && Layout::own(form).names().as_bytes().starts_with(names) {
        return Ok(Tail::Part(names.len() as u64));
    }
    let layout = match layout(form, names) {
        Ok(layout) => layout,
        Err(what) => {
            let found = Err(Problem { line: number, what });
            each(Line { text: names, found });
            return Ok(Tail::None);
        }
    };
    each(Line {
        text: names,
        found: Ok(None),
    });
    let mut expected = Expected::of(plan);
    let mut reader = Reader::default();
    while let Some((number, line)) = lines.next()? {
        let (text, ended) = without_end(&line);
        let row = row(&layout, text, &mut reader);
        // Without a checksum nothing says whether a row without its end is whole.
        let part = row.is_err() || form == Form::Plain;
        if !ended && part && !text.contains(&b'\r') {
            return Ok(Tail::Part(text.len() as u64));
        }
        let found = row.and_then(|record| expected.next(&record).map(|()| Some(record)));
        let found = found.map_err(|what| Problem { line: number, what });
        each(Line { text, found });
        if !ended {
            return Ok(Tail::Row);
        }
    }
    Ok(Tail::None)
}

fn without_end(line: &[u8]) -> (&[u8], bool) {
    line.strip_suffix(b"\n")
        .map_or((line, false), |text| (text, true))
}

fn layout(form: Form, names: &[u8]) -> Result<Layout, String> {
    if names.starts_with(BYTE_ORDER_MARK.as_bytes()) {
        return Err("it begins with a byte-order mark: another program saved the file".to_owned());
    }
    unmixed(names)?;
    let names = str::from_utf8(names).map_err(|_| "it is not UTF-8 text".to_owned())?;
    let layout = Layout::read(form, names);
    layout.map_err(|why| format!("it does not name the columns of samples.csv: {why}"))
}

fn row(layout: &Layout, text: &[u8], reader: &mut Reader) -> Result<Record, String> {
    unmixed(text)?;
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    if !is_balanced(text) {
        return Err("a quote is opened in it and not closed".to_owned());
    }
    layout.record(text, reader)
}

/// Refuses the line ends of other systems.
fn unmixed(text: &[u8]) -> Result<(), String> {
    if text.ends_with(b"\r") {
        Err("it ends in CR: another program saved the file".to_owned())
    } else if text.contains(&b'\r') {
        Err("it holds CR without LF: another program saved the file".to_owned())
    } else {
        Ok(())
    }
}

/// The lines of a file, each with its end and the number of its first line.
struct Lines<R> {
    input: R,
    number: u64,
    form: Form,
    /// Lines that were read already.
    ahead: VecDeque<Vec<u8>>,
}

/// Longest line that is read: the reason of a failure is a few lines of a program's output [bytes].
const LONGEST_LINE: u64 = 1 << 20;

/// Most lines that the reason of a record without checksum may stand on.
const MOST_LINES: usize = 64;

impl<R: BufRead> Lines<R> {
    fn next(&mut self) -> io::Result<Option<(u64, Vec<u8>)>> {
        let Some(mut line) = self.one()? else {
            return Ok(None);
        };
        let number = self.number + 1;
        self.number = number;
        if self.form == Form::Summed || is_balanced(&line) {
            return Ok(Some((number, line)));
        }
        // A text in quotes goes on, unless it never ends.
        let mut more = Vec::new();
        let mut whole = line.clone();
        while !is_balanced(&whole) && more.len() < MOST_LINES {
            let Some(next) = self.one()? else {
                break;
            };
            whole.extend(&next);
            more.push(next);
        }
        if is_balanced(&whole) {
            self.number += more.len() as u64;
            line = whole;
        } else {
            more.into_iter()
                .rev()
                .for_each(|line| self.ahead.push_front(line));
        }
        Ok(Some((number, line)))
    }

    fn one(&mut self) -> io::Result<Option<Vec<u8>>> {
        if let Some(line) = self.ahead.pop_front() {
            return Ok(Some(line));
        }
        let mut line = Vec::new();
        let mut part = self.input.by_ref().take(LONGEST_LINE);
        let length = part.read_until(b'\n', &mut line)? as u64;
        if length == LONGEST_LINE && !line.ends_with(b"\n") {
            let most = human_bytes(LONGEST_LINE);
            let said = format!(
                "line {} or a later one is longer than {most}",
                self.number + 1
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, said));
        }
        Ok((length > 0).then_some(line))
    }
}

/// Whether every quote that is opened is closed.
fn is_balanced(text: &[u8]) -> bool {
    text.iter().filter(|byte| **byte == b'"').count() % 2 == 0
}

/// Gives `file`, which is at `path`, its last line end, or moves the part of a row there to a file beside it
/// whose name ends in `.cut`.
pub(super) fn mend_end(file: &mut File, path: &Path, tail: Tail) -> io::Result<()> {
    match tail {
        Tail::None => Ok(()),
        Tail::Row => file.write_all(b"\n"),
        Tail::Part(length) => {
            let whole = file.metadata()?.len() - length;
            let mut part = Vec::new();
            file.seek(SeekFrom::Start(whole))?;
            file.read_to_end(&mut part)?;
            part.push(b'\n');
            let mut cut = OpenOptions::new();
            let cut = cut.create(true).append(true);
            cut.open(path.with_extension("csv.cut"))?.write_all(&part)?;
            file.set_len(whole)
        }
    }
}

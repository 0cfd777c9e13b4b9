//! Which columns does `samples.csv` have?
//!
//! The one table of them: name, unit, meaning, the probe that fills it, and how a record is written into
//! it and read from it. The file, `oversub export`, the inventory of `oversub doctor` and
//! `docs/columns.md` are made from it. A column means the same in every file.

mod page;
mod reader;
mod table;

use std::sync::OnceLock;
use std::time::Duration;

use super::field::{Field, FieldKind};
use super::{Record, Sample};
use crate::experiment::{Axis, Cell, Syntax, Value, Workload};
use crate::units::ns;

pub use page::page;
pub use reader::Reader;

/// One column.
#[derive(Clone, Copy)]
pub struct Column {
    /// Its name, which it keeps for ever.
    pub name: &'static str,
    /// The unit of its values; `1` of a count, empty of a name.
    pub unit: &'static str,
    /// What it says, as a phrase.
    pub meaning: &'static str,
    /// Name of the probe that fills it, of columns that a probe fills.
    pub probe: Option<&'static str>,
    content: Content,
}

/// What of a record stands in a column.
#[derive(Clone, Copy)]
enum Content {
    Runner,
    Axis(Axis),
    Round,
    Rep,
    Status,
    UnixMs,
    Reason,
    Time(fn(&Sample) -> Option<Duration>, fn(&mut Sample, Duration)),
    /// The second is `None` where the count is too large for what it counts.
    Count(
        fn(&Sample) -> Option<u64>,
        fn(&mut Sample, u64) -> Option<()>,
    ),
    Number(fn(&Sample) -> Option<f64>, fn(&mut Sample, f64)),
    /// Of one task, times the tasks that were done; it follows from the others and is not read.
    Work(fn(&Workload) -> Option<u64>),
}

/// Every column, in file order.
pub fn columns() -> &'static [Column] {
    static COLUMNS: OnceLock<Vec<Column>> = OnceLock::new();
    COLUMNS.get_or_init(table::columns)
}

impl Column {
    /// The column called `name`.
    pub fn named(name: &str) -> Option<&'static Self> {
        columns().iter().find(|column| column.name == name)
    }

    /// What it holds.
    pub fn kind(&self) -> FieldKind {
        match &self.content {
            Content::Runner | Content::Status | Content::Reason => FieldKind::Word,
            Content::Axis(axis) => axis_kind(*axis),
            Content::Number(..) => FieldKind::Number,
            Content::Round | Content::Rep | Content::UnixMs => FieldKind::Integer,
            Content::Time(..) | Content::Count(..) | Content::Work(_) => FieldKind::Integer,
        }
    }

    /// The axis whose value it holds, where it holds one.
    pub fn axis(&self) -> Option<Axis> {
        match self.content {
            Content::Axis(axis) => Some(axis),
            _ => None,
        }
    }

    /// What of `record` stands in it. A failure has no numbers.
    pub fn field(&self, record: &Record) -> Field {
        let sample = record.answer.numbers();
        let cell = &record.visit.cell;
        match &self.content {
            Content::Runner => Field::Word(record.runner.clone()),
            Content::Axis(axis) => axis_field(*axis, cell),
            Content::Round => Field::Integer(record.visit.round.into()),
            Content::Rep => Field::Integer(record.rep.into()),
            Content::Status => Field::Word(record.answer.status().to_string()),
            Content::UnixMs => Field::Integer(record.unix_ms),
            Content::Reason => Field::word(record.answer.reason()),
            Content::Time(get, _) => Field::integer(sample.and_then(get).map(ns)),
            Content::Count(get, _) => Field::integer(sample.and_then(get)),
            Content::Number(get, _) => Field::number(sample.and_then(get)),
            Content::Work(each) => Field::integer(sample.and_then(|sample| {
                Some(u64::from(sample.tasks_done?).saturating_mul(each(&cell.workload)?))
            })),
        }
    }
}

/// What the columns of an axis hold.
pub fn axis_kind(axis: Axis) -> FieldKind {
    match axis.syntax() {
        Syntax::Counts([] | ["0"]) | Syntax::OneCount => FieldKind::Integer,
        Syntax::Counts(_) | Syntax::Names => FieldKind::Word,
    }
}

/// Where `cell` stands on `axis`, as a field of that kind.
pub fn axis_field(axis: Axis, cell: &Cell) -> Field {
    match (axis.value(cell), axis_kind(axis)) {
        (Value::Absent, _) => Field::Missing,
        (Value::Count(count), FieldKind::Integer) => Field::Integer(count.into()),
        (value, _) => Field::Word(value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::experiment::Visit;
    use crate::record::{Answer, Interference, Waiting};

    fn record(answer: Answer) -> Record {
        let cell = "2x4 minkowski-3 n=256 active tasks=16".parse().unwrap();
        Record {
            runner: "host".into(),
            visit: Visit { round: 2, cell },
            rep: 3,
            unix_ms: 7,
            answer,
        }
    }

    fn texts(record: &Record) -> Vec<String> {
        let texts = columns()
            .iter()
            .map(|column| column.field(record).to_string());
        texts.collect()
    }

    fn read(texts: &[String]) -> Result<Record, String> {
        Reader::default().record(columns().iter().zip(texts.iter().map(String::as_str)))
    }

    #[test]
    fn every_kind_of_answer_comes_back_from_its_row() {
        let sample = Sample {
            wall: Duration::from_nanos(1_000),
            tasks_done: Some(5),
            voluntary_switches: Some(0),
            granted_by_environment: Some(2),
            granted: Some(4),
            lost_updates: Some(0),
            peak_rss: Some(8),
            peak_temporaries: Some(9),
            metric: Some(0.1),
            waiting: Waiting {
                spin: Some(Duration::from_nanos(7)),
                ..Waiting::default()
            },
            interference: Interference {
                throttled_periods: Some(0),
                ..Interference::default()
            },
            ..Sample::default()
        };
        for answer in [
            Answer::Ok(sample.clone()),
            Answer::Censored(sample.clone()),
            Answer::Wrong(sample.clone(), "2 is not 3".into()),
            Answer::Interrupted(sample, "stood still".into()),
            Answer::Interrupted(Sample::default(), "stopped".into()),
            Answer::Failed("why, so".into()),
        ] {
            let record = record(answer);
            assert_eq!(read(&texts(&record)).as_ref(), Ok(&record));
        }
    }

    /// Every column that a sample fills is set by its text alone, and by no other's.
    #[test]
    fn a_column_sets_what_it_shows() {
        let mut seen = BTreeSet::new();
        for column in columns() {
            let mut sample = Sample::default();
            let filled = match &column.content {
                Content::Time(_, set) => {
                    set(&mut sample, Duration::from_nanos(5));
                    true
                }
                Content::Count(_, set) => set(&mut sample, 5).is_some(),
                Content::Number(_, set) => {
                    set(&mut sample, 5.0);
                    true
                }
                _ => false,
            };
            assert!(seen.insert(column.name), "{} is there twice", column.name);
            if filled {
                sample.wall = sample.wall.max(Duration::from_nanos(1));
                let record = record(Answer::Ok(sample));
                assert_ne!(column.field(&record), Field::Missing, "{}", column.name);
                let others = columns().iter().filter(|other| other.name != column.name);
                let counted = others.filter(|other| {
                    matches!(
                        other.content,
                        Content::Time(..) | Content::Count(..) | Content::Number(..)
                    )
                });
                let there = counted.filter(|other| other.field(&record) != Field::Missing);
                let there: Vec<&str> = there.map(|other| other.name).collect();
                assert!(there.iter().all(|name| *name == "wall_ns"), "{there:?}");
            }
        }
    }

    #[test]
    fn a_field_that_is_none_of_its_column_is_named() {
        let whole = texts(&record(Answer::Ok(Sample {
            wall: Duration::from_nanos(1),
            ..Sample::default()
        })));
        for (name, text, why) in [
            ("outer", "two", "'two' is not a count"),
            ("wait", "", "'' is not a wait"),
            ("composition", "mixed", "'mixed' is not a composition"),
            (
                "cpu_ns",
                "1.5",
                "column cpu_ns: '1.5' is not a whole number",
            ),
            (
                "threads",
                "5000000000",
                "column threads: '5000000000' is too large",
            ),
            ("status", "good", "column status: 'good' is not a status"),
            ("wall_ns", "", "needs a wall_ns"),
            ("metric", "nan", "metric"),
            ("metric", "0", "metric"),
            ("metric", "4.9e-324", "metric"),
        ] {
            let mut texts = whole.clone();
            let at = columns().iter().position(|column| column.name == name);
            texts[at.unwrap()] = text.to_owned();
            let error = read(&texts).unwrap_err();
            assert!(error.contains(why), "{name}: {error}");
        }
    }

    #[test]
    fn missing_is_empty_and_zero_is_zero() {
        let sample = Sample {
            voluntary_switches: Some(0),
            ..Sample::default()
        };
        let record = record(Answer::Ok(sample));
        let field = |name: &str| Column::named(name).unwrap().field(&record);
        assert_eq!(field("voluntary_switches"), Field::Integer(0));
        assert_eq!(field("involuntary_switches"), Field::Missing);
        assert_eq!(field("flops"), Field::Missing);
    }
}

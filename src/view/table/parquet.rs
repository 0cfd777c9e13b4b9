//! How does a table become a Parquet file?
//!
//! Each column holds words, integers or numbers, of 64 bits each, and any value may be missing. Which
//! of them follows from its values; a column without any is what [`WITHOUT_VALUES`] says, since a
//! column must not change from run to run.

use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;
use serde::Serialize;
use serde_json::Value;

use super::{TableError, csv};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Word,
    Integer,
    Number,
}

/// Columns that hold no integers and may be empty in a whole run.
const WITHOUT_VALUES: [(&str, Kind); 12] = [
    ("dtype", Kind::Word),
    ("wait", Kind::Word),
    ("chunk", Kind::Word),
    ("reason", Kind::Word),
    ("spread", Kind::Word),
    ("bound", Kind::Word),
    ("cause", Kind::Word),
    ("metric", Kind::Number),
    ("time_s", Kind::Number),
    ("time_low_s", Kind::Number),
    ("time_high_s", Kind::Number),
    ("slowdown", Kind::Number),
];

impl Kind {
    fn of(name: &str, values: &[Value]) -> Self {
        let known = WITHOUT_VALUES.iter().find(|(column, _)| *column == name);
        match values.iter().find(|value| !value.is_null()) {
            None => known.map_or(Self::Integer, |(_, kind)| *kind),
            Some(Value::Number(number)) if number.is_f64() => Self::Number,
            Some(Value::Number(_)) => Self::Integer,
            Some(_) => Self::Word,
        }
    }

    fn column(self, name: &str) -> Result<Type, ParquetError> {
        let (physical, logical) = match self {
            Self::Word => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Self::Integer => (Physical::INT64, None),
            Self::Number => (Physical::DOUBLE, None),
        };
        Type::primitive_type_builder(name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical)
            .build()
    }

    fn write(
        self,
        values: &[Value],
        column: SerializedColumnWriter<'_>,
    ) -> Result<(), ParquetError> {
        match self {
            Self::Word => put::<ByteArrayType>(values, column, |v| v.as_str().map(ByteArray::from)),
            Self::Integer => put::<Int64Type>(values, column, Value::as_i64),
            Self::Number => put::<DoubleType>(values, column, Value::as_f64),
        }
    }
}

fn put<T: DataType>(
    values: &[Value],
    mut column: SerializedColumnWriter<'_>,
    of: impl Fn(&Value) -> Option<T::T>,
) -> Result<(), ParquetError> {
    let there: Vec<i16> = values.iter().map(|v| i16::from(!v.is_null())).collect();
    let values: Vec<T::T> = values.iter().filter_map(of).collect();
    column
        .typed::<T>()
        .write_batch(&values, Some(&there), None)?;
    column.close()
}

/// `rows` as the bytes of a Parquet file, columns in the order of their fields.
pub(super) fn parquet<T: Serialize>(rows: &[T]) -> Result<Vec<u8>, TableError> {
    let header = csv(rows.get(..1).unwrap_or_default())?;
    let names: Vec<&str> = header.lines().take(1).flat_map(|l| l.split(',')).collect();
    let mut columns: Vec<Vec<Value>> = vec![Vec::with_capacity(rows.len()); names.len()];
    for row in rows {
        let mut row = serde_json::to_value(row).map_err(TableError::of)?;
        for (name, column) in names.iter().zip(&mut columns) {
            column.push(row.get_mut(name).map_or(Value::Null, Value::take));
        }
    }
    let columns: Vec<(&str, Vec<Value>)> = names.into_iter().zip(columns).collect();
    file(&columns).map_err(TableError::of)
}

fn file(columns: &[(&str, Vec<Value>)]) -> Result<Vec<u8>, ParquetError> {
    let kinds: Vec<Kind> = columns
        .iter()
        .map(|(name, values)| Kind::of(name, values))
        .collect();
    let fields = columns.iter().zip(&kinds);
    let fields = fields.map(|((name, _), kind)| kind.column(name).map(Arc::new));
    let schema = Type::group_type_builder("table")
        .with_fields(fields.collect::<Result<_, _>>()?)
        .build()?;
    let mut bytes = Vec::new();
    let mut file = SerializedFileWriter::new(&mut bytes, Arc::new(schema), Arc::default())?;
    let mut group = file.next_row_group()?;
    for ((_, values), kind) in columns.iter().zip(kinds) {
        if let Some(column) = group.next_column()? {
            kind.write(values, column)?;
        }
    }
    group.close()?;
    file.close()?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use parquet::file::reader::{FileReader, SerializedFileReader};

    use super::*;
    use crate::experiment::Visit;
    use crate::record::{Answer, Record, Row, Sample};

    #[derive(Serialize)]
    struct Line {
        word: Option<&'static str>,
        count: Option<u32>,
        share: Option<f64>,
    }

    fn read(bytes: Vec<u8>) -> (Vec<String>, Vec<String>) {
        let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
        let schema = reader.metadata().file_metadata().schema().clone();
        let columns = schema.get_fields().iter();
        let columns = columns.map(|f| format!("{} {:?}", f.name(), f.get_physical_type()));
        let rows = reader.get_row_iter(None).unwrap();
        let rows = rows.map(|row| row.unwrap().to_string()).collect();
        (columns.collect(), rows)
    }

    #[test]
    fn columns_keep_their_order_kind_and_gaps() {
        let line = |word, count, share| Line { word, count, share };
        let rows = [line(Some("a"), None, Some(1.0)), line(None, Some(7), None)];
        let (columns, rows) = read(parquet(&rows).unwrap());
        assert_eq!(columns, ["word BYTE_ARRAY", "count INT64", "share DOUBLE"]);
        assert_eq!(
            rows,
            [
                r#"{word: "a", count: null, share: 1.0}"#,
                "{word: null, count: 7, share: null}"
            ]
        );
    }

    /// Files of two runs must fit under each other, whatever could be counted in each.
    #[test]
    fn a_column_of_samples_is_of_the_same_kind_with_values_and_without() {
        let row = |cell: &str, answer| {
            Row::from(&Record {
                runner: "host".to_owned(),
                visit: Visit {
                    round: 1,
                    cell: cell.parse().unwrap(),
                },
                rep: 1,
                unix_ms: 0,
                answer,
            })
        };
        let told = Sample {
            metric: Some(1.5),
            ..Sample::default()
        };
        let full = row(
            "matmul.f64.8_1x1_fork-join.passive_independent_unbound_queue.1_t1",
            Answer::Wrong(told, "all of it".to_owned()),
        );
        let bare = row(
            "command_1x1_program_independent_unbound_static_t1",
            Answer::Failed(String::new()),
        );
        let bare = Row {
            reason: None,
            ..bare
        };
        let (full, bare) = (parquet(&[full]).unwrap(), parquet(&[bare]).unwrap());
        assert_eq!(read(full).0, read(bare).0);
    }
}

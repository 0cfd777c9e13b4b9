//! How does a table become a Parquet file?
//!
//! Each column holds words, integers or numbers, of 64 bits each, and any value may be missing.

use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;

use super::Table;
use crate::record::{Field, FieldKind};

fn column(name: &str, kind: FieldKind) -> Result<Type, ParquetError> {
    let (physical, logical) = match kind {
        FieldKind::Word => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        FieldKind::Integer => (Physical::INT64, None),
        FieldKind::Number => (Physical::DOUBLE, None),
    };
    Type::primitive_type_builder(name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical)
        .build()
}

fn write(
    kind: FieldKind,
    fields: &[&Field],
    column: SerializedColumnWriter<'_>,
) -> Result<(), ParquetError> {
    match kind {
        FieldKind::Word => put::<ByteArrayType>(fields, column, |field| match field {
            Field::Word(word) => Some(ByteArray::from(word.as_str())),
            _ => None,
        }),
        FieldKind::Integer => put::<Int64Type>(fields, column, |field| match field {
            Field::Integer(integer) => i64::try_from(*integer).ok(),
            _ => None,
        }),
        FieldKind::Number => put::<DoubleType>(fields, column, |field| match field {
            Field::Number(number) => Some(*number),
            _ => None,
        }),
    }
}

fn put<T: DataType>(
    fields: &[&Field],
    mut column: SerializedColumnWriter<'_>,
    of: impl Fn(&Field) -> Option<T::T>,
) -> Result<(), ParquetError> {
    let values: Vec<Option<T::T>> = fields.iter().map(|field| of(field)).collect();
    let there: Vec<i16> = values
        .iter()
        .map(|value| i16::from(value.is_some()))
        .collect();
    let values: Vec<T::T> = values.into_iter().flatten().collect();
    column
        .typed::<T>()
        .write_batch(&values, Some(&there), None)?;
    column.close()
}

/// `table` as the bytes of a Parquet file.
pub(super) fn parquet(Table { columns, rows }: &Table) -> Result<Vec<u8>, ParquetError> {
    let fields = columns
        .iter()
        .map(|(name, kind)| column(name, *kind).map(Arc::new));
    let schema = Type::group_type_builder("table")
        .with_fields(fields.collect::<Result<_, _>>()?)
        .build()?;
    let mut bytes = Vec::new();
    let mut file = SerializedFileWriter::new(&mut bytes, Arc::new(schema), Arc::default())?;
    let mut group = file.next_row_group()?;
    for (at, (_, kind)) in columns.iter().enumerate() {
        if let Some(column) = group.next_column()? {
            let fields: Vec<&Field> = rows.iter().filter_map(|row| row.get(at)).collect();
            write(*kind, &fields, column)?;
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
    use crate::record::{Answer, Record, Sample};
    use crate::view::table::samples;

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
        let table = Table {
            columns: vec![
                ("word", FieldKind::Word),
                ("count", FieldKind::Integer),
                ("share", FieldKind::Number),
            ],
            rows: vec![
                vec![
                    Field::Word("a".to_owned()),
                    Field::Missing,
                    Field::Number(1.0),
                ],
                vec![Field::Missing, Field::Integer(7), Field::Missing],
            ],
        };
        let (columns, rows) = read(parquet(&table).unwrap());
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
        let table = |cell: &str, answer| {
            let cell = cell.parse().unwrap();
            let record = Record {
                runner: "host".to_owned(),
                visit: Visit { round: 1, cell },
                rep: 1,
                unix_ms: 0,
                answer,
            };
            parquet(&samples(&[record])).unwrap()
        };
        let told = Sample {
            metric: Some(1.5),
            ..Sample::default()
        };
        let full = table("1x1", Answer::Wrong(told, "all of it".to_owned()));
        let bare = table("command 1x1", Answer::Failed(String::new()));
        assert_eq!(read(full).0, read(bare).0);
    }
}

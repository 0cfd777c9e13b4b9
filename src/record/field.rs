//! What stands in one place of a table?

use std::fmt;

use serde::{Serialize, Serializer};

/// A value with its kind. As text it is empty where it is missing.
#[derive(Clone, Debug, PartialEq)]
pub enum Field {
    /// Nothing is known; never 0.
    Missing,
    /// A name or a text.
    Word(String),
    /// A count, or a time in whole units.
    Integer(u64),
    /// Any other number.
    Number(f64),
}

/// What a column of a table holds, whether or not there is a value in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// See [`Field::Word`].
    Word,
    /// See [`Field::Integer`].
    Integer,
    /// See [`Field::Number`].
    Number,
}

impl Field {
    /// The word `value`, where there is one.
    pub fn word(value: Option<impl fmt::Display>) -> Self {
        value.map_or(Self::Missing, |value| Self::Word(value.to_string()))
    }

    /// The integer `value`, where there is one.
    pub fn integer(value: Option<impl Into<u64>>) -> Self {
        value.map_or(Self::Missing, |value| Self::Integer(value.into()))
    }

    /// The number `value`, where there is one.
    pub fn number(value: Option<f64>) -> Self {
        value.map_or(Self::Missing, Self::Number)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => Ok(()),
            Self::Word(word) => word.fmt(f),
            Self::Integer(integer) => integer.fmt(f),
            // The shortest text that comes back as the same number, with a point in it.
            Self::Number(number) => write!(f, "{number:?}"),
        }
    }
}

impl Serialize for Field {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Missing => out.serialize_none(),
            Self::Word(word) => out.serialize_str(word),
            Self::Integer(integer) => out.serialize_u64(*integer),
            Self::Number(number) => out.serialize_f64(*number),
        }
    }
}

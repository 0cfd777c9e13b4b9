//! How does a value become text and come back?
//!
//! Every value that users type, that records hold and that child processes receive has exactly
//! one text form: `Display` writes it, `FromStr` reads it, and serde uses the same form.

use std::fmt;

/// A text that does not name a value, with what was expected in its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not a {what}; expected {expected}")]
pub struct ParseError {
    /// What was being read, for example `wait policy`.
    pub what: &'static str,
    /// The text as given.
    pub text: String,
    /// The accepted forms, as a phrase.
    pub expected: String,
}

impl ParseError {
    /// An error for `text` read as a `what`.
    pub fn new(what: &'static str, text: &str, expected: impl fmt::Display) -> Self {
        Self {
            what,
            text: text.to_owned(),
            expected: expected.to_string(),
        }
    }
}

/// Implements serde's traits by the type's `Display` and `FromStr`.
#[macro_export]
macro_rules! serde_as_text {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                out.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                let text = String::deserialize(input)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

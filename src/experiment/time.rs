//! How is a span of time written?

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text::ParseError;

/// A span of time of a second to a week. Text forms: `90s`, `5m`, `1h 30m`; a number alone is seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(Duration);

const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

impl Span {
    /// How long it is.
    pub fn duration(self) -> Duration {
        self.0
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs_f64();
        match self.0.as_secs() {
            whole if self.0.subsec_nanos() > 0 || whole % 60 > 0 => write!(f, "{seconds}s"),
            whole if whole % 3600 > 0 => write!(f, "{}m", whole / 60),
            whole => write!(f, "{}h", whole / 3600),
        }
    }
}

impl FromStr for Span {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let seconds = || Duration::try_from_secs_f64(text.trim().parse().ok()?).ok();
        let written = || Duration::try_from(text.parse::<jiff::SignedDuration>().ok()?).ok();
        seconds()
            .or_else(written)
            .filter(|span| (Duration::from_secs(1)..=LONGEST).contains(span))
            .map(Self)
            .ok_or_else(|| {
                ParseError::new("time", text, "one from 1s to 168h, as in 90s, 5m or 1h 30m")
            })
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Seconds(f64),
            Text(String),
        }
        let text = match Form::deserialize(deserializer)? {
            Form::Seconds(seconds) => seconds.to_string(),
            Form::Text(text) => text,
        };
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        let seconds = |text: &str| text.parse::<Span>().map(|span| span.0.as_secs());
        assert_eq!(seconds("5m"), Ok(300));
        assert_eq!(seconds("90s"), Ok(90));
        assert_eq!(seconds("1h 30m"), Ok(5400));
        assert_eq!(seconds("45"), Ok(45));
        for text in ["", "0", "-5m", "5 parsecs", "nan", "1e99", "200h", "0.5s"] {
            assert!(seconds(text).is_err(), "{text}");
        }
        for text in ["90s", "5m", "2h", "1.5s"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
    }
}

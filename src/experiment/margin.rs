//! How small a difference is worth more rounds?

use std::fmt;
use std::str::FromStr;

use crate::serde_as_text;
use crate::text::ParseError;

/// A relative difference, in hundredths of a per cent. Text form: `2%`, `0.5%`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Margin(u32);

/// Hundredths of a per cent in 1.
const WHOLE: f64 = 1e4;

impl Margin {
    /// As a share of the whole [1].
    pub fn share(self) -> f64 {
        f64::from(self.0) / WHOLE
    }
}

impl fmt::Display for Margin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", f64::from(self.0) / 100.0)
    }
}

impl FromStr for Margin {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let number = text
            .trim()
            .strip_suffix('%')
            .and_then(|n| n.trim().parse().ok());
        number
            .map(|percent: f64| (percent * 100.0).round())
            .filter(|parts| (1.0..=WHOLE).contains(parts))
            .map(|parts| Self(parts as u32))
            .ok_or_else(|| {
                ParseError::new("margin", text, "a percentage from 0.01% to 100%, as in 2%")
            })
    }
}

serde_as_text!(Margin);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_margin_is_a_percentage() {
        for (text, share) in [("2%", 0.02), (" 0.5 %", 0.005), ("100%", 1.0)] {
            assert_eq!(text.parse::<Margin>().unwrap().share(), share);
        }
        for text in ["2", "0%", "x%", "-1%", "101%", "NaN%"] {
            assert!(text.parse::<Margin>().is_err(), "{text}");
        }
        assert_eq!("2.50%".parse::<Margin>().unwrap().to_string(), "2.5%");
    }
}

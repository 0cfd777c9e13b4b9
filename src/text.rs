//! How does a value become text and come back?
//!
//! Every value that users type, that records hold and that child processes receive has exactly
//! one text form: `Display` writes it, `FromStr` reads it, and serde uses the same form.

#[cfg(test)]
pub(crate) mod any_text;

use std::fmt;

/// Characters of a foreign text that a message quotes at most.
const LONGEST_EXCERPT: usize = 80;

/// A text that does not name a value, with what was expected in its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{}' is not {} {what}; expected {expected}",
    excerpt(text),
    article(what)
)]
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

/// `a`, or `an` before a vowel.
fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    }
}

/// The line of `text`, from 1, on which its byte `offset` stands.
pub fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().iter().take(offset);
    before.filter(|byte| **byte == b'\n').count() + 1
}

/// `word` as a POSIX shell reads it.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// `text` as a message may quote it: in one line, and cut where it is long.
///
/// What users type and what files hold can be of any length; the error about it must not be.
pub fn excerpt(text: &str) -> String {
    let mut rest = text.chars();
    let mut quoted = String::new();
    for c in rest.by_ref().take(LONGEST_EXCERPT) {
        if c.is_control() {
            quoted.extend(c.escape_default());
        } else {
            quoted.push(c);
        }
    }
    if !rest.as_str().is_empty() {
        quoted += "...";
    }
    quoted
}

/// `text` with its paragraphs in lines of at most `width` columns; no word is cut.
pub fn wrapped(text: &str, width: usize) -> String {
    let paragraph = |paragraph: &str| {
        let mut lines: Vec<String> = Vec::new();
        for word in paragraph.split_whitespace() {
            match lines.last_mut() {
                Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => lines.push(word.to_owned()),
            }
        }
        lines.join("\n")
    };
    let paragraphs: Vec<String> = text.split("\n\n").map(paragraph).collect();
    let body = paragraphs.join("\n\n");
    let (before, after) = (
        text.starts_with('\n'),
        text.ends_with('\n') && text.len() > 1,
    );
    format!(
        "{}{body}{}",
        if before { "\n" } else { "" },
        if after { "\n" } else { "" }
    )
}

/// What a reader of TOML `said`, in the words of who wrote the file: Rust's types are not theirs.
pub fn plain(said: &str) -> String {
    const WANTED: &str = "expected ";
    let Some((found, wanted)) = said.rsplit_once(WANTED) else {
        return said.to_owned();
    };
    let wanted = match wanted {
        "u32" => "a whole number from 0 to 4294967295",
        "u64" => "a whole number from 0 to 9223372036854775807",
        "i32" => "a whole number from -2147483648 to 2147483647",
        "f64" => "a number",
        "a sequence" => "a list",
        "a string" => "a text in quotes",
        "a map" => "a table",
        wanted if wanted.starts_with("struct ") => "a table",
        wanted => wanted,
    };
    format!("{found}{WANTED}{wanted}")
}

/// `text` on one line: every run of white space and control characters is one blank.
pub fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// An enum of which every value has one name, which is its text form. To be derived of
/// [`strum::VariantArray`] and [`strum::IntoStaticStr`], and by [`named!`](crate::named).
pub trait Named: strum::VariantArray + Copy + Into<&'static str> {
    /// What messages call such a value.
    const WHAT: &'static str;

    /// Every value, in the order of its declaration.
    fn all() -> impl ExactSizeIterator<Item = Self> {
        Self::VARIANTS.iter().copied()
    }

    /// The name of this value.
    fn name(self) -> &'static str {
        self.into()
    }

    /// All names, with commas between them.
    fn names() -> String {
        let names: Vec<&str> = Self::all().map(Self::name).collect();
        names.join(", ")
    }

    /// The value called `text`.
    ///
    /// # Errors
    ///
    /// If none is called so.
    fn by_name(text: &str) -> Result<Self, ParseError> {
        Self::all()
            .find(|value| value.name() == text)
            .ok_or_else(|| ParseError::new(Self::WHAT, text, format!("one of {}", Self::names())))
    }
}

/// Implements [`Named`](crate::text::Named), `Display`, `FromStr` and serde's traits for an enum by the names
/// of its values. The text is what messages call one of them.
#[macro_export]
macro_rules! named {
    ($type:ty, $what:literal) => {
        impl $crate::text::Named for $type {
            const WHAT: &'static str = $what;
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad($crate::text::Named::name(*self))
            }
        }

        impl std::str::FromStr for $type {
            type Err = $crate::text::ParseError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::text::Named::by_name(text)
            }
        }

        $crate::serde_as_text!($type);
    };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_end_of_any_system_is_left() {
        assert_eq!(
            one_line(" a\r\n\tb\u{85}c\u{2028}d\u{1b}[0m\n"),
            "a b c d [0m"
        );
        assert_eq!(one_line("\n"), "");
    }

    #[test]
    fn what_is_expected_of_a_file_has_no_type_of_rust() {
        let said = "invalid type: string \"ls\", expected struct CommandRequest";
        assert_eq!(plain(said), "invalid type: string \"ls\", expected a table");
        let said = plain("invalid value: integer `-1`, expected u32");
        assert!(said.ends_with("expected a whole number from 0 to 4294967295"));
        for same in ["unknown field `a`, expected `b` or `c`", "duplicate key"] {
            assert_eq!(plain(same), same);
        }
    }

    #[test]
    fn an_error_has_the_article_of_its_noun() {
        let said = |what| ParseError::new(what, "x", "y").to_string();
        assert_eq!(said("axis"), "'x' is not an axis; expected y");
        assert_eq!(said("metric"), "'x' is not a metric; expected y");
    }

    #[test]
    fn a_byte_stands_on_the_line_that_it_begins() {
        let text = "a\nb\n";
        assert_eq!([0, 1, 2, 4, 9].map(|at| line_of(text, at)), [1, 1, 2, 3, 3]);
    }

    #[test]
    fn a_shell_reads_every_word_as_it_was() {
        assert_eq!(quoted("--n=4"), "--n=4");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn a_quoted_text_is_one_short_line() {
        assert_eq!(excerpt("pack:2 pu:2"), "pack:2 pu:2");
        assert_eq!(excerpt("a\nb\u{7}"), "a\\nb\\u{7}");
        let long = "\u{20ac}".repeat(9_000_000);
        let quoted = excerpt(&long);
        assert!(quoted.ends_with("\u{20ac}...") && quoted.chars().count() == 83);
        let error = ParseError::new("count", &long, "1 or more").to_string();
        assert!(error.chars().count() < 200, "{error}");
    }

    #[test]
    fn narrow_lines_lose_no_word() {
        let text = "one two three\n\nfour";
        assert_eq!(wrapped(text, 8), "one two\nthree\n\nfour");
        assert_eq!(wrapped(text, 2), "one\ntwo\nthree\n\nfour");
    }
}

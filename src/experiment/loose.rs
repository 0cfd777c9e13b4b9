//! In how many forms may a file say an axis?

use std::fmt;

use serde::de::{self, DeserializeSeed, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

/// An axis in a TOML file, in the syntax of the flag: from a text, a number, or a list of either.
pub(super) struct Loose(pub(super) String);

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        LooseVisitor { in_list: false }.deserialize(input)
    }
}

struct LooseVisitor {
    in_list: bool,
}

impl<'de> DeserializeSeed<'de> for LooseVisitor {
    type Value = Loose;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Loose, D::Error> {
        input.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for LooseVisitor {
    type Value = Loose;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.in_list {
            true => "a text or a number in the list",
            false => "a text, a number, or a list of them",
        })
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Loose, E> {
        Ok(Loose(text.to_owned()))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Loose, E> {
        Ok(Loose(number.to_string()))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Loose, E> {
        Ok(Loose(number.to_string()))
    }

    fn visit_i128<E: de::Error>(self, number: i128) -> Result<Loose, E> {
        Ok(Loose(number.to_string()))
    }

    fn visit_u128<E: de::Error>(self, number: u128) -> Result<Loose, E> {
        Ok(Loose(number.to_string()))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Loose, E> {
        Ok(Loose(number.to_string()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Loose, A::Error> {
        if self.in_list {
            return Err(de::Error::invalid_type(Unexpected::Seq, &self));
        }
        let mut texts = Vec::new();
        let element = || LooseVisitor { in_list: true };
        while let Some(Loose(text)) = list.next_element_seed(element())? {
            texts.push(text);
        }
        Ok(Loose(texts.join(",")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_gives_texts_numbers_and_lists_of_them() {
        #[derive(Deserialize)]
        struct File {
            outer: Loose,
        }
        let read = |text: &str| toml::from_str::<File>(text).map(|file| file.outer.0);
        assert_eq!(read("outer = [1, \"4..=6\"]").unwrap(), "1,4..=6");
        assert_eq!(read("outer = 2").unwrap(), "2");
        let beyond = "99999999999999999999";
        assert_eq!(read(&format!("outer = {beyond}")).unwrap(), beyond);
        for (wrong, wanted) in [
            ("outer = {a = 1}", "a text, a number, or a list of them"),
            ("outer = true", "a text, a number, or a list of them"),
            ("outer = [[1], 2]", "a text or a number in the list"),
            ("outer = [1, [2, [3]]]", "a text or a number in the list"),
            ("outer = [1, {}]", "a text or a number in the list"),
        ] {
            let error = read(wrong).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
    }
}

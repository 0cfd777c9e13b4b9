//! How does a text with path separators stand in one field of a cell's text form?
//!
//! Percent-encoding: a byte that would end the field, or has a meaning in file names or for a shell,
//! becomes `%` and two hexadecimal digits. Most texts have none and stay as they are.

/// Whether `byte` stands for itself.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-.:+".contains(&byte)
}

/// `text` as a field.
pub(super) fn escaped(text: &str) -> String {
    let mut field = String::new();
    for byte in text.bytes() {
        match is_plain(byte) {
            true => field.push(char::from(byte)),
            false => field.push_str(&format!("%{byte:02X}")),
        }
    }
    field
}

/// The text of `field`, or `None` where it is not one that [`escaped`] writes.
pub(super) fn unescaped(field: &str) -> Option<String> {
    let mut pieces = field.split('%');
    let mut bytes = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        let (digits, plain) = piece.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(plain.as_bytes());
    }
    let text = String::from_utf8(bytes).ok()?;
    (escaped(&text) == field).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_stay_and_paths_lose_their_separators() {
        assert_eq!(
            escaped("fork-join.spin-then-park.500"),
            "fork-join.spin-then-park.500"
        );
        assert_eq!(escaped("blas:/a_b/c.so"), "blas:%2Fa%5Fb%2Fc.so");
    }

    #[test]
    fn a_field_has_one_spelling() {
        for field in ["%2f", "%41", "%2", "%", "%zz", "%+1", "a b", "%FF"] {
            assert_eq!(unescaped(field), None, "{field}");
        }
    }

    proptest! {
        #[test]
        fn every_text_comes_back(text in ".*") {
            let field = escaped(&text);
            prop_assert!(!field.contains(['_', '/']));
            prop_assert_eq!(unescaped(&field), Some(text));
        }
    }
}

//! How does a text with blanks stand as one word of a cell's text form?
//!
//! Percent-encoding: a byte that would end the word, or is no graphic character of ASCII, becomes `%`
//! and two hexadecimal digits. Most texts have none and stay as they are.

/// `text` as a word.
pub(super) fn escaped(text: &str) -> String {
    let mut word = String::new();
    for byte in text.bytes() {
        match byte.is_ascii_graphic() && byte != b'%' {
            true => word.push(char::from(byte)),
            false => word.push_str(&format!("%{byte:02X}")),
        }
    }
    word
}

/// The text of `word`, or `None` where an escape in it is none.
pub(super) fn unescaped(word: &str) -> Option<String> {
    let mut pieces = word.split('%');
    let mut bytes = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        let (digits, plain) = piece.split_at_checked(2)?;
        let digits = Some(digits).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(plain.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paths_stay_and_lose_their_blanks() {
        assert_eq!(escaped("blas:/a_b/c d.so"), "blas:/a_b/c%20d.so");
    }

    #[test]
    fn an_escape_that_is_none_is_refused() {
        for word in ["%2", "%", "%zz", "%+1", "%FF"] {
            assert_eq!(unescaped(word), None, "{word}");
        }
        // Earlier versions escaped more.
        assert_eq!(unescaped("%2Fa%5Fb"), Some("/a_b".to_owned()));
    }

    proptest! {
        #[test]
        fn every_text_comes_back(text in ".*") {
            let word = escaped(&text);
            prop_assert!(word.bytes().all(|byte| byte.is_ascii_graphic()));
            prop_assert_eq!(unescaped(&word), Some(text));
        }
    }
}

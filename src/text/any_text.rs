//! Does what reads text end in a value or an error, whatever the text?
//!
//! [`survives`] makes texts from a corpus by random edits and hands each to a reader, which must not
//! panic. A few hundred by default; `PROPTEST_CASES` says how many, in
//! `PROPTEST_CASES=1000000 cargo test --release --lib any_text`.

use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// What readers of text stumble over.
const SNIPPETS: [&str; 48] = [
    "",
    "0",
    "-1",
    "1e999",
    "-1e999",
    "4.9e-324",
    "nan",
    "inf",
    "-inf",
    "NaN",
    "1.5",
    "0x",
    "00",
    "4294967295",
    "4294967296",
    "18446744073709551615",
    "18446744073709551616",
    "9007199254740993",
    "\"",
    "'",
    ",",
    ";",
    ":",
    ".",
    "..=",
    "*",
    "=",
    "-",
    "_",
    " ",
    "\t",
    "\n",
    "\r\n",
    "\0",
    "\u{feff}",
    "\u{202e}",
    "\u{e9}",
    "%",
    "\\",
    "\\040",
    "/",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "<",
];

/// An edit: which, where, and with what.
type Edit = (u8, u32, u32);

/// `text` after `edit`; `others` has more text to take from.
fn edited(mut text: Vec<u8>, (kind, place, with): Edit, others: &[&[u8]]) -> Vec<u8> {
    let at = place as usize % (text.len() + 1);
    let snippet = SNIPPETS[with as usize % SNIPPETS.len()].as_bytes();
    let end = (at + with as usize % 16).min(text.len());
    match kind % 8 {
        0 => drop(text.splice(at..at, snippet.iter().copied())),
        1 => drop(text.drain(at..end)),
        2 => text.truncate(at),
        3 => {
            if let Some(byte) = text.get_mut(at) {
                *byte ^= 1 << (with % 8);
            }
        }
        4 => {
            let again = text[at..].to_vec();
            text.extend(again);
        }
        5 => {
            let other = others[with as usize % others.len()];
            let from = place as usize % (other.len() + 1);
            drop(text.splice(at.., other[from..].iter().copied()));
        }
        // The next number becomes another one, so that the form stays.
        _ => {
            let digit = |byte: &u8| byte.is_ascii_digit();
            if let Some(start) = text[at..].iter().position(digit).map(|more| at + more) {
                let length = text[start..].iter().take_while(|byte| digit(byte)).count();
                drop(text.splice(start..start + length, snippet.iter().copied()));
            }
        }
    }
    text
}

/// Checks that `read` panics on no text made from `corpus`.
pub(crate) fn survives<T: AsRef<[u8]>>(corpus: &[T], read: impl Fn(&[u8])) {
    let corpus: Vec<&[u8]> = corpus.iter().map(AsRef::as_ref).collect();
    corpus.iter().for_each(|text| read(text));
    let config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::XorShift);
    let texts = (any::<usize>(), vec(any::<Edit>(), 1..6));
    let checked = TestRunner::new_with_rng(config, rng).run(&texts, |(at, edits)| {
        let text = corpus[at % corpus.len()].to_vec();
        let edit = |text, edit| edited(text, edit, &corpus);
        read(&edits.into_iter().fold(text, edit));
        Ok(())
    });
    if let Err(error) = checked {
        panic!("{error}");
    }
}

/// The same of readers that take text only.
pub(crate) fn survives_text<T: AsRef<[u8]>>(corpus: &[T], read: impl Fn(&str)) {
    survives(corpus, |text| read(&String::from_utf8_lossy(text)));
}

/// Edits reach every part of a text, and their number grows as asked.
#[test]
fn edits_make_many_texts_of_one() {
    let seen = std::cell::RefCell::new(std::collections::BTreeSet::new());
    survives(&["1,2,3"], |text| {
        seen.borrow_mut().insert(text.to_vec());
    });
    assert!(seen.borrow().len() > 100);
}

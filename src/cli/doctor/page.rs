//! How is a page of named values laid out?

use std::fmt::Write;
use std::iter;

/// Width of a terminal nobody has widened.
pub(super) const COLUMNS: usize = 80;

/// Blanks before each line of a section.
pub(super) const INDENT: usize = 2;

/// Width of the column of names.
pub(super) const NAMES: usize = 28;

pub(super) fn page(sections: &[(&str, Vec<String>)]) -> String {
    let mut page = String::new();
    for (title, lines) in sections {
        let _ = writeln!(page, "{title}");
        for line in lines {
            let _ = writeln!(page, "{:INDENT$}{line}", "");
        }
        page.push('\n');
    }
    page
}

pub(super) fn pair(name: &str, value: &str) -> String {
    format!("{name:<NAMES$}{value}")
}

/// `value` beside `name`, broken to fit into a terminal.
pub(super) fn paragraph(name: &str, value: &str) -> Vec<String> {
    let lines = wrapped(value, COLUMNS - NAMES - INDENT);
    let names = iter::once(name).chain(iter::repeat(""));
    let lines = names.zip(lines.lines());
    lines.map(|(name, line)| pair(name, line)).collect()
}

/// `words` broken at spaces into lines of at most `columns` characters.
pub(super) fn wrapped(words: &str, columns: usize) -> String {
    let (mut page, mut column) = (String::new(), 0);
    for word in words.split_whitespace() {
        let width = word.chars().count();
        match column {
            0 => {}
            column if column + 1 + width > columns => page.push('\n'),
            _ => page.push(' '),
        }
        column = if page.ends_with('\n') || column == 0 {
            width
        } else {
            column + 1 + width
        };
        page.push_str(word);
    }
    page
}

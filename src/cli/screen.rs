//! What can the screen show?

use std::io::IsTerminal;

use crate::view::terminal::Ink;

/// Columns of an output that does not say how wide it is.
const DEFAULT_COLUMNS: usize = 100;

/// Coloured text where `stream` is a terminal and `NO_COLOR` (no-color.org) is not set.
pub(super) fn ink(stream: &impl IsTerminal) -> Ink {
    let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if wanted && stream.is_terminal() {
        Ink::Color
    } else {
        Ink::Plain
    }
}

/// Width of the terminal [columns].
pub(super) fn columns() -> usize {
    terminal_size::terminal_size().map_or(DEFAULT_COLUMNS, |(width, _)| usize::from(width.0))
}

//! How are the columns described to readers?

use super::{Column, columns};

/// The columns as a page of Markdown.
pub fn page() -> String {
    let head = "# Columns of samples.csv\n\n\
        Made from the table in `src/record/columns/table.rs`; a test compares them.\n\n\
        Each sample is one row. Empty means \"not available\", never 0; `not_available` in `run.json` names the probes\n\
        that could not be read, each with the reason that `oversub doctor` gives. A name means the same in every file\n\
        that the program writes. A column that a file of an earlier version lacks is empty, unless it follows from the\n\
        cell: an axis has its default (`background` 0), and `flops` and `bytes` come from the workload's description.\n\n\
        | column | meaning | unit | read from |\n|---|---|---|---|\n";
    let line = |column: &Column| {
        let Column {
            name,
            meaning,
            unit,
            probe,
            ..
        } = column;
        format!(
            "| {name} | {meaning} | {unit} | {} |\n",
            probe.unwrap_or_default()
        )
    };
    let lines: String = columns().iter().map(line).collect();
    let sum = "| crc32 | CRC-32 (IEEE) of the text of the row before this column's comma, as in Python's \
        `zlib.crc32`; a row that was changed afterwards is refused by line. `oversub export` leaves it out | 1 | |\n";
    format!("{head}{lines}{sum}")
}

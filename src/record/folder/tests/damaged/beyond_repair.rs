//! What is neither repaired nor promised to be?

use super::*;

#[test]
fn what_is_no_samples_csv_at_all_is_neither_repaired_nor_touched() {
    let run = Run::new();
    let utf16: Vec<u8> = run
        .text()
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for text in [
        b"hello".to_vec(),
        b"a,b\n1,2\n".to_vec(),
        utf16,
        b"\n".to_vec(),
    ] {
        let error = run.beyond_repair(&text);
        assert!(error.contains("samples.csv line 1: "), "{error}");
        assert!(error.contains("cannot be repaired"), "{error}");
    }
}

/// What a spreadsheet makes of the file when it saves it, and names that are not where they were.
#[test]
fn no_repair_is_promised_of_what_is_changed_as_a_whole() {
    let run = Run::new();
    let text = run.text();
    let (names, rows) = text.split_once('\n').unwrap();
    let swapped = names.replacen("outer,inner", "inner,outer", 1);
    let twice = names.replacen("outer,inner", "outer,outer", 1);
    assert!(swapped != names && twice != names);
    let quoted = |line: &str| format!("\"{}\"\n", line.replace(',', "\",\""));
    let longer = |line: &str| format!("{line},\n");
    for (saved, why) in [
        (
            format!("{swapped}\n{rows}"),
            "column 'outer' is there twice, or not in its place",
        ),
        (
            format!("{twice}\n{rows}"),
            "column 'outer' is there twice, or not in its place",
        ),
        (text.replace(',', ";"), "its last column is not crc32"),
        (text.replace(',', "\t"), "its last column is not crc32"),
        (text.lines().map(quoted).collect(), "is not crc32"),
        (text.lines().map(longer).collect(), "is not crc32"),
        (
            format!("{names}\n{}", rows.lines().map(longer).collect::<String>()),
            "none of its 10 rows fits",
        ),
        (
            text.replace(',', ";").replace('\n', "\r\n"),
            "its last column is not crc32",
        ),
    ] {
        let error = run.beyond_repair(saved.as_bytes());
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn a_line_that_does_not_end_is_not_read_into_memory() {
    let run = Run::new();
    let csv = OpenOptions::new().write(true).open(run.csv()).unwrap();
    csv.set_len(1 << 30).unwrap();
    for error in [
        RunFolder::read(run.path()).unwrap_err(),
        run.open().unwrap_err(),
    ] {
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains("longer than 1 MiB"), "{source}");
    }
}

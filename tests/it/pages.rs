//! The pages of the project: do they say what the program, its tables and the files beside them say?
//!
//! `PAGES=write cargo test --test it pages` writes what is made: the page of columns, and the outputs in
//! transcripts.

mod fields;
mod links;
mod markdown;
mod tables;
mod transcripts;

use std::fs;

use markdown::root;

/// Whether pages are written instead of compared.
fn writing() -> bool {
    std::env::var("PAGES").is_ok_and(|what| what == "write")
}

#[test]
fn the_page_of_columns_is_that_of_the_table() {
    let file = root().join("docs/columns.md");
    let page = oversub::record::columns::page();
    if writing() {
        fs::write(&file, &page).unwrap();
    }
    assert_eq!(fs::read_to_string(&file).unwrap_or_default(), page);
}

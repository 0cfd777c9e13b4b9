//! Pages that are made from tables of the source.

use std::fs;
use std::path::Path;

/// `PAGES=write cargo test --test it pages` writes them.
#[test]
fn the_page_of_columns_is_that_of_the_table() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/columns.md");
    let page = oversub::record::columns::page();
    if std::env::var("PAGES").is_ok_and(|what| what == "write") {
        fs::write(&file, &page).unwrap();
    }
    assert_eq!(fs::read_to_string(&file).unwrap_or_default(), page);
}

//! Does data flow one way? A module may import only from the layers above its own in this table.

#![allow(clippy::unwrap_used, reason = "a test may fail by panic")]

use std::fs;
use std::path::{Path, PathBuf};

const LAYERS: &[&[&str]] = &[
    &["share", "stats", "text", "units"],
    &["machine"],
    &["experiment"],
    &["record"],
    &["runner"],
    &["host", "sim"],
    &["analysis"],
    &["view"],
    &["cli"],
];

/// The only files that may hold `unsafe` blocks.
const UNSAFE: &[&str] = &[
    "src/host/blas/symbols.rs",
    "src/host/kernel/matmul.rs",
    "src/host/kernel/stream.rs",
];

fn layer(module: &str) -> usize {
    LAYERS
        .iter()
        .position(|row| row.contains(&module))
        .unwrap_or_else(|| panic!("module '{module}' is in no layer; add it to LAYERS"))
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Every source file below `src` with its top-level module and text, without `lib.rs`, `main.rs`.
fn modules() -> Vec<(PathBuf, String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    files
        .into_iter()
        .map(|file| file.strip_prefix(root).unwrap().to_owned())
        .filter(|file| {
            !["src/lib.rs", "src/main.rs"]
                .iter()
                .any(|name| file == Path::new(name))
        })
        .map(|file| {
            let first = file.iter().nth(1).unwrap().to_str().unwrap();
            let module = first.trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(root.join(&file)).unwrap();
            (file, module, text)
        })
        .collect()
}

/// Top-level modules named after `crate::` in code (not in comments).
fn imports(text: &str) -> Vec<String> {
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| {
            rest.chars()
                .take_while(|c| c.is_ascii_lowercase() || *c == '_')
                .collect::<String>()
        })
        .filter(|name| !name.is_empty() && name != "serde_as_text")
        .collect()
}

#[test]
fn modules_import_only_from_layers_above() {
    let modules = modules();
    assert!(
        modules.len() > 20,
        "the scan found only {} files",
        modules.len()
    );
    for (file, module, text) in &modules {
        for used in imports(text).iter().filter(|used| *used != module) {
            assert!(
                layer(used) < layer(module),
                "{} imports crate::{used}, which is not above it",
                file.display()
            );
        }
    }
}

#[test]
fn unsafe_stands_only_where_it_is_needed() {
    for (file, _, text) in modules() {
        let allowed = UNSAFE.iter().any(|name| file == Path::new(name));
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        let found = code.filter(|line| line.contains("unsafe ")).count();
        assert!(
            found == 0 || allowed,
            "{} holds unsafe code",
            file.display()
        );
    }
}

#[test]
fn every_module_opens_with_what_it_answers() {
    for (file, _, text) in modules() {
        assert!(
            text.starts_with("//! "),
            "{} has no module doc",
            file.display()
        );
    }
}

#[test]
fn no_file_is_longer_than_400_lines() {
    for (file, _, text) in modules() {
        let lines = text.lines().count();
        assert!(
            lines <= 400,
            "{} has {lines} lines; split it",
            file.display()
        );
    }
}

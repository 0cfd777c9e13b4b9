//! Does data flow one way? A module may import only from the layers above its own in this table.

#![allow(clippy::unwrap_used, reason = "a test may fail by panic")]

mod graph;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use graph::{ModulePath, Modules};

const LAYERS: &[&[&str]] = &[
    &["share", "stats", "text", "units"],
    &["clock", "file"],
    &["machine"],
    &["experiment"],
    &["record"],
    &["runner"],
    &["counter"],
    &["process"],
    &["host", "monitor", "sim"],
    &["analysis"],
    &["view"],
    &["app"],
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

/// Parsed once for all tests.
fn modules() -> &'static Modules {
    static MODULES: LazyLock<Modules> =
        LazyLock::new(|| Modules::read(Path::new(env!("CARGO_MANIFEST_DIR"))));
    let count = MODULES.iter().count();
    assert!(count > 20, "the scan found only {count} files");
    &MODULES
}

#[test]
fn modules_import_only_from_layers_above() {
    for (user, used) in modules().uses() {
        for used in used.iter().filter(|used| used[0] != user[0]) {
            assert!(
                layer(&used[0]) < layer(&user[0]),
                "{} uses {}, which is not above it",
                user.join("::"),
                used.join("::")
            );
        }
    }
}

/// Below each module, the modules in it with all that is in them are one node each.
fn siblings(
    uses: &BTreeMap<ModulePath, BTreeSet<ModulePath>>,
) -> BTreeMap<ModulePath, BTreeSet<(ModulePath, ModulePath)>> {
    let mut edges: BTreeMap<ModulePath, BTreeSet<(ModulePath, ModulePath)>> = BTreeMap::new();
    for (user, used) in uses {
        for used in used {
            let common = user.iter().zip(used).take_while(|(a, b)| a == b).count();
            // One of the two holds the other: a module and its parts are written together.
            if common == user.len() || common == used.len() {
                continue;
            }
            let edge = (user[..=common].to_vec(), used[..=common].to_vec());
            edges
                .entry(user[..common].to_vec())
                .or_default()
                .insert(edge);
        }
    }
    edges
}

/// The nodes that no order of the edges could take: those left when nodes that use none of the
/// rest, or that none of the rest uses, are taken away again and again.
fn on_circles(edges: &BTreeSet<(ModulePath, ModulePath)>) -> BTreeSet<String> {
    let mut left: Vec<&(ModulePath, ModulePath)> = edges.iter().collect();
    loop {
        let users: BTreeSet<&ModulePath> = left.iter().map(|(user, _)| user).collect();
        let used: BTreeSet<&ModulePath> = left.iter().map(|(_, used)| used).collect();
        let before = left.len();
        left.retain(|(user, target)| users.contains(target) && used.contains(user));
        if left.len() == before {
            return left.iter().map(|(user, _)| user.join("::")).collect();
        }
    }
}

#[test]
fn modules_of_one_layer_form_no_circle() {
    let found: BTreeMap<String, BTreeSet<String>> = siblings(&modules().uses())
        .into_iter()
        .map(|(parent, edges)| (parent.join("::"), on_circles(&edges)))
        .filter(|(_, circle)| !circle.is_empty())
        .collect();
    assert_eq!(found, BTreeMap::new());
}

/// What only the command line may name.
const OF_THE_COMMAND_LINE: [&str; 2] = ["clap", "anyhow"];

/// What a verb leaves to the command line.
const PRINTING: [&str; 4] = ["println!", "print!", "eprintln!", "eprint!"];

#[test]
fn only_the_command_line_knows_flags_and_no_verb_prints() {
    let mut verbs = 0;
    for (path, module) in modules().iter().filter(|(path, _)| path[0] != "cli") {
        let is_verb = path[0] == "app";
        verbs += usize::from(is_verb);
        let named = |line: &&str| {
            let apart = |c: char| !(c.is_alphanumeric() || c == '_' || c == '!');
            let mut words = line.split(apart);
            words.any(|word| {
                OF_THE_COMMAND_LINE.contains(&word) || is_verb && PRINTING.contains(&word)
            })
        };
        let code = module.text.lines().map(str::trim_start);
        let mut code = code.filter(|line| !line.starts_with("//"));
        assert_eq!(code.find(named), None, "{}", module.file.display());
    }
    assert!(verbs > 10, "only {verbs} files of app were looked at");
}

#[test]
fn unsafe_stands_only_where_it_is_needed() {
    for (_, module) in modules().iter() {
        let (file, text) = (&module.file, &module.text);
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
    for (_, module) in modules().iter() {
        let (file, text) = (&module.file, &module.text);
        assert!(
            text.starts_with("//! "),
            "{} has no module doc",
            file.display()
        );
    }
}

#[test]
fn no_file_is_longer_than_400_lines() {
    for (_, module) in modules().iter() {
        let (file, text) = (&module.file, &module.text);
        let lines = text.lines().count();
        assert!(
            lines <= 400,
            "{} has {lines} lines; split it",
            file.display()
        );
    }
}

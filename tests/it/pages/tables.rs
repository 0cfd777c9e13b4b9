//! What the program has in tables: do the pages that are written by hand have all of it?

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use oversub::analysis::Cause;
use oversub::experiment::{Axis, WorkloadName};
use oversub::text::Named;
use oversub::units::range::{self, Range};
use oversub::view::paste::Target;
use regex::Regex;

use super::markdown::{pages, root};
use crate::install::verbs;
use crate::program::oversub;

fn page(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// The cells of the rows of all tables of the page `text`.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let rows = text.lines().filter(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

#[test]
fn every_axis_is_on_the_page_of_axes() {
    let text = page("docs/axes.md");
    for axis in Axis::ALL {
        let flag = format!("`--{}`", axis.key());
        assert!(
            rows(&text).iter().any(|row| row[0].contains(&flag)),
            "{flag}"
        );
    }
}

#[test]
fn every_workload_is_on_its_page() {
    let text = page("docs/workloads.md");
    for name in WorkloadName::forms().split(", ") {
        let named = |row: &Vec<&str>| row[0].split(", ").any(|word| word == name);
        assert!(rows(&text).iter().any(named), "{name}");
    }
}

#[test]
fn every_range_is_on_its_page() {
    let ranges = [
        range::LIMIT,
        range::TIME_LIMIT,
        range::INTERVAL,
        range::FOR,
        range::QUOTA,
        range::HZ,
        range::VISITS,
        range::REPS,
        range::WARMUPS,
        range::METRIC,
    ];
    let text = page("docs/ranges.md");
    for Range {
        what, least, most, ..
    } in ranges
    {
        let rows = rows(&text);
        let row = rows.iter().find(|row| row[0].trim_matches('`') == what);
        let row = row.unwrap_or_else(|| panic!("no row of {what}"));
        let ends = [row[1], row[2]].map(|end| end.replace(' ', "").parse::<f64>().unwrap());
        assert_eq!(ends, [least, most], "{what}");
    }
}

#[test]
fn every_cause_is_on_its_page() {
    let text = page("docs/causes.md");
    for cause in Cause::all() {
        if matches!(cause, Cause::None | Cause::Unexplained) {
            continue;
        }
        let begins = format!("{} {}", cause.letter(), cause.name().replace('-', " "));
        let named = |row: &Vec<&str>| row[0].replace('-', " ").starts_with(&begins);
        let found = rows(&text).iter().any(named);
        assert!(found, "{begins}");
    }
}

#[test]
fn every_tool_that_lines_can_be_pasted_for_is_named() {
    let text = page("docs/recommend.md");
    for name in Target::all().map(Target::name) {
        assert!(
            text.contains(&format!("`{name}`")) || text.contains(&format!("--for {name}")),
            "{name}"
        );
    }
}

#[test]
fn every_verb_is_on_a_page() {
    let texts: Vec<String> = pages()
        .iter()
        .map(|page| fs::read_to_string(page).unwrap())
        .collect();
    for verb in verbs() {
        let call = format!("oversub {verb}");
        assert!(texts.iter().any(|text| text.contains(&call)), "{call}");
    }
}

/// The flags of `verb`, long forms, but for those that every verb has.
fn flags(verb: &str) -> Vec<String> {
    let help = String::from_utf8(oversub(&[verb, "--help"]).stdout).unwrap();
    let flag = Regex::new(r"(?m)^ +(?:-\w, +)?(--[a-z-]+)").unwrap();
    let found = flag.captures_iter(&help).map(|found| found[1].to_owned());
    found
        .filter(|flag| !["--help", "--version"].contains(&&**flag))
        .collect()
}

#[test]
fn every_flag_is_on_a_page() {
    let texts: Vec<String> = pages()
        .iter()
        .map(|page| fs::read_to_string(page).unwrap())
        .collect();
    let text = texts.join("\n");
    let verbs = verbs();
    let flags: BTreeSet<String> = verbs.iter().flat_map(|verb| flags(verb)).collect();
    assert!(flags.len() > 30, "{flags:?}");
    for flag in flags {
        let word = Regex::new(&format!(r"{flag}(?:[^a-z-]|$)")).unwrap();
        assert!(word.is_match(&text), "no page speaks of {flag}");
    }
}

/// Calls of the program in the page `text`: the verb, and the flags behind it up to a program of the user's.
fn calls(text: &str) -> Vec<(String, Vec<String>)> {
    let call = Regex::new(r"\boversub ([a-z]+)\b([^`\n]*)").unwrap();
    let flag = Regex::new(r"(?:^|\s)(--[a-z-]+)").unwrap();
    let text = text.replace("\\\n", " ");
    let read = |found: regex::Captures<'_>| {
        let arguments = found[2].split(" -- ").next().unwrap();
        let arguments = arguments.split(" #").next().unwrap();
        let flags = flag.captures_iter(arguments).map(|flag| flag[1].to_owned());
        (found[1].to_owned(), flags.collect())
    };
    call.captures_iter(&text).map(read).collect()
}

#[test]
fn every_flag_that_a_page_gives_to_a_verb_is_one_of_its_flags() {
    let known: BTreeMap<String, Vec<String>> = verbs()
        .into_iter()
        .map(|verb| (verb.clone(), flags(&verb)))
        .collect();
    let mut seen = 0;
    for page in pages() {
        if page.ends_with("CHANGELOG.md") {
            continue;
        }
        for (verb, flags) in calls(&fs::read_to_string(&page).unwrap()) {
            let Some(known) = known.get(&verb) else {
                continue;
            };
            for flag in flags {
                seen += 1;
                assert!(
                    known.contains(&flag),
                    "{}: oversub {verb} {flag}",
                    page.display()
                );
            }
        }
    }
    assert!(seen > 50, "{seen}");
}

#[test]
fn flags_of_a_call_end_where_the_users_program_begins() {
    let text = "`oversub sweep --outer 1 -- x --y`\n\n    oversub plot R --by \\\n  pu # --no\n";
    let expected = [("sweep", vec!["--outer"]), ("plot", vec!["--by"])];
    let expected = expected.map(|(verb, flags)| {
        (
            verb.to_owned(),
            flags.into_iter().map(str::to_owned).collect(),
        )
    });
    assert_eq!(calls(text), expected);
}

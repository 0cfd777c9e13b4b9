//! Are the pictures of plots/ those that the program draws today?

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::program::{oversub, said};

const SCRIPT: &str = include_str!("../../plots/gallery.sh");
const README: &str = include_str!("../../plots/README.md");

/// Most bytes of all pictures and their points together: a clone should not be large for them.
const MOST: u64 = 2_000_000;

/// Where `plots/gallery.sh` says that the runs are.
fn here() -> &'static str {
    let line = SCRIPT.lines().find_map(|line| line.strip_prefix("here="));
    line.expect("the script names its runs")
}

/// The arguments of each command that draws committed runs, and the name of its picture.
fn commands() -> Vec<(Vec<String>, String)> {
    let lines = SCRIPT
        .lines()
        .filter_map(|line| line.strip_prefix("plot experiments/"));
    lines
        .map(|line| {
            let line = format!("experiments/{line}").replace("$here", here());
            let (arguments, picture) = line.split_once(" -o \"$to/").unwrap();
            let arguments = arguments.split_whitespace().map(str::to_owned);
            (
                arguments.collect(),
                picture.trim_end_matches('"').to_owned(),
            )
        })
        .collect()
}

#[test]
fn pictures_of_committed_runs_are_those_that_are_drawn_today() {
    let folder = tempfile::tempdir().unwrap();
    let check = |(arguments, picture): &(Vec<String>, String)| {
        let drawn = folder.path().join(picture);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = ["-o", drawn.to_str().unwrap()];
        let done = oversub(&[&["plot"], &arguments[..], &output].concat());
        assert!(done.status.success(), "{picture}: {}", said(&done));
        for file in [drawn.clone(), drawn.with_extension("csv")] {
            let kept = Path::new("plots").join(file.file_name().unwrap());
            let same = fs::read(&file).unwrap() == fs::read(&kept).unwrap();
            let kept = kept.display();
            assert!(same, "{kept} is no longer what is drawn; run: make gallery");
        }
    };
    let commands = commands();
    assert!(commands.len() >= 10, "{commands:?}");
    std::thread::scope(|scope| {
        for half in commands.chunks(commands.len().div_ceil(2)) {
            scope.spawn(|| half.iter().for_each(check));
        }
    });
}

#[test]
fn every_picture_has_its_command_and_its_line_and_all_are_small() {
    let files: Vec<_> = fs::read_dir("plots").unwrap().map(Result::unwrap).collect();
    let size: u64 = files
        .iter()
        .map(|file| file.metadata().unwrap().len())
        .sum();
    assert!(size < MOST, "plots/ has {size} bytes");
    let names: BTreeSet<String> = files
        .iter()
        .map(|file| file.file_name().into_string().unwrap())
        .collect();
    for name in names.iter().filter(|name| name.ends_with(".png")) {
        assert!(
            README.contains(&format!("| {name} |")),
            "{name} has no line in README.md"
        );
    }
    for line in README.lines().filter(|line| line.contains(".png |")) {
        let name = line.split('|').nth(1).unwrap().trim();
        assert!(names.contains(name), "{name} is not there");
    }
}

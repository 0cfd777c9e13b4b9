//! The published cases of experiments/published-*: do they still come out as their READMEs say?
//!
//! Simulations are exact, so a part of each experiment is simulated again and compared with what is
//! kept, row by row. After a change of the model that is meant, simulate all of each experiment again
//! into a new folder of results and bring the tables up to date.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use oversub::experiment::{PartialCell, Visit};
use oversub::record::{Answer, RunFolder};
use regex::Regex;

use crate::program::{oversub, said};

fn experiment(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("experiments").join(format!("published-{name}"))
}

fn kept(name: &str) -> PathBuf {
    experiment(name).join("results/2026-11-21-simulated")
}

/// Wall time of every repetition in `folder` [ns].
fn walls(folder: &Path) -> BTreeMap<(Visit, u32), u128> {
    let (_, records) = RunFolder::read(folder).unwrap();
    let wall = |answer: &Answer| match answer {
        Answer::Ok(sample) => sample.wall.as_nanos(),
        other => panic!("{other:?}"),
    };
    let rows = records.iter();
    rows.map(|record| ((record.visit, record.rep), wall(&record.answer)))
        .collect()
}

/// Simulates as much of the experiment as `flags` leave of it.
fn assert_still_so(name: &str, flags: &str) {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("run");
    let file = experiment(name).join("experiment.toml");
    let fixed = [
        "simulate",
        file.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ];
    let flags: Vec<&str> = flags.split_whitespace().collect();
    let done = oversub(&[&fixed[..], &flags].concat());
    assert!(done.status.success(), "{}", said(&done));
    let (again, kept) = (walls(&out), walls(&kept(name)));
    assert!(!again.is_empty());
    for (row, wall) in again {
        assert_eq!(Some(&wall), kept.get(&row), "{name} {row:?}");
    }
}

#[test]
fn cases_on_a_small_board_come_out_as_they_are_kept() {
    assert_still_so("t13", "--rounds 2");
    assert_still_so("t14", "--rounds 2");
    assert_still_so("t27", "--rounds 1");
}

#[test]
fn parts_of_cases_on_many_cores_come_out_as_they_are_kept() {
    assert_still_so(
        "t1",
        "--outer 44,88 --composition partitioned-floor --rounds 1",
    );
    assert_still_so(
        "t3",
        "--runtime libomp.0 --composition serial-inner --rounds 1",
    );
    assert_still_so(
        "t7",
        "--runtime rayon --composition shared --outer 10 --rounds 1",
    );
}

/// Median wall time of the cells that have all of `parts` in their names [ns].
fn median(walls: &BTreeMap<(Visit, u32), u128>, parts: &[&str]) -> f64 {
    let parts: PartialCell = parts.join(" ").parse().unwrap();
    let named = |visit: &Visit| parts.admits(&visit.cell);
    let found = walls.iter().filter(|((visit, _), _)| named(visit));
    let mut found: Vec<u128> = found.map(|(_, wall)| *wall).collect();
    found.sort_unstable();
    assert!(!found.is_empty(), "{parts}");
    found[found.len() / 2] as f64
}

/// Every ratio of the tables, from what is kept: case, the slower cell, the faster, as written.
const RATIOS: &[(&str, &[&str], &[&str], &str)] = &[
    ("t13", &["1x8", "active"], &["1x4", "active"], "211"),
    ("t13", &["1x8", "libgomp"], &["1x4", "libgomp"], "2.01"),
    ("t14", &["libgomp.passive"], &["libgomp.active"], "1.32"),
    ("t1", &["1x44"], &["1x88"], "0.67"),
    (
        "t1",
        &["2x44", "independent"],
        &["2x44", "partitioned-floor"],
        "1.00",
    ),
    ("t1", &["4x44"], &["4x22"], "1.34"),
    ("t1", &["8x44"], &["8x11"], "1.60"),
    ("t1", &["16x44"], &["16x5"], "1.94"),
    ("t1", &["22x44"], &["22x4"], "2.06"),
    ("t1", &["44x44"], &["44x2"], "2.63"),
    ("t1", &["88x44"], &["88x1"], "2.22"),
    ("t27", &["8x8"], &["1x8"], "1.00"),
    (
        "t3",
        &["44x1", "libomp.0"],
        &["44x44", "libomp.0", "independent"],
        "0.99",
    ),
    (
        "t3",
        &["libomp.0", "exclusive"],
        &["44x44", "libomp.0", "independent"],
        "2.58",
    ),
    (
        "t3",
        &["libomp.0", "counting"],
        &["44x44", "libomp.0", "independent"],
        "1.32",
    ),
    (
        "t3",
        &["rayon", "shared"],
        &["44x44", "libomp.0", "independent"],
        "1.01",
    ),
    ("t7", &["10x32", "libomp"], &["1x32", "libomp"], "1.07"),
    ("t7", &["10x32", "libomp"], &["10x1", "libomp"], "1.79"),
    (
        "t7",
        &["10x32", "rayon", "shared"],
        &["10x32", "libomp"],
        "0.23",
    ),
];

#[test]
fn the_tables_of_the_cases_say_what_is_kept() {
    for (name, slow, fast, written) in RATIOS {
        let walls = walls(&kept(name));
        let ratio = median(&walls, slow) / median(&walls, fast);
        let decimals = written
            .split_once('.')
            .map_or(0, |(_, digits)| digits.len());
        assert_eq!(format!("{ratio:.decimals$}"), *written, "{name} {slow:?}");
        let text = fs::read_to_string(experiment(name).join("README.md")).unwrap();
        assert!(
            text.contains(&format!("| {written} |")),
            "{name}: {written}"
        );
    }
}

#[test]
fn the_table_of_all_cases_says_what_their_own_tables_say() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/validation.md");
    let page = fs::read_to_string(page).unwrap();
    let case = Regex::new(r"^\| \[?(T\d+)").unwrap();
    let number = Regex::new(r"\d+(\.\d+)?").unwrap();
    let mut cases = 0;
    for row in page.lines() {
        let Some(found) = case.captures(row) else {
            continue;
        };
        cases += 1;
        let name = found[1].to_lowercase();
        let simulated = row.split('|').nth(3).unwrap();
        for written in number.find_iter(simulated).map(|found| found.as_str()) {
            let known = RATIOS
                .iter()
                .any(|(case, .., ratio)| (*case, *ratio) == (&*name, written));
            assert!(known, "{name}: {written}");
        }
    }
    assert_eq!(cases, 8);
}

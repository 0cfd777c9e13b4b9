//! `oversub plot --figure` from the command line.

use std::fs;
use std::path::{Path, PathBuf};

use crate::program::{oversub, said};

/// A simulated run of 2 x 2 cells with three repetitions.
fn run(place: &Path, name: &str, seed: &str) -> PathBuf {
    let out = place.join(name);
    let done = oversub(&[
        "simulate",
        "--machine",
        "pack:1 l3:1 core:2 pu:1",
        "--preset",
        "epyc-9004",
        "--n",
        "64",
        "--tasks",
        "4",
        "--outer",
        "1,2",
        "--inner",
        "1,2",
        "--rounds",
        "1",
        "--reps",
        "3",
        "--seed",
        seed,
        "--out",
        out.to_str().unwrap(),
    ]);
    assert!(done.status.success(), "{}", said(&done));
    out
}

#[test]
fn every_figure_is_drawn_with_its_points_beside_it() {
    let place = tempfile::tempdir().unwrap();
    let (a, b) = (run(place.path(), "a", "1"), run(place.path(), "b", "2"));
    let (a, b) = (a.to_str().unwrap(), b.to_str().unwrap());
    // Cells with a number; parts of four cells; samples; cells in common.
    let figures: [(&str, &[&str], usize); 5] = [
        ("speedup", &[a], 4),
        ("efficiency", &[a], 4),
        ("split", &[a], 4 * 6),
        ("distribution", &[a], 4 * 3),
        ("scatter", &[a, b], 4),
    ];
    for (figure, runs, points) in figures {
        let picture = place.path().join(format!("{figure}.svg"));
        let output = ["--figure", figure, "-o", picture.to_str().unwrap()];
        let done = oversub(&[&["plot"], runs, &output].concat());
        assert!(done.status.success(), "{figure}: {}", said(&done));
        let svg = fs::read_to_string(&picture).unwrap();
        assert!(svg.contains("</svg>"), "{figure}");
        let csv = fs::read_to_string(picture.with_extension("csv")).unwrap();
        assert_eq!(csv.lines().count(), 1 + points, "{figure}: {csv}");
        let again = oversub(&[&["plot"], runs, &output].concat());
        assert_eq!(again.status.code(), Some(2));
        assert!(said(&again).contains("exists; give --force"));
    }
}

/// One worker with one thread is the reference, and its speed-up 1.
#[test]
fn the_speed_up_of_one_thread_is_one() {
    let place = tempfile::tempdir().unwrap();
    let run = run(place.path(), "a", "1");
    let done = oversub(&["plot", run.to_str().unwrap(), "--figure", "speedup"]);
    assert!(done.status.success(), "{}", said(&done));
    let csv = fs::read_to_string(run.join("figures/speedup.csv")).unwrap();
    let first = csv
        .lines()
        .find(|line| line.contains("outer = 1,1.0,"))
        .unwrap();
    assert!(first.contains("outer = 1,1.0,1.0"), "{csv}");
}

#[test]
fn figures_that_cannot_be_drawn_say_what_to_do() {
    let place = tempfile::tempdir().unwrap();
    let run = run(place.path(), "a", "1");
    let run = run.to_str().unwrap();
    for (arguments, words) in [
        (vec![run, "--figure", "pie"], "speedup"),
        (vec![run, "--figure", "scatter"], "needs two runs"),
        (vec![run, run, "--figure", "split"], "shows one run"),
        (
            vec![
                run,
                "--figure",
                "speedup",
                "--where",
                "inner=2,outer=2",
                "-o",
                "x.pdf",
            ],
            ".png or .svg",
        ),
    ] {
        let output = oversub(&[&["plot"], &arguments[..]].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(
            said(&output).contains(words),
            "{arguments:?}: {}",
            said(&output)
        );
    }
}

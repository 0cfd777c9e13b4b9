//! `oversub plot`: what a reader finds in its pictures, and what bad input is told.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use assert_cmd::Command;
use oversub::record::{Answer, Sample};

use crate::scripted::{self, Machine, plausible};

const TWO: Machine = Machine {
    cores: 2,
    pus_per_core: 1,
};

fn oversub(args: &[&str]) -> assert_cmd::assert::Assert {
    Command::cargo_bin("oversub").unwrap().args(args).assert()
}

fn run_of(folder: &Path, request: &str, machine: Machine) -> PathBuf {
    let plan = scripted::plan(request, machine);
    let run = folder.join("run");
    scripted::write(&run, &plan, machine, plausible(machine));
    run
}

/// What the program said on standard error and its exit code.
fn refused(args: &[&str]) -> (i32, String) {
    let output = oversub(args).failure().get_output().clone();
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), said)
}

/// 4 x 4 cells by two wait policies, of which 4 x 4 active is stopped, and 4 x 1 passive fails.
fn run_with_losses(folder: &Path) -> PathBuf {
    let request = "outer='1,2,3,4'\ninner='1,2,3,4'\nwait='active,passive'\nrounds=3\nreps=2";
    let plan = scripted::plan(request, TWO);
    let run = folder.join("run");
    let mut plausible = plausible(TWO);
    scripted::write(&run, &plan, TWO, |visit, rep| {
        let cell = visit.cell;
        let threads = (cell.outer.get(), cell.inner.get());
        let active = cell.runtime.to_string() == "fork-join.active";
        match plausible(visit, rep) {
            Answer::Ok(sample) if active && threads == (4, 4) => Answer::Censored(Sample {
                tasks_done: Some(3),
                ..sample
            }),
            Answer::Ok(_) if !active && threads == (4, 1) => Answer::Failed("wrong sum".into()),
            answer => answer,
        }
    });
    run
}

#[test]
fn a_run_gets_its_figures_with_their_points_beside_them() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_with_losses(folder.path());
    let said = oversub(&["plot", run.to_str().unwrap()]).success();
    let said = String::from_utf8(said.get_output().stdout.clone()).unwrap();
    for metric in ["throughput", "slowdown", "efficiency", "switches", "wait"] {
        let png = run.join("figures").join(metric).with_extension("png");
        assert!(said.contains(png.to_str().unwrap()), "{said}");
        assert!(fs::read(&png).unwrap().starts_with(b"\x89PNG"));
        let csv = fs::read_to_string(png.with_extension("csv")).unwrap();
        assert_eq!(csv.lines().count(), 1 + 32, "a row for each cell");
    }
    // They are made from the run alone, so they may be made again.
    oversub(&["plot", run.to_str().unwrap()]).success();
}

#[test]
fn points_hold_bounds_reasons_and_marks() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_with_losses(folder.path());
    let svg = folder.path().join("s.svg");
    oversub(&["plot", run.to_str().unwrap(), "-o", svg.to_str().unwrap()]).success();
    let csv = fs::read_to_string(svg.with_extension("csv")).unwrap();
    let row = |cell: &str| {
        csv.lines()
            .find(|line| line.contains(cell))
            .unwrap()
            .to_owned()
    };
    assert!(row("outer=4 inner=4 wait=active").contains("slowdown,1,at-least,"));
    let failed = row("outer=4 inner=1,");
    assert!(
        failed.contains("slowdown,1,,,,,") && failed.ends_with("wrong sum"),
        "{failed}"
    );
    assert_eq!(csv.matches(",best,").count(), 1);
    assert!(row(",best,").contains("exact,1.0,"), "{}", row(",best,"));
}

#[test]
fn a_figure_says_what_it_shows_and_of_what() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_with_losses(folder.path());
    let svg = folder.path().join("s.svg");
    oversub(&["plot", run.to_str().unwrap(), "-o", svg.to_str().unwrap()]).success();
    let text = fs::read_to_string(&svg).unwrap();
    for words in [
        "or more",
        "time relative to the fastest",
        "wait: active",
        "wait: passive",
        "inner [threads per worker]",
        "outer [workers]",
        "\"slowdown\"",
        "&gt; ",
        "\"failed\"",
        "beyond it more threads than CPUs (P = 2 CPUs)",
        "2 cores",
        "fastest",
        "Scripted CPU @ 2.00 GHz",
        "median over 3 rounds of 2 repetitions",
        "2026-11-21",
        "n = 256",
    ] {
        assert!(text.contains(words), "'{words}' is not in the figure");
    }
    assert_eq!(
        text.matches("\"stopped\"").count(),
        1,
        "one cell was stopped"
    );
}

#[test]
fn the_terminal_shows_the_same_cells_without_colour_in_a_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_with_losses(folder.path());
    let said = oversub(&["plot", run.to_str().unwrap(), "--terminal"]).success();
    let said = String::from_utf8(said.get_output().stdout.clone()).unwrap();
    assert!(!said.contains('\x1b'), "{said}");
    for words in ["wait: active", "1.00*", ">", "x failed", "* best"] {
        assert!(said.contains(words), "'{words}' is not in\n{said}");
    }
    assert!(!run.join("figures").exists());
}

#[test]
fn conditions_leave_cells_out_but_keep_the_reference() {
    let folder = tempfile::tempdir().unwrap();
    let request = "outer='1,2'\ninner='1,2'\nwait='active,passive'\nrounds=3";
    let run = run_of(folder.path(), request, TWO);
    let svg = folder.path().join("s.svg");
    let args = [
        "--where",
        "wait=active,outer=1",
        "-o",
        svg.to_str().unwrap(),
    ];
    oversub(&[&["plot", run.to_str().unwrap()], &args[..]].concat()).success();
    let csv = fs::read_to_string(svg.with_extension("csv")).unwrap();
    assert_eq!(csv.lines().count(), 1 + 2);
    assert!(
        !csv.contains(",best,"),
        "the best cell has two workers: {csv}"
    );
    assert!(
        !csv.contains("exact,1.0,"),
        "S is against the best of the run: {csv}"
    );
}

#[test]
fn files_that_exist_are_kept_unless_forced() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_of(folder.path(), "outer='1,2'\ninner='1'\nrounds=1", TWO);
    let png = folder.path().join("mine.png");
    fs::write(&png, "mine").unwrap();
    let args = ["plot", run.to_str().unwrap(), "-o", png.to_str().unwrap()];
    let (code, said) = refused(&args);
    assert!(
        code == 2 && said.contains("mine.png") && said.contains("--force"),
        "{said}"
    );
    assert_eq!(fs::read_to_string(&png).unwrap(), "mine");
    oversub(&[&args[..], &["--force"]].concat()).success();
    assert!(fs::read(&png).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn bad_input_is_told_in_one_line_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_of(folder.path(), "outer='1,2'\ninner='1'\nrounds=1", TWO);
    let run = run.to_str().unwrap();
    let nowhere = folder.path().join("nowhere");
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let below = file.join("a.png");
    let cases: [(&[&str], i32, &str); 8] = [
        (
            &["plot", nowhere.to_str().unwrap()],
            2,
            "is not a run folder",
        ),
        (&["plot", run, "--metric", "speed"], 2, "one of throughput"),
        (
            &["plot", run, "--x", "threads"],
            2,
            "one of workload, dtype, n, outer, inner",
        ),
        (
            &["plot", run, "--x", "outer", "--y", "outer"],
            2,
            "choose two axes",
        ),
        (&["plot", run, "-o", "a.pdf"], 2, ".png or .svg"),
        (
            &["plot", run, "-o", "a.png", "--metric", "all"],
            2,
            "choose one --metric",
        ),
        (
            &["plot", run, "--where", "wait=never"],
            2,
            "'never' is not a wait policy",
        ),
        (&["plot", run, "-o", below.to_str().unwrap()], 1, "file"),
    ];
    for (args, code, words) in cases {
        let (exit, said) = refused(args);
        assert!(
            exit == code && said.contains(words),
            "{args:?}: {exit} {said}"
        );
    }
}

#[test]
fn a_run_without_samples_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_of(folder.path(), "outer='1'\ninner='1'\nrounds=1", TWO);
    fs::remove_file(run.join("samples.csv")).unwrap();
    let (code, said) = refused(&["plot", run.to_str().unwrap()]);
    assert!(code == 1 && said.contains("no samples"), "{said}");
}

/// Every shape of figure, for looking at: `cargo test --release --test it gallery -- --ignored`.
#[test]
#[ignore = "draws for the eye and takes long"]
fn gallery() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("gallery");
    let _ = fs::remove_dir_all(&folder);
    let smt = Machine {
        cores: 8,
        pus_per_core: 2,
    };
    let big = Machine {
        cores: 16,
        pus_per_core: 2,
    };
    let shapes: &[(&str, &str, Machine)] = &[
        (
            "4x4",
            "outer='1,2,3,4'\ninner='1,2,3,4'\nwait='active,passive'",
            TWO,
        ),
        (
            "4x4w4",
            "outer='1,2,3,4'\ninner='1,2,3,4'\nwait='active,spin-then-park.1000,yield,passive'",
            TWO,
        ),
        ("1x1", "outer='2'\ninner='2'", TWO),
        ("1xN", "outer='2'\ninner='1..=8'", TWO),
        ("Nx1", "outer='1..=8'\ninner='1'", TWO),
        ("auto16", "outer='auto'\ninner='auto'\nwait='active'", smt),
        (
            "16x16",
            "outer='1..=16'\ninner='1..=16'\nwait='active'\nrounds=3",
            smt,
        ),
        (
            "64x64",
            "outer='1..=64'\ninner='1..=64'\nwait='active'\nrounds=3\nreps=1",
            big,
        ),
        (
            "12",
            "outer='1,2,4,8'\ninner='1,2,4,8'\nn='128,256,512'\nwait='active,spin-then-park.1000,yield,passive'\nrounds=3",
            smt,
        ),
        (
            "comp",
            "outer='4'\ninner='2'\nruntime='fork-join,rayon'\nwait='active,passive'\ncomposition='independent,serial-inner,partitioned,exclusive,counting,shared'",
            TWO,
        ),
    ];
    for (name, request, machine) in shapes {
        let plan = scripted::plan(request, *machine);
        let run = folder.join(name);
        let mut base = plausible(*machine);
        scripted::write(&run, &plan, *machine, |visit, rep| {
            let cell = visit.cell;
            match (base(visit, rep), *name) {
                (Answer::Ok(s), "4x4") if s.wall > Duration::from_millis(30) => {
                    Answer::Censored(Sample {
                        wall: Duration::from_millis(30),
                        tasks_done: Some(9),
                        ..s
                    })
                }
                (_, "4x4" | "12") if cell.outer.get() == 4 && cell.inner.get() == 1 => {
                    Answer::Failed("checksum 7, expected 8".into())
                }
                (answer, _) => answer,
            }
        });
        oversub(&["plot", run.to_str().unwrap()]).success();
    }
}

#[test]
fn several_runs_stand_beside_each_other_on_one_scale() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = run_of(one.path(), "outer='1,2'\ninner='1,2'", TWO);
    let second = run_of(other.path(), "outer='1,4'\ninner='2'\nn=64", TWO);
    let (first, second) = (first.to_str().unwrap(), second.to_str().unwrap());

    let (code, said) = refused(&["plot", first, second]);
    assert_eq!(code, 2);
    assert!(said.contains("name the picture with -o"), "{said}");

    let svg = one.path().join("both.svg");
    oversub(&["plot", first, second, "-o", svg.to_str().unwrap()]).success();
    let csv = fs::read_to_string(svg.with_extension("csv")).unwrap();
    assert_eq!(csv.lines().count(), 1 + 4 + 2);
    assert_eq!(
        csv.matches(",best,").count(),
        2,
        "each run has its own: {csv}"
    );
    let picture = fs::read_to_string(&svg).unwrap();
    // The scale has its name once, and rows and columns are those of either run.
    assert_eq!(picture.matches("\"slowdown\"").count(), 1);

    let big = Machine { cores: 8, ..TWO };
    let place = tempfile::tempdir().unwrap();
    let elsewhere = run_of(place.path(), "outer='1,2'\ninner='1,2'", big);
    let (code, said) = refused(&["plot", first, elsewhere.to_str().unwrap(), "--terminal"]);
    assert_eq!(code, 2);
    assert!(said.contains("different machines or budgets"), "{said}");
}

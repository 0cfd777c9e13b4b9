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

#[allow(dead_code)]
fn run_of(folder: &Path, request: &str, machine: Machine) -> PathBuf {
    let plan = scripted::plan(request, machine);
    let run = folder.join("run");
    scripted::write(&run, &plan, machine, plausible(machine));
    run
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

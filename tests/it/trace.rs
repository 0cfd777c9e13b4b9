//! `oversub trace` and `oversub plot --timeline` from the command line.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use oversub::record::trace::{Activity, Place, Trace};

use crate::program::said;

const ACTIVE: &str = "matmul n=64 outer=2 inner=2 wait=active chunk=2 tasks=6";

fn oversub(place: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_oversub"))
        .current_dir(place)
        .args(arguments)
        .output()
        .unwrap()
}

fn trace(place: &Path, cell: &str) -> Trace {
    let done = oversub(place, &["trace", cell, "-o", "t.json", "--force"]);
    assert!(done.status.success(), "{}", said(&done));
    Trace::read(&fs::read_to_string(place.join("t.json")).unwrap()).unwrap()
}

fn count(trace: &Trace, activity: Activity) -> usize {
    trace
        .spans
        .iter()
        .filter(|span| span.activity == activity)
        .count()
}

/// 6 tasks in chunks of 2, each of one phase on two threads.
#[test]
fn every_task_chunk_and_phase_is_written_down_once() {
    let place = tempfile::tempdir().unwrap();
    let trace = trace(place.path(), ACTIVE);
    assert_eq!(trace.threads, ["w0", "w0.m1", "w1", "w1.m1"]);
    let mut tasks: Vec<Place> = trace
        .spans
        .iter()
        .filter(|span| span.activity == Activity::Task)
        .map(|span| span.place)
        .collect();
    tasks.sort_unstable();
    assert_eq!(tasks, (0..6).map(Place::Task).collect::<Vec<_>>());
    assert_eq!(count(&trace, Activity::Chunk), 3);
    let phases = |phase| {
        let of = |place| place == Place::Phase(phase);
        trace.spans.iter().filter(|span| of(span.place)).count()
    };
    assert_eq!(phases(0), 6 * 2);
    assert!(trace.spans.iter().all(|span| span.end <= trace.wall));
    assert_eq!(
        count(&trace, Activity::Blocked),
        0,
        "active threads never block"
    );
}

#[test]
fn threads_of_every_runtime_and_composition_are_heard() {
    let place = tempfile::tempdir().unwrap();
    for (cell, threads) in [
        (
            "matmul.f64.64_2x2_rayon_independent_unbound_static_t4",
            2 + 2 * 2,
        ),
        ("matmul.f64.64_2x2_rayon_shared_unbound_static_t4", 2 + 2),
        (
            "matmul.f64.64_2x2_fork-join.passive_exclusive_unbound_queue.1_t4",
            4,
        ),
        (
            "matmul.f64.64_2x2_fork-join.spin-then-park.10_independent_unbound_queue.1_t4",
            4,
        ),
        (
            "matmul.f64.64_1x1_fork-join.yield_independent_unbound_stealing_t4",
            1,
        ),
    ] {
        let trace = trace(place.path(), cell);
        assert_eq!(trace.threads.len(), threads, "{cell}");
        assert_eq!(count(&trace, Activity::Task), 4, "{cell}");
        assert!(count(&trace, Activity::Compute) >= 4, "{cell}");
    }
}

#[test]
fn measured_and_simulated_go_into_one_picture() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    let both = ["trace", ACTIVE, "-o", "a.json", "--simulated", "s.json"];
    let done = oversub(place, &both);
    assert!(done.status.success(), "{}", said(&done));
    let drawn = oversub(
        place,
        &["plot", "--timeline", "a.json", "s.json", "-o", "both.svg"],
    );
    assert!(drawn.status.success(), "{}", said(&drawn));
    let svg = std::fs::read_to_string(place.join("both.svg")).unwrap();
    for words in ["measured on", "simulated", "thread 0.1", ACTIVE] {
        assert!(svg.contains(words), "{words}");
    }
    let drawn = oversub(place, &["plot", "--timeline", "a.json", "--by", "pu"]);
    assert!(drawn.status.success(), "{}", said(&drawn));
    assert!(place.join("a.png").exists());
    let again = oversub(place, &both);
    assert_eq!(again.status.code(), Some(2));
    assert!(said(&again).contains("a.json exists; give --force"));
}

#[test]
fn what_cannot_be_traced_or_drawn_is_said_before_anything_runs() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    std::fs::write(place.join("other.json"), "{\"traceEvents\": []}").unwrap();
    let refused: [(&[&str], &str); 6] = [
        (&["trace", "matmul", "-o", "t.json"], "'matmul'"),
        (
            &[
                "trace",
                "command_1x1_program_independent_unbound_static_t1",
                "-o",
                "t.json",
            ],
            "cannot be watched",
        ),
        (&["plot", "--timeline", "other.json"], "otherData"),
        (&["plot", "--timeline", "none.json"], "none.json"),
        (
            &["plot", "--timeline", "other.json", "--window", "5..2"],
            "FROM..TO",
        ),
        (
            &["plot", "--timeline", "other.json", "-o", "t.pdf"],
            ".png or .svg",
        ),
    ];
    for (arguments, words) in refused {
        let output = oversub(place, arguments);
        assert_ne!(output.status.code(), Some(0), "{arguments:?}");
        assert!(
            said(&output).contains(words),
            "{arguments:?}: {}",
            said(&output)
        );
    }
    assert!(!place.join("t.json").exists());
}

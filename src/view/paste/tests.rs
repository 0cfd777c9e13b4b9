//! Does every form set what it is to set, and say what it is for?

use super::*;
use crate::text::Named;

fn said(target: Target, cell: &str) -> String {
    lines(target, &cell.parse().unwrap(), EIGHT)
}

/// Whether `number` stands in `text` but in the line that says what all of it is for.
fn sets(text: &str, number: &str) -> bool {
    let lines = text.lines().filter(|line| !line.contains("oversub:"));
    let mut words = lines.flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric()));
    words.any(|word| word == number)
}

const EIGHT: Place = Place {
    cpus: 8,
    quota: None,
    workers: OuterKind::Thread,
};

const PASSIVE: &str = "matmul.f64.8_4x2_fork-join.passive_independent_unbound_static_t1";

#[test]
fn the_lines_of_every_form_set_inner_and_outer() {
    let cell = "matmul.f64.8_7x5_fork-join.passive_independent_unbound_static_t1";
    let without = |number| {
        let lacking = Target::all().filter(|target| !sets(&said(*target, cell), number));
        lacking.map(Target::name).collect::<Vec<_>>()
    };
    assert_eq!(without("5"), [""; 0]);
    // What runs in the container says how many workers there are.
    assert_eq!(without("7"), ["kubernetes"]);
}

#[test]
fn every_form_says_what_it_is_for() {
    for (target, name) in Target::all().map(|target| (target, target.name())) {
        let text = said(target, PASSIVE);
        assert!(
            text.contains("# oversub: 4 workers x 2 threads ("),
            "{text}"
        );
        assert_eq!(name.parse::<Target>().unwrap(), target);
    }
    let shell = said(Target::Shell, PASSIVE);
    for line in [
        "OPENBLAS_NUM_THREADS=2",
        "OMP_WAIT_POLICY=passive",
        "RAYON_NUM_THREADS=2",
    ] {
        assert!(shell.contains(&format!("export {line}\n")), "{shell}");
    }
    assert!("slurm2".parse::<Target>().is_err());
}

#[test]
fn teams_of_one_thread_get_no_wait_policy() {
    for wait in ["passive", "spin-then-park.100"] {
        let cell = PASSIVE.replace("4x2", "4x1").replace("passive", wait);
        let shell = said(Target::Shell, &cell);
        assert!(shell.contains("export OMP_NUM_THREADS=1\n"), "{shell}");
        assert!(
            !shell.contains("WAIT") && !shell.contains("SPIN"),
            "{shell}"
        );
    }
}

/// 4 x 4 threads on 8 CPUs can use 8: a whole number, and no more than there are.
#[test]
fn a_scheduler_is_asked_for_no_more_cpus_than_there_are() {
    let cell = PASSIVE.replace("4x2", "4x4");
    assert!(said(Target::Kubernetes, &cell).contains("cpu: \"8\""));
    assert!(said(Target::Slurm, &cell).starts_with("#!/bin/sh\n"));
    assert!(said(Target::Slurm, &cell).contains("--cpus-per-task=8\n"));
}

/// One worker of joblib is the caller, whose libraries read their variables long ago; threads are
/// not worker processes.
#[test]
fn python_pools_are_limited_where_they_run() {
    let one = said(Target::Joblib, &PASSIVE.replace("4x2", "1x2"));
    assert!(
        one.contains("threadpool_limits(limits=2), parallel_config(n_jobs=1)"),
        "{one}"
    );
    let threads = said(Target::Joblib, PASSIVE);
    assert!(
        threads.contains("parallel_config(backend=\"threading\", n_jobs=4)"),
        "{threads}"
    );
    let processes = Place {
        workers: OuterKind::Process,
        ..EIGHT
    };
    let of = |target| lines(target, &PASSIVE.parse().unwrap(), processes);
    assert!(of(Target::Joblib).contains("backend=\"loky\", n_jobs=4, inner_max_num_threads=2"));
    assert!(of(Target::Python).contains("ProcessPoolExecutor(max_workers=4"));
    assert!(of(Target::Dask).contains("n_workers=4, threads_per_worker=1"));
    assert!(said(Target::Dask, PASSIVE).contains("n_workers=1, threads_per_worker=4"));
}

/// 2 x 1 was measured under a quota of 1.2 CPUs: that is 1200 thousandths of one.
#[test]
fn a_container_gets_the_quota_that_was_measured() {
    let quota = Place {
        cpus: 1,
        quota: Some(1.2),
        ..EIGHT
    };
    let cell = PASSIVE.replace("4x2", "2x1").parse().unwrap();
    let kubernetes = lines(Target::Kubernetes, &cell, quota);
    assert_eq!(
        kubernetes.matches("cpu: \"1200m\"").count(),
        2,
        "{kubernetes}"
    );
    assert!(lines(Target::Docker, &cell, quota).contains("--cpus=1.2 "));
    assert!(said(Target::Docker, &PASSIVE.replace("4x2", "2x1")).contains("--cpus=2 "));
}

#[test]
fn workers_of_another_kind_than_measured_are_pointed_out() {
    let note = "# threads were measured and these lines start processes: measure that, too, with \
                --outer-kind process\n";
    assert!(said(Target::Ray, PASSIVE).contains(note));
    assert!(!said(Target::Ray, &PASSIVE.replace("4x2", "1x2")).contains("were measured"));
    let processes = Place {
        workers: OuterKind::Process,
        ..EIGHT
    };
    let julia = lines(Target::Julia, &PASSIVE.parse().unwrap(), processes);
    assert!(julia.contains("--outer-kind thread\n"), "{julia}");
}

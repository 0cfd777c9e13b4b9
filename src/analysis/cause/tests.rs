//! Does each rule name its cause, and only its own, on records that one can work out by hand?

use std::time::Duration;

mod again;
mod bounds;

use std::collections::BTreeSet;

use super::*;
use crate::analysis::Analysis;
use crate::experiment::Visit;
use crate::record::{Answer, EmptyRegion, Interference, Peak, Ruler, Sample, Waiting};
use crate::text::Named;

const MS: Duration = Duration::from_millis(1);
/// Tasks of every cell here.
const TASKS: u32 = 16;

fn cell(outer: u32, inner: u32, rest: &str) -> Cell {
    let text = format!("matmul.f64.256_{outer}x{inner}_{rest}_unbound_queue.1_t{TASKS}");
    text.parse().unwrap()
}

/// A sample of `wall` ms in which `cpus` CPUs were busy.
fn sample(wall: u32, cpus: f64) -> Sample {
    Sample {
        wall: wall * MS,
        cpu: Some((wall * MS).mul_f64(cpus)),
        tasks_done: Some(TASKS),
        run_queue_wait: Some(Duration::ZERO),
        busiest_thread: Some((wall * MS).mul_f64(0.5)),
        waiting: Waiting {
            spin: Some(Duration::ZERO),
            yielding: Some(Duration::ZERO),
            gaps: Some(Duration::ZERO),
            tail: Some(Duration::ZERO),
            ..Waiting::default()
        },
        ..Sample::default()
    }
}

fn setting() -> RunContext {
    RunContext {
        budget: 2.0,
        online: 2.0,
        nodes: 1,
        ruler: Ruler::default(),
        origin: Origin::default(),
    }
}

/// Six rounds of each cell, all alike.
fn records(cells: &[(Cell, Sample)]) -> Vec<Record> {
    let record = |cell: Cell, round: u32, sample: &Sample| Record {
        runner: "scripted".into(),
        visit: Visit { round, cell },
        rep: 1,
        unix_ms: 0,
        answer: Answer::Ok(sample.clone()),
    };
    let of = |(cell, sample): &(Cell, Sample)| {
        let (cell, sample) = (*cell, sample.clone());
        (1..=6).map(move |round| record(cell, round, &sample))
    };
    cells.iter().flat_map(of).collect()
}

/// The diagnosis of the last of `cells`.
fn last(cells: &[(Cell, Sample)], setting: &RunContext) -> Diagnosis {
    let records = records(cells);
    let analysis = Analysis::of(&records, setting.budget).explained(&records, setting);
    analysis.diagnoses[&cells.last().unwrap().0].clone()
}

/// The best cell: 2 x 1 in 10 ms, both CPUs at work.
fn best() -> (Cell, Sample) {
    (cell(2, 1, "fork-join.passive_independent"), sample(10, 2.0))
}

fn against_best(cell: Cell, sample: Sample) -> Diagnosis {
    last(&[best(), (cell, sample)], &setting())
}

fn causes(diagnosis: &Diagnosis) -> Vec<Cause> {
    diagnosis.findings.iter().map(|f| f.cause).collect()
}

/// Of 2 CPUs 1.9 spin: 95 % of P. Eight threads are ready all the time.
#[test]
fn spinning_needs_more_threads_than_cpus_and_ready_threads() {
    let mut spun = sample(400, 2.0);
    spun.waiting.spin = Some((400 * MS).mul_f64(1.9));
    spun.run_queue_wait = Some(8 * 400 * MS);
    let active = cell(4, 4, "fork-join.active_independent");
    let found = against_best(active, spun.clone());
    assert_eq!((found.cause, found.findings.len()), (Cause::Spinning, 1));
    assert!((found.findings[0].weight - 0.95).abs() < 1e-9);
    // The same spinning by a team that has a CPU for each thread disturbs nobody.
    let fits = cell(1, 2, "fork-join.active_independent");
    spun.run_queue_wait = Some(Duration::ZERO);
    assert!(!causes(&against_best(fits, spun)).contains(&Cause::Spinning));
}

/// As many threads wait as when they spin, but the CPUs work: the wait alone does not tell.
#[test]
fn threads_that_wait_while_others_work_are_time_sliced() {
    let mut sliced = sample(13, 2.0);
    sliced.run_queue_wait = Some(8 * 13 * MS);
    let passive = cell(4, 4, "fork-join.passive_independent");
    let found = against_best(passive, sliced);
    assert_eq!(causes(&found), [Cause::TimeSliced]);
    // 3/13 of the time is lost, and of 10 runnable threads 8 wait.
    assert!((found.findings[0].weight - 3.0 / 13.0 * 0.8).abs() < 1e-9);
}

/// A library does not count its spinning: a task takes 40 times the CPU time of the best cell.
#[test]
fn a_library_that_spins_betrays_itself_by_its_cpu_time() {
    let library = cell(4, 4, "blas:openblas_independent");
    let silent = Sample {
        waiting: Waiting::default(),
        run_queue_wait: Some(8 * 400 * MS),
        threads: Some(16),
        ..sample(400, 2.0)
    };
    let found = against_best(library, silent.clone());
    assert_eq!(causes(&found), [Cause::SpinningSuspected]);
    let frugal = Sample {
        cpu: Some(20 * MS),
        ..silent
    };
    assert_eq!(against_best(library, frugal).cause, Cause::TimeSliced);
}

/// 10 of 20 periods cut off; 1 CPU held back beside 1 that was busy: half of the time, and a cell
/// that takes twice as long as the best.
#[test]
fn a_quota_that_stops_the_group_is_the_cause() {
    let mut held = sample(20, 1.0);
    held.interference = Interference {
        quota_periods: Some(20),
        throttled_periods: Some(10),
        throttled: Some(20 * MS),
        ..Interference::default()
    };
    let found = against_best(cell(4, 1, "fork-join.passive_independent"), held.clone());
    assert_eq!(found.cause, Cause::Throttled);
    assert!((found.findings[0].weight - 0.5).abs() < 1e-9);
    held.interference.throttled_periods = Some(1);
    let found = against_best(cell(4, 1, "fork-join.passive_independent"), held);
    assert!(!causes(&found).contains(&Cause::Throttled));
}

/// A sample of 16 tasks that take `us` microseconds each, one after the other.
fn short(us: u64) -> Sample {
    Sample {
        wall: Duration::from_micros(16 * us),
        ..sample(1, 1.0)
    }
}

/// A setting in which a region without work takes a team that blocks `median_ns`.
fn with_empty(median_ns: u64) -> RunContext {
    let runtime = cell(1, 2, "fork-join.passive_independent").runtime;
    let empty = EmptyRegion {
        runtime,
        width: 2,
        median_ns,
    };
    RunContext {
        ruler: Ruler {
            empty_regions: vec![empty],
            ..Ruler::default()
        },
        ..setting()
    }
}

/// All tasks take 80 us on one thread, so 40 us on two workers; waking them takes 60 us, or 0.3 us.
#[test]
fn an_execution_shorter_than_waking_its_workers_is_too_small() {
    let serial = cell(1, 1, "fork-join.active_independent");
    let workers = cell(2, 1, "fork-join.active_independent");
    let cells = [(serial, short(5)), (workers, short(8))];
    let found = last(&cells, &with_empty(60_000));
    assert_eq!(found.cause, Cause::TooSmall);
    assert!((found.findings[0].weight - 0.6).abs() < 1e-9);
    assert_ne!(last(&cells, &with_empty(300)).cause, Cause::TooSmall);
    assert_ne!(last(&cells, &setting()).cause, Cause::TooSmall);
}

/// One task on one thread takes 16 us, on two 8 us; three meetings cost 1.5 empty regions.
#[test]
fn a_task_shorter_than_its_meetings_is_too_small() {
    let serial = cell(1, 1, "fork-join.passive_independent");
    let team = cell(1, 2, "fork-join.passive_independent");
    let meetings = f64::from(team.workload.sync_points(2)) / 2.0;
    let cells = [(serial, short(16)), (team, short(100))];
    let found = last(&cells, &with_empty(60_000));
    assert_eq!(found.cause, Cause::TooSmall);
    let cost = 60e-6 * meetings;
    assert!((found.findings[0].weight - cost / (cost + 8e-6)).abs() < 1e-9);
    assert_ne!(last(&cells, &with_empty(300)).cause, Cause::TooSmall);
}

/// Of two workers one stands at the gate all the time, and one CPU of two works.
#[test]
fn workers_in_line_before_the_gate_are_serialised() {
    let mut lined_up = sample(20, 1.0);
    lined_up.waiting.gate = Some(20 * MS);
    let exclusive = cell(2, 1, "fork-join.passive_exclusive");
    let found = against_best(exclusive, lined_up.clone());
    assert_eq!(causes(&found), [Cause::Lock]);
    // Where the region inside uses all CPUs, the line costs nothing.
    lined_up.cpu = Some(40 * MS);
    let found = against_best(cell(2, 2, "fork-join.passive_exclusive"), lined_up);
    assert!(!causes(&found).contains(&Cause::Lock));
}

/// One thread works 95 % of the time and 1.05 of 2 CPUs are at work; what spins is no work.
#[test]
fn one_busy_thread_among_idle_ones_is_a_straggler_also_when_they_spin() {
    for (runtime, spin) in [("fork-join.passive", 0), ("fork-join.active", 19)] {
        let mut lopsided = sample(20, 1.05);
        lopsided.cpu = lopsided.cpu.map(|cpu| cpu + spin * MS);
        lopsided.waiting.spin = Some(spin * MS);
        lopsided.busiest_thread = Some(19 * MS);
        let found = against_best(cell(1, 2, &format!("{runtime}_independent")), lopsided);
        assert_eq!(causes(&found), [Cause::Straggler], "{runtime}");
    }
}

#[test]
fn memory_is_remote_only_where_there_are_several_nodes_and_another_placement() {
    let bound = "matmul.f64.256_2x1_fork-join.passive_independent_partitioned.numa_queue.1_t16";
    let near: Cell = bound.parse().unwrap();
    let far = best().0;
    let mut work = sample(20, 2.0);
    work.busiest_thread = Some(20 * MS);
    let of = |nodes| {
        let cells = [(near, sample(10, 2.0)), (far, work.clone())];
        last(&cells, &RunContext { nodes, ..setting() }).cause
    };
    assert_eq!(of(2), Cause::RemoteMemory);
    assert_eq!(of(1), Cause::Unexplained);
}

#[test]
fn a_serial_cell_has_too_few_threads() {
    let mut serial = sample(20, 1.0);
    serial.busiest_thread = Some(20 * MS);
    let found = against_best(cell(1, 1, "fork-join.passive_independent"), serial);
    assert_eq!(causes(&found), [Cause::TooFewThreads]);
    assert!((found.findings[0].weight - 0.5).abs() < 1e-9);
}

/// Others kept 1 CPU busy of the 2 that there are, and the cell takes twice as long as the best: 1 s
/// against 0.5 s.
#[test]
fn foreign_load_is_noise_where_it_takes_cpus_that_the_cell_could_use() {
    let quiet = (best().0, sample(500, 2.0));
    let mut disturbed = sample(1000, 1.0);
    disturbed.interference.host_busy = Some(2000 * MS);
    let independent = cell(2, 1, "rayon_independent");
    let cells = [quiet, (independent, disturbed)];
    assert_eq!(last(&cells, &setting()).cause, Cause::Noise);
    let large = RunContext {
        online: 8.0,
        ..setting()
    };
    assert_eq!(last(&cells, &large).cause, Cause::Unexplained);
}

#[test]
fn a_cell_as_good_as_the_best_has_no_cause_whatever_was_counted() {
    let mut spun = sample(10, 2.0);
    spun.waiting.spin = Some(15 * MS);
    spun.run_queue_wait = Some(80 * MS);
    let found = against_best(cell(4, 4, "fork-join.active_independent"), spun);
    assert_eq!(
        (found.cause, causes(&found)),
        (Cause::None, vec![Cause::Spinning])
    );
}

#[test]
fn every_cause_has_a_name_and_a_letter_of_its_own() {
    let letters: BTreeSet<char> = Cause::all().map(Cause::letter).collect();
    let names: BTreeSet<&str> = Cause::all().map(Cause::name).collect();
    assert_eq!(letters.len(), Cause::all().len());
    assert_eq!(names.len(), Cause::all().len());
}

/// 16 products of 2 x 256^3 flop in 10 ms are 53.7 GFLOP/s; each reads and writes 3 x 256^2 numbers of
/// 8 bytes, together 2.52 GB/s. No limit, no rate.
#[test]
fn rates_stand_beside_the_limits_of_the_machine() {
    let alone = cell(1, 1, "fork-join.passive_independent");
    let measured = RunContext {
        ruler: Ruler {
            memory_bandwidth: Some(20e9),
            peaks: vec![Peak {
                dtype: alone.workload.dtype().unwrap(),
                flops: 150e9,
            }],
            ..Ruler::default()
        },
        ..setting()
    };
    let cells = [(alone, sample(10, 1.0))];
    let [operations, traffic] = &last(&cells, &measured).rates[..] else {
        panic!("two rates");
    };
    assert!((operations.here - 53.687).abs() < 1e-3 && operations.reference == Some(150.0));
    assert!((traffic.here - 2.5166).abs() < 1e-3 && traffic.reference == Some(20.0));
    assert_eq!(last(&cells, &setting()).rates, []);
}

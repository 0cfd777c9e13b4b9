//! Whole cells on whole machines: the signs must come out as everybody has measured them.

use std::num::NonZeroU32;
use std::ops::ControlFlow;

use super::*;
use crate::experiment::{Family, Protocol, Workload};
use crate::record::Status;
use crate::stats::median;

/// A simulator of `machine` under Linux 6.18.
fn sim(machine: &str, at_once: usize) -> Sim {
    let topology = Topology::synthetic(machine).unwrap();
    let allowed = topology.pus().clone();
    let kernel = Scheduler::of("6.18".parse().unwrap(), 250, allowed.len());
    let parameters = Parameters::preset("epyc-9004").unwrap();
    let machine = Machine {
        topology,
        allowed,
        kernel,
        quota: None,
        parameters,
    };
    let predictor = Predictor::new(machine, Model::Slices).unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(at_once).build();
    Sim::new(predictor, pool.unwrap())
}

/// Five repetitions of a cell after one to warm up, a minute each at most.
fn ask(machine: &str, cell: &str) -> VisitRequest {
    let budget = Topology::synthetic(machine).unwrap().pus().len() as u32;
    let five = NonZeroU32::new(5).unwrap();
    let visit = Visit {
        round: 1,
        cell: cell.parse().unwrap(),
    };
    let protocol = Protocol {
        seed: 1,
        ..Protocol::of_one_visit(five, 1, Duration::from_secs(60))
    };
    VisitRequest::new(visit, &protocol, budget)
}

/// Wall times of all repetitions, which must be done, `at_once` visits at the same time [ns].
fn walls(machine: &str, cell: &str, at_once: usize) -> Vec<f64> {
    let (mut sim, ask) = (sim(machine, at_once), ask(machine, cell));
    answers(&mut sim, &ask)
}

fn answers(sim: &mut Sim, ask: &VisitRequest) -> Vec<f64> {
    let mut walls = Vec::new();
    let run = sim.run(ask, &mut |_, answer| {
        assert_eq!(answer.status(), Status::Ok, "{answer:?}");
        walls.push(answer.sample().unwrap().wall.as_nanos() as f64);
        ControlFlow::Continue(())
    });
    assert_eq!(run, Ok(()));
    walls
}

/// Median wall time of five executions of a cell [ns].
fn wall(machine: &str, cell: &str) -> f64 {
    median(&walls(machine, cell, 2)).unwrap()
}

const TWO: &str = "pack:1 l3:1 core:2 pu:1";

/// 1 x 4 spinning on 2 PUs meets at every phase a member that is not running; each time a quantum
/// is lost. 2 x 1 does the same work without meeting anybody.
#[test]
fn spinning_teams_wider_than_the_machine_lose_an_order_of_magnitude() {
    let cell = |threads: &str, wait: &str| {
        let name =
            format!("matmul.f64.256_{threads}_fork-join.{wait}_independent_unbound_queue.1_t16");
        wall(TWO, &name)
    };
    let best = cell("2x1", "passive");
    assert!(cell("1x4", "active") > 10.0 * best);
    assert!(cell("1x4", "passive") < 2.0 * best);
    assert!(cell("1x2", "active") < 1.5 * best);
}

/// The work of 16 products of order 256 in f64 is 16 x 2 x 256^3 flop; at 55 flop/ns and
/// 256 / (256 + 12) of it, by two workers, each 8 of them: 5.11 ms.
#[test]
fn one_thread_a_worker_takes_its_flops_by_its_rate() {
    let cell = "matmul.f64.256_2x1_fork-join.passive_independent_unbound_queue.1_t16";
    let expected = 8.0 * 2.0 * 256_f64.powi(3) / (55.0 * 256.0 / 268.0);
    let ratio = wall(TWO, cell) / expected;
    assert!((1.0..1.01).contains(&ratio), "{ratio}");
}

#[test]
fn every_composition_and_runtime_reaches_its_end() {
    for runtime in [
        "fork-join.active",
        "fork-join.spin-then-park.500",
        "fork-join.yield",
        "fork-join.passive",
        "rayon",
    ] {
        for composition in [
            "independent",
            "partitioned",
            "exclusive",
            "counting",
            "shared",
        ] {
            if composition == "shared" && runtime != "rayon" {
                continue;
            }
            for placement in ["unbound", "close.core", "spread.pu", "partitioned.pu"] {
                let cell =
                    format!("matmul.f64.128_3x3_{runtime}_{composition}_{placement}_stealing_t7");
                assert!(wall("pack:2 l3:1 core:2 pu:2", &cell) > 0.0);
            }
        }
    }
}

/// Each of four PUs has one thread of the pool, so no placement may cost what one PU for all four would.
#[test]
fn a_placed_shared_pool_uses_all_places() {
    let time = |placement: &str| {
        let cell = format!("matmul.f64.256_4x4_rayon_shared_{placement}_queue.1_t16");
        wall("core:4 pu:1", &cell)
    };
    let unbound = time("unbound");
    for placement in ["close.pu", "spread.pu", "partitioned.pu"] {
        let ratio = time(placement) / unbound;
        assert!((0.8..1.25).contains(&ratio), "{placement}: {ratio}");
    }
}

const LIBRARIES: [&str; 11] = [
    "libgomp",
    "libgomp.active",
    "libgomp.passive",
    "libomp",
    "libomp.0",
    "openblas-0.3.26",
    "openblas-0.3.27",
    "openblas-0.3.30",
    "openblas-0.3.31",
    "openblas-openmp-0.3.21",
    "blis",
];

/// More callers than a library's team can serve, on fewer PUs than either.
#[test]
fn every_library_reaches_its_end_under_every_composition() {
    for runtime in LIBRARIES {
        for composition in ["independent", "partitioned", "exclusive", "counting"] {
            for threads in ["5x3", "2x7", "4x1"] {
                let cell =
                    format!("matmul.f64.192_{threads}_{runtime}_{composition}_unbound_stealing_t7");
                assert!(wall("l3:1 core:2 pu:2", &cell) > 0.0);
            }
        }
    }
}

#[test]
fn a_library_answers_the_same_twice() {
    for runtime in LIBRARIES {
        let cell = format!("matmul.f64.256_3x2_{runtime}_independent_unbound_queue.1_t7");
        assert_eq!(walls(TWO, &cell, 1), walls(TWO, &cell, 2), "{runtime}");
    }
}

#[test]
fn what_is_installed_is_not_guessed() {
    let cell = "matmul.f64.256_3x2_blas:openblas_independent_unbound_queue.1_t7";
    let why = modelled(&cell.parse().unwrap()).unwrap_err();
    assert!(why.contains("openblas-0.3.26"), "{why}");
}

/// Each family of workloads on the same nest; nobody knows what a race costs.
#[test]
fn every_workload_has_a_model_or_a_reason_for_none() {
    for family in Family::ALL {
        let workload = Workload::Computation(family.usual(family.dtypes()[0]).unwrap());
        let cell = format!("{workload}_2x3_fork-join.passive_independent_unbound_queue.1_t8");
        if family == Family::SumRacy {
            let why = modelled(&cell.parse().unwrap()).unwrap_err();
            assert!(why.contains("sum-reduced"), "{why}");
        } else {
            assert!(wall("pack:2 [numa] l3:1 core:2 pu:2", &cell) > 0.0);
        }
    }
}

/// Amdahl's law: of 30 % serial work a team of two saves half of the rest, 0.65 of the time alone.
#[test]
fn weak_work_follows_amdahl() {
    let cell = |width: u32| {
        let name = "weak-30.f64.10000000";
        let rest = "fork-join.active_independent_unbound_queue.1_t4";
        wall(TWO, &format!("{name}_1x{width}_{rest}"))
    };
    let ratio = cell(2) / cell(1);
    assert!((ratio - 0.65).abs() < 0.01, "{ratio}");
}

/// Vectors of 16 MB in rings of 32: two packages' memories give 2 x 369 bytes/ns, so 64 cores of
/// each that want 25 get 5.8. Of 1600 MB the 12 L3 caches of 32 MB hold a part, and what comes from
/// memory takes the same time however many more cores there are.
#[test]
fn a_dot_product_stops_getting_faster_when_the_memory_is_full() {
    let machine = "pack:2 [numa] l3:8 core:8 pu:1";
    let cell = |outer: u32| {
        let rest = "fork-join.passive_independent_close.pu_queue.1_t256";
        wall(machine, &format!("dot.f64.4000000_{outer}x1_{rest}"))
    };
    let [one, sixteen, all] = [1, 16, 128].map(cell);
    assert!(one / sixteen > 10.0, "{}", one / sixteen);
    let full = one / all;
    assert!(full < 40.0, "128 cores are {full} times as fast as one");
}

#[test]
fn answers_do_not_depend_on_how_many_are_simulated_at_once() {
    let cell = "matmul.f64.256_2x3_fork-join.yield_independent_unbound_queue.1_t9";
    let one = walls(TWO, cell, 1);
    assert_eq!(one, walls(TWO, cell, 2));
    assert_eq!(one, walls(TWO, cell, 8));
    assert!(one.iter().any(|wall| *wall != one[0]), "repetitions differ");
}

/// A run that was interrupted after two repetitions goes on as it would have.
#[test]
fn a_visit_taken_up_again_answers_as_if_never_interrupted() {
    let cell = "matmul.f64.256_2x2_fork-join.active_independent_unbound_queue.1_t9";
    let whole = walls(TWO, cell, 1);
    let rest = VisitRequest {
        first_rep: 3,
        ..ask(TWO, cell)
    };
    assert_eq!(answers(&mut sim(TWO, 1), &rest), whole[2..]);
}

/// What is simulated ahead is what would have been answered later, in whatever order it is asked.
#[test]
fn working_ahead_changes_no_answer() {
    let visit = |round| {
        let cell = "matmul.f64.256_2x3_fork-join.yield_independent_unbound_queue.1_t9";
        let mut ask = ask(TWO, cell);
        ask.visit.round = round;
        ask
    };
    let alone = |round| answers(&mut sim(TWO, 1), &visit(round));
    let mut ahead = sim(TWO, 2);
    ahead.prefetch(&mut (1..=4).map(visit));
    for round in [1, 3, 2, 4] {
        assert_eq!(answers(&mut ahead, &visit(round)), alone(round), "{round}");
    }
}

/// 256 x 256 products take 0.3 ms each here: a warm-up of nine of them is over 1 ms.
#[test]
fn a_warm_up_over_the_limit_stands_as_the_first_repetition() {
    let cell = "matmul.f64.256_1x1_fork-join.passive_independent_unbound_queue.1_t9";
    let mut ask = ask(TWO, cell);
    ask.protocol.limit_ns = 1_000_000;
    let mut seen = Vec::new();
    let run = sim(TWO, 1).run(&ask, &mut |rep, answer| {
        seen.push((rep, answer.status()));
        ControlFlow::Continue(())
    });
    assert_eq!(run, Ok(()));
    assert_eq!(seen, [(1, Status::Censored)]);
}

#[test]
fn a_machine_without_cache_sizes_needs_a_preset() {
    let topology = Topology::synthetic(TWO).unwrap();
    let allowed = topology.pus().clone();
    let kernel = Scheduler::of("6.18".parse().unwrap(), 250, 2);
    let parameters = Parameters::preset("generic").unwrap();
    let machine = Machine {
        topology,
        allowed,
        kernel,
        quota: None,
        parameters,
    };
    let error = Predictor::new(machine, Model::Slices).err().unwrap();
    assert!(error.to_string().contains("--preset"));
}

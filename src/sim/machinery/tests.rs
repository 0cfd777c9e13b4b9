//! What the sources of each library say, in numbers that can be looked up there.

use super::*;
use crate::experiment::Cell;

/// The machinery of `cell` on `pus` PUs where a look takes 20 ns, a tick of the time stamp counter
/// 0.4 ns and making a thread 18 us.
fn machinery(cell: &str, pus: u32) -> Machinery {
    let cell: Cell = cell.parse().unwrap();
    let parameters = Parameters::preset("generic").unwrap();
    let computation = cell.workload.computation().unwrap();
    let budget = pus;
    Machinery::of((&cell, computation), Cpus { budget, pus }, &parameters)
}

fn on(runtime: &str, threads: &str, pus: u32) -> Machinery {
    let cell = format!("matmul.f64.256_{threads}_{runtime}_independent_unbound_queue.1_t8");
    machinery(&cell, pus)
}

/// 300 000 looks of 20 ns are 6 ms. One of 2 x 2 threads is not libgomp's own: 3 on 3 PUs are not
/// crowded, on 2 they are.
#[test]
fn libgomp_looks_less_often_when_it_has_more_threads_than_pus() {
    let looks = |runtime, pus| on(runtime, "2x2", pus).waits.meet.spin;
    assert_eq!([2, 3].map(|pus| looks("libgomp", pus)), [2_000, 6_000_000]);
    let active = [2, 3].map(|pus| looks("libgomp.active", pus));
    assert_eq!(active, [20_000, 600_000_000_000]);
    assert_eq!([2, 3].map(|pus| looks("libgomp.passive", pus)), [0, 0]);
}

#[test]
fn libgomp_waits_like_our_own_teams_of_the_same_policy() {
    let same = |a: &str, b: &str| assert_eq!(on(a, "2x4", 2), on(b, "2x4", 2), "{a}");
    same("libgomp", "fork-join.spin-then-park.100");
    same("libgomp.active", "fork-join.spin-then-park.1000");
    same("libgomp.passive", "fork-join.passive");
    same("libomp.0", "fork-join.passive");
}

#[test]
fn libomp_yields_when_it_is_crowded_and_gives_up_by_the_wall() {
    let wait = |runtime, pus| on(runtime, "2x2", pus).waits.idle;
    let patience = 200_000_000;
    let [crowded, calm] = [3, 4].map(|pus| wait("libomp", pus));
    assert_eq!(
        crowded,
        Wait {
            patience,
            ..Wait::YIELD
        }
    );
    assert_eq!(
        calm,
        Wait {
            patience,
            ..Wait::SPIN
        }
    );
    assert_eq!(wait("libomp.3", 4).patience, 3_000_000);
}

/// 2^28 ticks at 2.5 a nanosecond are 107 ms.
#[test]
fn openblas_has_one_team_whose_polling_and_lock_depend_on_the_version() {
    let eras = [
        "0.3.4", "0.3.26", "0.3.27", "0.3.28", "0.3.30", "0.3.31", "0.4.0",
    ]
    .map(|version| {
        let Machinery {
            inner,
            pool,
            waits,
            gates,
            ..
        } = on(&format!("openblas-{version}"), "3x4", 2);
        assert_eq!((inner, pool), (Inner::SharedTeam, 3));
        assert_eq!(waits.idle.patience, 107_374_182);
        assert_eq!((waits.meet, waits.join), (gates[1].wait, gates[1].wait));
        assert_eq!((gates[1].permits, &gates[1].each[..]), (3, &[3, 3, 3][..]));
        (
            waits.meet == Wait::YIELD,
            gates[0].permits,
            gates[0].each[0],
        )
    });
    let (yields, spins, counts) = ((true, 1, 1), (false, 1, 1), (false, 64, 4));
    assert_eq!(eras, [yields, yields, spins, counts, counts, spins, spins]);
}

/// 64^3 = 262 144 multiplications are enough for one thread, 128^3 for 8, 256^3 for 64. One thread
/// passes all gates and meets nobody; a panel is 256 deep and has its team meet twice.
#[test]
fn openblas_takes_no_more_threads_than_a_product_pays_for() {
    let team = |n: u32| {
        let rest = "1x99_openblas-0.3.26_independent_unbound_queue.1_t8";
        let Machinery {
            widths,
            phases,
            gates,
            ..
        } = machinery(&format!("matmul.f64.{n}_{rest}"), 2);
        (widths[0], phases[0], gates[0].each[0], gates[1].each[0])
    };
    let teams = [64, 128, 256, 1000].map(team);
    assert_eq!(
        teams,
        [(1, 1, 0, 0), (8, 2, 1, 7), (64, 2, 1, 63), (99, 8, 1, 98)]
    );
}

#[test]
fn openblas_on_openmp_has_a_team_a_worker_and_one_product_at_a_time() {
    let waits = |version: &str| {
        let Machinery {
            inner,
            waits,
            gates,
            ..
        } = on(&format!("openblas-openmp-{version}"), "3x4", 2);
        assert_eq!((inner, gates.len(), gates[0].permits), (Inner::Teams, 1, 1));
        assert_eq!((waits.idle, waits.join.spin), (waits.join, 2_000));
        (waits.meet, gates[0].wait)
    };
    let spins = Wait {
        spin: 2_000,
        ..Wait::BLOCK
    };
    assert_eq!(waits("0.3.21"), (Wait::YIELD, Wait::SPIN));
    assert_eq!(waits("0.3.27"), (Wait::SPIN, spins));
}

#[test]
fn blis_makes_its_threads_for_every_product_and_spins_in_it() {
    let Machinery {
        inner,
        waits,
        gates,
        spawn,
        phases,
        ..
    } = on("blis", "3x4", 2);
    assert_eq!((inner, gates, spawn), (Inner::Teams, Vec::new(), 18_000.0));
    assert_eq!(
        (waits.idle, waits.meet, waits.join),
        (Wait::BLOCK, Wait::SPIN, Wait::BLOCK)
    );
    assert_eq!(phases, [4, 4, 4]);
}

/// The gate of a composition comes first, then those of the library.
#[test]
fn a_composition_stands_before_a_library() {
    let cell = "matmul.f64.256_3x2_openblas-0.3.26_exclusive_unbound_queue.1_t8";
    let permits: Vec<u32> = machinery(cell, 2)
        .gates
        .iter()
        .map(|gate| gate.permits)
        .collect();
    assert_eq!(permits, [1, 1, 1]);
    let cell = "matmul.f64.256_3x2_libgomp_counting_unbound_queue.1_t8";
    assert_eq!(machinery(cell, 2).gates[0].each, [2, 2, 2]);
}

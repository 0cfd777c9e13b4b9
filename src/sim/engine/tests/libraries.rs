//! Closed forms of what libraries do: one team for all callers, threads made for each region, waits
//! that end by the clock on the wall.

use super::*;

/// Callers of a team of `servers` threads that is behind `gates`; each region takes `width` threads
/// and 1 ms of each. One call each, unless said.
fn callers(workers: usize, width: u32, servers: u32, gates: &[(u32, u32)]) -> Shape {
    let mut shape = teams(workers, width, 1, Ns::from(width) * MS);
    (shape.inner, shape.pool) = (Inner::SharedTeam, servers);
    let gates = gates
        .iter()
        .map(|(permits, each)| gate(*permits, vec![*each; workers]));
    shape.gates = gates.collect();
    shape
}

/// A16: a lock lets one region in at a time: eight of them take 8 ms, whoever calls.
#[test]
fn behind_a_lock_the_number_of_callers_does_not_matter() {
    for workers in [1, 2, 4, 8] {
        let mut shape = callers(workers, 2, 1, &[(1, 1), (1, 1)]);
        shape.tasks = 8;
        for wakes in [Wakes::One, Wakes::All] {
            shape.gates[0].wakes = wakes;
            assert_eq!(Case::new("core:8 pu:1", shape.clone()).wall(), 8 * MS);
        }
    }
}

/// A16: permits for 5 threads let floor(5 / 2) = 2 regions of two in, so that 4 regions take 2 ms.
#[test]
fn counted_permits_let_as_many_in_as_fit() {
    let shape = callers(4, 2, 4, &[(5, 2), (4, 1)]);
    assert_eq!(Case::new("core:8 pu:1", shape).wall(), 2 * MS);
}

/// Permits for all, but three servers for regions that take two each: one at a time, 4 ms.
#[test]
fn a_team_serves_no_more_callers_than_it_has_threads_for() {
    for wait in [Wait::SPIN, Wait::YIELD, Wait::BLOCK] {
        let mut shape = callers(4, 3, 3, &[(64, 3), (3, 2)]);
        shape.gates[1].wait = wait;
        assert_eq!(Case::new("core:8 pu:1", shape).wall(), 4 * MS);
    }
}

/// A region of one thread needs no server and passes every gate: four at once, 1 ms, on five PUs of
/// which one has the server that spins.
#[test]
fn who_works_alone_passes_every_gate() {
    let shape = callers(4, 1, 1, &[(1, 0), (1, 0)]);
    assert_eq!(Case::new("core:5 pu:1", shape).wall(), MS);
}

/// The worker needs 10 us for each of two others; the first begins at 10, the second and the worker
/// itself at 20, and 100 us later all are done. The second region is the same.
#[test]
fn threads_made_for_a_region_begin_one_after_the_other() {
    let mut shape = teams(1, 3, 1, 300 * US);
    (shape.spawn, shape.tasks) = ((10 * US) as f64, 2);
    shape.waits = Waits {
        meet: Wait::SPIN,
        ..Waits::all(Wait::BLOCK)
    };
    assert_eq!(Case::new("core:3 pu:1", shape).wall(), 240 * US);
}

/// The worker computes 20 ms alone; the two others wait on one PU, with patience for 5 ms by the
/// wall. Spinning, the second begins to wait in its first turn, at 1.4, and so ends at 6.4; yielding,
/// after the first yield, which takes 1 ns. Then the PU is idle.
#[test]
fn patience_ends_by_the_wall_whoever_has_the_pu() {
    for (wait, category, waited) in [
        (Wait::SPIN, Category::Spin, 6_400 * US),
        (Wait::YIELD, Category::Yield, 5 * MS + 1),
    ] {
        let mut shape = teams(1, 3, 1, 20 * MS);
        shape.serial = 1.0;
        shape.waits = Waits::all(Wait {
            patience: 5 * MS,
            ..wait
        });
        let mut case = Case::new("core:2 pu:1", shape);
        case.pinned = vec![0, 1, 1];
        let report = case.report();
        assert_eq!(report.wall, 20 * MS);
        assert_eq!(report.split.of(category), waited);
        assert_eq!(report.split.of(Category::Idle), 20 * MS - waited);
    }
}

/// F11 by the wall: PU 1 has a member that works for 0.5 ms and then spins, and the second worker,
/// which has 100 ms to compute. They take turns of 1.4 ms: the worker from 1.4 to 2.8, from 4.2 to
/// 5.6, from 7.0 to 8.4, and from 9.8 to 11.2. The member, whose patience of 10 ms is over at 10.5,
/// blocks when it is its turn at 11.2. So it has had 5.6 ms, and the worker ends at 105.6.
#[test]
fn a_lingering_member_shares_its_pu_until_its_patience_ends() {
    let case = lingering(Wait {
        patience: 10 * MS,
        ..Wait::SPIN
    });
    assert_eq!(case.wall(), 105_600 * US);
}

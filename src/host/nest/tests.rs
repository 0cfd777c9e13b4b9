//! Which threads does a nest have, and does it run its tasks?

use std::thread;

use super::*;
use crate::process::Standstill;

/// Far more than any of this takes.
const PATIENCE: Duration = Duration::from_secs(60);

fn cell(text: &str) -> Cell {
    text.parse().unwrap()
}

/// The nest of `cell` under a budget of `budget` CPUs.
fn built(cell: &Cell, budget: u32) -> Result<(Pool, WaitRegister), PoolError> {
    let parts = Parts {
        library: None,
        recording: None,
        task_state: Arc::new(SharedTaskState::of(cell)),
    };
    nest(cell, budget, PATIENCE, parts)
}

/// The threads of its teams that count how they wait.
fn members(text: &str, budget: u32) -> Vec<String> {
    built(&cell(text), budget).unwrap().1.names()
}

#[test]
fn each_worker_has_the_team_that_its_composition_gives_it() {
    let nest = "matmul n=8 outer=2 inner=2 tasks=4";
    let two_each = ["w0", "w0.m1", "w1", "w1.m1"];
    assert_eq!(members(nest, 2), two_each);
    let partitioned = format!("{nest} composition=partitioned");
    assert_eq!(members(&partitioned, 2), ["w0", "w1"]);
    assert_eq!(members(&partitioned, 4), two_each);
    assert_eq!(members(&format!("{nest} runtime=rayon"), 4), [""; 0]);
}

#[test]
fn a_nest_of_any_composition_does_its_tasks_and_gets_them_right() {
    for composition in [
        "independent",
        "exclusive",
        "counting",
        "partitioned",
        "shared",
    ] {
        let runtime = if composition == "shared" {
            "rayon"
        } else {
            "fork-join"
        };
        let text = format!(
            "matmul n=8 outer=3 inner=2 runtime={runtime} composition={composition} tasks=7"
        );
        let (mut pool, _) = built(&cell(&text), 2).unwrap();
        pool.prepare(PATIENCE).unwrap();
        pool.time_once(PATIENCE, &mut Standstill::watch()).unwrap();
        assert_eq!(pool.tasks_done(), 7, "{text}");
        assert_eq!(pool.check(PATIENCE), Ok(()), "{text}");
    }
}

#[test]
fn a_nest_of_a_library_needs_the_library() {
    let error = built(
        &cell("matmul n=8 outer=1 inner=1 runtime=blas:openblas tasks=1"),
        2,
    );
    let expected = PoolError::Fault("no library was given for blas:openblas".to_owned());
    assert_eq!(error.err(), Some(expected));
}

/// What a thread of `cell` may run on once it is bound, and what it should.
#[test]
fn each_thread_is_bound_to_its_seat() {
    let cell = cell("matmul n=8 outer=2 inner=2 placement=close.pu tasks=4");
    let budget = CpuBudget::discover();
    let topology = Topology::discover().unwrap();
    let seats = Seats::of(&cell, budget.whole(), &topology, &budget.allowed);
    let bindings = Bindings::of(&cell, budget.whole()).unwrap();
    for (team, seats) in seats.teams.iter().enumerate() {
        for (member, seat) in seats.iter().enumerate() {
            let bindings = bindings.clone();
            let bound = thread::spawn(move || {
                bindings.bind(|seats| seats.member(team as u32, member as u32))?;
                let binder = Binder::new().map_err(|error| error.to_string())?;
                binder.current_binding().map_err(|error| error.to_string())
            });
            assert_eq!(bound.join().unwrap().as_ref(), Ok(seat), "{team} {member}");
        }
    }
    let nobody = bindings.bind(|seats| seats.member(2, 0));
    assert_eq!(
        nobody,
        Err("a thread that the cell does not have".to_owned())
    );
}

//! Closed forms: what must come out when a case is small enough to be worked out by hand.
//!
//! Work is in reference time, so that a thread alone on its core needs as many nanoseconds as it
//! has work. Costs are zero unless a test names them. Where ticks come at a random time against
//! the start, steady states are compared: the difference of two runs of different length.

mod bounds;
mod executions;
mod libraries;
mod naive;
mod properties;
mod sharing;
mod steady;
mod waking;

use super::*;
use crate::experiment::Dispatch;
use crate::machine::{CpuSet, PuId, Topology};
use crate::sim::kernel::{Policy, YieldRule};
use crate::sim::nest::{Gate, Inner, Waits, Wakes};
use crate::sim::report::Category;

const US: Ns = 1_000;
const MS: Ns = 1_000_000;

/// EEVDF with slices of 1.4 ms that end exactly then.
fn exact_kernel() -> Scheduler {
    let policy = Policy::Eevdf {
        slice: 1_400 * US,
        yields: YieldRule::Forfeit,
    };
    Scheduler {
        policy,
        tick: 4 * MS,
        mode: TickMode::Exact,
    }
}

/// The same looked at at ticks of 4 ms: the quantum is 4 ms.
fn ticking_kernel() -> Scheduler {
    Scheduler {
        mode: TickMode::Aligned,
        ..exact_kernel()
    }
}

/// A case to be simulated.
#[derive(Debug)]
struct Case {
    machine: &'static str,
    kernel: Scheduler,
    costs: Costs,
    shape: Shape,
    /// The PU of each thread; none is free to go anywhere.
    pinned: Vec<u32>,
    quota: Option<Quota>,
    traffic: f64,
    extent: Extent,
    limit: Ns,
    seed: u64,
}

/// Workers with teams of `width`, one task each, that take `work` in `phases`.
fn teams(workers: usize, width: u32, phases: u32, work: Ns) -> Shape {
    Shape {
        widths: vec![width; workers],
        inner: Inner::Teams,
        pool: 0,
        tasks: workers as u32,
        dispatch: Dispatch::Static,
        gates: Vec::new(),
        phases: vec![phases; workers],
        items: width,
        work: vec![work as f64; workers],
        sizes: Vec::new(),
        serial: 0.0,
        waits: Waits::all(Wait::SPIN),
        spawn: 0.0,
        take: 0.0,
        meet: 0.0,
        background: 0,
        measuring: None,
    }
}

/// Two PUs: PU 1 has the second member of a team, which works for 0.5 ms and then waits, and a worker
/// that computes for 100 ms.
fn lingering(wait: Wait) -> Case {
    let mut shape = teams(2, 2, 1, MS);
    shape.waits = Waits::all(wait);
    shape.widths = vec![2, 1];
    shape.work[1] = (100 * MS) as f64;
    let mut case = Case::new("core:2 pu:1", shape);
    case.pinned = vec![0, 1, 1];
    case
}

/// A gate at which workers block, and which wakes all of them.
fn gate(permits: u32, each: Vec<u32>) -> Gate {
    Gate {
        permits,
        each,
        wait: Wait::BLOCK,
        wakes: Wakes::All,
    }
}

impl Case {
    fn new(machine: &'static str, shape: Shape) -> Self {
        let kernel = exact_kernel();
        Self {
            machine,
            kernel,
            costs: Costs::free(),
            shape,
            pinned: Vec::new(),
            quota: None,
            traffic: 0.0,
            extent: Extent::Whole,
            limit: 1_000_000 * MS,
            seed: 1,
        }
    }

    fn report(&self) -> Report {
        self.reports().remove(0)
    }

    /// What came of each execution.
    #[expect(
        clippy::redundant_closure,
        reason = "the function is not one for every lifetime"
    )]
    fn reports(&self) -> Vec<Report> {
        let reports = self.simulated(|setup, shape| Engine::simulate(setup, shape));
        for report in &reports {
            let all = report.pus as Ns * report.wall;
            assert_eq!(report.split.total(), all, "PU time is conserved");
        }
        reports
    }

    /// What `simulate` makes of the case.
    fn simulated<T>(&self, simulate: impl FnOnce(Setup<'_>, Shape) -> T) -> T {
        let topology = Topology::synthetic(self.machine).unwrap();
        let layout = Layout::new(&topology, topology.pus());
        let set = |tid: usize| match self.pinned.get(tid) {
            Some(pu) => CpuSet::from_iter([PuId(*pu)]),
            None => topology.pus().clone(),
        };
        let sets: Vec<CpuSet> = (0..self.shape.roles().len()).map(set).collect();
        let masks = layout.masks(&sets);
        let setup = Setup {
            layout: &layout,
            kernel: self.kernel,
            costs: &self.costs,
            masks: &masks,
            working_set: 0.0,
            traffic: self.traffic,
            quota: self.quota,
            limit: self.limit,
            extent: self.extent,
            seed: self.seed,
        };
        simulate(setup, self.shape.clone())
    }

    /// Time of the whole; every task must be done.
    fn wall(&self) -> Ns {
        let report = self.report();
        assert_eq!(
            (&report.stop, report.tasks_done),
            (&Stop::Done, self.shape.tasks)
        );
        report.wall
    }

    /// Time of a phase in the steady state of a single task, whose phases are given per task.
    fn phase_time(mut self, work_of_phase: Ns) -> Ns {
        let mut of = |phases: u32| {
            self.shape.phases.fill(phases);
            self.shape
                .work
                .fill((Ns::from(phases) * work_of_phase) as f64);
            self.wall()
        };
        // The place of the last to arrive comes round after as many phases as there are threads.
        (of(48) - of(24)) / 24
    }
}

/// A1: as many threads as PUs do not notice each other: T = w.
#[test]
fn independent_threads_take_their_own_time() {
    assert_eq!(
        Case::new("core:4 pu:1", teams(4, 1, 1, 3 * MS)).wall(),
        3 * MS
    );
}

/// A2: two threads of 3 ms on one PU, slices of 2 ms, 0.1 ms a switch, which the kernel charges to
/// the thread switched to, so that a slice holds 1.9 ms of work:
///
/// ```text
/// ms  0   0.1  2.0 2.1  4.0 4.1  5.2 5.3  6.4
///     |s|-- A --|s|-- B --|s|-- A -|s|-- B -|
/// ```
#[test]
fn two_threads_alternate_and_pay_for_every_switch() {
    let mut case = Case::new("core:1 pu:1", teams(2, 1, 1, 3 * MS));
    case.kernel.policy = Policy::Eevdf {
        slice: 2 * MS,
        yields: YieldRule::Forfeit,
    };
    case.costs.switch = MS / 10;
    let report = case.report();
    assert_eq!(report.wall, 6_400 * US);
    assert_eq!(report.split.of(Category::Switch), 400 * US);
    assert_eq!(report.involuntary_switches, 2);
}

/// A3: fork, share, join. 4 ms shared by 4 members on 4 PUs is 1 ms; each release takes 1 us to
/// be seen, and the join is one more.
#[test]
fn a_team_divides_the_work_and_pays_for_fork_and_join() {
    let mut case = Case::new("core:4 pu:1", teams(1, 4, 1, 4 * MS));
    case.costs.handoff = [US; 3];
    assert_eq!(case.wall(), MS + 2 * US);
}

/// A4: 7 tasks of 1 ms by 3 workers, block sizes 3, 2, 2: as long as the largest.
#[test]
fn static_blocks_take_as_long_as_the_largest() {
    let mut shape = teams(3, 1, 1, MS);
    shape.tasks = 7;
    assert_eq!(Case::new("core:4 pu:1", shape).wall(), 3 * MS);
}

/// F1: N spinning members on one PU, short phases. The last to arrive releases the others and
/// goes on to the next phase in the same slice, so N - 1 quanta separate two releases, whatever
/// the work. The quantum includes the switch, which the kernel charges to the thread switched to.
#[test]
fn spinners_on_one_pu_need_n_minus_one_quanta_a_phase() {
    for width in [2, 3, 4, 8] {
        let mut case = Case::new("core:1 pu:1", teams(1, width, 1, 0));
        case.kernel = ticking_kernel();
        case.costs.switch = 5 * US;
        let quanta = Ns::from(width) - 1;
        assert_eq!(case.phase_time(20 * US), quanta * 4 * MS, "{width} threads");
    }
}

/// F2: with any work w a phase of N spinners on one PU takes at least N w and at most
/// N w + (N - 1) q.
#[test]
fn spinners_with_long_work_stay_between_their_bounds() {
    for work in [US, 300 * US, MS, 3 * MS, 7 * MS, 30 * MS] {
        let mut case = Case::new("core:1 pu:1", teams(1, 3, 1, 0));
        case.kernel = ticking_kernel();
        let time = case.phase_time(3 * work);
        assert!(
            (3 * work..=3 * work + 8 * MS).contains(&time),
            "{work}: {time}"
        );
    }
}

/// F3: a team on several PUs is as slow as the PU with the most members: (n_max - 1) q. One
/// misplaced thread doubles the cost of 4 on 2.
#[test]
fn the_fullest_pu_sets_the_pace_of_a_spinning_team() {
    let phase_time = |machine, pinned: &[u32]| {
        let mut case = Case::new(machine, teams(1, pinned.len() as u32, 1, 0));
        case.kernel = ticking_kernel();
        case.pinned = pinned.to_vec();
        case.phase_time(10 * US)
    };
    assert_eq!(phase_time("core:2 pu:1", &[0, 1, 0, 1]), 4 * MS);
    assert_eq!(phase_time("core:4 pu:1", &[0, 1, 2, 3, 0, 1, 2, 3]), 4 * MS);
    assert_eq!(phase_time("core:2 pu:1", &[0, 0, 0, 1]), 8 * MS);
}

/// F4: two spinning teams of two, one thread of each on either PU, ticks aligned. Either both
/// members of a team are queued in the same place (S = 1: a gang by accident, a phase of 40 us
/// takes 2 x 40 us on average), or in different ones (S = 2: O q (S - 1) / S = 4 ms). Both happen.
#[test]
fn two_teams_are_a_gang_by_accident_or_wait_a_quantum() {
    let mut seen = [false; 2];
    for seed in 0..20 {
        let mut case = Case::new("core:2 pu:1", teams(2, 2, 1, 0));
        case.kernel = ticking_kernel();
        case.seed = seed;
        case.pinned = vec![0, 1, 0, 1];
        case.shape.phases = vec![2000; 2];
        case.shape.work = vec![2000.0 * 80_000.0; 2];
        let phase = case.wall() / 2000;
        let gang = phase < 100 * US;
        let expected = if gang { 80 * US } else { 4 * MS };
        assert!(
            phase.abs_diff(expected) <= expected * 6 / 100,
            "seed {seed}: {phase}"
        );
        seen[usize::from(gang)] = true;
    }
    assert_eq!(seen, [true, true]);
}

/// F5: the same with the ticks of the PUs one after the other: arcs in which a whole team runs open
/// by chance, so a phase takes at most O - 1 = 1 quantum, and never less than the work.
#[test]
fn staggered_ticks_cost_at_most_the_quanta_of_the_other_teams() {
    for seed in 0..10 {
        let mut case = Case::new("core:4 pu:1", teams(2, 4, 1, 0));
        case.kernel = Scheduler {
            mode: TickMode::Staggered,
            ..ticking_kernel()
        };
        case.seed = seed;
        case.pinned = vec![0, 1, 2, 3, 0, 1, 2, 3];
        case.shape.phases = vec![400; 2];
        case.shape.work = vec![400.0 * 160_000.0; 2];
        let phase = case.wall() / 400;
        assert!((40 * US..=4 * MS).contains(&phase), "seed {seed}: {phase}");
    }
}

/// F7: two yielding members on one PU: each works, yields and is switched from, once a phase in
/// all, because the last to arrive works on in the next phase: 2 w + yield + switch.
#[test]
fn yielding_members_pay_a_yield_and_a_switch() {
    let mut case = Case::new("core:1 pu:1", teams(1, 2, 1, 0));
    case.shape.waits = Waits::all(Wait::YIELD);
    (case.costs.yield_call, case.costs.switch) = (US, 2 * US);
    assert_eq!(case.phase_time(2 * 5 * US), 13 * US);
}

/// F7 beside a thread that works 100 ms: the yielding member has nothing to do. Where a yield
/// gives up the slice, it costs next to nothing; where it does not, its loop is as good as any
/// work and gets half the PU, as under CFS.
#[test]
fn what_a_yield_costs_the_others_depends_on_the_kernel() {
    let wall = |policy| {
        let mut case = Case::new("core:1 pu:1", teams(1, 2, 1, 100 * MS));
        case.shape.items = 1;
        case.shape.waits = Waits::all(Wait::YIELD);
        case.kernel = Scheduler {
            policy,
            ..ticking_kernel()
        };
        case.costs.yield_call = US;
        case.wall()
    };
    let slice = 1_400 * US;
    let forfeit = wall(Policy::Eevdf {
        slice,
        yields: YieldRule::Forfeit,
    });
    assert!((100 * MS..101 * MS).contains(&forfeit), "{forfeit}");
    let deadline = wall(Policy::Eevdf {
        slice,
        yields: YieldRule::Deadline,
    });
    assert!((190 * MS..=205 * MS).contains(&deadline), "{deadline}");
    let cfs = wall(Policy::Cfs {
        latency: 12 * MS,
        min_granularity: 1_500 * US,
        wakeup_granularity: 2 * MS,
    });
    assert!((180 * MS..=205 * MS).contains(&cfs), "{cfs}");
}

/// F8: two members that spin for s before they block: 2 w + min(s, q) a phase. A short spin is
/// spent; a long one is cut off by the end of the slice, as if it never ended.
#[test]
fn a_spin_before_blocking_costs_the_spin_or_the_quantum() {
    let phase = |spin| {
        let mut case = Case::new("core:1 pu:1", teams(1, 2, 1, 0));
        case.shape.waits = Waits::all(Wait {
            spin,
            ..Wait::BLOCK
        });
        case.phase_time(2 * 20 * US)
    };
    assert_eq!(phase(100 * US), (2 * 20 + 100) * US);
    assert_eq!(phase(10 * MS), 1_400 * US);
    assert_eq!(phase(Wait::FOREVER), 1_400 * US);
}

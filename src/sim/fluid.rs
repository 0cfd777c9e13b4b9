//! When would a nest finish if PUs could be divided without slices?
//!
//! The baseline that the engine has to beat: threads that compute share the PUs they may use
//! equally and at every instant, as fluids do; waiting, switching and waking cost nothing, and who
//! waits is not there. This is how simulators of distributed systems treat the cores of a host.
//!
//! Threads with the same PUs form a *group*; different groups are taken to have no PU in common.
//! All computing threads of a group advance equally, so each group keeps one clock of work done by
//! each of its threads, and a thread is due when the clock comes to where its work ends.
//
// --- Implementation ---
// Source: SimGrid docs/source/Models.rst, "CPU" (sharing), and the usual virtual clock of processor
// sharing.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::calendar::Ns;
use super::layout::Masks;
use super::nest::{Nest, Role, Shape, Step};
use super::report::{Category, Report, Stop};
use super::rq::Tid;

/// Work so far of each thread of a group, or where a thread's ends [ns at rate 1].
#[derive(Clone, Copy, PartialEq)]
struct Mark(f64);

impl Eq for Mark {}

impl Ord for Mark {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Mark {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Threads that share the same PUs.
struct Group {
    pus: f64,
    /// Threads of other load, which are never done.
    others: f64,
    clock: f64,
    due: BinaryHeap<Reverse<(Mark, Tid)>>,
}

impl Group {
    /// Speed of each computing thread [1].
    fn rate(&self) -> f64 {
        (self.pus / self.threads().max(1.0)).min(1.0)
    }

    /// Time until its first thread is due [ns].
    fn until_due(&self) -> Option<f64> {
        let Reverse((mark, _)) = self.due.peek()?;
        Some((mark.0 - self.clock) / self.rate())
    }

    fn threads(&self) -> f64 {
        self.due.len() as f64 + self.others
    }

    /// PUs that the nest keeps busy.
    fn busy_pus(&self) -> f64 {
        self.rate() * self.due.len() as f64
    }
}

/// A nest in fluid execution.
pub(super) struct Fluid {
    nest: Nest,
    group_of: Vec<usize>,
    groups: Vec<Group>,
    now: f64,
    computed: f64,
    active: u32,
}

impl Fluid {
    /// Simulates `shape` on `pus` PUs until its last task is done or `limit` has passed.
    pub(super) fn simulate(shape: Shape, masks: &Masks, pus: usize, limit: Ns) -> Report {
        let mut fluid = Self::new(Nest::new(shape), masks);
        let mut report = Report::new(fluid.nest.threads(), pus);
        report.stop = fluid.run_to_end(limit, &mut report.events);
        report.wall = fluid.now.ceil() as Ns;
        let all = pus as Ns * report.wall;
        let computed = (fluid.computed.round() as Ns).min(all);
        report.split.charge(Category::Compute, computed);
        report.split.charge(Category::Idle, all - computed);
        report.tasks_done = fluid.nest.tasks_done;
        report
    }

    fn new(nest: Nest, masks: &Masks) -> Self {
        let mut numbers = BTreeMap::new();
        let mut groups: Vec<Group> = Vec::new();
        let group_of = (0..nest.len() as Tid).map(|tid| {
            let mask = masks.of(tid);
            *numbers.entry(mask.clone()).or_insert_with(|| {
                let pus = mask.pus().count() as f64;
                groups.push(Group {
                    pus,
                    others: 0.0,
                    clock: 0.0,
                    due: BinaryHeap::new(),
                });
                groups.len() - 1
            })
        });
        let group_of: Vec<usize> = group_of.collect();
        for (tid, group) in (0..).zip(&group_of) {
            if matches!(nest.role(tid), Role::Other(_)) {
                groups[*group].others += 1.0;
            }
        }
        Self {
            group_of,
            active: 0,
            now: 0.0,
            computed: 0.0,
            groups,
            nest,
        }
    }

    fn run_to_end(&mut self, limit: Ns, events: &mut u64) -> Stop {
        let workers: Vec<Tid> = self.nest.workers().collect();
        self.active = workers.len() as u32;
        self.go_on(workers);
        while !self.nest.is_done() {
            if self.active == 0 {
                return Stop::Deadlock(self.nest.waiting());
            }
            let due = (0..self.groups.len())
                .filter_map(|group| Some((Mark(self.groups[group].until_due()?), group)))
                .min();
            let Some((Mark(span), group)) = due else {
                return Stop::Deadlock(self.nest.waiting());
            };
            if self.now + span > limit as f64 {
                self.pass(limit as f64 - self.now);
                return Stop::Limit;
            }
            self.pass(span);
            *events += 1;
            if let Some(Reverse((mark, tid))) = self.groups[group].due.pop() {
                self.groups[group].clock = mark.0;
                self.go_on(vec![tid]);
            }
        }
        Stop::Done
    }

    fn pass(&mut self, span: f64) {
        for group in &mut self.groups {
            self.computed += group.busy_pus() * span;
            group.clock += group.rate() * span;
        }
        self.now += span;
    }

    /// Takes the next step of `threads` and of all whom they release.
    fn go_on(&mut self, mut threads: Vec<Tid>) {
        let mut released = Vec::new();
        while let Some(tid) = threads.pop() {
            match self.nest.advance(tid, &mut released) {
                Step::Compute(work) => {
                    let group = &mut self.groups[self.group_of[tid as usize]];
                    let mark = Mark(group.clock + work);
                    group.due.push(Reverse((mark, tid)));
                }
                Step::Wait(_) => self.active -= 1,
            }
            self.active += released.len() as u32;
            threads.append(&mut released);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::{CpuSet, PuId, Topology};
    use crate::sim::layout::Layout;
    use crate::sim::nest::{Inner, Wait, Waits};

    const MS: Ns = 1_000_000;

    /// `workers` workers with one task of `work` in two phases on teams of `width`, four PUs.
    fn wall(workers: usize, width: u32, work: Ns, pinned_to: Option<u32>) -> Ns {
        let shape = Shape {
            widths: vec![width; workers],
            inner: Inner::Teams,
            pool: 0,
            tasks: workers as u32,
            dispatch: crate::experiment::Dispatch::Static,
            gates: Vec::new(),
            phases: vec![2; workers],
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
        };
        let topology = Topology::synthetic("core:4 pu:1").unwrap();
        let layout = Layout::new(&topology, topology.pus());
        let set = pinned_to.map_or(topology.pus().clone(), |pu| CpuSet::from_iter([PuId(pu)]));
        let masks = layout.masks(shape.roles().iter().map(|_| &set));
        let report = Fluid::simulate(shape, &masks, 4, 1000 * MS);
        assert_eq!(report.split.total(), 4 * report.wall);
        assert_eq!(report.stop, Stop::Done);
        report.wall
    }

    /// A18, processor sharing: N threads with work w on P PUs take w max(1, N / P), whatever they
    /// wait for meanwhile.
    #[test]
    fn n_threads_on_p_pus_take_their_work_over_their_share() {
        assert_eq!(wall(3, 1, 8 * MS, None), 8 * MS);
        assert_eq!(wall(6, 1, 8 * MS, None), 12 * MS);
        assert_eq!(wall(1, 8, 8 * MS, None), 2 * MS);
        assert_eq!(wall(4, 4, 8 * MS, None), 8 * MS);
        assert_eq!(wall(2, 1, 8 * MS, Some(1)), 16 * MS);
    }
}

//! What does each thread of a nest do next, and whom does it let go on?
//!
//! The program of outer workers and inner threads without any notion of time or of PUs: a thread
//! that has finished its step asks for the next, and its question may release others. Engines
//! decide when a thread gets to ask.
//!
//! ```text
//! measurer  prepare, run, check, prepare, ...: give the order, wait until all workers have obeyed
//! worker    obey orders; to run is, until no task is left: take a task, pass the gate, run the region
//! region    team: fork, phase, barrier, phase, ..., join; the worker is the team's first member
//!           pool: hand the region to a pool of threads (rayon) and block until it is done
//! ```
//!
//! It mirrors `host`: the orders of an execution and those around it; tasks by queue, static blocks or stealing; a gate that lets in as many
//! threads as the composition allows and whose waiters, all woken when a region leaves, try again.

mod orders;
mod pool;
mod shape;
mod supply;
mod team;

use std::collections::VecDeque;
use std::ops::Range;

use orders::Orders;
use pool::Pool;
use supply::Supply;

pub(super) use shape::{Inner, Measuring, Role, Shape, Step, Wait};

use super::rq::Tid;

/// Where a thread is in its program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// Between two orders.
    Start,
    /// Makes ready for an execution, or checks one.
    Upkeep,
    /// Has a task, or wants one.
    Take,
    /// Has a task and wants through the gate.
    Gate,
    /// In a phase of its team's region.
    Phase(u32),
    /// Behind a phase: met the team or is about to.
    Met(u32),
    /// Between regions.
    Fork,
    /// Its region is with the pool.
    Region,
    /// In a pool.
    Pool,
}

#[derive(Clone, Copy, Debug)]
struct Member {
    role: Role,
    at: At,
    waiting: bool,
    /// Regions of its team that it has joined.
    regions: u32,
}

#[derive(Clone, Debug)]
struct Team {
    /// Thread number of the worker; its team's other threads follow.
    worker: Tid,
    width: u32,
    /// Regions forked so far.
    regions: u32,
    /// Members that have met behind the current phase.
    met: u32,
    /// Tasks in hand; the first is the one at work.
    tasks: Range<u32>,
}

/// The nest in execution.
pub(super) struct Nest {
    shape: Shape,
    members: Vec<Member>,
    teams: Vec<Team>,
    supply: Supply,
    free: u32,
    at_gate: VecDeque<Tid>,
    pools: Vec<Pool>,
    pub(super) tasks_done: u32,
    orders: Orders,
}

impl Nest {
    pub(super) fn new(shape: Shape) -> Self {
        let roles = shape.roles();
        let start = |role: &Role| match (role, shape.inner) {
            (Role::Worker(_) | Role::Measurer, _) => At::Start,
            (_, Inner::Teams) => At::Fork,
            (_, Inner::OwnPools | Inner::SharedPool) => At::Pool,
        };
        let member = |role: &Role| Member {
            role: *role,
            at: start(role),
            waiting: *role != Role::Measurer,
            regions: 0,
        };
        let members: Vec<Member> = roles.iter().map(member).collect();
        let workers = roles
            .iter()
            .enumerate()
            .filter_map(|(tid, role)| match role {
                Role::Worker(worker) => Some((tid as Tid, shape.widths[*worker as usize])),
                Role::Inner { .. } | Role::Measurer => None,
            });
        let teams: Vec<Team> = workers
            .map(|(worker, width)| Team {
                worker,
                width,
                regions: 0,
                met: 0,
                tasks: 0..0,
            })
            .collect();
        let pools = Pool::all(&shape, &roles);
        Self {
            supply: Supply::new(shape.tasks, shape.dispatch, teams.len()),
            orders: Orders::of(&shape),
            free: shape.gate.as_ref().map_or(0, |(permits, _)| *permits),
            at_gate: VecDeque::new(),
            tasks_done: 0,
            shape,
            members,
            teams,
            pools,
        }
    }

    /// Number of threads.
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    /// Number of threads beside the measuring one.
    pub(super) fn threads(&self) -> u32 {
        self.members.len() as u32 - u32::from(self.shape.measuring.is_some())
    }

    /// Who `tid` is.
    pub(super) fn role(&self, tid: Tid) -> Role {
        self.members[tid as usize].role
    }

    /// How `tid` waits before the first task: workers block, inner threads as they always do, and
    /// whatever spin or yields they are allowed are used up. `None`: the measuring thread begins.
    pub(super) fn first_wait(&self, tid: Tid) -> Option<Wait> {
        let Wait { spin, yields } = self.shape.wait;
        match self.role(tid) {
            Role::Measurer => None,
            Role::Inner { .. } if spin == Wait::FOREVER => Some(Wait::SPIN),
            Role::Inner { .. } if yields == u32::MAX => Some(Wait::YIELD),
            Role::Inner { .. } | Role::Worker(_) => Some(Wait::BLOCK),
        }
    }

    /// The outer workers' thread numbers.
    pub(super) fn workers(&self) -> impl Iterator<Item = Tid> + '_ {
        self.teams.iter().map(|team| team.worker)
    }

    /// What waiting threads wait for, one line each; for the report of a deadlock.
    pub(super) fn waiting(&self) -> Vec<String> {
        let waiting = self.members.iter().filter(|m| m.waiting);
        waiting
            .map(|member| {
                let what = match member.at {
                    At::Start if member.role == Role::Measurer => "the workers",
                    At::Start | At::Upkeep => "the start",
                    At::Take | At::Gate => "the gate",
                    At::Phase(_) | At::Met(_) => "its team",
                    At::Fork => "its worker",
                    At::Region => "its region",
                    At::Pool => "work of its pool",
                };
                format!("{} waits for {what}", member.role)
            })
            .collect()
    }

    /// The next step of `tid`, which has finished its last one or was released from waiting.
    /// Threads that it thereby releases are appended to `released`.
    pub(super) fn advance(&mut self, tid: Tid, released: &mut Vec<Tid>) -> Step {
        self.members[tid as usize].waiting = false;
        let step = match self.members[tid as usize].role {
            Role::Measurer => self.measurer(tid, released),
            Role::Worker(worker) => self.worker(tid, worker as usize, released),
            Role::Inner { worker, member } => match self.shape.inner {
                Inner::Teams => self.member(tid, worker as usize, member, released),
                Inner::OwnPools | Inner::SharedPool => {
                    self.pool_thread(tid, worker as usize, released)
                }
            },
        };
        self.members[tid as usize].waiting = matches!(step, Step::Wait(_));
        step
    }

    fn worker(&mut self, tid: Tid, worker: usize, released: &mut Vec<Tid>) -> Step {
        loop {
            match self.members[tid as usize].at {
                At::Start => return self.obey(tid),
                At::Upkeep => {
                    self.goto(tid, At::Start);
                    return self.report_back(released);
                }
                At::Take => {
                    if self.teams[worker].tasks.is_empty() {
                        self.teams[worker].tasks = self.supply.take(worker);
                    }
                    if self.teams[worker].tasks.is_empty() {
                        self.goto(tid, At::Start);
                        return self.report_back(released);
                    }
                    self.goto(tid, At::Gate);
                }
                At::Gate => {
                    if !self.enter(tid, worker) {
                        return Step::Wait(Wait::BLOCK);
                    }
                    match self.shape.inner {
                        Inner::Teams => self.fork(tid, worker, released),
                        Inner::OwnPools | Inner::SharedPool => {
                            self.goto(tid, At::Region);
                            self.submit(worker, released);
                            return Step::Wait(Wait::BLOCK);
                        }
                    }
                }
                At::Phase(phase) => return self.phase(tid, worker, 0, phase),
                At::Met(phase) if phase + 1 < self.shape.phases[worker] => {
                    if let Some(wait) = self.meet(tid, worker, phase, released) {
                        return wait;
                    }
                }
                At::Met(_) => {
                    if let Some(wait) = self.join(tid, worker) {
                        return wait;
                    }
                    self.leave(tid, worker, released);
                    return Step::Compute(self.shape.take);
                }
                At::Region => {
                    self.leave(tid, worker, released);
                    return Step::Compute(self.shape.take);
                }
                At::Fork | At::Pool => return Step::Wait(Wait::BLOCK),
            }
        }
    }

    /// Takes the permits of a region, or queues for them.
    fn enter(&mut self, tid: Tid, worker: usize) -> bool {
        let Some((_, permits)) = &self.shape.gate else {
            return true;
        };
        if self.free < permits[worker] {
            self.at_gate.push_back(tid);
            return false;
        }
        self.free -= permits[worker];
        true
    }

    /// The region is done: gives its permits back, whereupon all who wait at the gate try again.
    fn leave(&mut self, tid: Tid, worker: usize, released: &mut Vec<Tid>) {
        self.tasks_done += 1;
        self.teams[worker].tasks.start += 1;
        self.goto(tid, At::Take);
        if let Some((_, permits)) = &self.shape.gate {
            self.free += permits[worker];
            for waiter in self.at_gate.drain(..) {
                self.members[waiter as usize].waiting = false;
                released.push(waiter);
            }
        }
    }

    fn goto(&mut self, tid: Tid, at: At) {
        self.members[tid as usize].at = at;
    }
}

//! What does each thread of a nest do next, and whom does it let go on?
//!
//! The program of outer workers and inner threads without any notion of time or of PUs: a thread
//! that has finished its step asks for the next, and its question may release others. Engines
//! decide when a thread gets to ask.
//!
//! ```text
//! measurer  prepare, run, check, prepare, ...: give the order, wait until all workers have obeyed
//! worker    obey orders; to run is, until no task is left: take a task, pass the gate, run the region
//! region    team: fork, phase, barrier, phase, ..., join; the worker is the team's first member;
//!           the others are its own, made for the region, or lent to it by a team that serves all
//!           pool: hand the region to a pool of threads (rayon) and block until it is done
//! ```
//!
//! It mirrors `host`: the orders of an execution and those around it; tasks by queue, static blocks
//! or stealing; a gate that lets in as many threads as the composition allows and whose waiters, all
//! woken when a region leaves, try again. Libraries bring gates of their own.

mod gate;
mod orders;
mod pool;
mod shape;
mod task_queue;
mod team;

use std::ops::Range;

use gate::Permits;
use orders::Orders;
use pool::Pool;
use task_queue::TaskQueue;

pub(super) use shape::{Gate, Inner, Measuring, Role, Shape, Step, Wait, Waits, Wakes};

use super::calendar::Ns;
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
    /// Has a task and wants through this gate.
    Gate(usize),
    /// Makes this member of its team.
    Spawn(u32),
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
    /// Its place in a team; of who serves all workers, in the last one.
    seat: Seat,
}

/// A place in a team.
#[derive(Clone, Copy, Debug, Default)]
struct Seat {
    /// Whose team.
    worker: u32,
    /// Which of its members.
    member: u32,
}

#[derive(Clone, Debug)]
struct Team {
    /// Thread number of the worker.
    worker: Tid,
    width: u32,
    /// The other members; of a team that serves all, while the region runs.
    others: Vec<Tid>,
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
    task_queue: TaskQueue,
    /// Of each gate.
    permits: Vec<Permits>,
    /// Threads that serve all workers and are in no region.
    servers: Vec<Tid>,
    pools: Vec<Pool>,
    pub(super) tasks_done: u32,
    orders: Orders,
}

impl Nest {
    pub(super) fn new(shape: Shape) -> Self {
        let roles = shape.roles();
        let start = |role: &Role| match (role, shape.inner) {
            (Role::Worker(_) | Role::Other(_) | Role::Measurer, _) => At::Start,
            (_, Inner::Teams | Inner::SharedTeam) => At::Fork,
            (_, Inner::OwnPools | Inner::SharedPool) => At::Pool,
        };
        let seat = |role: &Role| match *role {
            Role::Worker(worker) => Seat { worker, member: 0 },
            Role::Inner { worker, member } => Seat { worker, member },
            Role::Other(_) | Role::Measurer => Seat::default(),
        };
        let member = |role: &Role| Member {
            role: *role,
            at: start(role),
            waiting: *role != Role::Measurer,
            seat: seat(role),
        };
        let members: Vec<Member> = roles.iter().map(member).collect();
        let (teams, servers) = Team::all(&shape, &roles);
        let pools = Pool::all(&shape, &roles);
        Self {
            task_queue: TaskQueue::new(shape.tasks, shape.dispatch, teams.len()),
            orders: Orders::of(&shape),
            permits: shape.gates.iter().map(Permits::of).collect(),
            servers,
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

    /// Number of threads of workers and teams.
    pub(super) fn threads(&self) -> u32 {
        let of_nest = self
            .members
            .iter()
            .filter(|member| member.role.is_of_nest());
        of_nest.count() as u32
    }

    /// Who `tid` is.
    pub(super) fn role(&self, tid: Tid) -> Role {
        self.members[tid as usize].role
    }

    /// How `tid` waits before the first task: workers block, inner threads as they always do, and
    /// whatever spin or yields they are allowed are used up. `None`: the measuring thread begins.
    pub(super) fn first_wait(&self, tid: Tid) -> Option<Wait> {
        let idle = self.shape.waits.idle;
        let endless = idle.spin == Wait::FOREVER || idle.yields == u32::MAX;
        match self.role(tid) {
            Role::Measurer => None,
            Role::Other(_) => Some(Wait::SPIN),
            Role::Inner { .. } if endless => Some(idle),
            Role::Inner { .. } | Role::Worker(_) => Some(Wait::BLOCK),
        }
    }

    /// The outer workers' thread numbers.
    pub(super) fn workers(&self) -> impl Iterator<Item = Tid> + '_ {
        self.teams.iter().map(|team| team.worker)
    }

    /// Tasks that all workers do at a time, where they are equal and come from one queue.
    pub(super) fn wave(&self) -> Option<u32> {
        self.task_queue
            .wave()
            .filter(|_| self.shape.sizes.is_empty())
    }

    /// The longest time for which the members of a team spin before they do something else [ns].
    pub(super) fn longest_spin(&self) -> Ns {
        let Waits { idle, meet, join } = self.shape.waits;
        [idle, meet, join]
            .map(|wait| wait.spin)
            .into_iter()
            .max()
            .unwrap_or(0)
    }

    /// Counts the waves that nobody has begun as done, of `most` tasks at most; how many tasks.
    pub(super) fn skip(&mut self, most: u32) -> u32 {
        let tasks = self.task_queue.skip(most);
        self.tasks_done += tasks;
        tasks
    }

    /// What waiting threads wait for, one line each; for the report of a deadlock.
    pub(super) fn waiting(&self) -> Vec<String> {
        let other = |member: &Member| matches!(member.role, Role::Other(_));
        let waiting = self.members.iter().filter(|m| m.waiting && !other(m));
        waiting
            .map(|member| {
                let what = match member.at {
                    At::Start if member.role == Role::Measurer => "the workers",
                    At::Start | At::Upkeep => "the start",
                    At::Take | At::Gate(_) => "the gate",
                    At::Spawn(_) | At::Phase(_) | At::Met(_) => "its team",
                    At::Fork if self.shape.inner == Inner::SharedTeam => "a worker",
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
            // It waits for nobody, and is never let go.
            Role::Other(_) => Step::Wait(Wait::SPIN),
            Role::Inner { worker, .. } => match self.shape.inner {
                Inner::Teams | Inner::SharedTeam => self.member(tid, released),
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
                        self.teams[worker].tasks = self.task_queue.take(worker);
                    }
                    if self.teams[worker].tasks.is_empty() {
                        self.goto(tid, At::Start);
                        return self.report_back(released);
                    }
                    self.goto(tid, At::Gate(0));
                }
                At::Gate(gate) if gate < self.permits.len() => {
                    if let Some(wait) = self.enter(tid, worker, gate) {
                        return wait;
                    }
                }
                At::Gate(_) => match self.shape.inner {
                    Inner::Teams | Inner::SharedTeam => self.fork(tid, worker, released),
                    Inner::OwnPools | Inner::SharedPool => {
                        self.goto(tid, At::Region);
                        self.submit(worker, released);
                        return Step::Wait(Wait::BLOCK);
                    }
                },
                At::Spawn(member) => {
                    if let Some(step) = self.spawn(tid, worker, member, released) {
                        return step;
                    }
                }
                At::Phase(phase) => return self.phase(tid, phase),
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

    /// The region is done: gives back what it held of the gates and of the threads that serve all.
    fn leave(&mut self, tid: Tid, worker: usize, released: &mut Vec<Tid>) {
        self.tasks_done += 1;
        self.teams[worker].tasks.start += 1;
        self.goto(tid, At::Take);
        if self.shape.inner == Inner::SharedTeam {
            self.servers.append(&mut self.teams[worker].others);
        }
        self.reopen(worker, released);
    }

    fn goto(&mut self, tid: Tid, at: At) {
        self.members[tid as usize].at = at;
    }
}

//! How do the members of a team run a region together?
//!
//! Fork: the worker releases the others, or makes them one after the other. Each does its share of a
//! phase, then all meet; after the last phase the worker alone waits for the others. A team that
//! serves all workers lends those of its threads that are free.

use super::{At, Inner, Nest, Role, Seat, Shape, Step, Team, Wait};
use crate::experiment::Share;
use crate::sim::rq::Tid;

impl Team {
    /// The team of each worker of a nest whose threads are `roles`, and the threads that serve all.
    pub(super) fn all(shape: &Shape, roles: &[Role]) -> (Vec<Self>, Vec<Tid>) {
        let mut teams: Vec<Self> = Vec::new();
        let mut servers = Vec::new();
        for (tid, role) in (0..).zip(roles) {
            match (role, teams.last_mut()) {
                (Role::Worker(worker), _) => teams.push(Self {
                    worker: tid,
                    width: shape.widths[*worker as usize],
                    others: Vec::new(),
                    met: 0,
                    tasks: 0..0,
                }),
                (Role::Inner { .. }, Some(team)) if shape.inner == Inner::Teams => {
                    team.others.push(tid);
                }
                (Role::Inner { .. }, _) if shape.inner == Inner::SharedTeam => servers.push(tid),
                (Role::Inner { .. } | Role::Other(_) | Role::Measurer, _) => {}
            }
        }
        // The first is lent first.
        servers.reverse();
        (teams, servers)
    }
}

impl Nest {
    pub(super) fn member(&mut self, tid: Tid, released: &mut Vec<Tid>) -> Step {
        loop {
            let worker = self.members[tid as usize].seat.worker as usize;
            match self.members[tid as usize].at {
                // Whoever forks moves it on.
                At::Fork => return Step::Wait(self.shape.waits.idle),
                At::Phase(phase) => return self.phase(tid, phase),
                At::Met(phase) if phase + 1 < self.shape.phases[worker] => {
                    if let Some(wait) = self.meet(tid, worker, phase, released) {
                        return wait;
                    }
                }
                At::Met(_) => {
                    self.arrive_at_join(worker, released);
                    self.goto(tid, At::Fork);
                }
                _ => return Step::Wait(Wait::BLOCK),
            }
        }
    }

    /// The work of a phase and of meeting behind it.
    pub(super) fn phase(&mut self, tid: Tid, phase: u32) -> Step {
        self.goto(tid, At::Met(phase));
        let Seat { worker, member } = self.members[tid as usize].seat;
        let width = self.teams[worker as usize].width;
        let meet = if width == 1 { 0.0 } else { self.shape.meet };
        Step::Compute(self.share(worker as usize, member, phase) + meet)
    }

    /// Work of one member's share of one phase of the task at work [ns at rate 1].
    pub(super) fn share(&self, worker: usize, member: u32, phase: u32) -> f64 {
        let Team { width, tasks, .. } = &self.teams[worker];
        let Shape {
            work,
            sizes,
            serial,
            items,
            phases,
            ..
        } = &self.shape;
        let size = sizes.get(tasks.start as usize).copied().unwrap_or(1.0);
        let whole = work[worker] * size;
        let alone = *serial > 0.0;
        if alone && phase == 0 {
            return if member == 0 { whole * serial } else { 0.0 };
        }
        let share = Share {
            index: member as usize,
            of: *width as usize,
        };
        let part = share.range(*items as usize).len() as f64 / f64::from(*items);
        let shared = phases[worker] - u32::from(alone);
        whole * (1.0 - serial) * part / f64::from(shared)
    }

    pub(super) fn fork(&mut self, tid: Tid, worker: usize, released: &mut Vec<Tid>) {
        if self.shape.inner == Inner::SharedTeam {
            self.borrow(worker);
        }
        if self.shape.spawn > 0.0 && self.teams[worker].width > 1 {
            return self.goto(tid, At::Spawn(0));
        }
        self.goto(tid, At::Phase(0));
        self.release_team(tid, worker, At::Fork, released);
    }

    /// Fills the team of `worker` with threads that serve all.
    fn borrow(&mut self, worker: usize) {
        let lent = self.teams[worker].width as usize - 1;
        let kept = self.servers.len().saturating_sub(lent);
        debug_assert_eq!(self.servers.len(), kept + lent, "a gate lets in no more");
        let mut others = self.servers.split_off(kept);
        others.reverse();
        for (member, tid) in (1..).zip(&others) {
            let worker = worker as u32;
            self.members[*tid as usize].seat = Seat { worker, member };
        }
        self.teams[worker].others = others;
    }

    /// Has made the last thread of those `made` so far, who begins at once, and makes the next;
    /// after the last the worker begins, too.
    pub(super) fn spawn(
        &mut self,
        tid: Tid,
        worker: usize,
        made: u32,
        released: &mut Vec<Tid>,
    ) -> Option<Step> {
        let others = &self.teams[worker].others;
        let last = made.checked_sub(1).map(|last| others[last as usize]);
        let all = others.len() == made as usize;
        if let Some(last) = last {
            self.release(last, At::Fork, released);
        }
        if all {
            self.goto(tid, At::Phase(0));
            return None;
        }
        self.goto(tid, At::Spawn(made + 1));
        Some(Step::Compute(self.shape.spawn))
    }

    /// A barrier: the last to come lets the others go on.
    ///
    /// One who was let go finds its place already moved on, so asking again never meets twice.
    pub(super) fn meet(
        &mut self,
        tid: Tid,
        worker: usize,
        phase: u32,
        released: &mut Vec<Tid>,
    ) -> Option<Step> {
        let team = &mut self.teams[worker];
        team.met += 1;
        let last = team.met == team.width;
        if !last {
            // Whoever comes last moves all who wait here on to the next phase.
            return Some(Step::Wait(self.shape.waits.meet));
        }
        team.met = 0;
        self.release_team(tid, worker, At::Met(phase), released);
        self.goto(tid, At::Phase(phase + 1));
        None
    }

    /// Releases the members of the team, except `tid`, that wait at `place`.
    pub(super) fn release_team(
        &mut self,
        tid: Tid,
        worker: usize,
        place: At,
        released: &mut Vec<Tid>,
    ) {
        let Team {
            worker: leader,
            others,
            ..
        } = &self.teams[worker];
        let (leader, count) = (*leader, others.len());
        if leader != tid {
            self.release(leader, place, released);
        }
        for at in 0..count {
            let other = self.teams[worker].others[at];
            if other != tid {
                self.release(other, place, released);
            }
        }
    }

    /// Releases `tid` if it waits at `place`, and moves it on.
    fn release(&mut self, tid: Tid, place: At, released: &mut Vec<Tid>) {
        let member = &mut self.members[tid as usize];
        if !member.waiting || member.at != place {
            return;
        }
        member.waiting = false;
        member.at = match place {
            At::Met(phase) => At::Phase(phase + 1),
            _ => At::Phase(0),
        };
        released.push(tid);
    }

    /// The worker's side of a join: waits for all others, then starts anew.
    pub(super) fn join(&mut self, tid: Tid, worker: usize) -> Option<Step> {
        let team = &mut self.teams[worker];
        if team.met + 1 < team.width {
            return Some(Step::Wait(self.shape.waits.join));
        }
        team.met = 0;
        self.goto(tid, At::Take);
        None
    }

    pub(super) fn arrive_at_join(&mut self, worker: usize, released: &mut Vec<Tid>) {
        let team = &mut self.teams[worker];
        team.met += 1;
        let leader = &mut self.members[team.worker as usize];
        if team.met + 1 == team.width && leader.waiting && matches!(leader.at, At::Met(_)) {
            leader.waiting = false;
            released.push(team.worker);
        }
    }
}

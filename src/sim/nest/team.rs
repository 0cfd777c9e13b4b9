//! How do the members of a team run a region together?
//!
//! Fork: the worker releases the others. Each does its share of a phase, then all meet; after the
//! last phase the worker alone waits for the others. The threads of a team are numbered in a row,
//! the worker first.

use super::{At, Nest, Shape, Step, Team, Wait};
use crate::experiment::Share;
use crate::sim::rq::Tid;

impl Nest {
    pub(super) fn member(
        &mut self,
        tid: Tid,
        worker: usize,
        member: u32,
        released: &mut Vec<Tid>,
    ) -> Step {
        loop {
            match self.members[tid as usize].at {
                At::Fork => {
                    if self.members[tid as usize].regions == self.teams[worker].regions {
                        return Step::Wait(self.shape.wait);
                    }
                    self.members[tid as usize].regions += 1;
                    self.goto(tid, At::Phase(0));
                }
                At::Phase(phase) => return self.phase(tid, worker, member, phase),
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
    pub(super) fn phase(&mut self, tid: Tid, worker: usize, member: u32, phase: u32) -> Step {
        self.goto(tid, At::Met(phase));
        let width = self.teams[worker].width;
        let meet = if width == 1 { 0.0 } else { self.shape.meet };
        Step::Compute(self.share(worker, member, phase) + meet)
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
        self.goto(tid, At::Phase(0));
        self.teams[worker].regions += 1;
        self.release_team(tid, worker, At::Fork, released);
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
            return Some(Step::Wait(self.shape.wait));
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
            worker: first,
            width,
            ..
        } = &self.teams[worker];
        let (first, width) = (*first, *width);
        for other in (first..first + width).filter(|other| *other != tid) {
            let member = &mut self.members[other as usize];
            if member.waiting && member.at == place {
                member.waiting = false;
                if let At::Met(phase) = place {
                    member.at = At::Phase(phase + 1);
                }
                released.push(other);
            }
        }
    }

    /// The worker's side of a join: waits for all others, then starts anew.
    pub(super) fn join(&mut self, tid: Tid, worker: usize) -> Option<Step> {
        let team = &mut self.teams[worker];
        if team.met + 1 < team.width {
            return Some(Step::Wait(self.shape.wait));
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

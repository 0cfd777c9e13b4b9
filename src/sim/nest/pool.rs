//! How do the threads of a pool share the regions handed to it?
//!
//! Rayon's way: the thread that takes a region runs it phase by phase. It offers the pieces of a
//! phase to the pool, takes pieces itself like all others, and goes on to the next phase when the
//! last piece is done. While it waits for that it may take any other piece, but no other region.

use std::collections::VecDeque;

use super::{At, Inner, Nest, Role, Shape, Step};
use crate::sim::rq::Tid;

/// One pool.
#[derive(Clone, Debug, Default)]
pub(super) struct Pool {
    /// Number of its first thread; the others follow.
    first: Tid,
    /// Workers whose regions nobody has taken yet.
    regions: VecDeque<u32>,
    /// Pieces nobody has taken yet.
    pieces: VecDeque<Piece>,
    /// Threads that found nothing, in that order.
    idle: VecDeque<Tid>,
    /// What each thread has in hand.
    hands: Vec<Hand>,
    /// Pieces not yet done of the current phase of each worker's region.
    left: Vec<u32>,
}

/// A piece of a phase.
#[derive(Clone, Copy, Debug)]
struct Piece {
    /// Whose region.
    region: u32,
    phase: u32,
    member: u32,
}

/// What a thread of a pool has in hand.
#[derive(Clone, Copy, Debug, Default)]
struct Hand {
    /// The region it runs, and the phase that it is in.
    region: Option<(u32, u32)>,
    /// The region whose piece it has just done.
    piece: Option<u32>,
}

impl Pool {
    /// The pools of a nest whose threads are `roles`; none where regions run on teams.
    pub(super) fn all(shape: &Shape, roles: &[Role]) -> Vec<Self> {
        let mut pools: Vec<Self> = Vec::new();
        if matches!(shape.inner, Inner::Teams | Inner::SharedTeam) {
            return pools;
        }
        for (tid, role) in (0..).zip(roles) {
            let Role::Inner { member, .. } = role else {
                continue;
            };
            if *member == 0 {
                let left = vec![0; shape.widths.len()];
                pools.push(Self {
                    first: tid,
                    left,
                    ..Self::default()
                });
            }
            if let Some(pool) = pools.last_mut() {
                pool.hands.push(Hand::default());
                pool.idle.push_back(tid);
            }
        }
        pools
    }
}

impl Nest {
    /// Hands the region of `worker` to its pool.
    pub(super) fn submit(&mut self, worker: usize, released: &mut Vec<Tid>) {
        let pool = self.pool_of(worker);
        self.pools[pool].regions.push_back(worker as u32);
        self.release_idle(pool, 1, released);
    }

    /// The next step of a thread of the pool of `worker`.
    pub(super) fn pool_thread(&mut self, tid: Tid, worker: usize, released: &mut Vec<Tid>) -> Step {
        let pool = self.pool_of(worker);
        let me = (tid - self.pools[pool].first) as usize;
        if let Some(region) = self.pools[pool].hands[me].piece.take() {
            self.finish_piece(pool, region, released);
        }
        loop {
            if let Some((region, phase)) = self.pools[pool].hands[me].region
                && self.pools[pool].left[region as usize] == 0
            {
                self.next_phase(pool, me, (region, phase), released);
                continue;
            }
            if let Some(piece) = self.pools[pool].pieces.pop_front() {
                let Piece {
                    region,
                    phase,
                    member,
                } = piece;
                self.pools[pool].hands[me].piece = Some(region);
                let work = self.share(region as usize, member, phase);
                return Step::Compute(work + self.shape.meet);
            }
            if self.pools[pool].hands[me].region.is_some() {
                break;
            }
            let Some(region) = self.pools[pool].regions.pop_front() else {
                break;
            };
            self.offer(pool, me, (region, 0), released);
        }
        self.pools[pool].idle.push_back(tid);
        Step::Wait(self.shape.waits.idle)
    }

    /// All pieces of the phase are done: offers those of the next, or tells the worker.
    fn next_phase(
        &mut self,
        pool: usize,
        me: usize,
        (region, phase): (u32, u32),
        released: &mut Vec<Tid>,
    ) {
        if phase + 1 < self.shape.phases[region as usize] {
            return self.offer(pool, me, (region, phase + 1), released);
        }
        self.pools[pool].hands[me].region = None;
        let caller = self.teams[region as usize].worker;
        let member = &mut self.members[caller as usize];
        debug_assert_eq!(
            member.at,
            At::Region,
            "a worker blocks while its region runs"
        );
        member.waiting = false;
        released.push(caller);
    }

    fn offer(
        &mut self,
        pool: usize,
        me: usize,
        (region, phase): (u32, u32),
        released: &mut Vec<Tid>,
    ) {
        let width = self.teams[region as usize].width;
        let this = &mut self.pools[pool];
        this.hands[me].region = Some((region, phase));
        this.left[region as usize] = width;
        this.pieces.extend((0..width).map(|member| Piece {
            region,
            phase,
            member,
        }));
        self.release_idle(pool, width as usize - 1, released);
    }

    /// One piece of `region` is done; after the last, the thread that runs the region goes on.
    fn finish_piece(&mut self, pool: usize, region: u32, released: &mut Vec<Tid>) {
        let this = &mut self.pools[pool];
        this.left[region as usize] -= 1;
        if this.left[region as usize] > 0 {
            return;
        }
        let runs = |hand: &Hand| hand.region.is_some_and(|(running, _)| running == region);
        let Some(runner) = this.hands.iter().position(runs) else {
            return;
        };
        let runner = this.first + runner as Tid;
        if let Some(at) = this.idle.iter().position(|tid| *tid == runner) {
            this.idle.remove(at);
            self.members[runner as usize].waiting = false;
            released.push(runner);
        }
    }

    fn release_idle(&mut self, pool: usize, most: usize, released: &mut Vec<Tid>) {
        let idle = &mut self.pools[pool].idle;
        let count = idle.len().min(most);
        for tid in idle.drain(..count) {
            self.members[tid as usize].waiting = false;
            released.push(tid);
        }
    }

    fn pool_of(&self, worker: usize) -> usize {
        match self.shape.inner {
            Inner::SharedPool => 0,
            Inner::Teams | Inner::SharedTeam | Inner::OwnPools => worker,
        }
    }
}

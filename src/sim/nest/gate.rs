//! Who may begin a region?
//!
//! A worker takes the permits of its region at each gate in turn, or waits there; behind the region
//! it gives all of them back, and who waits tries again. To be woken is not to be let in: whoever
//! comes first takes what is free, as with a mutex.

use std::collections::VecDeque;

use super::{At, Gate, Nest, Step, Wakes};
use crate::sim::rq::Tid;

/// What is left of a gate's permits, and who waits for them.
#[derive(Clone, Debug)]
pub(super) struct Permits {
    free: u32,
    waiting: VecDeque<Tid>,
}

impl Permits {
    /// All permits of `gate`.
    pub(super) fn of(gate: &Gate) -> Self {
        Self {
            free: gate.permits,
            waiting: VecDeque::new(),
        }
    }
}

impl Nest {
    /// Takes the permits that the region of `worker` needs at `gate` and goes on to the next gate,
    /// or waits for them.
    pub(super) fn enter(&mut self, tid: Tid, worker: usize, gate: usize) -> Option<Step> {
        let Gate { each, wait, .. } = &self.shape.gates[gate];
        let permits = &mut self.permits[gate];
        if permits.free < each[worker] {
            permits.waiting.push_back(tid);
            return Some(Step::Wait(*wait));
        }
        permits.free -= each[worker];
        self.goto(tid, At::Gate(gate + 1));
        None
    }

    /// Gives all permits of the region of `worker` back.
    pub(super) fn reopen(&mut self, worker: usize, released: &mut Vec<Tid>) {
        for (gate, permits) in self.shape.gates.iter().zip(&mut self.permits) {
            let back = gate.each[worker];
            permits.free += back;
            let most = match gate.wakes {
                _ if back == 0 => 0,
                Wakes::One => 1,
                Wakes::All => permits.waiting.len(),
            };
            for waiter in permits.waiting.drain(..most.min(permits.waiting.len())) {
                self.members[waiter as usize].waiting = false;
                released.push(waiter);
            }
        }
    }
}

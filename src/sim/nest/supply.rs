//! Which tasks does a worker take next?

use crate::experiment::{Dispatch, Share};

/// Tasks not yet taken, by the rule of a [`Dispatch`].
pub(super) struct Supply {
    dispatch: Dispatch,
    /// Tasks that a queue gives at a time.
    chunk: u32,
    /// Workers that get work, the first ones.
    busy: u32,
    /// Tasks left of the queue, or of each worker's block.
    left: Vec<u32>,
}

impl Supply {
    pub(super) fn new(tasks: u32, dispatch: Dispatch, workers: usize) -> Self {
        let left = match dispatch {
            Dispatch::Queue(_) => vec![tasks],
            Dispatch::Static | Dispatch::Stealing => Share::all(workers)
                .map(|share| share.range(tasks as usize).len() as u32)
                .collect(),
        };
        let outer = workers as u32;
        Self {
            dispatch,
            chunk: dispatch.chunk().map_or(1, |chunk| chunk.size(tasks, outer)),
            busy: dispatch.busy_workers(tasks, outer),
            left,
        }
    }

    /// How many tasks `worker` gets; 0 when none are left for it.
    pub(super) fn take(&mut self, worker: usize) -> u32 {
        if worker >= self.busy as usize {
            return 0;
        }
        let (from, most) = match self.dispatch {
            Dispatch::Queue(_) => (0, self.chunk),
            Dispatch::Static => (worker, 1),
            Dispatch::Stealing => (self.victim(worker), 1),
        };
        let taken = self.left[from].min(most);
        self.left[from] -= taken;
        taken
    }

    /// The worker itself, or the first to its right that has tasks left.
    fn victim(&self, worker: usize) -> usize {
        let workers = self.left.len();
        (worker..worker + workers)
            .map(|victim| victim % workers)
            .find(|victim| self.left[*victim] > 0)
            .unwrap_or(worker)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(dispatch: &str, tasks: u32) -> Vec<u32> {
        let mut supply = Supply::new(tasks, dispatch.parse().unwrap(), 3);
        (0..6).map(|turn| supply.take(turn % 3)).collect()
    }

    #[test]
    fn queues_hand_out_chunks_and_blocks_stay_with_their_worker() {
        assert_eq!(taken("queue.3", 7), [3, 3, 1, 0, 0, 0]);
        assert_eq!(taken("static", 4), [1, 1, 1, 1, 0, 0]);
    }

    /// Blocks of 2, 1, 1; worker 2 comes last and takes from worker 0, its right-hand neighbour.
    #[test]
    fn a_thief_takes_from_the_right() {
        let mut supply = Supply::new(4, Dispatch::Stealing, 3);
        let by_last: Vec<u32> = (0..5).map(|_| supply.take(2)).collect();
        assert_eq!(by_last, [1, 1, 1, 1, 0]);
    }
}

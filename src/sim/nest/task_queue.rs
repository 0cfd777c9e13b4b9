//! Which tasks does a worker take next?

use std::ops::Range;

use crate::experiment::{Dispatch, Share};

/// Tasks not yet taken, by the rule of a [`Dispatch`].
pub(super) struct TaskQueue {
    dispatch: Dispatch,
    /// Tasks that a queue gives at a time.
    chunk: u32,
    /// Workers that get work, the first ones.
    busy: u32,
    /// Tasks left of the queue, or of each worker's block.
    left: Vec<Range<u32>>,
}

impl TaskQueue {
    pub(super) fn new(tasks: u32, dispatch: Dispatch, workers: usize) -> Self {
        let block = |share: Share| {
            let Range { start, end } = share.range(tasks as usize);
            start as u32..end as u32
        };
        let left = match dispatch {
            Dispatch::Queue(_) => vec![Range {
                start: 0,
                end: tasks,
            }],
            Dispatch::Static | Dispatch::Stealing => Share::all(workers).map(block).collect(),
        };
        let outer = workers as u32;
        Self {
            dispatch,
            chunk: dispatch.chunk().map_or(1, |chunk| chunk.size(tasks, outer)),
            busy: dispatch.busy_workers(tasks, outer),
            left,
        }
    }

    /// The tasks that `worker` gets, in a row; none when none are left for it.
    pub(super) fn take(&mut self, worker: usize) -> Range<u32> {
        if worker >= self.busy as usize {
            return 0..0;
        }
        let (from, most) = match self.dispatch {
            Dispatch::Queue(_) => (0, self.chunk),
            Dispatch::Static => (worker, 1),
            Dispatch::Stealing => (self.victim(worker), 1),
        };
        let Range { start, end } = self.left[from];
        let taken = start..end.min(start.saturating_add(most));
        self.left[from].start = taken.end;
        taken
    }

    /// As many tasks as all workers take at a time, where they take them from one queue.
    pub(super) fn wave(&self) -> Option<u32> {
        match self.dispatch {
            Dispatch::Queue(_) => Some(self.busy.saturating_mul(self.chunk)),
            Dispatch::Static | Dispatch::Stealing => None,
        }
    }

    /// Takes away the waves that nobody has begun, of `most` tasks at most; how many tasks.
    pub(super) fn skip(&mut self, most: u32) -> u32 {
        let Some(wave) = self.wave().filter(|wave| *wave > 0) else {
            return 0;
        };
        let left = self.left[0].len() as u32;
        let tasks = left.min(most) / wave * wave;
        self.left[0].start += tasks;
        tasks
    }

    /// The worker itself, or the first to its right that has tasks left.
    fn victim(&self, worker: usize) -> usize {
        let workers = self.left.len();
        (worker..worker + workers)
            .map(|victim| victim % workers)
            .find(|victim| !self.left[*victim].is_empty())
            .unwrap_or(worker)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(dispatch: &str, tasks: u32) -> Vec<Range<u32>> {
        let mut task_queue = TaskQueue::new(tasks, dispatch.parse().unwrap(), 3);
        let all = (0..6).map(|turn| task_queue.take(turn % 3));
        all.filter(|tasks| !tasks.is_empty()).collect()
    }

    #[test]
    fn queues_hand_out_chunks_and_blocks_stay_with_their_worker() {
        assert_eq!(taken("queue.3", 7), [0..3, 3..6, 6..7]);
        assert_eq!(taken("static", 4), [0..1, 2..3, 3..4, 1..2]);
    }

    /// Blocks of 2, 1, 1; worker 2 comes last and takes from worker 0, its right-hand neighbour.
    #[test]
    fn a_thief_takes_from_the_right() {
        let mut task_queue = TaskQueue::new(4, "stealing".parse().unwrap(), 3);
        let by_last: Vec<Range<u32>> = (0..4).map(|_| task_queue.take(2)).collect();
        assert_eq!(by_last, [3..4, 0..1, 1..2, 2..3]);
        assert!(task_queue.take(2).is_empty());
    }
}

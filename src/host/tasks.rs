//! Which task does a worker do next?
//!
//! The run-time side of a [`Dispatch`]. Tasks are numbered from 0; every task goes to exactly one
//! worker. [`TaskQueue`] is shared by the workers; each takes tasks through its own [`TaskSource`].

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam::deque::{Steal, Stealer, Worker};
use crossbeam::utils::CachePadded;

use crate::experiment::{Cell, Dispatch, Share};

/// The tasks of one execution, shared by all workers.
pub(super) struct TaskQueue {
    tasks: u32,
    dispatch: Dispatch,
    /// Tasks that a queue gives at a time.
    chunk: u32,
    /// Workers that get work, the first ones: so it is known which need a team.
    busy: usize,
    /// First task that the queue has not handed out.
    next: CachePadded<AtomicU64>,
    stealers: Vec<Stealer<u32>>,
}

/// One worker's way to tasks.
pub(super) struct TaskSource {
    queue: Arc<TaskQueue>,
    me: Share,
    local: Worker<u32>,
}

/// The sources of tasks of all workers of `cell`. [`TaskSource::refill`] must be called on each, and
/// [`TaskQueue::reset`] once, before every execution.
pub(super) fn task_sources(cell: &Cell) -> (Arc<TaskQueue>, Vec<TaskSource>) {
    let workers = cell.outer.get() as usize;
    let locals: Vec<Worker<u32>> = (0..workers).map(|_| Worker::new_fifo()).collect();
    let queue = Arc::new(TaskQueue {
        tasks: cell.tasks.get(),
        dispatch: cell.dispatch,
        chunk: cell
            .dispatch
            .chunk()
            .map_or(1, |chunk| chunk.size(cell.tasks.get(), cell.outer.get())),
        busy: cell.busy_workers() as usize,
        next: CachePadded::new(AtomicU64::new(0)),
        stealers: locals.iter().map(Worker::stealer).collect(),
    });
    let task_sources = Share::all(workers)
        .zip(locals)
        .map(|(me, local)| TaskSource {
            queue: Arc::clone(&queue),
            me,
            local,
        })
        .collect();
    (queue, task_sources)
}

impl TaskQueue {
    /// Makes the queue full again.
    pub(super) fn reset(&self) {
        self.next.store(0, Ordering::Relaxed);
    }
}

impl TaskSource {
    /// Takes this worker's own block anew, where the rule has blocks.
    pub(super) fn refill(&self) {
        while self.local.pop().is_some() {}
        if !matches!(self.queue.dispatch, Dispatch::Queue(_)) {
            let block = self.me.range(self.queue.tasks as usize);
            block.for_each(|task| self.local.push(task as u32));
        }
    }

    /// The next tasks of this worker, or `None` when none are left for it.
    pub(super) fn next(&self) -> Option<std::ops::Range<u32>> {
        if self.me.index >= self.queue.busy {
            return None;
        }
        match self.queue.dispatch {
            Dispatch::Queue(_) => self.chunk(),
            Dispatch::Static => self.local.pop().map(single),
            Dispatch::Stealing => self.local.pop().or_else(|| self.steal()).map(single),
        }
    }

    fn chunk(&self) -> Option<std::ops::Range<u32>> {
        let TaskQueue {
            tasks, next, chunk, ..
        } = &*self.queue;
        // 64 bits: each worker passes the end once, and all of them together pass 2^32.
        let first = next.fetch_add(u64::from(*chunk), Ordering::Relaxed);
        let first = u32::try_from(first).ok().filter(|first| first < tasks)?;
        Some(first..first.saturating_add(*chunk).min(*tasks))
    }

    /// One task of another worker, asked in order from the right-hand neighbour on.
    fn steal(&self) -> Option<u32> {
        let others = (1..self.me.of).map(|step| (self.me.index + step) % self.me.of);
        others
            .map(|victim| &self.queue.stealers[victim])
            .find_map(take)
    }
}

fn take(stealer: &Stealer<u32>) -> Option<u32> {
    loop {
        match stealer.steal() {
            Steal::Success(task) => return Some(task),
            Steal::Empty => return None,
            Steal::Retry => {}
        }
    }
}

fn single(task: u32) -> std::ops::Range<u32> {
    task..task + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cell(outer: u32, tasks: u32, dispatch: &str) -> Cell {
        let text = format!(
            "matmul.f64.8_{outer}x1_fork-join.passive_independent_unbound_{dispatch}_t{tasks}"
        );
        text.parse().unwrap()
    }

    /// Tasks by worker, when workers take turns.
    fn taken(cell: &Cell) -> Vec<Vec<u32>> {
        let (queue, task_sources) = task_sources(cell);
        queue.reset();
        task_sources.iter().for_each(TaskSource::refill);
        let mut taken = vec![Vec::new(); task_sources.len()];
        let mut idle = 0;
        while idle < task_sources.len() {
            idle = 0;
            for (worker, source) in task_sources.iter().enumerate() {
                match source.next() {
                    Some(range) => taken[worker].extend(range),
                    None => idle += 1,
                }
            }
        }
        taken
    }

    #[test]
    fn a_queue_hands_out_chunks_in_turn() {
        assert_eq!(
            taken(&cell(2, 7, "queue.3")),
            [vec![0, 1, 2, 6], vec![3, 4, 5]]
        );
    }

    /// Ten tasks for two workers: ceil(10 / 8) at a time.
    #[test]
    fn the_rule_of_the_pool_hands_out_chunks() {
        let all = taken(&cell(2, 10, "queue.pool"));
        assert_eq!(all, [vec![0, 1, 4, 5, 8, 9], vec![2, 3, 6, 7]]);
    }

    /// Sixteen workers that ask once more than there are tasks: together 17 times 4 10^8, which is
    /// beyond 2^32.
    #[test]
    fn no_worker_gets_a_task_twice_however_large_the_chunks_are() {
        let (queue, task_sources) = task_sources(&cell(16, 400_000_000, "queue.400000000"));
        queue.reset();
        assert_eq!(task_sources[0].next(), Some(0..400_000_000));
        for _ in 0..16 {
            assert_eq!(task_sources[0].next(), None);
        }
    }

    #[test]
    fn workers_beyond_the_portions_get_nothing_by_any_rule() {
        for dispatch in ["queue.1", "static", "stealing"] {
            let (queue, task_sources) = task_sources(&cell(3, 2, dispatch));
            queue.reset();
            task_sources.iter().for_each(TaskSource::refill);
            assert_eq!(task_sources[2].next(), None, "{dispatch}");
            assert!(task_sources[1].next().is_some(), "{dispatch}");
        }
    }

    #[test]
    fn static_blocks_are_contiguous_and_share_the_remainder() {
        assert_eq!(
            taken(&cell(3, 7, "static")),
            [vec![0, 1, 2], vec![3, 4], vec![5, 6]]
        );
    }

    #[test]
    fn a_thief_takes_what_a_slow_neighbour_left() {
        let (queue, task_sources) = task_sources(&cell(2, 6, "stealing"));
        queue.reset();
        task_sources.iter().for_each(TaskSource::refill);
        let by_one: Vec<u32> = std::iter::from_fn(|| task_sources[0].next())
            .flatten()
            .collect();
        assert_eq!(by_one, [0, 1, 2, 3, 4, 5]);
        assert_eq!(task_sources[1].next(), None);
    }

    proptest! {
        #[test]
        fn every_task_is_done_once(outer in 1_u32..9, tasks in 1_u32..60, chunk in 1_u32..70) {
            for dispatch in [format!("queue.{chunk}"), "static".into(), "stealing".into()] {
                let cell = cell(outer, tasks, &dispatch);
                let mut all: Vec<u32> = taken(&cell).into_iter().flatten().collect();
                all.sort_unstable();
                prop_assert_eq!(all, (0..tasks).collect::<Vec<_>>());
            }
        }
    }
}

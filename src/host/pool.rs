//! How do the outer workers run the tasks of one execution?
//!
//! Each worker is a thread of its own with a kernel, a team and a source of tasks. The
//! measuring thread gives *orders*; an order goes to all workers at once, by one wake-up, and the
//! last worker to finish it says when that was. Between orders workers block, so that only the
//! inner runtime's wait policy is under study. The outer level is not rayon: a waiting rayon
//! worker runs other tasks.

use std::error::Error;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, Sender, bounded};

use super::gate::Gate;
use super::kernel::{Kernel, WrongResult};
use super::tasks::{TaskQueue, TaskSource};
use super::team::{RegionPanic, Team};
use super::trace::spend;
use super::worker_idle::{WorkerIdle, WorkerIdleSums};
use crate::clock;
use crate::process::{Shortage, Standstill, is_shortage};
use crate::record::Waiting;
use crate::record::trace::{Activity, Place};

/// What all workers are told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// Make ready for an execution: spoil the result, refill the source of tasks.
    Prepare,
    /// Do tasks until none are left. The timed part.
    Run,
    /// Check the result of the last execution.
    Check,
    /// Leave.
    Quit,
}

/// What one worker works with.
pub(super) struct OuterWorker {
    pub(super) kernel: Arc<dyn Kernel>,
    pub(super) team: Box<dyn Team>,
    pub(super) source: TaskSource,
    /// Permits that each of its regions takes at the gate.
    pub(super) permits: u32,
}

impl OuterWorker {
    /// One task, from its fork to its result.
    fn do_task(&mut self, task: u32) -> Result<(), RegionPanic> {
        self.kernel.begin(task);
        self.team.run()?;
        self.kernel.end();
        Ok(())
    }
}

/// What workers and measuring thread share.
struct Shared {
    gate: Gate,
    tasks_done: AtomicU32,
    idle: WorkerIdleSums,
    /// Workers that have not finished the current order.
    outstanding: AtomicU32,
    /// The number of the current order and the order.
    order: Mutex<(u64, Order)>,
    ordered: Condvar,
    /// What went wrong in the current order.
    faults: Mutex<Vec<PoolError>>,
    finished: Sender<Instant>,
}

/// The outer pool. Workers block for ever if the pool is left in the middle of an order; the
/// process is expected to end then.
pub(super) struct Pool {
    shared: Arc<Shared>,
    queue: Arc<TaskQueue>,
    finished: Receiver<Instant>,
    workers: Vec<thread::JoinHandle<()>>,
    /// Whether an order is under way.
    busy: bool,
    /// When the last execution began.
    began: Instant,
    /// When it ended, if it did.
    ended: Option<Instant>,
}

/// Why an order has no result.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(super) enum PoolError {
    /// The limit passed first.
    #[error("not finished within {0:?}")]
    Overrun(Duration),
    /// A result was not the known one; the pool can go on.
    #[error(transparent)]
    Wrong(WrongResult),
    /// Something went wrong in a worker.
    #[error("{0}")]
    Fault(String),
    /// A thread or memory was missing that others may give back.
    #[error(transparent)]
    Shortage(Shortage),
}

impl From<String> for PoolError {
    fn from(reason: String) -> Self {
        Self::Fault(reason)
    }
}

impl PoolError {
    /// `error` as an answer of the pool.
    pub(super) fn of(error: impl Error + 'static) -> Self {
        Self::because(error.to_string(), &error)
    }

    /// What failed for `reason`, because of `error`.
    fn because(reason: String, error: &(dyn Error + 'static)) -> Self {
        match is_shortage(error) {
            true => Self::Shortage(Shortage(reason)),
            false => Self::Fault(reason),
        }
    }
}

/// Builds the worker with the given number, on that worker's thread.
pub(super) type BuildWorker =
    dyn Fn(u32, TaskSource) -> Result<OuterWorker, PoolError> + Send + Sync;

impl Pool {
    /// Starts one worker for each source of tasks and waits until all are built.
    ///
    /// # Errors
    ///
    /// If a thread cannot be created or a worker cannot be built within `limit`.
    pub(super) fn start(
        gate: Gate,
        (queue, sources): (Arc<TaskQueue>, Vec<TaskSource>),
        build: Arc<BuildWorker>,
        limit: Duration,
    ) -> Result<Self, PoolError> {
        let (finished_by_last, finished) = bounded(1);
        let shared = Arc::new(Shared {
            gate,
            tasks_done: AtomicU32::new(0),
            idle: WorkerIdleSums::new(),
            outstanding: AtomicU32::new(sources.len() as u32),
            order: Mutex::new((0, Order::Prepare)),
            ordered: Condvar::new(),
            faults: Mutex::new(Vec::new()),
            finished: finished_by_last,
        });
        let mut pool = Self {
            shared,
            queue,
            finished,
            workers: Vec::new(),
            busy: true,
            began: clock::now(),
            ended: None,
        };
        for (number, source) in sources.into_iter().enumerate() {
            let (shared, build) = (Arc::clone(&pool.shared), Arc::clone(&build));
            let worker = thread::Builder::new()
                .name(format!("w{number}"))
                .spawn(move || shared.work(|| build(number as u32, source)))
                .map_err(|error| {
                    let reason = format!("cannot start worker {number}: {error}");
                    PoolError::because(reason, &error)
                })?;
            pool.workers.push(worker);
        }
        pool.await_order(limit)?;
        Ok(pool)
    }

    /// Runs all tasks once and returns how long that took.
    ///
    /// Everything that can be done earlier has been: threads exist and are bound, memory is
    /// touched, results are spoiled, sources of tasks are full. `still` watches meanwhile.
    pub(super) fn time_once(
        &mut self,
        limit: Duration,
        still: &mut Standstill,
    ) -> Result<Duration, PoolError> {
        self.ended = None;
        self.began = clock::now();

        self.give(Order::Run);
        let end = self.await_run(limit, still)?;

        self.ended = Some(end);
        Ok(end - self.began)
    }

    /// When the last execution began.
    pub(super) fn began(&self) -> Instant {
        self.began
    }

    /// Time since the last execution began.
    pub(super) fn elapsed(&self) -> Duration {
        clock::now() - self.began
    }

    /// Makes ready for an execution, untimed.
    pub(super) fn prepare(&mut self, limit: Duration) -> Result<(), PoolError> {
        self.queue.reset();
        self.shared.tasks_done.store(0, Ordering::Relaxed);
        self.shared.idle.reset();
        self.give(Order::Prepare);
        self.await_order(limit).map(drop)
    }

    /// Checks every worker's last result, untimed.
    pub(super) fn check(&mut self, limit: Duration) -> Result<(), PoolError> {
        self.give(Order::Check);
        self.await_order(limit).map(drop)
    }

    /// Tasks finished since the last [`Pool::prepare`].
    pub(super) fn tasks_done(&self) -> u32 {
        self.shared.tasks_done.load(Ordering::Relaxed)
    }

    /// What the workers did while they ran no region, in an execution that ended.
    pub(super) fn waiting(&self) -> Waiting {
        let Some(ended) = self.ended else {
            return Waiting::default();
        };
        let idle = &self.shared.idle;
        Waiting {
            gate: self.shared.gate.holds().then(|| idle.gate()),
            gaps: Some(idle.gaps()),
            tail: Some(idle.tail(ended)),
            ..Waiting::default()
        }
    }

    fn give(&mut self, order: Order) {
        self.busy = true;
        self.shared
            .outstanding
            .store(self.workers.len() as u32, Ordering::Relaxed);
        let mut current = self
            .shared
            .order
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *current = (current.0 + 1, order);
        self.shared.ordered.notify_all();
    }

    fn await_order(&mut self, limit: Duration) -> Result<Instant, PoolError> {
        let end = self
            .finished
            .recv_timeout(limit)
            .map_err(|_| PoolError::Overrun(limit))?;
        self.settle(end)
    }

    /// The same for an execution, waking at every beat of `still`.
    fn await_run(&mut self, limit: Duration, still: &mut Standstill) -> Result<Instant, PoolError> {
        loop {
            let left = limit.saturating_sub(self.elapsed());
            let beat = still.due().saturating_duration_since(clock::now());
            match self.finished.recv_timeout(left.min(beat)) {
                Ok(end) => return self.settle(end),
                Err(_) if self.elapsed() >= limit => return Err(PoolError::Overrun(limit)),
                Err(_) => still.beat(),
            }
        }
    }

    /// The order is over, at `end`: what came of it.
    fn settle(&mut self, end: Instant) -> Result<Instant, PoolError> {
        self.busy = false;
        let mut faults = self.shared.faults();
        match std::mem::take(&mut *faults).into_iter().next() {
            Some(fault) => Err(fault),
            None => Ok(end),
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if !self.busy {
            self.give(Order::Quit);
            self.workers
                .drain(..)
                .for_each(|worker| drop(worker.join()));
        }
    }
}

/// What `work` gives; a panic in it is a fault, so that a worker always finishes its order.
fn caught<T>(work: impl FnOnce() -> Result<T, PoolError>) -> Result<T, PoolError> {
    RegionPanic::catch(work).unwrap_or_else(|panic| Err(PoolError::Fault(panic.to_string())))
}

impl Shared {
    /// A worker's life: it is built, then does order after order.
    fn work(&self, build: impl FnOnce() -> Result<OuterWorker, PoolError>) {
        let mut worker = match caught(build) {
            Ok(worker) => worker,
            Err(fault) => return self.finish(Err(fault)),
        };
        self.finish(Ok(()));
        let mut has_result = false;
        for number in 1.. {
            let order = self.await_order(number);
            if order == Order::Quit {
                return;
            }
            self.finish(caught(|| self.obey(order, &mut worker, &mut has_result)));
        }
    }

    /// Does what `order` says; `has_result` is whether the last execution gave this worker one.
    fn obey(
        &self,
        order: Order,
        worker: &mut OuterWorker,
        has_result: &mut bool,
    ) -> Result<(), PoolError> {
        match order {
            Order::Prepare => {
                worker.kernel.spoil();
                worker.source.refill();
                Ok(())
            }
            Order::Run => self.do_tasks(worker).map(|tasks| *has_result = tasks > 0),
            Order::Check if *has_result => worker.kernel.verify().map_err(PoolError::Wrong),
            Order::Check | Order::Quit => Ok(()),
        }
    }

    fn await_order(&self, number: u64) -> Order {
        let order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        self.ordered
            .wait_while(order, |order| order.0 < number)
            .unwrap_or_else(PoisonError::into_inner)
            .1
    }

    /// Does tasks until none are left for this worker, and returns how many it did.
    fn do_tasks(&self, worker: &mut OuterWorker) -> Result<u32, PoolError> {
        let mut done = 0;
        let mut idle = WorkerIdle::default();
        while let Some(tasks) = worker.source.next() {
            let place = Place::Task(tasks.start);
            done += spend(Activity::Chunk, place, || {
                self.do_chunk(tasks, worker, &mut idle)
            })?;
        }
        self.idle.add(&idle);
        Ok(done)
    }

    fn do_chunk(
        &self,
        tasks: Range<u32>,
        worker: &mut OuterWorker,
        idle: &mut WorkerIdle,
    ) -> Result<u32, PoolError> {
        let count = tasks.end - tasks.start;
        for task in tasks {
            let permits = worker.permits;
            let region = || idle.region(|| worker.do_task(task));
            let pass = || self.gate.pass(permits, region);
            let (result, waited) = spend(Activity::Task, Place::Task(task), pass);
            result.map_err(|panic| PoolError::Fault(panic.to_string()))?;
            idle.waited(waited);
            self.tasks_done.fetch_add(1, Ordering::Relaxed);
        }
        Ok(count)
    }

    fn faults(&self) -> MutexGuard<'_, Vec<PoolError>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn finish(&self, result: Result<(), PoolError>) {
        if let Err(fault) = result {
            self.faults().push(fault);
        }
        if self.outstanding.fetch_sub(1, Ordering::AcqRel) == 1 {
            // The channel holds one message and the measuring thread awaits it, or has given up.
            let _ = self.finished.try_send(clock::now());
        }
    }
}

#[cfg(test)]
mod tests;

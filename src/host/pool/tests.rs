//! Does an order always end, whatever its workers meet?

use std::num::NonZeroU32;

use super::*;
use crate::experiment::{Cell, Composition, WaitPolicy};
use crate::host::tasks::task_sources;
use crate::host::team::{ForkJoin, OnStart};

/// Where a kernel panics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Begin,
    Work,
    End,
    Spoil,
    Verify,
}

struct Panics(At);

impl Panics {
    fn at(&self, here: At) {
        assert!(self.0 != here, "on purpose");
    }
}

impl Kernel for Panics {
    fn width(&self) -> NonZeroU32 {
        NonZeroU32::MIN
    }

    fn phases(&self) -> u32 {
        1
    }

    fn begin(&self, _task: u32) {
        self.at(At::Begin);
    }

    fn work(&self, _phase: u32, _member: u32) {
        self.at(At::Work);
    }

    fn end(&self) {
        self.at(At::End);
    }

    fn spoil(&self) {
        self.at(At::Spoil);
    }

    fn verify(&self) -> Result<(), WrongResult> {
        self.at(At::Verify);
        Ok(())
    }
}

/// Far more than any of this takes: a worker that is lost is an overrun after that.
const PATIENCE: Duration = Duration::from_secs(60);

fn pool(build: Arc<BuildWorker>) -> Result<Pool, PoolError> {
    let cell = "matmul.f64.8_2x1_fork-join.passive_exclusive_unbound_static_t6";
    let cell: Cell = cell.parse().unwrap();
    let gate = Gate::new(Composition::Exclusive, 2);
    Pool::start(gate, task_sources(&cell), build, PATIENCE)
}

/// A worker with a team of one for `kernel`.
fn worker(kernel: impl Kernel + 'static, source: TaskSource) -> OuterWorker {
    let kernel: Arc<dyn Kernel> = Arc::new(kernel);
    let hook: OnStart = Arc::new(|_| Ok(()));
    let team = ForkJoin::new("w", Arc::clone(&kernel), WaitPolicy::Passive, hook);
    OuterWorker {
        kernel,
        team: Box::new(team.unwrap()),
        source,
        permits: 1,
    }
}

/// What comes of one execution by two workers whose kernels panic, each in its own region.
fn execution(at: At) -> Result<(), PoolError> {
    let build = move |_, source| Ok(worker(Panics(at), source));
    let mut pool = pool(Arc::new(build))?;
    pool.prepare(PATIENCE)?;
    pool.time_once(PATIENCE, &mut Standstill::watch())?;
    pool.check(PATIENCE)
}

#[test]
fn a_panic_anywhere_is_a_fault_and_no_overrun() {
    for at in [At::Begin, At::Work, At::End, At::Spoil, At::Verify] {
        let fault = PoolError::Fault("kernel panicked: on purpose".to_owned());
        assert_eq!(execution(at), Err(fault), "{at:?}");
    }
}

#[test]
fn a_panic_while_a_worker_is_built_is_a_fault() {
    let build = |_, _| panic!("on purpose");
    let error = pool(Arc::new(build)).err().unwrap().to_string();
    assert_eq!(error, "kernel panicked: on purpose");
}

/// What the kernels of all workers were told, and where the first task waits, if it is to.
#[derive(Default)]
struct Log {
    begun: AtomicU32,
    spoilt: AtomicU32,
    verified: AtomicU32,
    /// Results that are wrong.
    wrong: AtomicU32,
    /// While somebody holds it, tasks wait.
    door: Mutex<()>,
}

struct Logs(Arc<Log>);

impl Kernel for Logs {
    fn width(&self) -> NonZeroU32 {
        NonZeroU32::MIN
    }

    fn phases(&self) -> u32 {
        1
    }

    fn begin(&self, _task: u32) {
        self.0.begun.fetch_add(1, Ordering::Relaxed);
    }

    fn work(&self, _phase: u32, _member: u32) {
        drop(self.0.door.lock());
    }

    fn spoil(&self) {
        self.0.spoilt.fetch_add(1, Ordering::Relaxed);
    }

    fn verify(&self) -> Result<(), WrongResult> {
        self.0.verified.fetch_add(1, Ordering::Relaxed);
        let left = |wrong: u32| wrong.checked_sub(1);
        let wrong = &self.0.wrong;
        match wrong.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left) {
            Ok(_) => Err(wrong_result()),
            Err(_) => Ok(()),
        }
    }
}

fn wrong_result() -> WrongResult {
    WrongResult {
        at: "the sum".to_owned(),
        got: 2.0,
        expected: 1.0,
    }
}

/// A pool of `outer` workers for `tasks` tasks whose kernels write into the log.
fn logged(outer: u32, tasks: u32) -> (Pool, Arc<Log>) {
    let log = Arc::new(Log::default());
    let kernels = Arc::clone(&log);
    let cell = format!("matmul n=8 outer={outer} inner=1 dispatch=static tasks={tasks}");
    let cell: Cell = cell.parse().unwrap();
    let build = move |_, source| Ok(worker(Logs(Arc::clone(&kernels)), source));
    let gate = Gate::new(Composition::Independent, 2);
    let pool = Pool::start(gate, task_sources(&cell), Arc::new(build), PATIENCE);
    (pool.unwrap(), log)
}

fn run(pool: &mut Pool, limit: Duration) -> Result<Duration, PoolError> {
    pool.time_once(limit, &mut Standstill::watch())
}

#[test]
fn each_execution_spoils_once_does_every_task_once_and_checks_once() {
    let (mut pool, log) = logged(3, 7);
    for execution in 1..=3 {
        pool.prepare(PATIENCE).unwrap();
        assert_eq!(pool.tasks_done(), 0);
        assert_eq!(log.spoilt.load(Ordering::Relaxed), 3 * execution);
        let wall = run(&mut pool, PATIENCE).unwrap();
        assert!(wall > Duration::ZERO && wall <= pool.elapsed());
        assert_eq!(pool.tasks_done(), 7);
        pool.check(PATIENCE).unwrap();
        assert_eq!(log.begun.load(Ordering::Relaxed), 7 * execution);
        assert_eq!(log.verified.load(Ordering::Relaxed), 3 * execution);
    }
}

#[test]
fn a_worker_without_a_task_has_no_result_to_check() {
    let (mut pool, log) = logged(3, 2);
    pool.prepare(PATIENCE).unwrap();
    run(&mut pool, PATIENCE).unwrap();
    pool.check(PATIENCE).unwrap();
    assert_eq!(log.verified.load(Ordering::Relaxed), 2);
}

#[test]
fn a_wrong_result_is_told_once_and_the_pool_goes_on() {
    let (mut pool, log) = logged(2, 4);
    log.wrong.store(1, Ordering::Relaxed);
    for expected in [Err(PoolError::Wrong(wrong_result())), Ok(())] {
        pool.prepare(PATIENCE).unwrap();
        run(&mut pool, PATIENCE).unwrap();
        assert_eq!(pool.check(PATIENCE), expected);
    }
}

/// A pool that is dropped in the middle of an order does not wait for it.
#[test]
fn an_execution_past_its_limit_is_an_overrun() {
    let (mut pool, log) = logged(2, 4);
    pool.prepare(PATIENCE).unwrap();
    let door = log.door.lock().unwrap();
    let limit = Duration::from_millis(20);
    assert_eq!(run(&mut pool, limit), Err(PoolError::Overrun(limit)));
    assert!(pool.elapsed() >= limit && pool.tasks_done() == 0);
    assert_eq!(pool.waiting(), Waiting::default(), "it has not ended");
    drop(pool);
    drop(door);
}

#[test]
fn a_worker_that_cannot_be_built_fails_the_start_with_its_reason() {
    let shortage = PoolError::Shortage(Shortage("no thread".to_owned()));
    for error in [PoolError::Fault("no seat".to_owned()), shortage] {
        let reason = error.clone();
        let build = move |number, source| match number {
            1 => Err(reason.clone()),
            _ => Ok(worker(Logs(Arc::default()), source)),
        };
        assert_eq!(pool(Arc::new(build)).err(), Some(error));
    }
}

#[test]
fn a_pool_that_is_not_built_in_time_is_an_overrun() {
    let cell: Cell = "matmul n=8 outer=1 inner=1 tasks=1".parse().unwrap();
    let (release, held) = bounded::<()>(0);
    let build = move |_, _| {
        let _ = held.recv();
        Err(PoolError::Fault("too late".to_owned()))
    };
    let gate = Gate::new(Composition::Independent, 1);
    let limit = Duration::from_millis(20);
    let pool = Pool::start(gate, task_sources(&cell), Arc::new(build), limit);
    assert_eq!(pool.err(), Some(PoolError::Overrun(limit)));
    drop(release);
}

//! Does an order always end, whatever its workers meet?

use std::num::NonZeroU32;

use super::*;
use crate::experiment::{Cell, Composition, WaitPolicy};
use crate::host::tasks::task_sources;
use crate::host::team::ForkJoin;

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

/// What comes of one execution by two workers whose kernels panic, each in its own region.
fn execution(at: At) -> Result<(), PoolError> {
    let build = move |_, source| {
        let kernel: Arc<dyn Kernel> = Arc::new(Panics(at));
        let hook = Arc::new(|_| Ok(()));
        let team = ForkJoin::new("w", Arc::clone(&kernel), WaitPolicy::Passive, hook);
        Ok(OuterWorker {
            kernel,
            team: Box::new(team.map_err(|error| error.to_string())?),
            source,
            permits: 1,
        })
    };
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

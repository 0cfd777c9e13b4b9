//! How fast does one thread work?

use std::hint;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{Bench, CalibrationError, nanos};
use crate::clock;
use crate::experiment::{Computation, Dtype, Family, Workload, WorkloadName};
use crate::host::kernel::{Kernel, SharedTaskState, kernel};
use crate::machine::PuId;
use crate::stats::median;

/// Orders of the products whose rates are measured; no powers of two where columns of such a length
/// would meet in the same sets of a cache.
const ORDERS: [u32; 5] = [64, 128, 256, 480, 960];

/// Order and team width of the products that tell what each further member packs again.
const DIVIDED: (u32, u32) = (256, 8);

/// Least time spent on one kernel in one repetition.
const SPELL: Duration = Duration::from_millis(10);

/// Executions of a kernel of which a repetition takes the median.
const LEAST: usize = 3;

/// Looks at a number that nobody changes.
const LOOKS: u32 = 100_000;

/// Products by order, tasks of every other family, and a look of a spinning thread, on `pu`.
pub(super) fn measure(bench: &mut Bench, pu: PuId) -> Result<(), CalibrationError> {
    for dtype in [Dtype::F64, Dtype::F32] {
        products(bench, pu, dtype)?;
    }
    bench.unknown(
        "half_size, efficiency",
        "not needed: rates by order and times of tasks are known",
    );
    tasks(bench, pu)?;
    let looks = repeat(bench, pu, look)?;
    bench.note(("look", "ns"), "one look of a spinning thread", &looks);
    Ok(())
}

/// What `body` finds in each repetition on `pu`.
fn repeat(
    bench: &Bench,
    pu: PuId,
    body: impl Fn() -> f64 + Send + Sync,
) -> Result<Vec<f64>, CalibrationError> {
    let once: Box<dyn FnOnce() -> Vec<f64> + Send + '_> =
        Box::new(|| (0..bench.repetitions).map(|_| body()).collect());
    Ok(bench.on(vec![(pu, once)])?.remove(0))
}

fn product(n: u32, dtype: Dtype) -> Option<Computation> {
    Computation::new(WorkloadName::DEFAULT, dtype, NonZeroU32::new(n)?).ok()
}

fn products(bench: &mut Bench, pu: PuId, dtype: Dtype) -> Result<(), CalibrationError> {
    let how = "products by one thread";
    let mut best: Vec<f64> = Vec::new();
    for n in ORDERS {
        let Some(product) = product(n, dtype) else {
            continue;
        };
        let operations = product.account(1).operations as f64;
        let rates = repeat(bench, pu, || operations / time(&product, 1))?;
        bench.note((&format!("flops_{dtype}_{n}"), "flop/ns"), how, &rates);
        if median(&rates) > median(&best) {
            best = rates;
        }
    }
    let how = "products by one thread, of the order at which it is fastest";
    bench.note((&format!("flops_{dtype}"), "flop/ns"), how, &best);
    let (n, width) = DIVIDED;
    if let (Dtype::F64, Some(product)) = (dtype, product(n, dtype)) {
        let more = || (time(&product, width) / time(&product, 1) - 1.0).max(0.0);
        let rows = f64::from(n) / f64::from(width - 1);
        let rows = repeat(bench, pu, || more() * rows)?;
        let how = "one thread doing all parts of a team of 8, against the product in one, in rows";
        bench.note(("repack", "1"), how, &rows);
    }
    Ok(())
}

/// The usual task of every family that is measured as a whole.
fn tasks(bench: &mut Bench, pu: PuId) -> Result<(), CalibrationError> {
    for family in Family::ALL {
        if matches!(family, Family::Matmul | Family::SumRacy) {
            continue;
        }
        for dtype in family.dtypes() {
            let Some(task) = family.usual(*dtype) else {
                continue;
            };
            let times = times(bench, pu, &task)?;
            let name = format!("task_{}", family.key(*dtype));
            let how = "the family's usual task by one thread";
            bench.note((&name, "ns"), how, &times);
        }
    }
    Ok(())
}

fn times(bench: &Bench, pu: PuId, task: &Computation) -> Result<Vec<f64>, CalibrationError> {
    let once: Box<dyn FnOnce() -> Vec<f64> + Send + '_> = Box::new(|| {
        let Some(kernel) = of(task, 1) else {
            return Vec::new();
        };
        // The first touches what the others find.
        spell(&*kernel);
        (0..bench.repetitions).map(|_| spell(&*kernel)).collect()
    });
    Ok(bench.on(vec![(pu, once)])?.remove(0))
}

pub(super) fn of(computation: &Computation, width: u32) -> Option<Arc<dyn Kernel>> {
    let task_state = Arc::new(SharedTaskState::new(NonZeroU32::MIN, None));
    let workload = Workload::Computation(*computation);
    kernel(&workload, NonZeroU32::new(width)?, &task_state).ok()
}

/// Time that one thread needs for all parts of a task of `computation` on a team of `width` [ns].
pub(super) fn time(computation: &Computation, width: u32) -> f64 {
    of(computation, width).map_or(f64::NAN, |kernel| {
        task(&*kernel, 0);
        spell(&*kernel)
    })
}

/// Median time of task after task for a while [ns].
fn spell(kernel: &dyn Kernel) -> f64 {
    let (mut times, end) = (vec![], clock::now() + SPELL);
    while times.len() < LEAST || clock::now() < end {
        let start = clock::now();
        task(kernel, times.len() as u32);
        times.push(nanos(clock::now() - start));
    }
    median(&times).unwrap_or(f64::NAN)
}

pub(super) fn task(kernel: &dyn Kernel, number: u32) {
    kernel.begin(number);
    for phase in 0..kernel.phases() {
        (0..kernel.width().get()).for_each(|member| kernel.work(phase, member));
    }
    kernel.end();
}

fn look() -> f64 {
    let door = AtomicBool::new(false);
    let start = clock::now();
    for _ in 0..LOOKS {
        if hint::black_box(&door).load(Ordering::Acquire) {
            break;
        }
        hint::spin_loop();
    }
    nanos(clock::now() - start) / f64::from(LOOKS)
}

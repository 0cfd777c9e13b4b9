//! How fast does one thread work?

use std::hint;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{Bench, CalibrationError, REPETITIONS, nanos};
use crate::experiment::{Dtype, Workload};
use crate::host::clock;
use crate::host::kernel::{Common, kernel};
use crate::machine::PuId;
use crate::stats::median;

/// Orders of the products from which rate and half size follow.
const ORDERS: [u32; 4] = [64, 128, 256, 512];

/// Time spent on one order in one repetition.
const PRODUCTS: Duration = Duration::from_millis(15);

/// Looks at a number that nobody changes.
const LOOKS: u32 = 100_000;

/// Bytes of a cache line.
const LINE: usize = 64;

/// Kernel rates, a look of a spinning thread, and the refill of a cache of `cache` bytes, on `pu`.
pub(super) fn measure(
    bench: &mut Bench,
    pu: PuId,
    cache: Option<u64>,
) -> Result<(), CalibrationError> {
    let mut halves = vec![];
    for (name, dtype) in [("flops_f64", Dtype::F64), ("flops_f32", Dtype::F32)] {
        let mut peaks = vec![];
        for _ in 0..REPETITIONS {
            let body = Box::new(move || ORDERS.map(|n| rate(n, dtype)));
            let rates = bench.on(vec![(pu, body as Box<dyn FnOnce() -> _ + Send>)])?[0];
            let (peak, half) = hockney(&rates);
            peaks.push(peak);
            halves.push(half);
        }
        let how = "products of orders 64 to 512 by one thread, extrapolated (Hockney)";
        bench.note((name, "flop/ns"), how, &peaks);
    }
    let how = "order at which a product has half of that rate";
    bench.note(("half_size", "1"), how, &halves);
    let mut looks = vec![];
    for _ in 0..REPETITIONS {
        looks.extend(bench.on(vec![(
            pu,
            Box::new(look) as Box<dyn FnOnce() -> f64 + Send>,
        )])?);
    }
    bench.note(("look", "ns"), "one look of a spinning thread", &looks);
    refill(bench, pu, cache)
}

/// Rate of products of order `n` by one thread [flop/ns].
fn rate(n: u32, dtype: Dtype) -> f64 {
    let common = Arc::new(Common::new(NonZeroU32::MIN, None));
    let kernel = Workload::named("matmul", NonZeroU32::new(n), Some(dtype))
        .ok()
        .and_then(|workload| Some((workload, kernel(&workload, NonZeroU32::MIN, &common).ok()?)));
    let Some((workload, kernel)) = kernel else {
        return 0.0;
    };
    kernel.work(0, 0);
    let (mut times, end) = (vec![], clock::now() + PRODUCTS);
    while times.len() < 3 || clock::now() < end {
        let start = clock::now();
        (0..kernel.phases()).for_each(|phase| kernel.work(phase, 0));
        times.push(nanos(clock::now() - start));
    }
    let flops = workload.flops().unwrap_or(0) as f64;
    median(&times).map_or(0.0, |time| flops / time)
}

/// Peak and half size of rates r(n) = peak n / (n + half): a line, 1 / r = (1 + half / n) / peak,
/// by least squares of relative errors.
// Source: Hockney & Jesshope, Parallel Computers 2, 1988, section 1.3.2 (r-infinity, n-half).
fn hockney(rates: &[f64; 4]) -> (f64, f64) {
    // Weighted by the rate, each point reads 1 = a r + b r / n with a = 1 / peak, b = half / peak.
    let (mut xx, mut xy, mut yy, mut x, mut y) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (rate, n) in rates.iter().zip(ORDERS) {
        let (u, v) = (*rate, rate / f64::from(n));
        (xx, xy, yy) = (xx + u * u, xy + u * v, yy + v * v);
        (x, y) = (x + u, y + v);
    }
    let determinant = xx * yy - xy * xy;
    let (a, b) = (
        (x * yy - y * xy) / determinant,
        (y * xx - x * xy) / determinant,
    );
    (1.0 / a, (b / a).max(0.0))
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

/// How fast the cache of a core is filled again after others used it.
fn refill(bench: &mut Bench, pu: PuId, cache: Option<u64>) -> Result<(), CalibrationError> {
    let Some(bytes) = cache.map(|bytes| bytes as usize / 2) else {
        bench.unknown(
            "refill_rate, private_cache",
            "the machine does not tell the size of its L2",
        );
        return Ok(());
    };
    let mut rates = vec![];
    for _ in 0..REPETITIONS {
        let body = Box::new(move || refill_rate(bytes));
        rates.extend(bench.on(vec![(pu, body as Box<dyn FnOnce() -> Option<f64> + Send>)])?);
    }
    let rates: Vec<f64> = rates.into_iter().flatten().collect();
    let how = "reading half of the L2 after others filled it, against reading it again";
    bench.note(("refill_rate", "bytes/ns"), how, &rates);
    bench.unknown("private_cache", "not measured: taken from the topology");
    Ok(())
}

/// Bytes over the time that reading them takes longer when they are gone from the cache.
fn refill_rate(bytes: usize) -> Option<f64> {
    let (own, others) = (vec![1_u8; bytes], vec![1_u8; 6 * bytes]);
    let mut more = vec![];
    for _ in 0..20 {
        read(&own);
        read(&others);
        let cold = read(&own);
        let warm = read(&own);
        more.push(cold - warm);
    }
    median(&more)
        .filter(|more| *more > 0.0)
        .map(|more| bytes as f64 / more)
}

/// Time of reading every line [ns].
fn read(data: &[u8]) -> f64 {
    let start = clock::now();
    let sum: u64 = data.iter().step_by(LINE).map(|byte| u64::from(*byte)).sum();
    hint::black_box(sum);
    nanos(clock::now() - start)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rates by the law itself: peak 80, half size 12.
    #[test]
    fn the_law_is_found_again() {
        let rates = ORDERS.map(|n| 80.0 * f64::from(n) / (f64::from(n) + 12.0));
        let (peak, half) = hockney(&rates);
        assert!((peak - 80.0).abs() < 1e-6 && (half - 12.0).abs() < 1e-6);
    }
}

//! How long does one thread need for a task, and how much of the memory's time does that take?
//!
//! From the [`Account`] of the workload and from nothing else that is particular to it. Where the
//! time of a family's usual task was measured, another task takes as many times that as it has
//! operations. Where it was not, the slower of two counts, as in the roofline model: operations by
//! the arithmetic unit's rate, and bytes by the next cache's; pages that are mapped anew come on
//! top. In either case data that no cache holds cannot come faster than a thread gets it from
//! memory.
//
// --- Implementation ---
// Source: Williams, Waterman, Patterson 2009, doi 10.1145/1498765.1498785 (roofline).

use super::params::Parameters;
use crate::experiment::{Account, Computation, Dtype, Family};

/// Size of a page that the system maps [bytes].
const PAGE: f64 = 4096.0;

/// What a task takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Task {
    /// Time of one thread that has the machine to itself [ns].
    pub(super) time: f64,
    /// Bytes that it moves to and from memory meanwhile [bytes/ns].
    pub(super) traffic: f64,
}

impl Task {
    /// A task of `computation` on a team of `width` in which part `spilled` of the data is in no
    /// cache [1].
    pub(super) fn of(
        computation: &Computation,
        width: u32,
        spilled: f64,
        parameters: &Parameters,
    ) -> Self {
        let account = computation.account(width);
        let cached = match computation.name().family() {
            Family::Matmul => product(computation, width, parameters),
            _ => measured(computation, &account, parameters)
                .unwrap_or_else(|| reckoned(computation, &account, parameters)),
        };
        let moved = account.bytes as f64 * spilled;
        let time = cached.max(moved / parameters.value("memory_thread"));
        let traffic = if time > 0.0 { moved / time } else { 0.0 };
        Self { time, traffic }
    }
}

/// Part of `data` that a cache of `capacity` does not hold [1]: of data that is walked over again
/// and again.
pub(super) fn spilled(data: f64, capacity: f64) -> f64 {
    if data > capacity {
        1.0 - capacity / data
    } else {
        0.0
    }
}

/// Time of a product: its operations by the rate of its order, and what every further member of the
/// team packs again for itself [ns].
fn product(computation: &Computation, width: u32, parameters: &Parameters) -> f64 {
    let n = f64::from(computation.n().get());
    let again = parameters.value("repack") * f64::from(width - 1) / n;
    let operations = computation.account(width).operations as f64;
    operations / rate(computation.dtype(), n, parameters) * (1.0 + again)
}

/// Rate of products of order `n` on one thread [flop/ns]: between orders that were measured on a
/// line over ln n, else by Hockney's law, r = r_inf n / (n + n_half).
fn rate(dtype: Dtype, n: f64, parameters: &Parameters) -> f64 {
    let name = flops(dtype);
    let measured = parameters.by_order(name);
    let above = measured.partition_point(|(order, _)| *order < n);
    match (
        above.checked_sub(1).map(|at| measured[at]),
        measured.get(above),
    ) {
        (Some((low, slower)), Some((high, faster))) => {
            let part = (n / low).ln() / (high / low).ln();
            slower + (faster - slower) * part
        }
        (Some((_, rate)), None) | (None, Some(&(_, rate))) => rate,
        (None, None) => parameters.value(name) * n / (n + parameters.value("half_size")),
    }
}

/// Name of the rate at which numbers of a type are multiplied and added.
fn flops(dtype: Dtype) -> &'static str {
    match dtype {
        Dtype::F32 | Dtype::I32 => "flops_f32",
        Dtype::F64 | Dtype::I64 => "flops_f64",
    }
}

/// The time that was measured for the family's usual task, for as many operations [ns].
fn measured(computation: &Computation, account: &Account, parameters: &Parameters) -> Option<f64> {
    let family = computation.name().family();
    let name = Parameters::task(family, computation.dtype());
    let usual = family.usual(computation.dtype())?.account(1);
    let times = match usual.operations {
        0 => account.bytes as f64 / usual.bytes as f64,
        operations => account.operations as f64 / operations as f64,
    };
    Some(parameters.known(&name)? * times)
}

/// The time by what the account asks for [ns].
fn reckoned(computation: &Computation, account: &Account, parameters: &Parameters) -> f64 {
    let peak = parameters.value(flops(computation.dtype()));
    let arithmetic = account.operations as f64 / (peak * parameters.value("efficiency"));
    let transfer = account.bytes as f64 / parameters.value("refill_rate");
    let faults = account.fresh as f64 / PAGE * parameters.value("page_fault");
    arithmetic.max(transfer) + faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Workload;

    fn task(workload: &str, width: u32, spilled: f64, lines: &[(&str, f64, &str)]) -> Task {
        let line = |(name, value, unit): &(&str, f64, &str)| {
            format!(
                "{name} = {{ value = {value}, interval = [{value}, {value}], unit = '{unit}', \
                 provenance = 'measured', source = 'x' }}\n"
            )
        };
        let lines: String = lines.iter().map(line).collect();
        let text = format!("format_version = 2\nname = 'x'\nmachine = 'x'\n[parameters]\n{lines}");
        let parameters = Parameters::read("x", &text).unwrap();
        let workload: Workload = workload.parse().unwrap();
        Task::of(workload.computation().unwrap(), width, spilled, &parameters)
    }

    /// 10 flop/ns at order 100, 20 at order 400: 15 at order 200, half way on a scale of logarithms.
    /// 2 x 200^3 flop take 1 066 667 ns; the second member of two packs 4 rows of 200 again: 2 %.
    #[test]
    fn a_product_takes_its_operations_by_the_rate_of_its_order() {
        let rates = [
            ("flops_f64_100", 10.0, "flop/ns"),
            ("flops_f64_400", 20.0, "flop/ns"),
            ("repack", 4.0, "1"),
        ];
        let time = |n: u32, width| task(&format!("matmul.f64.{n}"), width, 0.0, &rates).time;
        assert!((time(200, 1) - 16e6 / 15.0).abs() < 1e-3);
        assert!((time(200, 2) - 16e6 / 15.0 * 1.02).abs() < 1e-3);
        assert_eq!((time(50, 1), time(800, 1)), (25e3, 51.2e6));
    }

    /// A dot product of 10^6 pairs that took 500 us takes 50 us for 10^5. The exponent of a
    /// Minkowski distance counts: 6 operations an element instead of 4.
    #[test]
    fn a_task_takes_what_the_usual_one_took_by_operations() {
        let dot = [("task_dot_f64", 5e5, "ns")];
        assert!((task("dot.f64.100000", 1, 0.0, &dot).time - 5e4).abs() < 1e-6);
        let distance = [("task_minkowski_f64", 1000.0, "ns")];
        assert_eq!(
            task("minkowski-5.f64.10000", 1, 0.0, &distance).time,
            1500.0
        );
    }

    /// 16 MB of which half is in no cache, at 10 bytes/ns: 0.8 ms, during which 8 MB are moved.
    #[test]
    fn data_in_no_cache_comes_no_faster_than_from_memory() {
        let known = [
            ("task_dot_f64", 5e5, "ns"),
            ("memory_thread", 10.0, "bytes/ns"),
        ];
        let Task { time, traffic } = task("dot.f64.1000000", 1, 0.5, &known);
        assert_eq!((time, traffic), (8e5, 10.0));
        assert_eq!(spilled(64.0, 32.0), 0.5);
        assert_eq!(spilled(32.0, 32.0), 0.0);
    }

    /// 4 x 10^6 bytes at 10 bytes/ns and no operations: 0.4 ms; at 100 ns for each of the 976.5625
    /// pages mapped anew 97 656 ns more.
    #[test]
    fn what_was_not_measured_is_reckoned_from_the_account() {
        let known = [
            ("refill_rate", 10.0, "bytes/ns"),
            ("page_fault", 100.0, "ns"),
        ];
        assert_eq!(task("fill-again.f32.1000", 1, 0.0, &known).time, 4e5);
        assert_eq!(task("fill-fresh.f32.1000", 1, 0.0, &known).time, 497_656.25);
    }
}

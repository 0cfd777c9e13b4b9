//! Which parameters are there, and in which unit?

use std::num::NonZeroU32;

use super::Parameters;
use crate::experiment::Family;

/// The smallest and the largest value of a parameter, both included.
pub(super) type Ends = [f64; 2];

/// What something takes; it may take no time [ns].
const TIME: Ends = [0.0, 1e11];
/// A time in which something happens [ns].
const SPAN: Ends = [1.0, 1e11];
/// Operations or bytes in a time, which divide [1/ns].
const RATE: Ends = [1e-6, 1e9];
/// [bytes].
const SIZE: Ends = [0.0, 1e15];
/// What multiplies and divides [1].
const FACTOR: Ends = [1e-3, 1e3];
/// [1].
const COUNT: Ends = [0.0, 1e9];

/// Parameters with their units. Files may set these, rates of products by order, times of tasks, and
/// no others. The quantum and the share of a thread beside a yielding one need not be known: they
/// follow from the kernel's version. Nor need empty regions, which are there to be compared.
pub(super) const UNITS: [(&str, &str, Ends); 40] = [
    ("arrive", "ns", TIME),
    ("efficiency", "1", FACTOR),
    ("flops_f32", "flop/ns", RATE),
    ("flops_f64", "flop/ns", RATE),
    ("half_size", "1", COUNT),
    ("handoff_llc", "ns", TIME),
    ("handoff_machine", "ns", TIME),
    ("handoff_next", "ns", TIME),
    ("handoff_package", "ns", TIME),
    ("idle_exit", "ns", TIME),
    ("idle_look", "ns", TIME),
    ("interrupt", "ns", TIME),
    ("look", "ns", TIME),
    ("memory_link", "bytes/ns", RATE),
    ("memory_node", "bytes/ns", RATE),
    ("memory_thread", "bytes/ns", RATE),
    ("page_fault", "ns", TIME),
    ("private_cache", "bytes", SIZE),
    ("probing", "ns", TIME),
    ("quantum", "ns", SPAN),
    ("refill_rate", "bytes/ns", RATE),
    ("region_active", "ns", TIME),
    ("region_passive", "ns", TIME),
    ("region_yield", "ns", TIME),
    ("repack", "1", COUNT),
    ("shared_cache", "bytes", SIZE),
    ("smt_compute", "1", FACTOR),
    ("smt_spin", "1", FACTOR),
    ("smt_yield", "1", FACTOR),
    ("switch", "ns", TIME),
    ("take", "ns", TIME),
    ("thread_create", "ns", TIME),
    ("together", "1", FACTOR),
    ("tsc", "1/ns", FACTOR),
    ("unexplained", "1", COUNT),
    ("wake_call", "ns", TIME),
    ("wake_each", "ns", TIME),
    ("warm_up", "ns", TIME),
    ("yield_call", "ns", TIME),
    ("yield_share", "1", COUNT),
];

/// Unit and range of the parameter called `name`, where there can be one of that name.
pub(super) fn unit(name: &str) -> Option<(&'static str, Ends)> {
    let fixed = UNITS.iter().find(|(known, ..)| *known == name);
    let by_order = || {
        let (rate, order) = name.rsplit_once('_')?;
        let known = ["flops_f32", "flops_f64"].contains(&rate);
        (known && order.parse::<NonZeroU32>().is_ok()).then_some(("flop/ns", RATE))
    };
    let of_task = || {
        let mut tasks = Family::ALL.into_iter().flat_map(|family| {
            let dtypes = family.dtypes().iter();
            dtypes.map(move |dtype| Parameters::task(family, *dtype))
        });
        tasks.any(|task| task == name).then_some(("ns", TIME))
    };
    fixed
        .map(|(_, unit, ends)| (*unit, *ends))
        .or_else(by_order)
        .or_else(of_task)
}

//! Which parameters are there, and in which unit?

use std::num::NonZeroU32;

use super::Parameters;
use crate::experiment::Family;

/// Parameters with their units. Files may set these, rates of products by order, times of tasks, and
/// no others. The quantum and the share of a thread beside a yielding one need not be known: they
/// follow from the kernel's version. Nor need empty regions, which are there to be compared.
pub(super) const UNITS: [(&str, &str); 40] = [
    ("arrive", "ns"),
    ("efficiency", "1"),
    ("flops_f32", "flop/ns"),
    ("flops_f64", "flop/ns"),
    ("half_size", "1"),
    ("handoff_llc", "ns"),
    ("handoff_machine", "ns"),
    ("handoff_next", "ns"),
    ("handoff_package", "ns"),
    ("idle_exit", "ns"),
    ("idle_look", "ns"),
    ("interrupt", "ns"),
    ("look", "ns"),
    ("memory_link", "bytes/ns"),
    ("memory_node", "bytes/ns"),
    ("memory_thread", "bytes/ns"),
    ("page_fault", "ns"),
    ("private_cache", "bytes"),
    ("probing", "ns"),
    ("quantum", "ns"),
    ("refill_rate", "bytes/ns"),
    ("region_active", "ns"),
    ("region_passive", "ns"),
    ("region_yield", "ns"),
    ("repack", "1"),
    ("shared_cache", "bytes"),
    ("smt_compute", "1"),
    ("smt_spin", "1"),
    ("smt_yield", "1"),
    ("switch", "ns"),
    ("take", "ns"),
    ("thread_create", "ns"),
    ("together", "1"),
    ("tsc", "1/ns"),
    ("unexplained", "1"),
    ("wake_call", "ns"),
    ("wake_each", "ns"),
    ("warm_up", "ns"),
    ("yield_call", "ns"),
    ("yield_share", "1"),
];

/// Unit of the parameter called `name`, where there can be one of that name.
pub(super) fn unit(name: &str) -> Option<&'static str> {
    let fixed = UNITS.iter().find(|(known, _)| *known == name);
    let by_order = || {
        let (rate, order) = name.rsplit_once('_')?;
        let known = ["flops_f32", "flops_f64"].contains(&rate);
        (known && order.parse::<NonZeroU32>().is_ok()).then_some("flop/ns")
    };
    let of_task = || {
        let mut tasks = Family::ALL.into_iter().flat_map(|family| {
            let dtypes = family.dtypes().iter();
            dtypes.map(move |dtype| Parameters::task(family, *dtype))
        });
        tasks.any(|task| task == name).then_some("ns")
    };
    fixed
        .map(|(_, unit)| *unit)
        .or_else(by_order)
        .or_else(of_task)
}

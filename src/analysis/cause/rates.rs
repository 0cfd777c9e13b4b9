//! How near does a cell come to what the machine can do?

use super::Evidence;
use super::facts::{Facts, RunContext};

/// The rates of a cell beside the limits that were measured when its run began, where both are known.
pub(super) fn rates(here: &Facts, setting: &RunContext) -> Vec<Evidence> {
    let ruler = &setting.ruler;
    let peaks = ruler.peaks.iter();
    let mut peaks = peaks.filter(|peak| Some(peak.dtype) == here.cell.workload.dtype());
    let giga = |quantity, unit, here: Option<f64>, most: Option<f64>| {
        Some(Evidence {
            quantity,
            unit,
            here: here? / 1e9,
            reference: Some(most? / 1e9),
        })
    };
    let flops = giga(
        "operations, against the fastest product of P threads",
        "GFLOP/s",
        here.flops,
        peaks.next().map(|peak| peak.flops),
    );
    let bytes = giga(
        "memory traffic, against what P threads read together",
        "GB/s",
        here.traffic,
        ruler.memory_bandwidth,
    );
    flops.into_iter().chain(bytes).collect()
}

//! What does a thread get from the caches and from the memory, alone and beside all others?

use std::hint;
use std::sync::Barrier;

use super::work::time;
use super::{Bench, CalibrationError, nanos};
use crate::clock;
use crate::experiment::{Computation, Dtype, Family};
use crate::host::ruler::bandwidth::{bandwidths, last_level};
use crate::machine::{CpuSet, ObjectKind, PuId, Topology};
use crate::stats::median;

/// Bytes of a cache line.
const LINE: usize = 64;

/// Bytes of a page.
const PAGE: f64 = 4096.0;

/// Refill of the cache of a core, reading from memory, first touch, and all PUs at once.
pub(super) fn measure(
    bench: &mut Bench,
    topology: &Topology,
    pus: &[PuId],
) -> Result<(), CalibrationError> {
    refill(bench, pus[0], topology)?;
    from_memory(bench, topology, pus.len() as u32);
    first_touch(bench, pus[0])
}

/// The first PU of each core that may be used.
pub(super) fn one_of_each_core(topology: &Topology, allowed: &CpuSet) -> Vec<PuId> {
    let order = topology.pu_order().into_iter();
    let mut left: Vec<PuId> = order.filter(|pu| allowed.contains(*pu)).collect();
    for core in topology.objects(ObjectKind::Core) {
        let mut first = true;
        left.retain(|pu| !core.cpuset.contains(*pu) || std::mem::take(&mut first));
    }
    left
}

/// How fast the cache of a core is filled again after others used it.
fn refill(bench: &mut Bench, pu: PuId, topology: &Topology) -> Result<(), CalibrationError> {
    let cache = topology.objects(ObjectKind::Cache(2));
    let Some(bytes) = cache.first().and_then(|cache| cache.bytes) else {
        bench.unknown(
            "refill_rate, private_cache, shared_cache",
            "the machine does not tell the sizes of its caches",
        );
        return Ok(());
    };
    let half = bytes as usize / 2;
    let mut rates = vec![];
    for _ in 0..bench.repetitions {
        let body = Box::new(move || refill_rate(half));
        rates.extend(bench.on(vec![(pu, body as Box<dyn FnOnce() -> Option<f64> + Send>)])?);
    }
    let rates: Vec<f64> = rates.into_iter().flatten().collect();
    let how = "reading half of the L2 after others filled it, against reading it again";
    bench.note(("refill_rate", "bytes/ns"), how, &rates);
    bench.unknown(
        "private_cache, shared_cache",
        "not measured: taken from the topology",
    );
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

/// Reading arrays beyond all caches by one thread, and by one on each of `cores` cores.
fn from_memory(bench: &mut Bench, topology: &Topology, cores: u32) {
    let nodes = topology.count(ObjectKind::NumaNode).max(1) as f64;
    for (name, threads, nodes, how) in [
        (
            "memory_thread",
            1,
            1.0,
            "reading an array beyond all caches by one thread",
        ),
        (
            "memory_node",
            cores,
            nodes,
            "the same by a thread a core, by NUMA nodes",
        ),
    ] {
        match bandwidths(threads, last_level(topology)) {
            Some(rates) => {
                let rates: Vec<f64> = rates.iter().map(|rate| rate / nodes / 1e9).collect();
                bench.note((name, "bytes/ns"), how, &rates);
            }
            None => bench.unknown(
                name,
                "too little memory is free for arrays beyond all caches",
            ),
        }
    }
}

/// What a page costs that the system maps anew.
fn first_touch(bench: &mut Bench, pu: PuId) -> Result<(), CalibrationError> {
    let [fresh, again] = [Family::FillFresh, Family::FillAgain].map(|f| f.usual(Dtype::F64));
    let (Some(fresh), Some(again)) = (fresh, again) else {
        return Ok(());
    };
    let pages = fresh.account(1).fresh as f64 / PAGE;
    let mut costs = vec![];
    for _ in 0..bench.repetitions {
        let body = Box::new(|| (time(&fresh, 1) - time(&again, 1)).max(0.0) / pages);
        costs.extend(bench.on(vec![(pu, body as Box<dyn FnOnce() -> f64 + Send + '_>)])?);
    }
    let how = "filling a matrix in new memory, against in used memory";
    bench.note(("page_fault", "ns"), how, &costs);
    Ok(())
}

/// How fast each core is while all are busy, a few times. Whether a virtual machine's PUs are a core
/// each may change while it runs, so that one moment does not tell.
pub(super) fn together(bench: &Bench, pus: &[PuId]) -> Result<Vec<f64>, CalibrationError> {
    let Some(task) = Family::Weak.usual(Dtype::F64).filter(|_| pus.len() > 1) else {
        return Ok(Vec::new());
    };
    let mut speeds = vec![];
    for _ in 0..bench.repetitions {
        let alone = mean(&at_once(bench, &pus[..1], &task)?);
        speeds.push((alone / mean(&at_once(bench, pus, &task)?)).min(1.0));
    }
    Ok(speeds)
}

/// Notes what came of all these times.
pub(super) fn note_together(bench: &mut Bench, speeds: &[f64]) {
    if speeds.is_empty() {
        return bench.unknown("together", "only one core may be used");
    }
    let how = "arithmetic on each core while all others do the same, against alone";
    bench.note(("together", "1"), how, speeds);
}

fn mean(times: &[f64]) -> f64 {
    times.iter().sum::<f64>() / times.len() as f64
}

/// Time of a task on each of `pus`, all at the same time [ns].
fn at_once(bench: &Bench, pus: &[PuId], task: &Computation) -> Result<Vec<f64>, CalibrationError> {
    let line = Barrier::new(pus.len());
    let body = || -> Box<dyn FnOnce() -> f64 + Send + '_> {
        Box::new(|| {
            line.wait();
            time(task, 1)
        })
    };
    bench.on(pus.iter().map(|pu| (*pu, body())).collect())
}

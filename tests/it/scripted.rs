//! Run folders made from a script instead of a measurement.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use oversub::experiment::{Composition, CpuCounts, Plan, Request, Runtime, Visit, WaitPolicy};
use oversub::machine::{CpuBudget, KernelFacts, Topology};
use oversub::record::{Answer, FORMAT_VERSION, Ruler, RunFolder, RunHeader, Sample};
use oversub::runner::{Scripted, Sweep};

/// The machine of a scripted run: one package of `cores` with `pus_per_core` PUs each, all of
/// which may be used.
#[derive(Clone, Copy)]
pub(crate) struct Machine {
    pub(crate) cores: u32,
    pub(crate) pus_per_core: u32,
}

impl Machine {
    pub(crate) fn pus(self) -> u32 {
        self.cores * self.pus_per_core
    }

    fn landmarks(self) -> CpuCounts {
        CpuCounts {
            budget: self.pus(),
            physical: self.cores,
            logical: self.pus(),
        }
    }

    fn topology(self) -> Topology {
        let Self {
            cores,
            pus_per_core,
        } = self;
        Topology::synthetic(&format!("pack:1 core:{cores} pu:{pus_per_core}")).unwrap()
    }
}

/// The plan that a TOML request means on `machine`.
pub(crate) fn plan(request: &str, machine: Machine) -> Plan {
    let request: Request = toml::from_str(request).unwrap();
    request.plan(machine.landmarks()).unwrap()
}

fn header(plan: Plan, machine: Machine) -> RunHeader {
    let topology = machine.topology();
    RunHeader {
        format_version: FORMAT_VERSION,
        name: "scripted".to_owned(),
        argv: vec!["oversub".to_owned(), "sweep".to_owned()],
        started: "2026-11-21T12:00:00Z".to_owned(),
        host: None,
        processor: Some("Scripted CPU @ 2.00 GHz".to_owned()),
        plan,
        budget: CpuBudget::all_of(topology.pus().clone()),
        topology,
        kernel: KernelFacts::default(),
        environment: BTreeMap::new(),
        versions: BTreeMap::from([("oversub".to_owned(), "0.1.0".to_owned())]),
        git_revision: None,
        ruler: Ruler::default(),
        blas: BTreeMap::new(),
        not_available: BTreeMap::new(),
        files: BTreeMap::new(),
        changes: Vec::new(),
    }
}

/// Writes a run of `plan` to `folder`, answered by `answer`.
pub(crate) fn write(
    folder: &Path,
    plan: &Plan,
    machine: Machine,
    answer: impl FnMut(&Visit, u32) -> Answer,
) {
    let (mut sink, recorded) = RunFolder::open(folder, &header(plan.clone(), machine)).unwrap();
    let sweep = Sweep {
        runner: &mut Scripted(answer),
        sink: &mut sink,
        observer: &mut (),
        cancel: &AtomicBool::new(false),
        clock: || 0,
    };
    sweep.run(plan, recorded, None).unwrap();
}

/// A plausible answer: work shared by min(D, P) CPUs at 25 GFLOP/s each, a price for every thread
/// beyond P that is steep where idle threads spin, and up to 2 % noise.
pub(crate) fn plausible(machine: Machine) -> impl FnMut(&Visit, u32) -> Answer {
    move |visit, rep| {
        let cell = &visit.cell;
        let demand = f64::from(cell.demand());
        let pus = f64::from(machine.pus());
        let over = (demand / pus).max(1.0);
        let free = matches!(
            cell.composition,
            Composition::Exclusive | Composition::Counting | Composition::Shared
        );
        let price = match cell.runtime {
            _ if cell.inner.get() == 1 || free => 1.0 + 0.05 * over.log2(),
            Runtime::ForkJoin(WaitPolicy::Active) => over.powf(2.6),
            Runtime::ForkJoin(WaitPolicy::Yield) => over.powf(1.2),
            Runtime::ForkJoin(WaitPolicy::SpinThenPark(_)) => over.powf(0.6),
            Runtime::ForkJoin(WaitPolicy::Passive)
            | Runtime::Rayon
            | Runtime::Blas(_)
            | Runtime::Modelled(_)
            | Runtime::Program => over.powf(0.3),
        };
        let sync = 1.0 + 0.03 * f64::from(cell.inner.get() - 1);
        let noise = 1.0 + 0.002 * f64::from((visit.round * 7 + rep * 3 + cell.demand()) % 11);
        let seconds =
            cell.flops().unwrap() as f64 / (25e9 * demand.min(pus)) * price * sync * noise;
        let wait = (demand - pus).max(0.0) * seconds;
        Answer::Ok(Sample {
            wall: Duration::from_secs_f64(seconds),
            cpu: Some(Duration::from_secs_f64(seconds * demand.min(pus))),
            tasks_done: Some(cell.tasks.get()),
            voluntary_switches: Some(3 * u64::from(cell.demand())),
            involuntary_switches: Some((wait * 300.0) as u64),
            run_queue_wait: Some(Duration::from_secs_f64(wait)),
            threads: Some(cell.demand()),
            ..Sample::default()
        })
    }
}

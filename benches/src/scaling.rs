//! Does an event of the simulator cost the same on a small machine and on a large one?

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use oversub::experiment::{Protocol, Visit};
use oversub::machine::Topology;
use oversub::runner::VisitRequest;
use oversub::sim::{KernelVersion, Machine, Model, Parameters, Predictor, Scheduler};

use crate::turn::Spread;

const PUS: [u32; 5] = [4, 16, 64, 256, 1024];
/// Tasks of each worker.
const TASKS: u32 = 64;
const ROUNDS: usize = 5;
const KERNEL: KernelVersion = KernelVersion {
    major: 6,
    minor: 12,
};

/// Prints the table.
pub fn table() {
    println!(
        "\nsimulating matmul.f64.256, {TASKS} tasks a worker, teams of 4, one package with one cache:\n\
         passive with two threads a PU, active with one; every task simulated\n\n\
         {:>6}{:>10}{:>12}  time of an event [ns]",
        "PUs", "wait", "events"
    );
    for (wait, share) in [("passive", 2), ("active", 4)] {
        for pus in PUS {
            match costs(pus, &cell(pus / share, wait)) {
                Ok((events, ns)) => println!("{pus:>6}{wait:>10}{events:>12}  {ns:.0}"),
                Err(why) => eprintln!("{pus} PUs: {why}"),
            }
        }
    }
}

fn cell(workers: u32, wait: &str) -> String {
    let tasks = TASKS * workers;
    format!("matmul.f64.256_{workers}x4_fork-join.{wait}_independent_unbound_queue.1_t{tasks}")
}

/// Events of `cell` on a machine of `pus` PUs, and the time of one [ns].
fn costs(pus: u32, cell: &str) -> Result<(u64, Spread), String> {
    let said = |error: &dyn std::fmt::Display| error.to_string();
    let topology = Topology::synthetic(&format!("pack:1 [numa] l3:1 core:{} pu:2", pus / 2))
        .map_err(|error| said(&error))?;
    let machine = Machine {
        allowed: topology.pus().clone(),
        kernel: Scheduler::of(KERNEL, 250, topology.pus().len()),
        topology,
        quota: None,
        parameters: Parameters::preset("epyc-9004").map_err(|error| said(&error))?,
    };
    let predictor = Predictor::new(machine, Model::Slices).map_err(|error| said(&error))?;
    let visit = Visit {
        round: 1,
        cell: cell.parse().map_err(|error| said(&error))?,
    };
    let protocol = Protocol {
        seed: 1,
        ..Protocol::of_one_visit(NonZeroU32::MIN, 0, Duration::from_secs(60))
    };
    let ask = VisitRequest::new(visit, &protocol, pus);
    let mut events = 0;
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let reports = predictor.reports(&ask);
        let spent = start.elapsed().as_nanos() as f64;
        events = reports.iter().map(|(_, report)| report.events).sum();
        times.push(spent / events as f64);
    }
    let spread = Spread::of(&times).ok_or("no time")?;
    Ok((events, spread))
}

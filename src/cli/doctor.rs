//! What may I really use here, and what will each runtime think?

mod budget;
mod libraries;
mod machine;
mod other;
mod page;
mod report;

use std::path::PathBuf;

use super::{UsageError, screen};
use crate::app::{folders, itself, output, read_machine, variables};
use crate::host::probes;
use crate::machine::{
    CpuBudget, GroupQuota, HostFacts, Memory, OnlinePus, Surroundings, System, ThreadChoice,
    ThreadLimit, Topology, thread_choices,
};
use crate::process::versions;
use crate::view;
use crate::view::canvas::FigureFormat;
use libraries::{Library, libraries};
use other::OtherMachine;
use report::ThisMachine;

/// Shows what this machine is, how much of it this process may use, and how many threads each
/// runtime would start.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  oversub doctor                                     this machine, as this process may use it
  oversub doctor --plot machine.svg                  its topology as a picture
  oversub doctor --json | jq .budget                 for scripts
  oversub doctor --machine 'pack:2 [numa] core:16 pu:2'   a machine that is not here")]
pub(super) struct Args {
    /// Print everything as JSON; the fields are described in docs/scripting.md.
    #[arg(long)]
    json: bool,
    /// Draw the topology into this file, as PNG or SVG by its extension.
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Show another machine: an hwloc synthetic description such as `pack:2 core:8 pu:2`, or a file
    /// written by `lstopo machine.xml` of hwloc 2 or 3.
    #[arg(long, value_name = "MACHINE")]
    machine: Option<String>,
    /// Overwrite the file of --plot.
    #[arg(long)]
    force: bool,
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<()> {
        self.check_plot()?;
        match &self.machine {
            None => self.this_machine(),
            Some(machine) => self.other_machine(machine),
        }
    }

    /// Refuses before anything is read: an extension that is no picture, a place that is not free.
    fn check_plot(&self) -> anyhow::Result<()> {
        let Some(path) = &self.plot else {
            return Ok(());
        };
        FigureFormat::of(path).map_err(|error| UsageError(error.to_string()))?;
        Ok(output::claim(path, self.force)?)
    }

    fn this_machine(&self) -> anyhow::Result<()> {
        let topology = Topology::discover()?;
        let budget = CpuBudget::discover();
        let program = itself()?;
        let libraries = libraries(&program);
        let report = ThisMachine {
            threads: choices(&budget, &libraries),
            host: HostFacts::discover(),
            online: OnlinePus::discover(),
            thread_limit: ThreadLimit::discover(),
            memory: Memory::discover(),
            probes: probes(),
            libraries,
            topology,
            budget,
        };
        let name = report
            .host
            .host
            .clone()
            .unwrap_or_else(|| "this machine".to_owned());
        self.draw(&report.topology, &report.budget.allowed, &name)?;
        let told = if self.json {
            report.json()?
        } else {
            report.text()
        };
        screen::say(told.trim_end())
    }

    fn other_machine(&self, machine: &str) -> anyhow::Result<()> {
        let topology = read_machine(machine)?;
        self.draw(&topology, &topology.allowed(), machine)?;
        let report = OtherMachine {
            machine,
            topology: &topology,
        };
        let told = if self.json {
            report.json()?
        } else {
            report.text()
        };
        screen::say(told.trim_end())
    }

    fn draw(
        &self,
        topology: &Topology,
        allowed: &crate::machine::CpuSet,
        name: &str,
    ) -> anyhow::Result<()> {
        let Some(path) = &self.plot else {
            return Ok(());
        };
        view::topology::draw(topology, allowed, name, path)?;
        screen::note(format_args!("wrote {}", path.display()));
        Ok(())
    }
}

/// What each runtime would decide here, at the version that is here.
fn choices(budget: &CpuBudget, libraries: &[Library]) -> Vec<ThreadChoice> {
    let libgomp = folders().file("libgomp.so.1");
    thread_choices(&Surroundings {
        budget,
        quota: GroupQuota::read(&System::here()),
        environment: &variables(),
        versions: &versions(libgomp.as_deref()),
        openblas: libraries.iter().find_map(Library::openblas),
    })
}

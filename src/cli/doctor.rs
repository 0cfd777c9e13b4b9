//! What may I really use here?

use crate::machine::CpuBudget;

/// Shows what this machine is and how much of it this process may use.
#[derive(clap::Args)]
pub(super) struct Args {}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let budget = CpuBudget::discover();
        println!("P = {} CPUs: PUs {}", budget.cpus, budget.allowed);
        Ok(())
    }
}

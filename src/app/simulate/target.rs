//! Which machine is to be simulated?

use std::path::Path;

use crate::app::{Error, Setup, Simulation, UsageError, read_machine};
use crate::machine::{CpuBudget, KernelFacts, Limit, LimitKind, LimitSource, Topology};
use crate::record::RunFolder;
use crate::units::range;

/// The machine to be simulated as far as it is known without the parameters.
pub(in crate::app) struct Target {
    pub(in crate::app) topology: Topology,
    pub(in crate::app) budget: CpuBudget,
    facts: KernelFacts,
    /// What was assumed of it where it was simulated before.
    before: Option<Simulation>,
}

impl Target {
    /// The machine that `setup` names, or this one.
    pub(in crate::app) fn of(setup: &Setup) -> Result<Self, Error> {
        let Some(text) = &setup.machine else {
            return Ok(Self {
                topology: Topology::discover().map_err(Error::because)?,
                budget: setup.limited(CpuBudget::discover())?,
                facts: KernelFacts::discover(),
                before: None,
            });
        };
        if Path::new(text).join("run.json").is_file() {
            return Self::of_run(Path::new(text), setup);
        }
        let topology = read_machine(text)?;
        let budget = CpuBudget::all_of(topology.allowed());
        Ok(Self {
            topology,
            budget: setup.limited(budget)?,
            facts: KernelFacts::default(),
            before: None,
        })
    }

    /// The machine of the run in `folder`, measured or simulated.
    fn of_run(folder: &Path, setup: &Setup) -> Result<Self, Error> {
        let (header, _) = RunFolder::read(folder)?;
        Ok(Self {
            topology: header.topology,
            budget: setup.limited(header.budget)?,
            facts: header.kernel,
            before: Simulation::of_run(folder)?,
        })
    }

    /// What is assumed of it: as in the run that it was taken from, unless `setup` says otherwise.
    pub(in crate::app) fn simulation(&self, setup: &Setup) -> Result<Simulation, UsageError> {
        let mut simulation = match self.before.clone() {
            Some(before) => setup.over(before, &self.budget)?,
            None => {
                let assumed = setup.simulation(&self.facts, &self.budget)?;
                match setup.machine {
                    Some(_) => assumed.elsewhere(),
                    None => assumed,
                }
            }
        };
        simulation.kinds_as_alike = self.topology.is_hybrid();
        Ok(simulation)
    }
}

impl Setup {
    /// `budget` under the quota that was asked for instead of its own.
    fn limited(&self, mut budget: CpuBudget) -> Result<CpuBudget, UsageError> {
        let Some(cpus) = self.quota else {
            return Ok(budget);
        };
        let cpus = range::QUOTA.check(cpus).map_err(UsageError::of)?;
        let source = LimitSource::CgroupQuota("--quota".to_owned());
        let is_quota = |limit: &Limit| matches!(limit.source, LimitSource::CgroupQuota(_));
        budget.limits.retain(|limit| !is_quota(limit));
        budget.limits.push(Limit { source, cpus });
        budget
            .unknown
            .retain(|unknown| unknown.kind != LimitKind::CpuQuota);
        budget.cpus = cpus.min(budget.allowed.len() as f64);
        Ok(budget)
    }
}

//! What is assumed of a simulated machine and its kernel?
//!
//! What is said of it, together with what is known of the machine: everything but the plan that decides
//! the answers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Error, UsageError, output};
use crate::file;
use crate::machine::{CpuBudget, HostFacts, KernelFacts, Topology};
use crate::sim::{
    KernelVersion, Machine, Model, Parameters, Quota, Scheduler, TickMode, YieldRule,
};
use crate::units::range;

/// Where it is kept in the folder of a run.
const FILE: &str = "simulation.toml";

/// Length of a quota period [ns].
// Source: kernel/sched/fair.c default_cfs_period.
const PERIOD: u64 = 100_000_000;

/// Scheduler assumed for a machine that is not here.
const USUAL_KERNEL: KernelVersion = KernelVersion {
    major: 6,
    minor: 12,
};

/// Ticks a second of most distributions' kernels [Hz].
const USUAL_HZ: u32 = 250;

/// Part by which a measured quantum may differ from that of the kernel's version: less is chance.
const TOLERANCE: f64 = 0.25;

/// Part of a PU above which whoever computes there is not shared with who yields: between half of
/// it, as beside any thread, and all of it.
const GIVES_UP: f64 = 0.75;

/// Which machine is simulated, and how; what is not said is as on this machine, or usual. The keys of
/// the table `[simulate]` of an experiment file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Setup {
    /// hwloc synthetic description, lstopo XML file, or the folder of a run, whose machine, quota and
    /// parameters are taken.
    pub machine: Option<String>,
    /// What things cost: the name of a preset or a TOML file.
    pub preset: Option<String>,
    /// What was measured on the machine; what it does not say is as in the preset.
    pub calibration: Option<PathBuf>,
    /// Parameters that are otherwise than in either, each in its unit.
    pub set: ParameterOverride,
    /// Version of Linux.
    pub kernel: Option<KernelVersion>,
    /// Ticks a second [Hz].
    pub hz: Option<u32>,
    /// When slices are looked at.
    pub tick: Option<TickMode>,
    /// What sched_yield does.
    #[serde(rename = "yield")]
    pub yields: Option<YieldRule>,
    /// How faithful.
    pub model: Option<Model>,
    /// Quota [CPUs].
    pub quota: Option<f64>,
}

/// Values of parameters by their names.
pub type ParameterOverride = BTreeMap<String, f64>;

/// Everything but the plan that decides the answers; kept beside them as `simulation.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Simulation {
    /// How faithful.
    pub model: Model,
    kernel: KernelVersion,
    hz: u32,
    tick: TickMode,
    #[serde(rename = "yield")]
    yields: Option<YieldRule>,
    slice_ns: Option<u64>,
    quota_cpus: Option<f64>,
    /// Whether the machine is another than the one that calibrated itself.
    #[serde(default)]
    elsewhere: bool,
    /// Whether the machine has kinds of core that differ, which the simulator does not know.
    #[serde(default)]
    pub kinds_as_alike: bool,
    parameters: Parameters,
}

impl Setup {
    /// This set-up with what it does not say as in `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let mut set = other.set;
        set.extend(self.set);
        Self {
            machine: self.machine.or(other.machine),
            preset: self.preset.or(other.preset),
            calibration: self.calibration.or(other.calibration),
            set,
            kernel: self.kernel.or(other.kernel),
            hz: self.hz.or(other.hz),
            tick: self.tick.or(other.tick),
            yields: self.yields.or(other.yields),
            model: self.model.or(other.model),
            quota: self.quota.or(other.quota),
        }
    }

    /// What is assumed of a machine under `budget` whose kernel is known as `facts`.
    pub(super) fn simulation(
        &self,
        facts: &KernelFacts,
        budget: &CpuBudget,
    ) -> Result<Simulation, UsageError> {
        let here = facts
            .release
            .as_deref()
            .and_then(|release| release.parse().ok());
        // A slice that was read here belongs to the kernel that runs here.
        let own_kernel = self.kernel.is_none() || self.kernel == here;
        Ok(Simulation {
            model: self.model.unwrap_or(Model::Slices),
            kernel: self.kernel.or(here).unwrap_or(USUAL_KERNEL),
            hz: self.hz()?.or(facts.hz).unwrap_or(USUAL_HZ),
            tick: self.tick.unwrap_or(if facts.skews_ticks() {
                TickMode::Staggered
            } else {
                TickMode::Aligned
            }),
            yields: self.yields,
            slice_ns: facts.slice_ns.filter(|_| own_kernel),
            quota_cpus: budget.quota(),
            elsewhere: false,
            kinds_as_alike: false,
            parameters: self.parameters()?,
        })
    }

    /// What was assumed `before` of a machine now under `budget`, with these flags laid over it.
    pub(super) fn over(
        &self,
        before: Simulation,
        budget: &CpuBudget,
    ) -> Result<Simulation, UsageError> {
        let same_kernel = self.kernel.is_none_or(|kernel| kernel == before.kernel);
        let parameters = match (&self.preset, &self.calibration) {
            (None, None) => self.set(before.parameters)?,
            _ => self.parameters()?,
        };
        Ok(Simulation {
            model: self.model.unwrap_or(before.model),
            kernel: self.kernel.unwrap_or(before.kernel),
            hz: self.hz()?.unwrap_or(before.hz),
            tick: self.tick.unwrap_or(before.tick),
            yields: self.yields.or(before.yields),
            slice_ns: before.slice_ns.filter(|_| same_kernel),
            quota_cpus: budget.quota(),
            parameters,
            ..before
        })
    }

    fn parameters(&self) -> Result<Parameters, UsageError> {
        let preset = self.preset.as_deref().unwrap_or("generic");
        let preset = if preset.ends_with(".toml") {
            read(Path::new(preset))?
        } else {
            Parameters::preset(preset).map_err(UsageError::of)?
        };
        let parameters = match &self.calibration {
            Some(file) => read(file)?.over(preset),
            None => preset,
        };
        self.set(parameters)
    }

    /// `parameters` with those that flags set.
    fn set(&self, mut parameters: Parameters) -> Result<Parameters, UsageError> {
        for (name, value) in &self.set {
            parameters.set(name, *value).map_err(UsageError::of)?;
        }
        Ok(parameters)
    }

    fn hz(&self) -> Result<Option<u32>, UsageError> {
        let checked = self.hz.map(|hz| range::HZ.check(f64::from(hz)));
        let checked = checked.transpose().map_err(UsageError::of);
        checked.map(|_| self.hz)
    }
}

fn read(file: &Path) -> Result<Parameters, UsageError> {
    let name = file.display().to_string();
    Parameters::read(&name, &text(file)?).map_err(UsageError::of)
}

/// The text in the file at `path`, which a user wrote.
fn text(path: &Path) -> Result<String, UsageError> {
    let text = file::text(path, file::LARGEST_TEXT);
    text.map_err(|error| UsageError(format!("cannot read {}: {error}", path.display())))
}

impl Simulation {
    /// This machine, of which `measured` is known.
    ///
    /// # Errors
    ///
    /// If the preset that fills its gaps cannot be read.
    pub fn here(measured: Parameters, topology: &Topology) -> Result<Machine, UsageError> {
        let (facts, budget) = (HostFacts::discover(), CpuBudget::discover());
        let mut here = Setup::default().simulation(&facts.kernel, &budget)?;
        here.parameters = measured.over(here.parameters);
        Ok(here.machine(topology, &budget))
    }

    pub(super) fn machine(&self, topology: &Topology, budget: &CpuBudget) -> Machine {
        let mut kernel = Scheduler::of(self.kernel, self.hz, topology.pus().len());
        kernel.mode = self.tick;
        kernel = self
            .slice_ns
            .map_or(kernel, |slice| kernel.with_slice(slice));
        kernel = self.measured(kernel);
        kernel = self.yields.map_or(kernel, |rule| kernel.with_yield(rule));
        let quota = |cpus: f64| Quota {
            quota: (cpus * PERIOD as f64) as u64,
            period: PERIOD,
        };
        Machine {
            topology: topology.clone(),
            allowed: budget.allowed.clone(),
            kernel,
            quota: self.quota_cpus.map(quota),
            parameters: self.parameters.clone(),
        }
    }

    /// `kernel` where calibration found it to be otherwise than its version says.
    fn measured(&self, kernel: Scheduler) -> Scheduler {
        let quantum = self.parameters.known("quantum");
        let is_other = |quantum: &f64| {
            let expected = kernel.quantum() as f64;
            (quantum - expected).abs() > TOLERANCE * expected
        };
        let kernel = match quantum.filter(is_other) {
            Some(quantum) => kernel.with_slice(quantum as u64),
            None => kernel,
        };
        match self.parameters.known("yield_share") {
            Some(share) if share > GIVES_UP => kernel.with_yield(YieldRule::Forfeit),
            Some(_) => kernel.with_yield(YieldRule::Deadline),
            None => kernel,
        }
    }

    /// The same of a machine that is not here, where nothing was measured.
    pub(super) fn elsewhere(self) -> Self {
        Self {
            elsewhere: true,
            ..self
        }
    }

    fn is_calibrated(&self) -> bool {
        self.parameters.is_calibrated() && !self.elsewhere
    }

    /// What the header says of host and kernel; figures show the processor's name.
    pub(super) fn facts(&self) -> HostFacts {
        let calibrated = if self.is_calibrated() {
            ""
        } else {
            ", uncalibrated"
        };
        let machine = &self.parameters.machine;
        let extent = match self.model {
            Model::Steady => ", extrapolated",
            Model::Slices | Model::Fluid => "",
        };
        let kinds = self.kinds_in_words();
        HostFacts {
            host: None,
            processor: Some(format!("simulated {machine}{calibrated}{extent}{kinds}")),
            kernel: KernelFacts {
                release: Some(self.kernel.to_string()),
                hz: Some(self.hz),
                slice_ns: self.slice_ns,
                governor: None,
                arguments: Vec::new(),
            },
        }
    }

    /// Refuses a folder whose answers were made with other numbers.
    pub(super) fn refuse_other(&self, out: &Path) -> Result<(), Error> {
        let other = match Self::of_run(out) {
            Ok(None) if out.join("run.json").exists() => "a run that is no simulation",
            Ok(None) => return Ok(()),
            Ok(Some(found)) if found == *self => return Ok(()),
            Ok(Some(_)) | Err(_) => {
                "a simulation of another machine or kernel, or with other parameters (see its \
                 simulation.toml)"
            }
        };
        let out = out.display();
        Err(Error::Failed(format!(
            "{out} holds {other}; give --out another folder"
        )))
    }

    /// What was assumed in the run in `folder`, where it is a simulation.
    pub(super) fn of_run(folder: &Path) -> Result<Option<Self>, Error> {
        let path = folder.join(FILE);
        if !path.exists() {
            return Ok(None);
        }
        let cannot = format!("cannot read {}", path.display());
        let text = file::text(&path, file::LARGEST_TEXT).map_err(Error::in_doing(&cannot))?;
        let read = toml::from_str(&text).map_err(Error::in_doing(&cannot))?;
        Ok(Some(read))
    }

    pub(super) fn write(&self, out: &Path) -> Result<(), Error> {
        let cannot = "cannot write the simulation's parameters";
        let text = toml::to_string_pretty(self).map_err(Error::in_doing(cannot))?;
        output::write(&out.join(FILE), text.as_bytes())
    }

    /// What is simulated, in a line.
    pub fn in_words(&self) -> String {
        let calibrated = match (self.is_calibrated(), self.parameters.is_calibrated()) {
            (true, _) => "calibrated",
            (false, true) => "uncalibrated, with numbers of that machine for another one",
            (false, false) => "uncalibrated",
        };
        format!(
            "{}, Linux {} at {} Hz{}; {calibrated}: {} parameters",
            self.parameters.machine,
            self.kernel,
            self.hz,
            self.kinds_in_words(),
            self.parameters.summary()
        )
    }

    fn kinds_in_words(&self) -> &'static str {
        match self.kinds_as_alike {
            true => ", kinds of core taken as alike",
            false => "",
        }
    }
}

/// Threads that simulate several visits at a time: as many as may run here.
pub(super) fn threads() -> Result<rayon::ThreadPool, Error> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(CpuBudget::discover().whole() as usize)
        .build()
        .map_err(Error::in_doing("cannot start the threads that simulate"))
}

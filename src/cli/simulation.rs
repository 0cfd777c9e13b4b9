//! What is assumed of a simulated machine and its kernel?
//!
//! Flags shared by the verbs that simulate, and what they mean together with what is known of the
//! machine: everything but the plan that decides the answers.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::{UsageError, output, request};
use crate::experiment::Plan;
use crate::file;
use crate::machine::{CpuBudget, HostFacts, KernelFacts, Topology};
use crate::runner::Ask;
use crate::sim::{
    Kernel, KernelVersion, Machine, Model, ParameterError, Parameters, Quota, TickMode, YieldRule,
};
use crate::text::ParseError;
use crate::units::range;

/// Length of a quota period [ns].
// Source: kernel/sched/fair.c default_cfs_period.
const PERIOD: u64 = 100_000_000;

/// Kernel assumed for a machine that is not here.
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

/// What the machine costs and how its kernel behaves.
#[derive(clap::Args)]
pub(super) struct Assumptions {
    /// What things cost: generic, epyc-9004, epyc-9004-vm, cortex-a76, xeon-e5-v4, xeon-spr, or a file
    /// [default: generic].
    #[arg(long, value_name = "NAME|FILE.toml")]
    pub(super) preset: Option<String>,
    /// What `oversub calibrate` measured on the machine; what it does not say is as in the preset.
    #[arg(long, value_name = "FILE.toml")]
    pub(super) calibration: Option<PathBuf>,
    /// A parameter of the preset or the calibration, in its unit, such as flops_f64=17.4; may be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) set: Vec<Setting>,
    /// Version of Linux, such as 6.12 [default: this machine's, or 6.12 for another].
    #[arg(long, value_name = "VERSION")]
    pub(super) kernel: Option<KernelVersion>,
    /// Ticks a second [default: this machine's, or 250 for another].
    #[arg(long, value_name = "HZ")]
    pub(super) hz: Option<u32>,
    /// When slices are looked at: aligned, staggered or exact (HRTICK) [default: staggered under
    /// skew_tick=1, else aligned].
    #[arg(long, value_name = "MODE")]
    pub(super) tick: Option<TickMode>,
    /// What sched_yield does: deadline or forfeit [default: as the kernel version does].
    #[arg(long = "yield", value_name = "RULE")]
    pub(super) yields: Option<YieldRule>,
}

/// A parameter as the user says it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Setting {
    name: String,
    value: f64,
}

impl Setting {
    pub(super) fn new(name: String, value: f64) -> Self {
        Self { name, value }
    }
}

impl FromStr for Setting {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let bad = || ParseError::new("parameter", text, "NAME=VALUE, such as flops_f64=17.4");
        let (name, value) = text.split_once('=').ok_or_else(bad)?;
        let value = value.parse().map_err(|_| bad())?;
        Ok(Self::new(name.to_owned(), value))
    }
}

/// Everything but the plan that decides the answers; kept beside them as `simulation.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Simulation {
    pub(super) model: Model,
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
    pub(super) kinds_as_alike: bool,
    parameters: Parameters,
}

impl Assumptions {
    /// The kernel that the machine has, and what `preset` says of the rest.
    pub(super) fn of(preset: String) -> Self {
        Self {
            preset: Some(preset),
            calibration: None,
            set: Vec::new(),
            kernel: None,
            hz: None,
            tick: None,
            yields: None,
        }
    }

    /// What is assumed of a machine under `budget` whose kernel is known as `facts`.
    pub(super) fn simulation(
        &self,
        facts: &KernelFacts,
        budget: &CpuBudget,
        model: Model,
    ) -> Result<Simulation, UsageError> {
        let here = facts
            .release
            .as_deref()
            .and_then(|release| release.parse().ok());
        // A slice that was read here belongs to the kernel that runs here.
        let own_kernel = self.kernel.is_none() || self.kernel == here;
        Ok(Simulation {
            model,
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
            Parameters::preset(preset).map_err(usage)?
        };
        let parameters = match &self.calibration {
            Some(file) => read(file)?.over(preset),
            None => preset,
        };
        self.set(parameters)
    }

    /// `parameters` with those that flags set.
    fn set(&self, mut parameters: Parameters) -> Result<Parameters, UsageError> {
        for Setting { name, value } in &self.set {
            parameters.set(name, *value).map_err(usage)?;
        }
        Ok(parameters)
    }

    fn hz(&self) -> Result<Option<u32>, UsageError> {
        let checked = self.hz.map(|hz| range::HZ.check(f64::from(hz)));
        let checked = checked
            .transpose()
            .map_err(|error| UsageError(error.to_string()));
        checked.map(|_| self.hz)
    }
}

fn usage(error: ParameterError) -> UsageError {
    UsageError(error.to_string())
}

fn read(file: &Path) -> Result<Parameters, UsageError> {
    let name = file.display().to_string();
    Parameters::read(&name, &request::text(file)?).map_err(usage)
}

impl Simulation {
    /// This machine, of which `measured` is known.
    pub(super) fn here(measured: Parameters, topology: &Topology) -> Result<Machine, UsageError> {
        let (facts, budget) = (HostFacts::discover(), CpuBudget::discover());
        let (generic, slices) = (Assumptions::of("generic".to_owned()), Model::Slices);
        let mut here = generic.simulation(&facts.kernel, &budget, slices)?;
        here.parameters = measured.over(here.parameters);
        Ok(here.machine(topology, &budget))
    }

    pub(super) fn machine(&self, topology: &Topology, budget: &CpuBudget) -> Machine {
        let mut kernel = Kernel::of(self.kernel, self.hz, topology.pus().len());
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
    fn measured(&self, kernel: Kernel) -> Kernel {
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
    pub(super) fn refuse_other(&self, out: &Path) -> anyhow::Result<()> {
        let path = out.join("simulation.toml");
        if !path.exists() {
            let taken = out.join("run.json").exists();
            anyhow::ensure!(
                !taken,
                "{} holds a run that is no simulation; give --out another folder",
                out.display()
            );
            return Ok(());
        }
        let text = request::text(&path)?;
        let same = toml::from_str::<Self>(&text).is_ok_and(|found| found == *self);
        anyhow::ensure!(
            same,
            "{} holds a simulation of another machine or kernel, or with other parameters \
             (see its simulation.toml); give --out another folder",
            out.display()
        );
        Ok(())
    }

    /// What was assumed in the run in `folder`, where it is a simulation.
    pub(super) fn of_run(folder: &Path) -> anyhow::Result<Option<Self>> {
        let path = folder.join("simulation.toml");
        if !path.exists() {
            return Ok(None);
        }
        let cannot = || format!("cannot read {}", path.display());
        let text = file::text(&path, file::LARGEST_TEXT).with_context(cannot)?;
        Ok(Some(toml::from_str(&text).with_context(cannot)?))
    }

    pub(super) fn write(&self, out: &Path) -> anyhow::Result<()> {
        let path = out.join("simulation.toml");
        let text =
            toml::to_string_pretty(self).context("cannot write the simulation's parameters")?;
        output::write(&path, text.as_bytes())
    }

    pub(super) fn in_words(&self) -> String {
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

/// What the plan asks of a runner, visit by visit.
pub(super) fn asks(plan: &Plan) -> Vec<Ask> {
    let ask = |visit| Ask {
        visit,
        first_rep: 1,
        last_rep: plan.protocol.reps,
        protocol: plan.protocol.clone(),
        budget: plan.budget,
    };
    plan.visits().map(ask).collect()
}

/// Threads that simulate several visits at a time: as many as may run here.
pub(super) fn threads() -> anyhow::Result<rayon::ThreadPool> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(CpuBudget::discover().whole() as usize)
        .build()
        .context("cannot start the threads that simulate")
}

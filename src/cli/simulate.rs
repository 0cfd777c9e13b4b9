//! `oversub simulate`: walk an outer x inner grid on a machine that need not be here.

mod breakdown;

use std::cell::RefCell;
use std::fs;
use std::io::{BufWriter, Write};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use breakdown::Breakdown;

use super::{UsageError, doctor, header, request, sweep};
use crate::experiment::{Count, Plan, Visit};
use crate::machine::{CpuBudget, HostFacts, KernelFacts, Limit, LimitSource, Topology};
use crate::record::{Ruler, RunFolder};
use crate::runner::Ask;
use crate::sim::{
    Kernel, KernelVersion, Machine, Model, Parameters, Predictor, Quota, Sim, TickMode, YieldRule,
};

/// Length of a quota period [ns].
// Source: kernel/sched/fair.c default_cfs_period.
const PERIOD: u64 = 100_000_000;

/// Rounds simulated unless said: chance decides where threads start, and a median wants three.
const ROUNDS: NonZeroU32 = NonZeroU32::new(3).expect("three is not zero");

/// Kernel assumed for a machine that is not here.
const USUAL_KERNEL: KernelVersion = KernelVersion {
    major: 6,
    minor: 12,
};

/// Ticks a second of most distributions' kernels [Hz].
const USUAL_HZ: u32 = 250;

/// Predicts every cell of an outer x inner grid on any machine, and says where its time would go.
///
/// Takes the axes of `sweep` and writes a run of the same form, which every other verb reads; its
/// breakdown.csv splits the time of the PUs into computing, spinning, yielding, switching, idling
/// and being throttled.
#[derive(clap::Args)]
#[command(
    args_override_self = true,
    allow_negative_numbers = true,
    after_help = "Examples:
  oversub simulate --wait active,passive                      this machine, for comparison
  oversub simulate --machine 'pack:2 [numa] l3:8 core:8 pu:2' --preset epyc-9004
  oversub simulate --machine lab.xml --preset xeon-e5-v4 --kernel 5.15 --hz 250 --quota 4"
)]
pub(super) struct Args {
    #[command(flatten)]
    request: request::Args,
    /// hwloc synthetic description or lstopo XML file [default: this machine].
    #[arg(long, value_name = "DESCRIPTION|FILE.xml")]
    machine: Option<String>,
    /// What things cost: generic, epyc-9004, epyc-9004-vm, cortex-a76, xeon-e5-v4, xeon-spr, or a file.
    #[arg(long, value_name = "NAME|FILE.toml", default_value = "generic")]
    preset: String,
    /// How faithful: slices (threads on run queues) or fluid (PUs divided at will; the baseline).
    #[arg(long, value_name = "MODEL", default_value = "slices")]
    model: Model,
    /// Version of Linux, such as 6.12 [default: this machine's, or 6.12 for another].
    #[arg(long, value_name = "VERSION")]
    kernel: Option<KernelVersion>,
    /// Ticks a second [default: this machine's, or 250 for another].
    #[arg(long, value_name = "HZ", value_parser = clap::value_parser!(u32).range(24..=10_000))]
    hz: Option<u32>,
    /// When slices are looked at: aligned, staggered or exact (HRTICK).
    #[arg(long, value_name = "MODE", default_value = "aligned")]
    tick: TickMode,
    /// What sched_yield does: deadline or forfeit [default: as the kernel version does].
    #[arg(long = "yield", value_name = "RULE")]
    yields: Option<YieldRule>,
    /// CPU quota in CPUs, such as 1.5 [default: this machine's, or none for another].
    #[arg(long, value_name = "CPUS")]
    quota: Option<f64>,
    /// Write who held which PU when, in the plan's only cell, for ui.perfetto.dev.
    #[arg(long, value_name = "FILE.json")]
    trace: Option<PathBuf>,
    /// Folder of the run [default: runs/sim-NAME].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Everything but the plan that decides the answers; kept beside them as `simulation.toml`.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Simulation {
    model: Model,
    kernel: KernelVersion,
    hz: u32,
    tick: TickMode,
    #[serde(rename = "yield")]
    yields: Option<YieldRule>,
    slice_ns: Option<u64>,
    quota_cpus: Option<f64>,
    parameters: Parameters,
}

/// The machine to be simulated as far as it is known without the parameters.
struct Target {
    topology: Topology,
    budget: CpuBudget,
    facts: KernelFacts,
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let target = self.target()?;
        let simulation = self.simulation(&target)?;
        let mut request = self.request.request()?;
        let default = |count| Some(Count(count));
        request.rounds = request.rounds.or(default(ROUNDS));
        request.reps = request.reps.or(default(NonZeroU32::MIN));
        let Target {
            topology, budget, ..
        } = target;
        let plan = request
            .plan(sweep::landmarks(&topology, &budget))
            .map_err(|error| UsageError(error.to_string()))?;
        if plan.command.is_some() {
            let why = "a command cannot be simulated: nobody knows what it does";
            return Err(UsageError(why.to_owned()).into());
        }
        let name = request.name.unwrap_or_else(|| sweep::default_name(&plan));
        let default_out = || PathBuf::from("runs").join(format!("sim-{name}"));
        let out = self.out.unwrap_or_else(default_out);
        let traced = match self.trace {
            Some(_) if self.model == Model::Fluid => {
                return Err(
                    UsageError("--trace needs --model slices: a fluid has no PUs".into()).into(),
                );
            }
            Some(file) => Some((file, only_ask(&plan)?)),
            None => None,
        };
        simulation.refuse_other(&out)?;
        let breakdown = Rc::<RefCell<Breakdown>>::default();
        let machine = simulation.machine(&topology, &budget);
        let predictor = Predictor::new(machine, simulation.model)
            .map_err(|error| UsageError(error.to_string()))?;
        let facts = simulation.facts();
        let header = header::compose((name, plan), (topology, budget), facts, Ruler::default())?;
        let (mut folder, recorded) = RunFolder::open(&out, &header)?;
        simulation.write(&out)?;
        sweep::announce(&header.plan, &out, &recorded);
        eprintln!("{}", simulation.in_words());
        if let Some((file, ask)) = traced {
            write_trace(&predictor, &ask, &file)?;
        }
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(CpuBudget::discover().whole() as usize)
            .build()
            .context("cannot start the threads that simulate")?;
        let mut sim = Sim::new(predictor, pool, Breakdown::filler(&breakdown));
        let stop = sweep::stop_on_signal()?;
        let walked = sweep::walk(&header.plan, &recorded, &mut sim, &mut folder, stop);
        breakdown.borrow().append(&out)?;
        walked?;
        drop(folder);
        sweep::conclude(&out)
    }

    fn target(&self) -> anyhow::Result<Target> {
        let Some(text) = &self.machine else {
            return Ok(Target {
                topology: Topology::discover()?,
                budget: self.limited(CpuBudget::discover())?,
                facts: KernelFacts::discover(),
            });
        };
        let topology = doctor::read(text)?;
        let allowed = topology.pus().clone();
        let cpus = allowed.len() as f64;
        let source = LimitSource::Online;
        let limits = vec![Limit { source, cpus }];
        let budget = CpuBudget {
            allowed,
            cpus,
            limits,
        };
        Ok(Target {
            topology,
            budget: self.limited(budget)?,
            facts: KernelFacts::default(),
        })
    }

    /// `budget` under the quota that was asked for instead of its own.
    fn limited(&self, mut budget: CpuBudget) -> Result<CpuBudget, UsageError> {
        let Some(cpus) = self.quota else {
            return Ok(budget);
        };
        if !(cpus > 0.0 && cpus <= 65_536.0) {
            let message = format!("--quota {cpus} is no number of CPUs above 0");
            return Err(UsageError(message));
        }
        let source = LimitSource::CgroupQuota("--quota".to_owned());
        let is_quota = |limit: &Limit| matches!(limit.source, LimitSource::CgroupQuota(_));
        budget.limits.retain(|limit| !is_quota(limit));
        budget.limits.push(Limit { source, cpus });
        budget.cpus = cpus.min(budget.allowed.len() as f64);
        Ok(budget)
    }

    fn simulation(&self, target: &Target) -> anyhow::Result<Simulation> {
        let facts = &target.facts;
        let here = facts
            .release
            .as_deref()
            .and_then(|release| release.parse().ok());
        // A slice that was read here belongs to the kernel that runs here.
        let own_kernel = self.kernel.is_none() || self.kernel == here;
        Ok(Simulation {
            model: self.model,
            kernel: self.kernel.or(here).unwrap_or(USUAL_KERNEL),
            hz: self.hz.or(facts.hz).unwrap_or(USUAL_HZ),
            tick: self.tick,
            yields: self.yields,
            slice_ns: facts.slice_ns.filter(|_| own_kernel),
            quota_cpus: target.budget.quota(),
            parameters: parameters(&self.preset)?,
        })
    }
}

/// The only cell of `plan`, in its first repetition.
fn only_ask(plan: &Plan) -> Result<Ask, UsageError> {
    let (cells, _) = plan.grid.cells();
    let [cell] = cells[..] else {
        let message = format!(
            "--trace shows one cell, not {}; give one value for each axis",
            cells.len()
        );
        return Err(UsageError(message));
    };
    if let Some(blas) = cell.runtime.blas() {
        return Err(UsageError(format!("--trace: there is no model of {blas}")));
    }
    Ok(Ask {
        visit: Visit { round: 1, cell },
        first_rep: 1,
        last_rep: NonZeroU32::MIN,
        protocol: plan.protocol.clone(),
        budget: plan.grid.budget,
    })
}

/// Writes what the simulator thinks of `ask` on this machine into `file`.
pub(super) fn trace_here(ask: &Ask, preset: &str, file: &Path) -> anyhow::Result<()> {
    let target = Target {
        topology: Topology::discover()?,
        budget: CpuBudget::discover(),
        facts: KernelFacts::discover(),
    };
    let release = target.facts.release.as_deref();
    let simulation = Simulation {
        model: Model::Slices,
        kernel: release
            .and_then(|release| release.parse().ok())
            .unwrap_or(USUAL_KERNEL),
        hz: target.facts.hz.unwrap_or(USUAL_HZ),
        tick: TickMode::Aligned,
        yields: None,
        slice_ns: target.facts.slice_ns,
        quota_cpus: target.budget.quota(),
        parameters: parameters(preset)?,
    };
    let machine = simulation.machine(&target.topology, &target.budget);
    let predictor =
        Predictor::new(machine, Model::Slices).map_err(|error| UsageError(error.to_string()))?;
    write_trace(&predictor, ask, file)
}

fn write_trace(predictor: &Predictor, ask: &Ask, file: &Path) -> anyhow::Result<()> {
    let (_, trace) = predictor.trace(ask, ask.first_rep);
    let cannot = || format!("cannot write {}", file.display());
    let mut out = BufWriter::new(fs::File::create(file).with_context(cannot)?);
    trace.write(&mut out).with_context(cannot)?;
    out.flush().with_context(cannot)?;
    if trace.cut {
        eprintln!(
            "{} holds the first {} spans only",
            file.display(),
            trace.spans.len()
        );
    }
    Ok(())
}

/// The preset of that name, or what the file of that name says.
fn parameters(preset: &str) -> Result<Parameters, UsageError> {
    let read = if preset.ends_with(".toml") {
        let text = fs::read_to_string(preset)
            .map_err(|error| UsageError(format!("cannot read {preset}: {error}")))?;
        Parameters::read(preset, &text)
    } else {
        Parameters::preset(preset)
    };
    read.map_err(|error| UsageError(error.to_string()))
}

impl Simulation {
    fn machine(&self, topology: &Topology, budget: &CpuBudget) -> Machine {
        let mut kernel = Kernel::of(self.kernel, self.hz, topology.pus().len());
        kernel.mode = self.tick;
        kernel = self
            .slice_ns
            .map_or(kernel, |slice| kernel.with_slice(slice));
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

    /// What the header says of host and kernel; figures show the processor's name.
    fn facts(&self) -> HostFacts {
        let calibrated = if self.parameters.is_calibrated() {
            ""
        } else {
            ", uncalibrated"
        };
        HostFacts {
            host: None,
            processor: Some(format!("simulated {}{calibrated}", self.parameters.machine)),
            kernel: KernelFacts {
                release: Some(self.kernel.to_string()),
                hz: Some(self.hz),
                slice_ns: self.slice_ns,
                governor: None,
            },
        }
    }

    /// Refuses a folder whose answers were made with other numbers.
    fn refuse_other(&self, out: &Path) -> anyhow::Result<()> {
        let path = out.join("simulation.toml");
        let Ok(text) = fs::read_to_string(&path) else {
            let taken = out.join("run.json").exists();
            anyhow::ensure!(
                !taken,
                "{} holds a run that is no simulation; give --out another folder",
                out.display()
            );
            return Ok(());
        };
        let same = toml::from_str::<Self>(&text).is_ok_and(|found| found == *self);
        anyhow::ensure!(
            same,
            "{} holds a simulation of another machine or kernel, or with other parameters \
             (see its simulation.toml); give --out another folder",
            out.display()
        );
        Ok(())
    }

    fn write(&self, out: &Path) -> anyhow::Result<()> {
        let path = out.join("simulation.toml");
        let text =
            toml::to_string_pretty(self).context("cannot write the simulation's parameters")?;
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    fn in_words(&self) -> String {
        let calibrated = if self.parameters.is_calibrated() {
            "calibrated"
        } else {
            "uncalibrated"
        };
        format!(
            "{}, Linux {} at {} Hz; {calibrated}: {} parameters",
            self.parameters.machine,
            self.kernel,
            self.hz,
            self.parameters.summary()
        )
    }
}

//! `oversub simulate`: walk an outer x inner grid on a machine that need not be here.

mod breakdown;
mod outlook;
mod setup;

use std::cell::RefCell;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use breakdown::Breakdown;
use outlook::Outlook;
use setup::Setup;

use super::simulation::{Assumptions, Simulation};
use super::{UsageError, doctor, header, output, request, screen, simulation, sweep};
use crate::experiment::{Count, Plan, Visit};
use crate::machine::{CpuBudget, KernelFacts, Limit, LimitKind, LimitSource, Topology};
use crate::record::{Ruler, RunFolder};
use crate::runner::Ask;
use crate::sim::{Model, Predictor, Sim, forecast, modelled};
use crate::units::range;

/// Rounds simulated unless said: chance decides where threads start, and a median wants three.
const ROUNDS: NonZeroU32 = NonZeroU32::new(3).expect("three is not zero");

/// What is said of a machine with several kinds of core.
const KINDS_AS_ALIKE: &str = "note: this machine has several kinds of core, and the simulator takes \
    them as alike: every core computes as fast as the parameters say, so times that depend on slower \
    cores are too short";

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
  oversub simulate --machine 'pack:2 [numa] l3:8 core:8 pu:2' --preset epyc-9004 --outer 1,16,256 --inner 1,4,16 --tasks 256
  oversub simulate --machine lab.xml --preset xeon-e5-v4 --kernel 5.15 --hz 250 --quota 4
  oversub simulate experiments/published-t13/experiment.toml"
)]
pub(super) struct Args {
    #[command(flatten)]
    request: request::Args,
    #[command(flatten)]
    setup: Setup,
    /// Sets of parameters drawn from their intervals, each with a simulation of its own: how sure the
    /// times are and how likely each cell is the best, in forecast.csv.
    #[arg(long, value_name = "N", default_value = "0", value_parser = clap::value_parser!(u32).range(..=10_000))]
    draws: u32,
    /// Write who held which PU when, in the plan's only cell, for ui.perfetto.dev.
    #[arg(long, value_name = "FILE.json")]
    trace: Option<PathBuf>,
    /// Folder of the run [default: runs/sim-NAME].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// The machine to be simulated as far as it is known without the parameters.
struct Target {
    topology: Topology,
    budget: CpuBudget,
    facts: KernelFacts,
    /// What was assumed of it where it was simulated before.
    before: Option<Simulation>,
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let setup = self.setup.over(self.request.file())?;
        let target = Target::of(&setup)?;
        let mut simulation = target.simulation(&setup)?;
        simulation.kinds_as_alike = target.topology.is_hybrid();
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
        refuse_unknown(&plan)?;
        let name = request.name.unwrap_or_else(|| sweep::default_name(&plan));
        let default_out = || PathBuf::from("runs").join(format!("sim-{name}"));
        let out = self.out.unwrap_or_else(default_out);
        let traced = self
            .trace
            .map(|file| traced(file, &plan, simulation.model))
            .transpose()?;
        simulation.refuse_other(&out)?;
        let breakdown = Rc::<RefCell<Breakdown>>::default();
        let machine = simulation.machine(&topology, &budget);
        let predictor = Predictor::new(machine.clone(), simulation.model)
            .map_err(|error| UsageError(error.to_string()))?;
        let facts = simulation.facts();
        let header = header::compose((name, plan), (topology, budget), facts, Ruler::default())?;
        let (mut folder, recorded) = RunFolder::open(&out, &header)?;
        simulation.write(&out)?;
        sweep::announce(&header.plan, &out, &recorded);
        screen::note(simulation.in_words());
        if simulation.kinds_as_alike {
            screen::note(KINDS_AS_ALIKE);
        }
        if let Some((file, ask)) = traced {
            write_trace(&predictor, &ask, &file)?;
        }
        let pool = simulation::threads()?;
        let outlook = || -> anyhow::Result<Outlook> {
            let asks = simulation::asks(&header.plan);
            let forecasts = forecast(&machine, simulation.model, &asks, self.draws)?;
            let draws = self.draws;
            Ok(Outlook { draws, forecasts })
        };
        let outlook = (self.draws > 0)
            .then(|| pool.install(outlook))
            .transpose()?;
        let mut sim = Sim::new(predictor, pool, Breakdown::filler(&breakdown));
        let stop = sweep::stop_on_signal()?.flag();
        let walked = sweep::walk(
            sweep::Until::new(&header.plan, None),
            recorded,
            &mut sim,
            &mut folder,
            stop,
        );
        let split = breakdown.borrow().append(&out);
        if let Some(extrapolated) = breakdown.borrow().extrapolated() {
            screen::note(extrapolated);
        }
        walked?;
        split?;
        drop(folder);
        sweep::conclude(&out)?;
        let Some(outlook) = outlook else {
            return Ok(());
        };
        outlook.write(&out)?;
        screen::say(outlook.text(&out).trim_end())
    }
}

/// Refuses a plan of which no cell can be simulated.
fn refuse_unknown(plan: &Plan) -> Result<(), UsageError> {
    if plan.command.is_some() {
        let why = "a command cannot be simulated: nobody knows what it does";
        return Err(UsageError(why.to_owned()));
    }
    let cells = &plan.cells;
    let reasons = cells.iter().filter_map(|cell| modelled(cell).err());
    let reasons: Vec<String> = reasons.collect();
    match &reasons[..] {
        [why, ..] if reasons.len() == cells.len() => Err(UsageError(why.clone())),
        _ => Ok(()),
    }
}

/// The new file and the only execution that is to be traced.
fn traced(file: PathBuf, plan: &Plan, model: Model) -> anyhow::Result<(PathBuf, Ask)> {
    if model == Model::Fluid {
        let why = "--trace needs --model slices: a fluid has no PUs";
        return Err(UsageError(why.to_owned()).into());
    }
    if file.is_file() {
        let message = format!("{} exists; give --trace another file", file.display());
        return Err(UsageError(message).into());
    }
    output::claim(&file, false)?;
    Ok((file, only_ask(plan)?))
}

impl Target {
    /// The machine that `setup` names, or this one.
    fn of(setup: &Setup) -> anyhow::Result<Self> {
        let Some(text) = &setup.machine else {
            return Ok(Self {
                topology: Topology::discover()?,
                budget: setup.limited(CpuBudget::discover())?,
                facts: KernelFacts::discover(),
                before: None,
            });
        };
        if Path::new(text).join("run.json").is_file() {
            return Self::of_run(Path::new(text), setup);
        }
        let topology = doctor::read(text)?;
        let budget = CpuBudget::all_of(topology.allowed());
        Ok(Self {
            topology,
            budget: setup.limited(budget)?,
            facts: KernelFacts::default(),
            before: None,
        })
    }

    /// The machine of the run in `folder`, measured or simulated.
    fn of_run(folder: &Path, setup: &Setup) -> anyhow::Result<Self> {
        let (header, _) = RunFolder::read(folder)?;
        Ok(Self {
            topology: header.topology,
            budget: setup.limited(header.budget)?,
            facts: header.kernel,
            before: Simulation::of_run(folder)?,
        })
    }

    /// What is assumed of it: as in the run that it was taken from, unless `setup` says otherwise.
    fn simulation(&self, setup: &Setup) -> anyhow::Result<Simulation> {
        if let Some(before) = self.before.clone() {
            let mut same = setup.assumptions.over(before, &self.budget)?;
            same.model = setup.model.unwrap_or(same.model);
            return Ok(same);
        }
        let model = setup.model.unwrap_or(Model::Slices);
        let assumed = setup
            .assumptions
            .simulation(&self.facts, &self.budget, model)?;
        Ok(match setup.machine {
            Some(_) => assumed.elsewhere(),
            None => assumed,
        })
    }
}

impl Setup {
    /// `budget` under the quota that was asked for instead of its own.
    fn limited(&self, mut budget: CpuBudget) -> Result<CpuBudget, UsageError> {
        let Some(cpus) = self
            .quota
            .map(|cpus| request::in_range(cpus, range::QUOTA))
            .transpose()?
        else {
            return Ok(budget);
        };
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

/// The only cell of `plan`, in its first repetition.
fn only_ask(plan: &Plan) -> Result<Ask, UsageError> {
    let cells = &plan.cells;
    let [cell] = cells[..] else {
        let message = format!(
            "--trace shows one cell, not {}; give one value for each axis",
            cells.len()
        );
        return Err(UsageError(message));
    };
    modelled(&cell).map_err(|why| UsageError(format!("--trace: {why}")))?;
    Ok(Ask {
        visit: Visit { round: 1, cell },
        first_rep: 1,
        last_rep: NonZeroU32::MIN,
        protocol: plan.protocol.clone(),
        budget: plan.budget,
    })
}

/// Writes what the simulator thinks of `ask` on this machine into `file`.
pub(super) fn trace_here(ask: &Ask, preset: &str, file: &Path) -> anyhow::Result<()> {
    let (topology, budget) = (Topology::discover()?, CpuBudget::discover());
    let assumed = Assumptions::of(preset.to_owned());
    let simulation = assumed.simulation(&KernelFacts::discover(), &budget, Model::Slices)?;
    let machine = simulation.machine(&topology, &budget);
    let predictor =
        Predictor::new(machine, Model::Slices).map_err(|error| UsageError(error.to_string()))?;
    write_trace(&predictor, ask, file)
}

fn write_trace(predictor: &Predictor, ask: &Ask, file: &Path) -> anyhow::Result<()> {
    let (_, trace) = predictor
        .trace(ask, ask.first_rep)
        .map_err(|why| UsageError(format!("--trace: {why}")))?;
    let mut text = Vec::new();
    trace.write(&mut text)?;
    output::write(file, &text)?;
    if trace.cut {
        screen::note(format_args!(
            "{} holds the first {} spans only",
            file.display(),
            trace.spans.len()
        ));
    }
    Ok(())
}

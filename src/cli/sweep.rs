//! `oversub sweep`: walk an outer x inner grid on this machine and show where nesting hurts.

use std::collections::BTreeSet;
use std::io::stderr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::Context;

use super::between::Between;
use super::findings::findings;
use super::ground::Ground;
use super::progress::{Picture, Progress};
use super::quiet::Quiet;
use super::run::Run;
use super::{
    UsageError, blas, command, dry_run, header, itself, plot, preflight, request, screen, signals,
};
use crate::analysis::{Analysis, Metric, rivals};
use crate::clock;
use crate::experiment::{Axis, Cell, Landmarks, Plan, Protocol, Runtime, Span};
use crate::host::ruler;
use crate::machine::{CpuBudget, OwnQuota, Topology};
use crate::process::{Host, Stop};
use crate::record::{Record, Ruler, RunFolder, RunHeader, Status};
use crate::runner::{self, Runner};
use crate::units::counted;
use crate::units::range;
use crate::view::facet::{Facets, natural_axes};
use crate::view::{disturbed, terminal};

/// Measures every cell of an outer x inner grid here, and draws where nesting hurts.
///
/// Each cell runs in a process of its own, once a round; rounds are interleaved in a seeded random
/// order. What is recorded survives Ctrl-C and kill -9: the same command takes the run up again.
#[derive(clap::Args)]
#[command(
    args_override_self = true,
    allow_negative_numbers = true,
    after_help = "Examples:
  oversub sweep                                       the default grid for this machine
  oversub sweep --n 256 --wait active,passive --outer 1..=8*2 --inner 1..=8*2
  oversub sweep --outer 1,2,4 --inner 1,2,4 -- python train.py --workers {outer}
  oversub sweep experiments/matmul-256-wait/experiment.toml --rounds 3 --out /tmp/try"
)]
pub(super) struct Args {
    #[command(flatten)]
    request: request::Args,
    #[command(flatten)]
    command: command::Args,
    /// Folder of the run [default: runs/NAME].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Run under this CPU quota in CPUs, such as 1.5, which takes the right to make a control group
    /// [default: the quota that is there].
    #[arg(long, value_name = "CPUS", value_parser = request::number)]
    quota: Option<f64>,
    /// With --until: start no further round after this time [s].
    #[arg(long, value_name = "SECONDS", requires = "until", value_parser = request::number)]
    time_limit: Option<f64>,
    /// Measure again what this run already holds and could not measure: failed (every visit that
    /// failed). The old rows stay in samples.csv and no longer count.
    #[arg(long, value_name = "WHICH")]
    retry: Option<Retry>,
    /// Wait until others leave the CPUs alone, before the first round and after each that they
    /// disturbed, for this long in all, such as 5m; then measure all the same.
    #[arg(long, value_name = "TIME")]
    wait_for_quiet: Option<Span>,
    /// Print the cells and the command of each, and run nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Which visits are made again although the run has an answer to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Retry {
    /// Those that failed.
    Failed,
}

impl Retry {
    /// Takes the answers that do not count any more out of `records`.
    fn reopen(self, records: &mut Vec<Record>) {
        let before = records.len();
        match self {
            Self::Failed => records.retain(|record| record.answer.status() != Status::Failed),
        }
        let visits = counted((before - records.len()) as u64, "failed visit");
        screen::note(format_args!("measuring {visits} again"));
    }
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let time_limit = self
            .time_limit
            .map(|limit| request::time(limit, range::TIME_LIMIT));
        let time_limit = time_limit.transpose()?;
        let request = self.request.with(self.command.request())?;
        if request.simulate.is_some() {
            let why = "the experiment has a set-up for oversub simulate; to measure its grid here, \
                       take the table [simulate] out";
            return Err(UsageError(why.to_owned()).into());
        }
        // Entered before anything is asked of the machine, and held to the end.
        let _quota = self.quota.map(quota).transpose()?;
        let topology = Topology::discover()?;
        let budget = CpuBudget::discover();
        let plan = request
            .plan(landmarks(&topology, &budget))
            .map_err(|error| UsageError(error.to_string()))?;
        refuse_models(&plan)?;
        let libraries = blas::locate_all(&plan)?;
        let program = std::env::current_exe().context("cannot find this program's own file")?;
        let host = |program: &Path| {
            Host::new(program.to_owned())
                .with_libraries(libraries.clone())
                .running(plan.command.clone())
        };
        if let Some(note) = command::same_for_all(&plan) {
            screen::note(note);
        }
        if self.dry_run {
            match &plan.command {
                Some(spec) => screen::say(command::lines(&plan, spec).trim_end())?,
                None => dry_run::print_commands(&plan, &host(&program))?,
            }
            return Ok(());
        }
        preflight::check(&plan)?;
        if let Some((columns, why)) = preflight::missing_columns(&plan) {
            screen::note(format_args!(
                "note: columns without values: {columns}; {why}"
            ));
        }
        let stop = stop_on_signal()?;
        let own_file = program.clone();
        let program = itself()?;
        let mut host = host(&program)
            .stopping_at(stop.clone())
            .clearing_up()
            .noting(|what| screen::note(what));
        let name = request.name.unwrap_or_else(|| default_name(&plan));
        let out = self
            .out
            .unwrap_or_else(|| PathBuf::from("runs").join(&name));
        let mut ground = Ground::of(plan.command.as_ref(), &libraries);
        let patience = self.wait_for_quiet.or(request.wait_for_quiet);
        let quiet = Quiet::new(budget.clone(), patience.map(Span::duration), stop.flag());
        let blas = blas::facts(&program, &libraries)?;
        // Locked before anything is measured: a second sweep into the folder would disturb the first.
        let locked = RunFolder::lock(&out)?;
        let ruler = match locked.holds_a_run() {
            true => Ruler::default(),
            false => ruler(&plan, &topology)?,
        };
        let header = RunHeader {
            blas,
            files: ground.contents(),
            ..header::gather(name, plan, (topology, budget), ruler)?
        };
        let (mut folder, mut recorded) = locked.open(&header)?;
        announce(&header.plan, &out, &recorded);
        if let Some(retry) = self.retry {
            retry.reopen(&mut recorded);
        }
        let between = Between::new(ground.since(folder.header(), &own_file), quiet);
        let until = Until::new(&header.plan, time_limit).with(between);
        walk(until, recorded, &mut host, &mut folder, stop.flag())?;
        drop(folder);
        conclude(&out)?;
        advise_retry(&out)
    }
}

/// Says how visits that failed are measured again, where there are any.
fn advise_retry(out: &Path) -> anyhow::Result<()> {
    let (_, records) = RunFolder::read(out)?;
    let failed = records
        .iter()
        .filter(|r| r.answer.status() == Status::Failed);
    let failed: Vec<&Record> = failed.collect();
    if let Some(first) = failed.first() {
        screen::note(format_args!(
            "{} of {} failed ({}); add --retry failed to the same command to measure them again",
            failed.len(),
            counted(records.len() as u64, "row"),
            first.answer.reason().unwrap_or_default()
        ));
    }
    Ok(())
}

/// Refuses a runtime that is known to the simulator only.
fn refuse_models(plan: &Plan) -> Result<(), UsageError> {
    let runtimes = plan.runtimes();
    let mut models = runtimes.iter().filter_map(Runtime::modelled);
    models.next().map_or(Ok(()), |modelled| {
        Err(UsageError(format!(
            "--runtime {modelled} is a model of a library, for oversub simulate; what is here is \
             measured by {}",
            modelled.remedy()
        )))
    })
}

/// Puts this process under a quota of `cpus`.
fn quota(cpus: f64) -> anyhow::Result<OwnQuota> {
    Ok(OwnQuota::enter(request::in_range(cpus, range::QUOTA)?)?)
}

/// The counts of this machine around which `auto` puts its values.
pub(super) fn landmarks(topology: &Topology, budget: &CpuBudget) -> Landmarks {
    Landmarks {
        budget: budget.whole(),
        physical: topology.cores_of(&budget.allowed) as u32,
        logical: budget.allowed.len() as u32,
    }
}

/// Names a run without a name after its workloads.
pub(super) fn default_name(plan: &Plan) -> String {
    let names = plan.values(Axis::Workload);
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    names.join("-")
}

/// Says what is about to happen.
pub(super) fn announce(plan: &Plan, out: &Path, recorded: &[Record]) {
    let cells = &plan.cells;
    for why in &plan.left_out {
        screen::note(format_args!("skipped: {why}"));
    }
    let Protocol { rounds, reps, .. } = plan.protocol;
    let out = out.display();
    screen::note(format_args!(
        "{} cells x {rounds} rounds x {reps} repetitions into {out}",
        cells.len()
    ));
    if !recorded.is_empty() {
        screen::note(format_args!(
            "taking up the run there, which has {} samples",
            recorded.len()
        ));
    }
}

/// What Ctrl-C, or a polite request to end, asks to stop. A second one ends the program at once.
pub(super) fn stop_on_signal() -> anyhow::Result<Stop> {
    let stop = Stop::default();
    let asked = stop.clone();
    signals::on_request(move |signal| {
        if asked.request() {
            std::process::exit(signals::exit_code(signal));
        }
        screen::note(
            "stopping: the sample under way is dropped, all finished ones are kept; once more \
             leaves at once",
        );
    })?;
    Ok(stop)
}

/// A plan and how long it may go on beyond its rounds.
pub(super) struct Until<'a> {
    plan: &'a Plan,
    deadline: Option<Instant>,
    between: Option<Between>,
}

impl<'a> Until<'a> {
    /// `plan`, with no further round after `limit` from now.
    pub(super) fn new(plan: &'a Plan, limit: Option<Duration>) -> Self {
        let deadline = limit.and_then(|limit| clock::now().checked_add(limit));
        Self {
            plan,
            deadline,
            between: None,
        }
    }

    /// The same, looking around between rounds.
    fn with(self, between: Between) -> Self {
        Self {
            between: Some(between),
            ..self
        }
    }

    /// The cells that the next round should visit; says so where time is up before all is told.
    fn further(&self, records: &[Record]) -> BTreeSet<Cell> {
        let cells = rivals(self.plan, records);
        let late = self
            .deadline
            .is_some_and(|deadline| clock::now() >= deadline);
        if late && !cells.is_empty() {
            let open = cells.len();
            screen::note(format_args!(
                "time is up with {open} cells not resolved; the same command goes on from there"
            ));
            return BTreeSet::new();
        }
        cells
    }
}

/// Asks `runner` everything of the plan that `recorded` does not hold, showing how far it is, until
/// `stop` is set.
pub(super) fn walk(
    mut until: Until<'_>,
    recorded: Vec<Record>,
    runner: &mut dyn Runner,
    folder: &mut RunFolder,
    stop: Arc<AtomicBool>,
) -> anyhow::Result<()> {
    let plan = until.plan;
    let between = until.between.take();
    let mut progress = Progress::new(plan, picture(plan), stop).with(between);
    let mut further = |records: &[Record]| until.further(records);
    let further =
        (plan.protocol.until.is_some()).then_some(&mut further as &mut runner::Further<'_>);
    let tally = runner::sweep_further((plan, further), recorded, runner, folder, &mut progress);
    progress.finish();
    if tally?.complete {
        return Ok(());
    }
    Err(signals::interrupted(format!(
        "interrupted; what was recorded is kept in {}; run the same command again to resume",
        folder.path().display()
    )))
}

/// The heatmap of the records so far, for a terminal.
fn picture(plan: &Plan) -> Picture {
    let budget = f64::from(plan.budget);
    let plan = plan.clone();
    let axes = natural_axes(&plan.cells);
    Box::new(move |records| {
        let analysis = Analysis::of_run(&plan, budget, records);
        let series = analysis.series(Metric::Slowdown);
        let facets = Facets::of(&plan.cells, &series.points, axes);
        terminal::heatmap(
            &series.quantity,
            &facets,
            screen::columns(),
            screen::ink(&stderr()),
        )
    })
}

/// Draws the figures of the run and says what it found; the split to set comes last.
///
/// # Errors
///
/// If no execution ended well, after all the same.
pub(super) fn conclude(out: &Path) -> anyhow::Result<()> {
    let run = Run::read(out)?;
    plot::Args::figures_of(out).run()?;
    let told = findings(&run.analysis, &run.cells(), run.header.plan.budget);
    let disturbed = disturbed::words(&run.disturbances());
    let deviations = blas::deviations(&run.records);
    screen::say(format!("{deviations}{disturbed}{}", told.trim_end()))?;
    some_ok(&run)
}

/// Refuses to call a run done of which no execution ended well, as where the program always fails.
fn some_ok(run: &Run) -> anyhow::Result<()> {
    let of = |status| move |record: &&Record| record.answer.status() == status;
    if run.records.iter().any(|record| of(Status::Ok)(&record)) {
        return Ok(());
    }
    let (all, limit) = (run.records.len(), run.header.plan.protocol.limit());
    let stopped = run.records.iter().filter(of(Status::Censored)).count();
    let mut reasons = run
        .records
        .iter()
        .filter_map(|record| record.answer.reason());
    match (reasons.next(), stopped) {
        (Some(reason), 0) => anyhow::bail!(
            "no cell has a time: {reason}; add --retry failed to the same command to measure them again"
        ),
        (reason, _) => anyhow::bail!(
            "no cell has a time: {stopped} of {} took longer than the limit of {} s (raise --limit){}",
            counted(all as u64, "row"),
            limit.as_secs_f64(),
            reason.map_or_else(String::new, |reason| format!("; another failed: {reason}"))
        ),
    }
}

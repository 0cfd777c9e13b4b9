//! What does a sweep on this machine take, and what comes of it?

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::between::Between;
use super::ground::Ground;
use super::quiet::Quiet;
use super::{
    Error, Observer, Run, Session, UsageError, header, itself, libraries, preflight, program,
};
use crate::analysis::rivals;
use crate::clock;
use crate::experiment::{Blas, Cell, CpuCounts, Plan, Request, Runtime};
use crate::host::ruler;
use crate::machine::{BlasFacts, CpuBudget, OwnQuota, Topology};
use crate::process::{Host, Stop};
use crate::record::{Record, Resume, Ruler, RunHeader};
use crate::runner::{StoppingRule, VisitRequest};
use crate::units::counted;
use crate::units::range;

/// What is to be measured here, and into which folder.
#[derive(Clone, Debug, Default)]
pub struct SweepRequest {
    /// The grid, the protocol and, where it is one, the user's program.
    pub request: Request,
    /// Folder of the run; `runs/NAME` where nothing is said.
    pub out: Option<PathBuf>,
    /// CPU quota under which to measure [CPUs].
    pub quota: Option<f64>,
    /// Time after which no round beyond those of the plan is begun.
    pub time_limit: Option<Duration>,
    /// Whether visits that failed are made again.
    pub retry_failed: bool,
    /// Longest that rounds wait until others leave the CPUs alone, all together.
    pub wait_for_quiet: Option<Duration>,
    /// Under which circumstances a run is resumed.
    pub resume: Resume,
    /// The program `oversub`, which is started for each visit of a cell; this very program where nothing is
    /// said.
    pub program: Option<PathBuf>,
    /// Whether this process has no children but those of the sweep. Then every process that a visit leaves is
    /// ended after it, also one that lost its parent.
    pub without_other_children: bool,
}

/// What came of a sweep.
pub struct SweepOutcome {
    /// The run.
    pub run: Run,
    /// Cells that could not be told from the best within the time limit, where there was one.
    pub unresolved: usize,
}

/// A sweep that can be made on this machine.
pub struct PlannedSweep {
    request: SweepRequest,
    plan: Plan,
    topology: Topology,
    budget: CpuBudget,
    libraries: BTreeMap<Blas, PathBuf>,
    /// Held to the end.
    _quota: Option<OwnQuota>,
}

impl PlannedSweep {
    /// The sweep that `request` means here. Enters its quota, under which this process then stays.
    ///
    /// # Errors
    ///
    /// If it cannot be meant here.
    pub fn new(request: SweepRequest) -> Result<Self, Error> {
        if request.request.simulate.is_some() {
            let why = "the experiment has a set-up for oversub simulate; to measure its grid here, \
                       take the table [simulate] out";
            return Err(UsageError(why.to_owned()).into());
        }
        // Entered before anything is asked of the machine.
        let quota = request.quota.map(enter).transpose()?;
        let topology = Topology::discover().map_err(Error::because)?;
        let budget = CpuBudget::discover();
        let landmarks = CpuCounts::of(&topology, &budget);
        let plan = request.request.plan(landmarks).map_err(UsageError::of)?;
        refuse_models(&plan)?;
        Ok(Self {
            libraries: libraries::locate_all(&plan)?,
            request,
            plan,
            topology,
            budget,
            _quota: quota,
        })
    }

    /// Its cells and protocol.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The command that answers each cell, which anybody can type.
    ///
    /// # Errors
    ///
    /// If this program does not find its own file.
    pub fn commands(&self) -> Result<Vec<Command>, Error> {
        let host = self.host(&self.program(program::file)?);
        let requests = VisitRequest::all(&self.plan).take(self.plan.cells.len());
        Ok(requests.map(|request| host.command(&request)).collect())
    }

    /// The program that answers cells.
    fn program(&self, otherwise: fn() -> Result<PathBuf, Error>) -> Result<PathBuf, Error> {
        self.request.program.clone().map_or_else(otherwise, Ok)
    }

    fn host(&self, program: &Path) -> Host {
        Host::new(program.to_owned())
            .with_libraries(self.libraries.clone())
            .running(self.plan.command.clone())
    }

    /// Measures all that is left of it, until `cancel` is requested.
    ///
    /// # Errors
    ///
    /// If its largest cell cannot start here, the folder is in use or holds another run, or the sweep
    /// cannot go on or was stopped.
    pub fn run(self, cancel: &Stop, observer: &mut dyn Observer) -> Result<SweepOutcome, Error> {
        preflight::check(&self.plan)?;
        if let Some((columns, why)) = preflight::missing_columns(&self.plan) {
            observer.note(&format!("note: columns without values: {columns}; {why}"));
        }
        let (own_file, program) = (self.program(program::file)?, self.program(itself)?);
        let host = self.host(&program).stopping_at(cancel.clone());
        let mut host = match self.request.without_other_children {
            true => host.clearing_up(),
            false => host,
        }
        .noting(observer.aside());
        let blas = libraries::facts(&program, &self.libraries)?;
        let mut ground = Ground::of(self.plan.command.as_ref(), &self.libraries);
        let (name, out) = self.place();
        let header = |first| self.header(name, blas, &mut ground, first);
        let mut session = Session::open(&out, header, self.request.resume, observer)?;
        observer.begin(&self.plan, &out, session.records().len());
        if self.request.retry_failed {
            let visits = counted(session.reopen_failed() as u64, "failed visit");
            observer.note(&format!("measuring {visits} again"));
        }
        let patience = self.request.wait_for_quiet;
        let mut between = Between {
            ground: ground.since(session.header(), &own_file),
            quiet: Quiet::new(self.budget.clone(), patience, cancel.flag()),
            last: None,
            observer,
        };
        let mut stop = AdaptiveStop::new(&self.plan, self.request.time_limit);
        let mut rule = |records: &[Record]| stop.next_round(records);
        let adaptive = self.plan.protocol.until.is_some();
        let rule = adaptive.then_some(&mut rule as &mut StoppingRule<'_>);
        let swept = session.run(&mut host, rule, &mut between, &cancel.flag());
        between.observer.end();
        swept?;
        Ok(SweepOutcome {
            unresolved: stop.unresolved,
            run: session.close()?,
        })
    }

    /// What the run is called, and where it goes.
    fn place(&self) -> (String, PathBuf) {
        let named = self.request.request.name.clone();
        let name = named.unwrap_or_else(|| self.plan.default_name());
        let out = self.request.out.clone();
        let out = out.unwrap_or_else(|| PathBuf::from("runs").join(&name));
        (name, out)
    }

    /// The header of a session that begins now. The ruler is measured in the first one.
    fn header(
        &self,
        name: String,
        blas: BTreeMap<String, BlasFacts>,
        ground: &mut Ground,
        first: bool,
    ) -> Result<RunHeader, Error> {
        let ruler = match first {
            true => ruler(&self.plan, &self.topology).map_err(Error::because)?,
            false => Ruler::default(),
        };
        let here = (self.topology.clone(), self.budget.clone());
        Ok(RunHeader {
            blas,
            files: ground.contents(),
            ..header::gather(name, self.plan.clone(), here, ruler)
        })
    }
}

/// Puts this process under a quota of `cpus`.
fn enter(cpus: f64) -> Result<OwnQuota, Error> {
    let cpus = range::QUOTA.check(cpus).map_err(UsageError::of)?;
    OwnQuota::enter(cpus).map_err(Error::because)
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

/// Goes on with the best cells and their rivals until they are told apart, or time is up.
struct AdaptiveStop<'p> {
    plan: &'p Plan,
    deadline: Option<Instant>,
    /// Cells that were still open when time was up.
    unresolved: usize,
}

impl<'p> AdaptiveStop<'p> {
    /// For `plan`, with no further round after `limit` from now.
    fn new(plan: &'p Plan, limit: Option<Duration>) -> Self {
        Self {
            plan,
            deadline: limit.and_then(|limit| clock::now().checked_add(limit)),
            unresolved: 0,
        }
    }

    /// The cells that the next round should visit.
    fn next_round(&mut self, records: &[Record]) -> BTreeSet<Cell> {
        let cells = rivals(self.plan, records);
        let late = self
            .deadline
            .is_some_and(|deadline| clock::now() >= deadline);
        match late {
            true => {
                self.unresolved = cells.len();
                BTreeSet::new()
            }
            false => cells,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{Request, Visit};
    use crate::record::{Answer, Sample};

    /// Two cells of which now one and now the other takes twice as long: more rounds are wanted.
    #[test]
    fn time_that_is_up_ends_a_sweep_and_leaves_the_open_cells_counted() {
        let toml = "outer = [1, 2]\ninner = 1\nrounds = 6\nreps = 1\nuntil = '1%'";
        let request: Request = toml::from_str(toml).unwrap();
        let two = CpuCounts {
            budget: 2,
            physical: 2,
            logical: 2,
        };
        let plan = request.plan(two).unwrap();
        let record = |visit: Visit| Record {
            runner: "host".to_owned(),
            visit,
            rep: 1,
            unix_ms: 0,
            answer: Answer::Ok(Sample {
                wall: Duration::from_millis(match (visit.round + visit.cell.outer.get()) % 2 {
                    0 => 10,
                    _ => 20,
                }),
                ..Sample::default()
            }),
        };
        let records: Vec<Record> = plan.visits().map(record).collect();
        let mut patient = AdaptiveStop::new(&plan, None);
        assert_eq!(patient.next_round(&records).len(), 2);
        assert_eq!(patient.unresolved, 0);
        let mut late = AdaptiveStop::new(&plan, Some(Duration::ZERO));
        assert_eq!(late.next_round(&records).len(), 0);
        assert_eq!(late.unresolved, 2);
    }
}

//! Which lines does one paste to set a split?
//!
//! Each form sets the number of workers, where it is the form's to set, and every variable that sizes
//! a thread pool to the inner count; also the wait policy of an OpenMP runtime, where the cell has one.
//! The lines are for what was measured: workers that were threads or processes, and the quota that
//! the run had. The first line says how the form was checked.
//
// Sources, beside those of the variables: Slurm, sbatch(1) and srun(1) (--cpus-per-task is not
// inherited by srun from 22.05 on); Kubernetes, "Control CPU Management Policies on the Node" (whole
// CPUs with requests = limits may be exclusive) and "CPU resource units"; docker run(1), --cpus;
// joblib, `parallel_config`; threadpoolctl, `threadpool_limits`; distributed.yaml,
// `nanny.pre-spawn-environ`; pytest-xdist, "Running tests across multiple CPUs"; PyTorch, torchrun;
// Ray, "Runtime environments"; R, parallel::makeCluster; Julia, "Multi-threading" and
// LinearAlgebra.BLAS.set_num_threads; Go, package runtime, GOMAXPROCS; JDK 17, java(1),
// -XX:ActiveProcessorCount, and class ForkJoinPool; Node.js, "Command-line API", UV_THREADPOOL_SIZE;
// OpenMP 5.2, section 21.

mod languages;
mod python;
mod systems;

use crate::experiment::{Cell, CommandCopy, OmpWait, OuterKind, Runtime, RuntimeModel, WaitPolicy};
use crate::record::RunHeader;
use crate::units::counted;

/// What the lines are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::VariantArray, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Target {
    /// A POSIX shell.
    Shell,
    /// A batch script of Slurm.
    Slurm,
    /// A container of a Kubernetes pod.
    Kubernetes,
    /// A container that docker or podman starts.
    Docker,
    /// Python with its own pools and threadpoolctl.
    Python,
    /// Python with joblib.
    Joblib,
    /// Python with Dask.
    Dask,
    /// Tests by pytest-xdist.
    PytestXdist,
    /// PyTorch's launcher.
    Torchrun,
    /// Python with Ray.
    Ray,
    /// R.
    R,
    /// Julia.
    Julia,
    /// Go.
    Go,
    /// Java and other languages of its virtual machine.
    Jvm,
    /// Node.js.
    Node,
}

crate::named!(Target, "target");

/// What a run says of the place that lines are written for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// P in whole CPUs.
    pub cpus: u32,
    /// The quota under which it was measured [CPUs].
    pub quota: Option<f64>,
    /// What its workers were.
    pub workers: OuterKind,
}

impl Place {
    /// The place of the run with `header`. Workers of our own are threads of one process.
    pub fn of(header: &RunHeader) -> Self {
        let command = header.plan.command.as_ref();
        let allowed = header.budget.allowed.len() as f64;
        Self {
            cpus: header.plan.budget,
            quota: header.budget.quota().filter(|quota| *quota < allowed),
            workers: command.map_or(OuterKind::Thread, |spec| spec.outer_kind),
        }
    }
}

/// The lines that set `cell` for `target`, as it was measured at `place`.
pub fn lines(target: Target, cell: &Cell, place: Place) -> String {
    let split = Split { cell, place };
    let body = match target {
        Target::Shell => split.shell(),
        Target::Slurm => split.slurm(),
        Target::Kubernetes => split.kubernetes(),
        Target::Docker => split.docker(),
        Target::Python => split.python(),
        Target::Joblib => split.joblib(),
        Target::Dask => split.dask(),
        Target::PytestXdist => split.pytest_xdist(),
        Target::Torchrun => split.torchrun(),
        Target::Ray => split.ray(),
        Target::R => split.r(),
        Target::Julia => split.julia(),
        Target::Go => split.go(),
        Target::Jvm => split.jvm(),
        Target::Node => split.node(),
    };
    let first = match target {
        Target::Slurm => "#!/bin/sh\n",
        _ => "",
    };
    let (workers, threads) = (split.workers(), counted(cell.inner.get(), "thread"));
    let how = checked(target);
    let other = split.other_workers(target);
    format!("{first}# oversub: {workers} x {threads} ({how})\n{other}{body}")
}

/// How the lines for `target` were checked.
fn checked(target: Target) -> &'static str {
    match target {
        Target::Shell => "tried with dash 0.5.12",
        Target::Slurm => "tried with Slurm 22.05.8",
        Target::Python => "tried with Python 3.11.7, threadpoolctl 3.8.0",
        Target::Joblib => "tried with joblib 1.6.0, threadpoolctl 3.8.0",
        Target::Dask => "tried with distributed 2026.8.0",
        Target::PytestXdist => "tried with pytest-xdist 3.8.0",
        Target::Ray => "tried with Ray 2.60.0",
        Target::R => "tried with R 4.2.2",
        Target::Jvm => "tried with OpenJDK 17.0.15",
        Target::Node => "tried with Node.js 20.20.2",
        Target::Go => "tried with Go 1.19.8",
        Target::Kubernetes | Target::Docker | Target::Torchrun | Target::Julia => {
            "written from its documentation, not tried"
        }
    }
}

/// A cell and the place it was measured at.
struct Split<'a> {
    cell: &'a Cell,
    place: Place,
}

impl Split<'_> {
    /// CPUs to ask a scheduler for: what the threads can use, no more than P.
    fn cpus(&self) -> u32 {
        self.cell.demand().min(self.place.cpus).max(1)
    }

    /// The quota under which the split was measured, or the CPUs that its threads can use [CPUs].
    fn limit(&self) -> f64 {
        self.place.quota.unwrap_or(f64::from(self.cpus()))
    }

    /// Whether the workers were processes.
    fn processes(&self) -> bool {
        self.place.workers == OuterKind::Process
    }

    /// `2 workers`.
    fn workers(&self) -> String {
        counted(self.cell.outer.get(), "worker")
    }

    /// Says so where the lines start workers of another kind than those that were measured.
    fn other_workers(&self, target: Target) -> String {
        let starts = match target {
            Target::PytestXdist | Target::Torchrun | Target::Ray | Target::R => OuterKind::Process,
            Target::Julia => OuterKind::Thread,
            _ => return String::new(),
        };
        let measured = self.place.workers;
        let named = |kind| match kind {
            OuterKind::Thread => "threads",
            OuterKind::Process => "processes",
        };
        match starts == measured || self.cell.outer.get() == 1 {
            true => String::new(),
            false => format!(
                "# {} were measured and these lines start {}: measure that, too, with --outer-kind \
                 {starts}\n",
                named(measured),
                named(starts)
            ),
        }
    }

    /// Every variable with its value.
    fn variables(&self) -> Vec<(&'static str, String)> {
        let copy = CommandCopy {
            rank: 0,
            outer: self.cell.outer,
            inner: self.cell.inner,
        };
        let mut variables = copy.environment();
        variables.retain(|(name, _)| !name.starts_with("OVERSUB_"));
        variables.extend(self.waiting());
        variables
    }

    /// How an OpenMP runtime is told the wait policy; nothing where the cell has none, OpenMP knows
    /// no such policy, or nobody waits because each team is one thread.
    fn waiting(&self) -> Vec<(&'static str, String)> {
        if self.cell.inner.get() == 1 {
            return Vec::new();
        }
        let set = match self.cell.runtime {
            Runtime::ForkJoin(WaitPolicy::Active)
            | Runtime::Modelled(RuntimeModel::Libgomp(OmpWait::Active)) => {
                ("OMP_WAIT_POLICY", "active".to_owned())
            }
            Runtime::ForkJoin(WaitPolicy::Passive)
            | Runtime::Modelled(RuntimeModel::Libgomp(OmpWait::Passive)) => {
                ("OMP_WAIT_POLICY", "passive".to_owned())
            }
            Runtime::ForkJoin(WaitPolicy::SpinThenPark(spins)) => {
                ("GOMP_SPINCOUNT", spins.to_string())
            }
            Runtime::Modelled(RuntimeModel::Libomp(blocktime)) => {
                ("KMP_BLOCKTIME", blocktime.to_string())
            }
            _ => return Vec::new(),
        };
        vec![set]
    }

    fn each(&self, line: impl Fn(&str, &str) -> String) -> String {
        let variables = self.variables();
        let lines = variables
            .iter()
            .map(|(name, value)| line(name, value) + "\n");
        lines.collect()
    }

    /// Every variable as a line of a shell.
    fn exports(&self) -> String {
        self.each(|name, value| format!("export {name}={value}"))
    }
}

#[cfg(test)]
mod tests;

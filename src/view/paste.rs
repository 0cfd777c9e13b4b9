//! Which lines does one paste to set a split?
//!
//! Each form sets the number of workers, where it is the form's to set, and every variable that sizes
//! a thread pool to the inner count; also the wait policy of an OpenMP runtime, where the cell has one.
//! The first line says how the form was checked; METHODOLOGY.md has the versions.
//
// Sources, beside those of the variables: Slurm, sbatch(1) and srun(1) (--cpus-per-task is not
// inherited by srun from 22.05 on); Kubernetes, "Control CPU Management Policies on the Node" (whole
// CPUs with requests = limits may be exclusive); joblib, `parallel_config`; distributed.yaml,
// `nanny.pre-spawn-environ`; PyTorch, torchrun; Ray, "Runtime environments"; R, parallel::makeCluster;
// Julia, "Multi-threading" and LinearAlgebra.BLAS.set_num_threads; OpenMP 5.2, section 21.

use std::fmt;
use std::str::FromStr;

use crate::experiment::{Cell, CommandCopy, Modelled, OmpWait, Runtime, WaitPolicy};
use crate::text::ParseError;
use crate::units::counted;

/// What the lines are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A POSIX shell.
    Shell,
    /// A batch script of Slurm.
    Slurm,
    /// A container of a Kubernetes pod.
    Kubernetes,
    /// Python with joblib.
    Joblib,
    /// Python with Dask.
    Dask,
    /// PyTorch's launcher.
    Torchrun,
    /// Python with Ray.
    Ray,
    /// R.
    R,
    /// Julia.
    Julia,
}

impl Target {
    /// Every target with its name.
    pub const ALL: [(Self, &'static str); 9] = [
        (Self::Shell, "shell"),
        (Self::Slurm, "slurm"),
        (Self::Kubernetes, "kubernetes"),
        (Self::Joblib, "joblib"),
        (Self::Dask, "dask"),
        (Self::Torchrun, "torchrun"),
        (Self::Ray, "ray"),
        (Self::R, "r"),
        (Self::Julia, "julia"),
    ];
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = Self::ALL.iter().find(|(target, _)| target == self);
        f.pad(named.map_or("", |(_, name)| name))
    }
}

impl FromStr for Target {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let named = Self::ALL.iter().find(|(_, name)| *name == text);
        named.map(|(target, _)| *target).ok_or_else(|| {
            let names = Self::ALL.map(|(_, name)| name).join(", ");
            ParseError::new("target", text, format!("one of {names}"))
        })
    }
}

/// The lines that set `cell` for `target`, on `p` whole CPUs.
pub fn lines(target: Target, cell: &Cell, p: u32) -> String {
    let split = Split { cell, p };
    let body = match target {
        Target::Shell => split.shell(),
        Target::Slurm => split.slurm(),
        Target::Kubernetes => split.kubernetes(),
        Target::Joblib => split.joblib(),
        Target::Dask => split.dask(),
        Target::Torchrun => split.torchrun(),
        Target::Ray => split.ray(),
        Target::R => split.r(),
        Target::Julia => split.julia(),
    };
    let first = match target {
        Target::Slurm => "#!/bin/sh\n",
        _ => "",
    };
    let (workers, threads) = (split.workers(), counted(cell.inner.get(), "thread"));
    let how = checked(target);
    format!("{first}# oversub: {workers} x {threads} ({how})\n{body}")
}

/// How the lines for `target` were checked.
fn checked(target: Target) -> &'static str {
    match target {
        Target::Shell | Target::Slurm | Target::Joblib | Target::Dask | Target::Ray | Target::R => {
            "tried"
        }
        Target::Kubernetes | Target::Torchrun | Target::Julia => {
            "written from its documentation, not tried"
        }
    }
}

/// A cell and the CPUs it may use.
struct Split<'a> {
    cell: &'a Cell,
    p: u32,
}

impl Split<'_> {
    /// CPUs to ask a scheduler for: what the threads can use, no more than P.
    fn cpus(&self) -> u32 {
        self.cell.demand().min(self.p).max(1)
    }

    /// `2 workers`.
    fn workers(&self) -> String {
        counted(self.cell.outer.get(), "worker")
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
            | Runtime::Modelled(Modelled::Libgomp(OmpWait::Active)) => {
                ("OMP_WAIT_POLICY", "active".to_owned())
            }
            Runtime::ForkJoin(WaitPolicy::Passive)
            | Runtime::Modelled(Modelled::Libgomp(OmpWait::Passive)) => {
                ("OMP_WAIT_POLICY", "passive".to_owned())
            }
            Runtime::ForkJoin(WaitPolicy::SpinThenPark(spins)) => {
                ("GOMP_SPINCOUNT", spins.to_string())
            }
            Runtime::Modelled(Modelled::Libomp(blocktime)) => {
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

    fn shell(&self) -> String {
        let exports = self.each(|name, value| format!("export {name}={value}"));
        format!("{exports}# and start {}\n", self.workers())
    }

    fn slurm(&self) -> String {
        let (outer, inner) = (self.cell.outer, self.cell.inner);
        let (cpus, workers) = (self.cpus(), self.workers());
        let exports = self.each(|name, value| format!("export {name}={value}"));
        format!(
            "#SBATCH --nodes=1\n#SBATCH --ntasks=1 --cpus-per-task={cpus}\n\
             # where each worker is a task of its own: --ntasks={outer} --cpus-per-task={inner}\n\
             {exports}srun --cpus-per-task=\"$SLURM_CPUS_PER_TASK\" ./program  # with {workers}\n"
        )
    }

    fn kubernetes(&self) -> String {
        let cpus = self.cpus();
        let variables = self.each(|name, value| format!("- name: {name}\n  value: \"{value}\""));
        format!(
            "# whole CPUs, requests = limits: no throttling between threads that fit\n\
             resources:\n  requests:\n    cpu: \"{cpus}\"\n  limits:\n    cpu: \"{cpus}\"\nenv:\n{variables}"
        )
    }

    fn joblib(&self) -> String {
        let (outer, inner) = (self.cell.outer, self.cell.inner);
        format!(
            "from joblib import Parallel, delayed, parallel_config\n\n\
             with parallel_config(backend=\"loky\", n_jobs={outer}, inner_max_num_threads={inner}):\n    \
             results = Parallel()(delayed(task)(item) for item in items)\n"
        )
    }

    /// A Python dictionary of the variables.
    fn dictionary(&self, indent: &str) -> String {
        self.each(|name, value| format!("{indent}\"{name}\": \"{value}\","))
    }

    fn dask(&self) -> String {
        let outer = self.cell.outer;
        let variables = self.dictionary("    ");
        format!(
            "import dask\nfrom dask.distributed import Client, LocalCluster\n\n\
             # Dask sets some of these to 1 unless told otherwise.\n\
             dask.config.set({{\"distributed.nanny.pre-spawn-environ\": {{\n{variables}}}}})\n\
             if __name__ == \"__main__\":\n    \
             client = Client(LocalCluster(n_workers={outer}, threads_per_worker=1))\n"
        )
    }

    fn torchrun(&self) -> String {
        let outer = self.cell.outer;
        let exports = self.each(|name, value| format!("export {name}={value}"));
        format!("{exports}torchrun --standalone --nproc-per-node={outer} train.py\n")
    }

    fn ray(&self) -> String {
        let (outer, inner) = (self.cell.outer, self.cell.inner);
        let cpus = self.cell.demand();
        let variables = self.dictionary("    ");
        format!(
            "import ray\n\n# {outer} tasks of {inner} CPUs run at a time\n\
             ray.init(num_cpus={cpus}, runtime_env={{\"env_vars\": {{\n{variables}}}}})\n\n\
             @ray.remote(num_cpus={inner})\ndef task(item):\n    ...\n"
        )
    }

    fn r(&self) -> String {
        let outer = self.cell.outer;
        let pairs = self.each(|name, value| format!("  {name} = \"{value}\","));
        let pairs = pairs.trim_end().trim_end_matches(',');
        format!(
            "# The workers read them when they start; this R itself has read its own already.\n\
             Sys.setenv(\n{pairs}\n)\ncl <- parallel::makeCluster({outer})\n\
             results <- parallel::parLapply(cl, items, task)\n"
        )
    }

    fn julia(&self) -> String {
        let (outer, inner) = (self.cell.outer, self.cell.inner);
        format!(
            "# start it by: julia --threads={outer} script.jl\n\
             using LinearAlgebra\nBLAS.set_num_threads({inner})\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(target: Target, cell: &str) -> String {
        lines(target, &cell.parse().unwrap(), 8)
    }

    const PASSIVE: &str = "matmul.f64.8_4x2_fork-join.passive_independent_unbound_static_t1";

    #[test]
    fn every_form_sets_inner_and_outer() {
        for (target, name) in Target::ALL {
            let text = said(target, PASSIVE);
            assert!(
                text.contains("# oversub: 4 workers x 2 threads ("),
                "{text}"
            );
            assert!(text.contains('4') && text.contains('2'), "{name}: {text}");
            assert_eq!(name.parse::<Target>().unwrap(), target);
        }
        let shell = said(Target::Shell, PASSIVE);
        for line in [
            "OPENBLAS_NUM_THREADS=2",
            "OMP_WAIT_POLICY=passive",
            "RAYON_NUM_THREADS=2",
        ] {
            assert!(shell.contains(&format!("export {line}\n")), "{shell}");
        }
        assert!("slurm2".parse::<Target>().is_err());
    }

    #[test]
    fn teams_of_one_thread_get_no_wait_policy() {
        for wait in ["passive", "spin-then-park.100"] {
            let cell = PASSIVE.replace("4x2", "4x1").replace("passive", wait);
            let shell = said(Target::Shell, &cell);
            assert!(shell.contains("export OMP_NUM_THREADS=1\n"), "{shell}");
            assert!(
                !shell.contains("WAIT") && !shell.contains("SPIN"),
                "{shell}"
            );
        }
    }

    /// 4 x 4 threads on 8 CPUs can use 8: a whole number, and no more than there are.
    #[test]
    fn a_scheduler_is_asked_for_no_more_cpus_than_there_are() {
        let cell = PASSIVE.replace("4x2", "4x4");
        assert!(said(Target::Kubernetes, &cell).contains("cpu: \"8\""));
        assert!(said(Target::Slurm, &cell).starts_with("#!/bin/sh\n"));
        assert!(said(Target::Slurm, &cell).contains("--cpus-per-task=8\n"));
    }
}

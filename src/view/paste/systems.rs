//! What does a shell, a batch system, a container or a launcher read?

use super::Split;

impl Split<'_> {
    pub(super) fn shell(&self) -> String {
        format!("{}# and start {}\n", self.exports(), self.workers())
    }

    pub(super) fn slurm(&self) -> String {
        let (outer, inner) = (self.cell.outer, self.cell.inner);
        let (cpus, workers, exports) = (self.cpus(), self.workers(), self.exports());
        format!(
            "#SBATCH --nodes=1\n#SBATCH --ntasks=1 --cpus-per-task={cpus}\n\
             # where each worker is a task of its own: --ntasks={outer} --cpus-per-task={inner}\n\
             {exports}srun --cpus-per-task=\"$SLURM_CPUS_PER_TASK\" ./program  # with {workers}\n"
        )
    }

    pub(super) fn kubernetes(&self) -> String {
        let limit = self.limit();
        let cpu = match limit.fract() == 0.0 {
            true => limit.to_string(),
            false => format!("{:.0}m", 1000.0 * limit),
        };
        let why = match self.place.quota {
            Some(quota) => format!("# as measured: under a quota of {quota} CPUs"),
            None => {
                "# whole CPUs, requests = limits: no throttling between threads that fit".to_owned()
            }
        };
        let variables = self.each(|name, value| format!("- name: {name}\n  value: \"{value}\""));
        format!(
            "{why}\nresources:\n  requests:\n    cpu: \"{cpu}\"\n  limits:\n    cpu: \"{cpu}\"\n\
             env:\n{variables}"
        )
    }

    pub(super) fn docker(&self) -> String {
        let (limit, workers) = (self.limit(), self.workers());
        let variables = self.each(|name, value| format!("  --env {name}={value} \\"));
        format!(
            "# the program starts {workers}\ndocker run --cpus={limit} \\\n{variables}  IMAGE\n"
        )
    }

    pub(super) fn torchrun(&self) -> String {
        let (outer, exports) = (self.cell.outer, self.exports());
        format!("{exports}torchrun --standalone --nproc-per-node={outer} train.py\n")
    }

    pub(super) fn pytest_xdist(&self) -> String {
        let (outer, exports) = (self.cell.outer, self.exports());
        format!("{exports}pytest -n {outer}\n")
    }
}

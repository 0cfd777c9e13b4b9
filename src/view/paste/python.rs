//! What does a Python program say to its pools?
//!
//! Variables are read when a library is imported, so they are set before; threadpoolctl limits those
//! that were imported earlier, for all threads of the process. Worker processes get both from their
//! parent.

use super::Split;

impl Split<'_> {
    /// A Python dictionary of the variables.
    fn dictionary(&self, indent: &str) -> String {
        self.each(|name, value| format!("{indent}\"{name}\": \"{value}\","))
    }

    /// The variables, set before any library reads them.
    fn environ(&self) -> String {
        let variables = self.dictionary("    ");
        format!(
            "import os\n\n# first of all, before NumPy or torch are imported\n\
             os.environ.update({{\n{variables}}})\n\n"
        )
    }

    pub(super) fn python(&self) -> String {
        let (outer, inner, environ) = (self.cell.outer, self.cell.inner, self.environ());
        match (outer.get(), self.processes()) {
            (1, _) => format!(
                "{environ}from threadpoolctl import threadpool_limits\n\n\
                 with threadpool_limits(limits={inner}):\n    \
                 results = [task(item) for item in items]\n"
            ),
            (_, false) => format!(
                "{environ}from concurrent.futures import ThreadPoolExecutor\n\
                 from threadpoolctl import threadpool_limits\n\n\
                 with threadpool_limits(limits={inner}), ThreadPoolExecutor(max_workers={outer}) as pool:\n    \
                 results = list(pool.map(task, items))\n"
            ),
            (_, true) => format!(
                "{environ}from concurrent.futures import ProcessPoolExecutor\n\
                 from threadpoolctl import threadpool_limits\n\n\
                 if __name__ == \"__main__\":\n    \
                 with ProcessPoolExecutor(max_workers={outer}, initializer=threadpool_limits, \
                 initargs=({inner},)) as pool:\n        \
                 results = list(pool.map(task, items))\n"
            ),
        }
    }

    pub(super) fn joblib(&self) -> String {
        let (outer, inner, environ) = (self.cell.outer, self.cell.inner, self.environ());
        let results = "results = Parallel()(delayed(task)(item) for item in items)\n";
        let limited = |config: &str| {
            format!(
                "{environ}from joblib import Parallel, delayed, parallel_config\n\
                 from threadpoolctl import threadpool_limits\n\n\
                 with threadpool_limits(limits={inner}), parallel_config({config}):\n    {results}"
            )
        };
        match (outer.get(), self.processes()) {
            // joblib then runs in the caller, and sets nothing there.
            (1, _) => limited("n_jobs=1"),
            (_, false) => limited(&format!("backend=\"threading\", n_jobs={outer}")),
            (_, true) => format!(
                "from joblib import Parallel, delayed, parallel_config\n\n\
                 with parallel_config(backend=\"loky\", n_jobs={outer}, inner_max_num_threads={inner}):\n    \
                 {results}"
            ),
        }
    }

    pub(super) fn dask(&self) -> String {
        let variables = self.dictionary("    ");
        let (workers, threads) = match self.processes() {
            true => (self.cell.outer.get(), 1),
            false => (1, self.cell.outer.get()),
        };
        format!(
            "import dask\nfrom dask.distributed import Client, LocalCluster\n\n\
             # Dask sets some of these to 1 unless told otherwise.\n\
             dask.config.set({{\"distributed.nanny.pre-spawn-environ\": {{\n{variables}}}}})\n\
             if __name__ == \"__main__\":\n    \
             client = Client(LocalCluster(n_workers={workers}, threads_per_worker={threads}))\n"
        )
    }

    pub(super) fn ray(&self) -> String {
        let (outer, inner) = (self.cell.outer, self.cell.inner);
        let cpus = self.cell.demand();
        let variables = self.dictionary("    ");
        format!(
            "import ray\n\n# {outer} tasks of {inner} CPUs run at a time\n\
             ray.init(num_cpus={cpus}, runtime_env={{\"env_vars\": {{\n{variables}}}}})\n\n\
             @ray.remote(num_cpus={inner})\ndef task(item):\n    ...\n"
        )
    }
}

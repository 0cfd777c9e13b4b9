//! What do R, Julia, Go, Java and Node.js read?

use super::Split;

impl Split<'_> {
    pub(super) fn r(&self) -> String {
        let outer = self.cell.outer;
        let pairs = self.each(|name, value| format!("  {name} = \"{value}\","));
        let pairs = pairs.trim_end().trim_end_matches(',');
        format!(
            "# The workers read them when they start; this R itself has read its own already.\n\
             Sys.setenv(\n{pairs}\n)\ncl <- parallel::makeCluster({outer})\n\
             results <- parallel::parLapply(cl, items, task)\n"
        )
    }

    pub(super) fn julia(&self) -> String {
        let (outer, inner) = (self.cell.outer, self.cell.inner);
        format!(
            "# start it by: julia --threads={outer} script.jl\n\
             using LinearAlgebra\nBLAS.set_num_threads({inner})\n"
        )
    }

    /// Threads that may run at once in one process: of one worker, or of all that share it.
    fn at_once(&self) -> u32 {
        match self.processes() {
            true => self.cell.inner.get(),
            false => self.cpus(),
        }
    }

    /// Whom to start, and how they share the process.
    fn start(&self, workers: &str) -> String {
        let outer = self.cell.outer;
        match self.processes() {
            true => format!("# and start {}\n", self.workers()),
            false => format!("# one process with {outer} {workers}\n"),
        }
    }

    pub(super) fn go(&self) -> String {
        let (exports, most) = (self.exports(), self.at_once());
        let start = self.start("goroutines that compute at a time; all share GOMAXPROCS");
        format!(
            "# what is called through cgo reads the first lines\n{exports}export GOMAXPROCS={most}\n{start}"
        )
    }

    pub(super) fn jvm(&self) -> String {
        let (exports, most, inner) = (self.exports(), self.at_once(), self.cell.inner);
        let start = self.start(&format!(
            "workers, Executors.newFixedThreadPool({}), each with a new ForkJoinPool({inner})",
            self.cell.outer
        ));
        format!(
            "# what is called through JNI reads the first lines; availableProcessors(), from which Java \
             sizes its pools, is the last\n{exports}\
             export JAVA_TOOL_OPTIONS=\"-XX:ActiveProcessorCount={most}\"\n{start}"
        )
    }

    /// All workers of a process share one pool of libuv.
    pub(super) fn node(&self) -> String {
        let exports = self.exports();
        let pool = match self.processes() {
            true => self.cell.inner.get(),
            false => self.cell.demand(),
        };
        let start = self.start("worker_threads; all share the pool of libuv");
        format!("{exports}export UV_THREADPOOL_SIZE={pool}\n{start}")
    }
}

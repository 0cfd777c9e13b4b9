//! Is the team's matrix product as fast as the peers'?

use std::num::NonZeroU32;
use std::sync::Arc;

use oversub::experiment::{WaitPolicy, Workload};
use oversub::host::kernel::{Kernel, SharedTaskState, kernel};
use oversub::host::team::{ForkJoin, Team};

use crate::peers;
use crate::turn::{self, Spread, Turn, ratios, rounds};

const SIZES: [u32; 5] = [128, 256, 512, 1000, 2000];
const CONTESTANTS: [&str; 4] = ["oversub", "openblas", "faer", "gemm"];

/// Rounds for order `n`: fewer where one product alone takes long.
fn rounds_for(n: u32) -> usize {
    if n > 1000 { 9 } else { 21 }
}

/// Prints the table for `threads`, of one order `only` or of all.
pub fn table(threads: u32, only: Option<u32>) {
    println!("\nmatmul.f64, {threads} thread(s): GFLOP/s of each [quartiles], oversub over peer\n");
    let sizes = only.map_or(SIZES.to_vec(), |n| vec![n]);
    for n in sizes {
        let turns = CONTESTANTS.map(|contestant| Turn {
            args: ["product", contestant, &threads.to_string(), &n.to_string()]
                .map(str::to_owned)
                .to_vec(),
            env: peers::environment(),
        });
        let times = rounds(&turns, rounds_for(n));
        for (contestant, own) in CONTESTANTS.iter().zip(&times) {
            let flops = 2.0 * f64::from(n).powi(3);
            let rates: Vec<f64> = own.iter().map(|seconds| flops / seconds / 1e9).collect();
            let ratio = Spread::of(&ratios(&times[0], own));
            if let (Some(rate), Some(ratio)) = (Spread::of(&rates), ratio) {
                let rate = format!("{rate:.1}");
                println!("n = {n:<5} {contestant:10} {rate:22} {ratio:.3}");
            }
        }
    }
}

/// The kernel of an f64 product for `threads`.
pub fn product(threads: u32, n: u32) -> Result<Arc<dyn Kernel>, String> {
    work(&format!("matmul.f64.{n}"), threads)
}

/// The kernel of `workload`, in text form, for `threads`.
pub fn work(workload: &str, threads: u32) -> Result<Arc<dyn Kernel>, String> {
    let width = NonZeroU32::new(threads).ok_or("widths are positive")?;
    let workload: Workload = workload.parse().map_err(|error| format!("{error}"))?;
    let task_state = Arc::new(SharedTaskState::new(NonZeroU32::MIN, workload.family()));
    kernel(&workload, width, &task_state).map_err(|error| error.to_string())
}

/// One contestant's product [s].
pub fn turn(contestant: &str, threads: u32, n: u32) -> Result<f64, String> {
    match contestant {
        "oversub" => {
            let kernel = product(threads, n)?;
            let hook = Arc::new(|_| Ok(()));
            let mut team = ForkJoin::new("bench", kernel.clone(), WaitPolicy::Active, hook)
                .map_err(|error| error.to_string())?;
            let mut failed = None;
            let time = turn::repeat(|| failed = failed.take().or(team.run().err()));
            if let Some(panic) = failed {
                return Err(panic.to_string());
            }
            kernel.verify().map_err(|error| error.to_string())?;
            Ok(time)
        }
        "openblas" => peers::openblas(threads, n),
        "faer" => peers::faer(threads, n),
        "gemm" => peers::gemm(threads, n),
        other => Err(format!("no contestant is called {other}")),
    }
}

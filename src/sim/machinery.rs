//! What does a runtime bring to a nest?
//!
//! Who runs its regions, how their threads wait, what a worker has to pass before them: for our own
//! teams and for rayon as the measuring side has them, for libraries as their sources have them. What
//! is known of a library stands in a table, with the file and the version that it was read in.
//!
//! A process is *crowded* for an OpenMP runtime that has more threads in it than it may use PUs.

use super::calendar::Ns;
use super::nest::{Gate, Inner, Wait, Waits, Wakes};
use super::params::Parameters;
use crate::experiment::{
    BlasVersion, Cell, Composition, Computation, OmpWait, Runtime, RuntimeModel, WaitPolicy,
};

/// Yields of an idle rayon thread before it sleeps.
// Source: rayon-core src/sleep/mod.rs ROUNDS_UNTIL_SLEEPY.
const RAYON_YIELDS: u32 = 32;

/// Looks of a thread of libgomp before it blocks, by `OMP_WAIT_POLICY`: usually, and when crowded.
// Source: gcc-mirror/gcc libgomp/env.c (wait_policy, gomp_throttled_spin_count_var) and
// libgomp/config/linux/wait.h do_spin, GCC 14.
const LIBGOMP: [(OmpWait, [u64; 2]); 3] = [
    (OmpWait::Unset, [300_000, 100]),
    (OmpWait::Active, [30_000_000_000, 1_000]),
    (OmpWait::Passive, [0, 0]),
];

/// How a thread of OpenBLAS passes the time between two looks, and who may multiply meanwhile.
struct Era {
    /// The first version.
    since: BlasVersion,
    /// Yields, or executes a few instructions that do nothing.
    poll: Wait,
    /// Threads in all of the products that may run at once; of any width where it is one product.
    at_once: AtOnce,
}

/// Threaded products that may run at once.
#[derive(Clone, Copy)]
enum AtOnce {
    /// One.
    One,
    /// As many as have so many threads together.
    Threads(u32),
}

/// OpenBLAS on x86-64, oldest first.
// Source: OpenMathLib/OpenBLAS driver/level3/level3_thread.c: level3_lock since 2e6fae2a (0.3.4),
// CPU_AVAILABLE since 9e22d709 (0.3.28), taken back in 0.3.31; common.h YIELDING: sched_yield until
// 07b1c0bc (0.3.27). MAX_CPU_NUMBER is set when the library is built; the wheels of NumPy have 64.
const OPENBLAS: [Era; 4] = [
    Era {
        since: BlasVersion::new(0, 3, 4),
        poll: Wait::YIELD,
        at_once: AtOnce::One,
    },
    Era {
        since: BlasVersion::SPINS,
        poll: Wait::SPIN,
        at_once: AtOnce::One,
    },
    Era {
        since: BlasVersion::new(0, 3, 28),
        poll: Wait::SPIN,
        at_once: AtOnce::Threads(64),
    },
    Era {
        since: BlasVersion::new(0, 3, 31),
        poll: Wait::SPIN,
        at_once: AtOnce::One,
    },
];

/// Since when OpenBLAS on OpenMP waits for another product by OpenMP's lock; before, it spins.
// Source: OpenMathLib/OpenBLAS bc191015 (2024-02-29); before, driver/others/blas_server_omp.c
// exec_blas looks for a free blas_buffer_inuse, of which there are NUM_PARALLEL, 1 unless said.
const OPENBLAS_OMP_LOCK: BlasVersion = BlasVersion::new(0, 3, 27);

/// Ticks of the time stamp counter after which an idle thread of OpenBLAS sleeps.
// Source: OpenMathLib/OpenBLAS driver/others/blas_server.c THREAD_TIMEOUT, 0.3.28: 2^28.
const OPENBLAS_TIMEOUT: f64 = (1_u64 << 28) as f64;

/// Multiplications below which one more thread does not pay for OpenBLAS.
// Source: OpenMathLib/OpenBLAS interface/gemm.c SMP_THRESHOLD_MIN 65536 times
// GEMM_MULTITHREAD_THRESHOLD 4.
const OPENBLAS_GRAIN: u64 = 4 * 65_536;

/// How often a product of a library has its team meet.
struct Panels {
    /// Depth of what is packed at a time.
    depth: u32,
    /// Meetings for each.
    meets: u32,
}

/// Each panel of B is waited for when it is there and when it may be replaced.
// Source: OpenMathLib/OpenBLAS driver/level3/level3_thread.c inner_thread, working[]; param.h
// DGEMM_DEFAULT_Q 256.
const OPENBLAS_PANELS: Panels = Panels {
    depth: 256,
    meets: 2,
};

/// The block's memory is told to all (two barriers), then it is packed, and used up.
// Source: flame/blis frame/thread/bli_thrcomm.c bli_thrcomm_bcast; frame/1m/packm; frame/3/gemm
// bli_gemm_blk_var3.c; config/zen3/bli_cntx_init_zen3.c KC 256.
const BLIS_PANELS: Panels = Panels {
    depth: 256,
    meets: 4,
};

/// CPUs as a runtime sees them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cpus {
    /// P, in whole CPUs.
    pub(super) budget: u32,
    /// PUs that the process may use; OpenMP does not know of quotas.
    pub(super) pus: u32,
}

/// What a runtime brings.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Machinery {
    /// Team width of each worker [threads].
    pub(super) widths: Vec<u32>,
    /// Phases of a region on each worker's team.
    pub(super) phases: Vec<u32>,
    /// Who runs a region.
    pub(super) inner: Inner,
    /// Threads that serve all workers, where there are such.
    pub(super) pool: u32,
    /// How they wait.
    pub(super) waits: Waits,
    /// What a worker passes before each region.
    pub(super) gates: Vec<Gate>,
    /// Work of making each further member for a region [ns].
    pub(super) spawn: f64,
}

impl Machinery {
    /// What the runtime of `cell` brings.
    pub(super) fn of(
        (cell, computation): (&Cell, &Computation),
        cpus: Cpus,
        parameters: &Parameters,
    ) -> Self {
        let widths = cell.widths(cpus.budget).into_iter().map(u32::from);
        let own = Self::own((cell, computation), widths.collect(), parameters);
        let mut machinery = match cell.runtime.modelled() {
            Some(modelled) => own.library(modelled, (computation, cpus.pus), parameters),
            None => own,
        };
        let composed = composed(cell.composition, cpus.budget, &machinery.widths);
        machinery.gates.splice(0..0, composed);
        machinery
    }

    /// Runtimes that the measuring side has; of others what they have in common.
    fn own(
        (cell, computation): (&Cell, &Computation),
        widths: Vec<u32>,
        parameters: &Parameters,
    ) -> Self {
        let (inner, wait) = match cell.runtime {
            Runtime::ForkJoin(wait) => (Inner::Teams, policy(wait, parameters)),
            Runtime::Rayon => {
                let yields = Wait {
                    yields: RAYON_YIELDS,
                    ..Wait::BLOCK
                };
                (Inner::OwnPools, yields)
            }
            Runtime::Blas(_) | Runtime::Modelled(_) | Runtime::Program => {
                (Inner::Teams, Wait::BLOCK)
            }
        };
        let phases = widths
            .iter()
            .map(|width| computation.account(*width).phases);
        Self {
            phases: phases.collect(),
            inner: match cell.composition {
                Composition::Shared => Inner::SharedPool,
                Composition::Independent
                | Composition::SerialInner
                | Composition::Partitioned(_)
                | Composition::Exclusive
                | Composition::Counting => inner,
            },
            pool: cell.inner.get(),
            waits: Waits::all(wait),
            gates: Vec::new(),
            spawn: 0.0,
            widths,
        }
    }

    /// What `modelled` has otherwise, on `pus` PUs.
    fn library(
        self,
        modelled: RuntimeModel,
        (computation, pus): (&Computation, u32),
        parameters: &Parameters,
    ) -> Self {
        match modelled {
            RuntimeModel::Libgomp(policy) => {
                let wait = libgomp(policy, managed(&self.widths) > pus, parameters);
                let waits = Waits::all(wait);
                Self { waits, ..self }
            }
            RuntimeModel::Libomp(blocktime) => {
                let crowded = self.widths.iter().sum::<u32>() > pus;
                let waits = Waits::all(libomp(blocktime, crowded));
                Self { waits, ..self }
            }
            RuntimeModel::OpenBlas(version) => {
                let this = self
                    .no_wider(computation)
                    .divided(computation, &OPENBLAS_PANELS);
                this.openblas(version, parameters)
            }
            RuntimeModel::OpenBlasOpenMp(version) => {
                let this = self
                    .no_wider(computation)
                    .divided(computation, &OPENBLAS_PANELS);
                let crowded = managed(&this.widths) > pus;
                let openmp = libgomp(OmpWait::Unset, crowded, parameters);
                this.openblas_on_openmp(version, openmp)
            }
            RuntimeModel::Blis => {
                let waits = Waits {
                    meet: Wait::SPIN,
                    ..Waits::all(Wait::BLOCK)
                };
                let spawn = parameters.value("thread_create");
                let this = self.divided(computation, &BLIS_PANELS);
                Self {
                    waits,
                    spawn,
                    ..this
                }
            }
        }
    }

    /// With no more threads than OpenBLAS takes for the product.
    fn no_wider(mut self, computation: &Computation) -> Self {
        let most = (computation.elements().saturating_pow(3) / OPENBLAS_GRAIN).max(1);
        for width in &mut self.widths {
            *width = (*width).min(u32::try_from(most).unwrap_or(u32::MAX));
        }
        self
    }

    /// With as many phases as a product by `panels` has; alone there is nobody to meet.
    fn divided(mut self, computation: &Computation, panels: &Panels) -> Self {
        let phases = panels.meets * computation.n().get().div_ceil(panels.depth);
        let of_width = |width: &u32| if *width == 1 { 1 } else { phases };
        self.phases = self.widths.iter().map(of_width).collect();
        self
    }

    /// One team serves all. Its threads are lent to one product at a time even where more are let
    /// in: whoever finds them lent polls for them, without an end.
    // Source: driver/others/blas_server.c exec_blas_async, exec_blas_async_wait, blas_thread_server.
    fn openblas(self, version: BlasVersion, parameters: &Parameters) -> Self {
        let Era { poll, at_once, .. } = era(version);
        let patience = (OPENBLAS_TIMEOUT / parameters.value("tsc")).round() as Ns;
        let idle = Wait { patience, ..*poll };
        let (permits, each): (u32, fn(u32) -> u32) = match at_once {
            AtOnce::One => (1, |width| u32::from(width > 1)),
            AtOnce::Threads(most) => (*most, |width| if width > 1 { width } else { 0 }),
        };
        let of_each = |each: fn(u32) -> u32| self.widths.iter().map(|width| each(*width)).collect();
        let let_in = Gate {
            permits,
            each: of_each(each),
            wait: Wait::BLOCK,
            wakes: Wakes::One,
        };
        let servers = self.pool - 1;
        let lent = Gate {
            permits: servers,
            each: of_each(|width| width - 1),
            wait: *poll,
            wakes: Wakes::All,
        };
        Self {
            inner: Inner::SharedTeam,
            pool: servers,
            waits: Waits {
                idle,
                meet: *poll,
                join: *poll,
            },
            gates: vec![let_in, lent],
            ..self
        }
    }

    /// Each worker has a team of OpenMP's, and one product runs at a time.
    fn openblas_on_openmp(self, version: BlasVersion, openmp: Wait) -> Self {
        let wait = if version < OPENBLAS_OMP_LOCK {
            Wait::SPIN
        } else {
            openmp
        };
        let one = Gate {
            permits: 1,
            each: self
                .widths
                .iter()
                .map(|width| u32::from(*width > 1))
                .collect(),
            wait,
            wakes: Wakes::All,
        };
        let waits = Waits {
            meet: era(version).poll,
            ..Waits::all(openmp)
        };
        Self {
            waits,
            gates: vec![one],
            ..self
        }
    }
}

/// The gate of a composition.
fn composed(composition: Composition, budget: u32, widths: &[u32]) -> Option<Gate> {
    let (permits, each) = match composition {
        Composition::Exclusive => (1, vec![1; widths.len()]),
        Composition::Counting => (budget.max(1), widths.to_vec()),
        Composition::Independent
        | Composition::SerialInner
        | Composition::Partitioned(_)
        | Composition::Shared => return None,
    };
    Some(Gate {
        permits,
        each,
        wait: Wait::BLOCK,
        wakes: Wakes::All,
    })
}

fn policy(policy: WaitPolicy, parameters: &Parameters) -> Wait {
    match policy {
        WaitPolicy::Active => Wait::SPIN,
        WaitPolicy::Yield => Wait::YIELD,
        WaitPolicy::Passive => Wait::BLOCK,
        WaitPolicy::SpinThenPark(looks) => spin(u64::from(looks.get()), parameters),
    }
}

/// `looks` looks, then blocks.
fn spin(looks: u64, parameters: &Parameters) -> Wait {
    Wait {
        spin: (looks as f64 * parameters.value("look")).round() as Ns,
        ..Wait::BLOCK
    }
}

/// Threads that libgomp counts as its own: those that it has started, and one.
// Source: gcc-mirror/gcc libgomp/team.c gomp_team_start, GCC 14: a first team adds its threads but
// the caller to gomp_managed_threads, which begins at 1.
fn managed(widths: &[u32]) -> u32 {
    1 + widths.iter().map(|width| width - 1).sum::<u32>()
}

fn libgomp(policy: OmpWait, crowded: bool, parameters: &Parameters) -> Wait {
    let known = LIBGOMP.iter().find(|(known, _)| *known == policy);
    let looks = known.map_or(0, |(_, looks)| looks[usize::from(crowded)]);
    spin(looks, parameters)
}

/// Yields at every look when crowded; else it does so so rarely that it is taken to spin.
// Source: llvm-project openmp/runtime/src/kmp.h KMP_YIELD_OVERSUB_ELSE_SPIN, KMP_OVERSUBSCRIBED, and
// kmp_wait_release.h __kmp_wait_template, at 00983f8.
fn libomp(blocktime: u32, crowded: bool) -> Wait {
    let endless = if crowded { Wait::YIELD } else { Wait::SPIN };
    match Ns::from(blocktime) * 1_000_000 {
        0 => Wait::BLOCK,
        patience => Wait {
            patience,
            ..endless
        },
    }
}

/// What OpenBLAS did in `version`.
fn era(version: BlasVersion) -> &'static Era {
    let begun = OPENBLAS.iter().rev().find(|era| era.since <= version);
    begun.unwrap_or(&OPENBLAS[0])
}

#[cfg(test)]
mod tests;

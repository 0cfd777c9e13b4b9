//! What does a region without work cost?

use std::ffi::{c_uint, c_void};
use std::mem;
use std::num::NonZeroU32;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use oversub::experiment::WaitPolicy;
use oversub::host::kernel::{Kernel, WrongResult};
use oversub::host::team::{ForkJoin, RayonTeam, Team, pool};

use crate::bind;
use crate::library::symbol;
use crate::turn::{self, Spread, Turn, ratios, rounds};

/// Members of the team: enough for a fork and a join.
const WIDTH: u32 = 2;
const ROUNDS: usize = 21;

/// Regions of one repetition: the clock's own cost becomes negligible.
const BATCH: u32 = 100;

type Environment = &'static [(&'static str, &'static str)];

// Threads of all contestants are bound to a PU each: blocking threads that share one hand it to
// each other in a few microseconds, and which case a process meets would be chance.
const ACTIVE: Environment = &[
    ("OMP_WAIT_POLICY", "active"),
    ("OMP_PLACES", "threads"),
    ("OMP_PROC_BIND", "close"),
];
const PASSIVE: Environment = &[
    ("OMP_WAIT_POLICY", "passive"),
    ("OMP_PLACES", "threads"),
    ("OMP_PROC_BIND", "close"),
];

/// Prints the tables.
pub fn table() {
    println!("\nempty region, team of {WIDTH}: time, and ratio to libgomp's\n");
    let groups: [(&[&str], Environment); 2] = [
        (
            &["libgomp", "oversub.active", "oversub.yield", "bare-spin"],
            ACTIVE,
        ),
        (
            &[
                "libgomp",
                "oversub.passive",
                "oversub.spin-then-park.1000",
                "oversub.rayon",
            ],
            PASSIVE,
        ),
    ];
    for (contestants, env) in groups {
        let turns: Vec<Turn<'_>> = contestants
            .iter()
            .map(|contestant| Turn {
                args: vec!["empty".to_owned(), (*contestant).to_owned()],
                env,
            })
            .collect();
        let times = rounds(&turns, ROUNDS);
        for (contestant, own) in contestants.iter().zip(&times) {
            let micros: Vec<f64> = own.iter().map(|seconds| seconds * 1e6).collect();
            let Some(time) = Spread::of(&micros) else {
                continue;
            };
            let ratio = Spread::of(&ratios(own, &times[0]));
            let ratio = ratio.map_or(String::new(), |ratio| ratio.to_string());
            println!("{contestant:28} {time:.3} us   {ratio}");
        }
        println!();
    }
}

struct Nothing;

impl Kernel for Nothing {
    fn width(&self) -> NonZeroU32 {
        NonZeroU32::new(WIDTH).unwrap_or(NonZeroU32::MIN)
    }
    fn phases(&self) -> u32 {
        1
    }
    fn work(&self, _: u32, _: u32) {}
    fn spoil(&self) {}
    fn verify(&self) -> Result<(), WrongResult> {
        Ok(())
    }
}

/// One contestant's region [s].
pub fn turn(contestant: &str) -> Result<f64, String> {
    let pus = bind::allowed();
    let hook = Arc::new(move |member| bind::bind(&pus, member));
    let kernel = Arc::new(Nothing);
    match contestant.split_once('.') {
        None if contestant == "libgomp" => libgomp(),
        None if contestant == "bare-spin" => bare_spin(&*hook),
        Some(("oversub", "rayon")) => {
            let pool = pool("bench", kernel.width(), hook).map_err(|error| error.to_string())?;
            Ok(batches(RayonTeam::new(kernel, pool)))
        }
        Some(("oversub", policy)) => {
            let policy: WaitPolicy = policy.parse().map_err(|_| "no such policy")?;
            let team = ForkJoin::new("bench", kernel, policy, hook);
            Ok(batches(team.map_err(|error| error.to_string())?))
        }
        _ => Err(format!("no contestant is called {contestant}")),
    }
}

fn batches(mut team: impl Team) -> f64 {
    let batch = turn::repeat(|| {
        for _ in 0..BATCH {
            let _ = team.run();
        }
    });
    batch / f64::from(BATCH)
}

/// What gcc makes of `#pragma omp parallel num_threads(n)`.
type GompParallel = unsafe extern "C" fn(extern "C" fn(*mut c_void), *mut c_void, c_uint, c_uint);

extern "C" fn nothing(_: *mut c_void) {}

fn libgomp() -> Result<f64, String> {
    let install = "Debian, Ubuntu: apt-get install libgomp1";
    let parallel = symbol(c"libgomp.so.1", c"GOMP_parallel", install)?;
    // SAFETY: the type is that of libgomp's libgomp_g.h.
    let parallel = unsafe { mem::transmute::<NonNull<c_void>, GompParallel>(parallel) };
    let batch = turn::repeat(|| {
        for _ in 0..BATCH {
            // SAFETY: `nothing` takes any pointer and returns.
            unsafe { parallel(nothing, ptr::null_mut(), WIDTH, 0) };
        }
    });
    Ok(batch / f64::from(BATCH))
}

/// Two threads that only answer each other: what the machine allows.
fn bare_spin(bind: &(impl Fn(u32) -> Result<(), String> + Sync)) -> Result<f64, String> {
    #[repr(align(128))]
    struct Line(AtomicU64);
    let (ping, pong) = (Line(AtomicU64::new(0)), Line(AtomicU64::new(0)));
    bind(0)?;
    thread::scope(|scope| {
        scope.spawn(|| {
            let _ = bind(1);
            for turn in 1.. {
                while ping.0.load(Ordering::Acquire) < turn {}
                pong.0.store(turn, Ordering::Release);
                if ping.0.load(Ordering::Relaxed) == u64::MAX {
                    return;
                }
            }
        });
        let mut turn = 0;
        let batch = turn::repeat(|| {
            for _ in 0..BATCH {
                turn += 1;
                ping.0.store(turn, Ordering::Release);
                while pong.0.load(Ordering::Acquire) < turn {}
            }
        });
        ping.0.store(u64::MAX, Ordering::Release);
        Ok(batch / f64::from(BATCH))
    })
}

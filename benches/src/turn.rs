//! What is one turn, and how do rounds of turns become a table?

use std::env;
use std::fmt;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use oversub::stats::{median, quantile};

use crate::{effect, empty, overhead, picture, products, reading, record};

/// CPUs this process may use.
pub fn cpus() -> u32 {
    std::thread::available_parallelism().map_or(1, |cpus| cpus.get() as u32)
}

/// Untimed time at the start of a turn: caches, page tables, clock frequency.
const WARM_UP: Duration = Duration::from_millis(20);

/// Timed time of a turn.
const TURN: Duration = Duration::from_millis(50);

/// Repeats `work` and returns the median time of one [s].
pub fn repeat(mut work: impl FnMut()) -> f64 {
    let start = Instant::now();
    work();
    while start.elapsed() < WARM_UP {
        work();
    }
    let mut times = Vec::new();
    let start = Instant::now();
    while start.elapsed() < TURN {
        let before = Instant::now();
        work();
        times.push(before.elapsed().as_secs_f64());
    }
    median(&times).unwrap_or(f64::NAN)
}

/// The child's side: takes the turn named by `args` and prints its result.
pub fn answer(args: &[&str]) -> ExitCode {
    let result = match args {
        ["product", contestant, threads, n] => {
            products::turn(contestant, number(threads), number(n))
        }
        ["empty", contestant] => empty::turn(contestant),
        ["overhead", side, inner] => overhead::turn(side, number(inner)),
        ["record", side, cell] => record::turn(side, cell),
        ["picture"] => picture::turn(),
        ["reading", folder] => reading::turn(folder),
        ["effect", contestant, n] => effect::turn(contestant, number(n)),
        _ => Err(format!("no turn is called {args:?}")),
    };
    match result {
        Ok(seconds) => {
            println!("{seconds:e}");
            ExitCode::SUCCESS
        }
        Err(absent) => {
            eprintln!("{absent}");
            ExitCode::FAILURE
        }
    }
}

fn number(text: &str) -> u32 {
    text.parse().unwrap_or(1)
}

/// A turn to ask for: the child's arguments and environment.
pub struct Turn<'a> {
    /// Arguments after `turn`.
    pub args: Vec<String>,
    /// Environment variables to set.
    pub env: &'a [(&'a str, &'a str)],
}

impl Turn<'_> {
    /// Takes the turn in a process of its own [s].
    ///
    /// # Errors
    ///
    /// What the child said when it could not.
    pub fn take(&self) -> Result<f64, String> {
        let program = env::current_exe().map_err(|error| error.to_string())?;
        let output = Command::new(program)
            .arg("turn")
            .args(&self.args)
            .envs(self.env.iter().copied())
            .output()
            .map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&output.stdout);
        said.trim()
            .parse()
            .map_err(|_| String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}

/// Times of one contestant, one a round [s]; empty when it is absent.
pub type Times = Vec<f64>;

/// Takes every turn `rounds` times, interleaved; one entry a turn. Says once why one is absent.
pub fn rounds(turns: &[Turn<'_>], rounds: usize) -> Vec<Times> {
    let mut times = vec![Times::new(); turns.len()];
    let mut absent = vec![false; turns.len()];
    for _ in 0..rounds {
        for (index, turn) in turns.iter().enumerate() {
            if absent[index] {
                continue;
            }
            match turn.take() {
                Ok(seconds) => times[index].push(seconds),
                Err(reason) => {
                    println!("absent: {reason}");
                    absent[index] = true;
                }
            }
        }
    }
    times
}

/// A median with its quartiles.
pub struct Spread {
    /// The median.
    pub median: f64,
    low: f64,
    high: f64,
}

impl Spread {
    /// Of `values`; `None` of nothing.
    pub fn of(values: &[f64]) -> Option<Self> {
        Some(Self {
            median: median(values)?,
            low: quantile(values, 0.25)?,
            high: quantile(values, 0.75)?,
        })
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(2);
        let Self { median, low, high } = self;
        write!(f, "{median:.digits$} [{low:.digits$}, {high:.digits$}]")
    }
}

/// Round by round, `theirs` over `ours`: above 1 where ours is faster.
pub fn ratios(ours: &[f64], theirs: &[f64]) -> Vec<f64> {
    ours.iter().zip(theirs).map(|(o, t)| t / o).collect()
}

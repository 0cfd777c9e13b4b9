//! Which flags say what to sweep?
//!
//! The axes and the protocol as flags, shared by every verb that walks a grid. A file may say the
//! same; flags win.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::UsageError;
use crate::experiment::{
    Axis, Chunks, CommandRequest, Composition, Count, Counts, Dtype, Margin, Request, WaitPolicy,
    WorkloadName,
};
use crate::experiment::{DispatchName, RuntimeName};
use crate::file;
use crate::machine::Placement;
use crate::text::{line_of, one_line, plain, quoted};
use crate::units::range::{self, Range};

/// What to sweep and how often.
///
/// COUNTS are written 1,2,4 or 1..=16 or 1..=64*2 (powers) or auto; other lists with commas.
#[derive(clap::Args)]
#[group(id = "request")]
pub(super) struct Args {
    /// Experiment file (TOML) whose keys are these flags; flags win.
    #[arg(value_name = "EXPERIMENT.toml")]
    experiment: Option<PathBuf>,
    /// Work of one task: matmul, dot, fill-again, fill-fresh, euclidean, minkowski-P, cosine,
    /// squared-difference-temporaries, squared-difference-fused, sum-racy, sum-reduced, weak-S,
    /// uneven-S; --help says what they are [default: matmul].
    #[arg(long, value_name = "NAMES", long_help = workloads())]
    workload: Option<Axis<WorkloadName>>,
    /// Problem sizes; what n is, is the workload's own (order of the matrices of a matmul)
    /// [default: the workload's own, 256 of a matmul].
    #[arg(long, value_name = "COUNTS")]
    n: Option<Counts>,
    /// Number types: f32, f64, i32, i64, of those that the workload has [default: its first].
    #[arg(long, value_name = "NAMES")]
    dtype: Option<Axis<Dtype>>,
    /// Outer worker counts [default: auto].
    #[arg(long, value_name = "COUNTS")]
    outer: Option<Counts>,
    /// Inner team widths [default: auto].
    #[arg(long, value_name = "COUNTS")]
    inner: Option<Counts>,
    /// Inner runtimes: fork-join, rayon, blas:openblas, blas:blis, blas:mkl, blas:/path/lib.so; in
    /// simulations also libgomp, libgomp.active, libgomp.passive, libomp, libomp.MS,
    /// openblas-VERSION, openblas-openmp-VERSION, blis [default: fork-join].
    #[arg(long, value_name = "NAMES")]
    runtime: Option<Axis<RuntimeName>>,
    /// Wait policies: active, spin-then-park.N, yield, passive [default: passive].
    #[arg(long, value_name = "NAMES")]
    wait: Option<Axis<WaitPolicy>>,
    /// How the levels share: independent, serial-inner, partitioned, partitioned-floor,
    /// partitioned-ceil, exclusive, counting, shared
    /// [default: independent].
    #[arg(long, value_name = "NAMES")]
    composition: Option<Axis<Composition>>,
    /// Where threads go: unbound, or close, spread, partitioned with .pu, .core, .numa, .package
    /// [default: unbound].
    #[arg(long, value_name = "NAMES")]
    placement: Option<Axis<Placement>>,
    /// How tasks reach workers: queue, static, stealing [default: queue].
    #[arg(long, value_name = "NAMES")]
    dispatch: Option<Axis<DispatchName>>,
    /// Tasks a worker takes from the queue at a time, or pool for the rule of Python's pool, tasks /
    /// (4 workers) rounded up [default: 1].
    #[arg(long, value_name = "COUNTS|pool")]
    chunk: Option<Chunks>,
    /// Tasks of every cell, so that all do the same work [default: 16 P, at least 32].
    #[arg(long, value_name = "N")]
    tasks: Option<Count>,
    /// Process runs of each cell, interleaved; a 95 % interval needs 6 [default: 7; 3 of a simulation].
    #[arg(long, value_name = "N")]
    rounds: Option<Count>,
    /// Timed executions in a process run [default: 3; 1 of a command or a simulation].
    #[arg(long, value_name = "N")]
    reps: Option<Count>,
    /// Untimed executions before them [default: 1].
    #[arg(long, value_name = "N", value_parser = whole::<u32>(0, range::WARMUPS.most as u64))]
    warmups: Option<u32>,
    /// Longest an execution may take before it is censored [s] [default: 10].
    #[arg(long, value_name = "SECONDS", value_parser = number)]
    limit: Option<f64>,
    /// Seed of the visiting order [default: 1].
    #[arg(long, value_name = "N", value_parser = whole::<u64>(0, u64::MAX))]
    seed: Option<u64>,
    /// After the rounds, go on with the best cells and their rivals until no cell can be both tied
    /// with the best and slower by more than this, for example 2% (see --time-limit).
    #[arg(long, value_name = "PERCENT")]
    until: Option<Margin>,
}

impl Args {
    /// The experiment file, if one was named.
    pub(super) fn file(&self) -> Option<&Path> {
        self.experiment.as_deref()
    }

    /// The file, if one was named, with the flags laid over it.
    pub(super) fn request(self) -> Result<Request, UsageError> {
        self.with(None)
    }

    /// The same for a program of the user's.
    pub(super) fn with(self, command: Option<CommandRequest>) -> Result<Request, UsageError> {
        let file = self
            .experiment
            .as_deref()
            .map(read)
            .transpose()?
            .unwrap_or_default();
        let flags = Request {
            name: None,
            workload: self.workload,
            n: self.n,
            dtype: self.dtype,
            outer: self.outer,
            inner: self.inner,
            runtime: self.runtime,
            wait: self.wait,
            composition: self.composition,
            placement: self.placement,
            dispatch: self.dispatch,
            chunk: self.chunk,
            tasks: self.tasks,
            rounds: self.rounds,
            reps: self.reps,
            warmups: self.warmups,
            limit: self.limit,
            seed: self.seed,
            until: self.until,
            wait_for_quiet: None,
            simulate: None,
            command,
        };
        flags
            .coherent()
            .map_err(|error| UsageError(error.to_string()))?;
        Ok(file.overlaid(flags))
    }
}

/// The experiment file at `path`, named after its folder unless it names itself.
fn read(path: &Path) -> Result<Request, UsageError> {
    let text =
        text(path).map_err(|UsageError(message)| UsageError(message + &program_hint(path)))?;
    let mut request: Request = parsed(path, &text)
        .map_err(|UsageError(message)| UsageError(message + &program_hint(path)))?;
    request
        .coherent()
        .map_err(|error| UsageError(format!("{}: {error}", path.display())))?;
    if request.name.is_none() {
        request.name = folder_name(path);
    }
    Ok(request)
}

/// The text in the file at `path`, which a user wrote.
pub(super) fn text(path: &Path) -> Result<String, UsageError> {
    file::text(path, file::LARGEST_TEXT)
        .map_err(|error| UsageError(format!("cannot read {}: {error}", path.display())))
}

/// The name of the folder that holds the file at `path`, however the path says it.
fn folder_name(path: &Path) -> Option<String> {
    let path = fs::canonicalize(path).ok()?;
    let name = path.parent()?.file_name()?;
    Some(name.to_string_lossy().into_owned())
}

/// What to type where `path` looks like a program rather than an experiment file.
fn program_hint(path: &Path) -> String {
    match path.extension() {
        Some(extension) if extension == "toml" => String::new(),
        _ => {
            let word = quoted(&path.to_string_lossy());
            format!(
                "; an experiment file is TOML, and a program of yours goes after --: \
                 oversub sweep -- {word}"
            )
        }
    }
}

/// What the TOML file `text`, found at `path`, says.
pub(super) fn parsed<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, UsageError> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        let message = plain(&one_line(error.message()));
        UsageError(format!("{} line {line}: {message}", path.display()))
    })
}

/// The help of `--workload`.
fn workloads() -> String {
    let names = WorkloadName::help();
    format!(
        "Work of one task [default: matmul]. Name, number types (the default first), default n, task:\n\n{names}"
    )
}

/// A reader of whole numbers from `least` to `most`, which says these where it refuses a text.
pub(super) fn whole<T: TryFrom<u64>>(
    least: u64,
    most: u64,
) -> impl Fn(&str) -> Result<T, String> + Clone {
    move |text| {
        let number = text.parse().ok().filter(|n| (least..=most).contains(n));
        let number = number.and_then(|n| T::try_from(n).ok());
        number.ok_or_else(|| format!("expected a whole number from {least} to {most}"))
    }
}

/// Reads a number.
pub(super) fn number(text: &str) -> Result<f64, String> {
    let number = text.parse();
    number.map_err(|_| "expected a number, such as 2.5".to_owned())
}

/// A time given in seconds, if `range` has it.
pub(super) fn time(seconds: f64, range: Range) -> Result<Duration, UsageError> {
    in_range(seconds, range).map(Duration::from_secs_f64)
}

/// `value`, if `range` has it.
pub(super) fn in_range(value: f64, range: Range) -> Result<f64, UsageError> {
    range
        .check(value)
        .map_err(|error| UsageError(error.to_string()))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::command;
    use crate::experiment::{Cell, Landmarks};

    #[derive(Parser)]
    struct Typed {
        #[command(flatten)]
        request: Args,
        #[command(flatten)]
        command: command::Args,
    }

    const FOUR: Landmarks = Landmarks {
        budget: 4,
        physical: 4,
        logical: 4,
    };

    /// The cells of the words of `request` as if somebody typed them.
    fn read_back(request: &Request) -> Vec<String> {
        let words = [vec!["sweep".to_owned()], request.words()].concat();
        let typed = Typed::try_parse_from(words).unwrap();
        let read = typed.request.with(typed.command.request()).unwrap();
        let cells = read.plan(FOUR).unwrap().grid.cells().0;
        cells.iter().map(Cell::to_string).collect()
    }

    #[test]
    fn the_words_of_a_request_mean_its_cell() {
        for text in [
            "matmul.f64.256_2x4_fork-join.active_independent_unbound_queue.1_t16",
            "matmul.f32.7_3x1_fork-join.spin-then-park.500_serial-inner_close.core_queue.625_t7",
            "squared-difference-fused.f64.9_4x2_rayon_shared_spread.numa_stealing_t8",
            "squared-difference-fused.i64.9_4x2_rayon_exclusive_unbound_queue.pool_t8",
            "matmul.f64.64_4x2_blas:%2Fusr%2Fmy%20libs%2Flib.so_counting_unbound_static_t8",
            "weak-30.f64.64_4x1_libomp.0_partitioned_close.pu_queue.2_t8",
        ] {
            let cell: Cell = text.parse().unwrap();
            assert_eq!(read_back(&Request::of(&cell)), [text]);
        }
    }

    #[test]
    fn a_program_and_its_flags_come_last() {
        let text = "command_2x4_program_independent_close.core_static_t1";
        let cell: Cell = text.parse().unwrap();
        let request = Request {
            command: Some(CommandRequest {
                argv: ["make", "--jobs={outer}", "-n"].map(str::to_owned).to_vec(),
                exit_code: Some(-1),
                setup: Some("--odd".to_owned()),
                ..CommandRequest::default()
            }),
            limit: Some(0.5),
            ..Request::of(&cell)
        };
        assert_eq!(read_back(&request), [text]);
    }
}
